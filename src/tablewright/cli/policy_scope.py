"""The tables that a policy is about: as they are deployed, or as a template names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tablewright.cli.options import Common, pairs
from tablewright.cli.target import find, open_target, project_settings, read_template
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.access.scope import Scope
    from tablewright.model.design import Design
    from tablewright.model.stack import StackResource
    from tablewright.model.table import Table
    from tablewright.ports import Account
    from tablewright.settings import EnvironmentSettings


def deployed_scope(common: Common, stack: str | None, *, to_make: bool = False) -> Scope:
    """The scope of the stack as it stands; ``to_make``: and as the project's template will make it. Raises UsageError where
    there is none.
    """
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
    resources = tuple(_listed(account, found.id, deep=to_make))
    tables = _live(account, [one.physical_id for one in resources if one.type.startswith("AWS::DynamoDB::")])
    scope = scope_of_stack(target.stack, where.account, where.region, resources, tables)
    return _with_designs(scope, target.settings, account.stacks.template(found.id)) if to_make else scope


def _listed(account: Account, stack: str, *, deep: bool, within: str = "") -> Iterator[StackResource]:
    """What a stack has; ``deep``: and what is in the stacks nested in it, with their logical ids before its own."""
    from tablewright.access.scope import WITHIN
    from tablewright.model.design import NESTED

    for one in account.stacks.resources(stack):
        if one.status == "DELETE_COMPLETE":
            continue
        yield replace(one, logical_id=f"{within}{one.logical_id}")
        if deep and one.type == NESTED and one.physical_id:
            yield from _listed(account, one.physical_id, deep=True, within=f"{within}{one.logical_id}{WITHIN}")


def _with_designs(scope: Scope, settings: EnvironmentSettings, deployed: str) -> Scope:
    """With what the deployed template uses, and the project's own where there is one."""
    from tablewright.access.scope import scope_of_design, together

    written = settings.template
    bodies = [(deployed, f"the template of {scope.stack}")]
    if written is not None and written.is_file():
        bodies.append((read_template(written), str(written)))
    pseudo = {"AWS::AccountId": scope.account, "AWS::Region": scope.region, "AWS::Partition": scope.partition}
    for body, path in bodies:
        design = _designed(body, scope.stack, path, _declared(body, path, settings.parameters), pseudo)
        scope = together(scope, scope_of_design(design, scope.account, scope.region, to_make=True))
    return scope


def _live(account: Account, names: list[str]) -> dict[str, Table]:
    found = {name: account.tables.describe(name, settings=False) for name in names if name}
    return {name: table for name, table in found.items() if table is not None}


def _declared(body: str, path: str, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Those of the parameters that the template declares: the deployed one may know others than the project's."""
    from tablewright.template.decode import decode
    from tablewright.template.tree import Mapping as Tree

    section = decode(body, path).get("Parameters")
    names = {entry.key for entry in section.entries} if isinstance(section, Tree) else set()
    return {name: value for name, value in parameters.items() if name in names}


def designed_scope(
    common: Common, template: Path | None, stack: str | None, parameters: tuple[str, ...], account: str,
    *, to_make: bool = False,
) -> Scope:  # fmt: skip
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
    return scope_of_design(read(common, template, stack, parameters, account, region), account, region, to_make=to_make)


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

    given = pairs("--parameters", parameters)
    settings = project_settings(common, stack)
    path = template or settings.existing_template()
    foreign = (
        template is not None and template.resolve() != settings.template
    )  # the settings' parameters are not for it
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": partition_of(region) if region else "",
    }
    return _designed(
        read_template(path),
        stack or settings.stack or "stack",
        str(path),
        {**({} if foreign else settings.parameters), **given},
        {key: value for key, value in pseudo.items() if value},
    )


def _designed(
    body: str, stack: str, path: str, parameters: Mapping[str, str], pseudo: Mapping[str, str]
) -> Design:  # fmt: skip
    """The design, with the names that are made of other resources' names known where those are."""
    from tablewright.access.scope import names_of
    from tablewright.template.read import read_design

    first = read_design(body, stack=stack, path=path, parameters=parameters, pseudo=pseudo)
    return read_design(body, stack=stack, path=path, parameters=parameters, pseudo={**names_of(first), **pseudo})
