"""The tables that a policy is about: as they are deployed, or as a template names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tablewright.cli.options import Common, pairs
from tablewright.cli.target import find, open_target, project_settings, read_template
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.access.scope import Scope
    from tablewright.model.design import Design
    from tablewright.model.table import Table
    from tablewright.ports import Account


def deployed_scope(common: Common, stack: str | None) -> Scope:
    """The scope of the stack as it stands. Raises UsageError where there is none."""
    from tablewright.access.scope import scope_of_stack

    target = find(common, stack=stack)
    account = open_target(common, target.settings)
    found = account.stacks.describe(target.stack)
    if found is None:
        raise UsageError(
            "no-such-stack",
            "There is no such stack",
            f"There is no stack {target.stack} to read the tables' names and ARNs from. Deploy it first, or give --account and "
            "--region (the twelve digits and the region it will be deployed to), to have them from the template.",
        )
    where = account.identity.whereabouts()
    resources = tuple(one for one in account.stacks.resources(found.id) if one.status != "DELETE_COMPLETE")
    tables = _live(account, [one.physical_id for one in resources if one.type.startswith("AWS::DynamoDB::")])
    return scope_of_stack(target.stack, where.account, where.region, resources, tables)


def _live(account: Account, names: list[str]) -> dict[str, Table]:
    found = {name: account.tables.describe(name, settings=False) for name in names if name}
    return {name: table for name, table in found.items() if table is not None}


def designed_scope(
    common: Common, template: Path | None, stack: str | None, parameters: tuple[str, ...], account: str
) -> Scope:
    """The scope of a template under the account and region given, asking nobody."""
    from tablewright.access.scope import scope_of_design

    if not re.fullmatch(r"\d{12}", account):
        raise UsageError(
            "malformed-account", "The account is malformed", f"{account!r} is not an account's twelve digits."
        )
    region = common.region or project_settings(common, stack).region
    if not region:
        raise UsageError(
            "no-region",
            "The region is not known",
            "An ARN names a region: give it with --region, or in tablewright.toml.",
        )
    return scope_of_design(read(common, template, stack, parameters, account, region), account, region)


def read(
    common: Common,
    template: Path | None,
    stack: str | None,
    parameters: tuple[str, ...],
    account: str = "",
    region: str = "",
) -> Design:
    """The template's design, with what is known of where it goes."""
    from tablewright.access.scope import partition_of
    from tablewright.template.read import read_design

    given = pairs("--parameters", parameters)
    settings = project_settings(common, stack)
    path = template or settings.existing_template()
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": partition_of(region) if region else "",
    }
    return read_design(
        read_template(path),
        stack=stack or settings.stack or "stack",
        path=str(path),
        parameters={**settings.parameters, **given},
        pseudo={key: value for key, value in pseudo.items() if value},
    )
