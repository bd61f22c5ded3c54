"""tablewright: the whole life of DynamoDB tables kept as CloudFormation.

What the command line does, as functions: read a template, open an account, deploy and watch the events, survey what stands.

    import tablewright as tw

    account = tw.open_account(profile="prod", region="us-east-1")
    design = tw.read_design(Path("schema.yaml").read_text(), stack="orders")
    for event in tw.deploy(design, account):
        print(tw.as_json(event))

Names are imported when they are first used, so that ``import tablewright`` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tablewright.account import open_account as open_account
    from tablewright.deploy.explaining.run import Explanation as Explanation
    from tablewright.deploy.explaining.run import why as why
    from tablewright.deploy.options import DeployOptions as DeployOptions
    from tablewright.deploy.options import Expected as Expected
    from tablewright.deploy.preview.run import preview as preview
    from tablewright.deploy.run import deploy as deploy
    from tablewright.errors import Failed as Failed
    from tablewright.errors import MustWait as MustWait
    from tablewright.errors import Refused as Refused
    from tablewright.errors import Stuck as Stuck
    from tablewright.errors import TablewrightError as TablewrightError
    from tablewright.errors import UsageError as UsageError
    from tablewright.events import Ending as Ending
    from tablewright.events import Event as Event
    from tablewright.events import Finished as Finished
    from tablewright.events import as_json as as_json
    from tablewright.events import as_plain as as_plain
    from tablewright.migrate.job import Files as Files
    from tablewright.migrate.job import Pace as Pace
    from tablewright.migrate.job import Place as Place
    from tablewright.migrate.job import TableAt as TableAt
    from tablewright.migrate.request import Request as MigrationRequest
    from tablewright.migrate.run import migrate as migrate
    from tablewright.migrate.transform.functions import DynamoDBJson as DynamoDBJson
    from tablewright.migrate.transform.load import load_transform as load_transform
    from tablewright.migrate.transform.protocol import TransformError as TransformError
    from tablewright.model.design import Design as Design
    from tablewright.model.report import StackReport as StackReport
    from tablewright.model.whereabouts import Credentials as Credentials
    from tablewright.ports import Account as Account
    from tablewright.settings import EnvironmentSettings as EnvironmentSettings
    from tablewright.settings import Settings as Settings
    from tablewright.settings import load_settings as load_settings
    from tablewright.survey.run import survey as survey
    from tablewright.template.read import read_design as read_design

_HOMES = {
    "Account": "ports",
    "Credentials": "model.whereabouts",
    "DeployOptions": "deploy.options",
    "Design": "model.design",
    "DynamoDBJson": "migrate.transform.functions",
    "Ending": "events",
    "EnvironmentSettings": "settings",
    "Event": "events",
    "Expected": "deploy.options",
    "Explanation": "deploy.explaining.run",
    "Failed": "errors",
    "Files": "migrate.job",
    "Finished": "events",
    "MigrationRequest": "migrate.request:Request",
    "MustWait": "errors",
    "Pace": "migrate.job",
    "Place": "migrate.job",
    "Refused": "errors",
    "Settings": "settings",
    "StackReport": "model.report",
    "Stuck": "errors",
    "TableAt": "migrate.job",
    "TablewrightError": "errors",
    "TransformError": "migrate.transform.protocol",
    "UsageError": "errors",
    "as_json": "events",
    "as_plain": "events",
    "deploy": "deploy.run",
    "load_settings": "settings",
    "load_transform": "migrate.transform.load",
    "migrate": "migrate.run",
    "open_account": "account",
    "preview": "deploy.preview.run",
    "read_design": "template.read",
    "survey": "survey.run",
    "why": "deploy.explaining.run",
}
"""Public name -> the module that it lives in, and its name there where that is another."""

__all__ = [
    "Account",
    "Credentials",
    "DeployOptions",
    "Design",
    "DynamoDBJson",
    "Ending",
    "EnvironmentSettings",
    "Event",
    "Expected",
    "Explanation",
    "Failed",
    "Files",
    "Finished",
    "MigrationRequest",
    "MustWait",
    "Pace",
    "Place",
    "Refused",
    "Settings",
    "StackReport",
    "Stuck",
    "TableAt",
    "TablewrightError",
    "TransformError",
    "UsageError",
    "as_json",
    "as_plain",
    "deploy",
    "load_settings",
    "load_transform",
    "migrate",
    "open_account",
    "preview",
    "read_design",
    "survey",
    "why",
]


if not TYPE_CHECKING:  # so that a type checker still refuses names that are not there

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'tablewright' has no attribute {name!r}")
        module, _, inner = home.partition(":")
        value: object = getattr(import_module(f"tablewright.{module}"), inner or name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package. The functions ``deploy``, ``migrate`` and ``survey`` have namesakes among its subpackages, which Python would
    put in their place as soon as one is imported; here the functions stay. Subpackages are reached by
    ``from tablewright.deploy…``.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
