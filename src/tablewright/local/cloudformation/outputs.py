"""Outputs, exports and imports of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tablewright.local.cloudformation.documents import Doc, Stack
from tablewright.local.cloudformation.errors import CfnError
from tablewright.local.cloudformation.intrinsics import resolve, text
from tablewright.local.cloudformation.program import Program, Values
from tablewright.local.cloudformation.states import DELETE_COMPLETE
from tablewright.local.cloudformation.store import Store


class ExportRefused(Exception):
    """An export that cannot be made, changed or removed; the text is the stack's status reason."""


def exports(store: Store, account: str, region: str) -> dict[str, tuple[Stack, str]]:
    """Every export of an account and region: name to its stack and value."""
    found: dict[str, tuple[Stack, str]] = {}
    for stack in store.stacks(account, region):
        if stack.status != DELETE_COMPLETE:
            for output in stack.outputs:
                if output.get("export"):
                    found[output["export"]] = (stack, output["value"])
    return found


def importers(store: Store, stack: Stack, name: str) -> list[Stack]:
    """The other stacks that use an export."""
    return [
        other
        for other in store.stacks(stack.account, stack.region)
        if other.stack_id != stack.stack_id and other.status != DELETE_COMPLETE and name in other.imports
    ]


def lookup(store: Store, stack: Stack) -> Callable[[str], str]:
    """The value of an import. Raises ExportRefused when nothing exports the name."""

    def value(name: str) -> str:
        found = exports(store, stack.account, stack.region).get(name)
        if found is None or found[0].stack_id == stack.stack_id:
            raise ExportRefused(f"No export named {name} found.")
        return found[1]

    return value


def imports_of(program: Program, values: Values) -> list[str]:
    """Names of the exports that the program's active parts use."""
    names: list[str] = []

    def walk(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            for item in value:
                yield from walk(item)
        elif isinstance(value, dict):
            if set(value) == {"Fn::ImportValue"}:
                yield value["Fn::ImportValue"]
            elif set(value) == {"Fn::If"} and isinstance(value["Fn::If"], list) and len(value["Fn::If"]) == 3:
                condition, yes, no = value["Fn::If"]
                yield from walk(yes if values.condition(condition) else no)
            else:
                for item in value.values():
                    yield from walk(item)

    parts: list[Any] = [program.template.resources[name].properties for name in program.graph]
    parts += [program.template.outputs[key].value for key in program.active_outputs()]
    for part in parts:
        for argument in walk(part):
            name = text(resolve(argument, values))
            if name not in names:
                names.append(name)
    return names


def resolve_outputs(program: Program, values: Values) -> list[Doc]:
    """Each active output with its value and export name. Raises CfnError."""
    found = []
    for key in program.active_outputs():
        declared = program.template.outputs[key]
        value = resolve(declared.value, values)
        if isinstance(value, (dict, list)):
            raise CfnError(
                "ValidationError",
                f"Template format error: The Value field of every Outputs member must evaluate to a String. Output: {key}",
            )
        export = "" if declared.export is None else text(resolve(declared.export, values))
        found.append({"key": key, "value": text(value), "description": declared.description, "export": export})
    return found


def check_exports(store: Store, stack: Stack, old: list[Doc], new: list[Doc]) -> None:
    """Refuse a duplicate export, and a change to one in use. Raises ExportRefused."""
    taken = exports(store, stack.account, stack.region)
    now = {output["export"]: output["value"] for output in new if output["export"]}
    for name in now:
        owner = taken.get(name)
        if owner is not None and owner[0].stack_id != stack.stack_id:
            raise ExportRefused(f"Export with name {name} is already exported by stack {owner[0].name}")
    if len(now) != sum(1 for output in new if output["export"]):
        names = [output["export"] for output in new if output["export"]]
        twice = next(name for name in names if names.count(name) > 1)
        raise ExportRefused(f"Export with name {twice} is declared more than once in this template")
    for output in old:
        name = output.get("export")
        if not name or now.get(name) == output["value"]:
            continue
        users = importers(store, stack, name)
        if users:
            verb = "updated" if name in now else "deleted"
            raise ExportRefused(
                f"Export {name} cannot be {verb} as it is in use by {' and '.join(user.name for user in users)}"
            )


def check_removal(store: Store, stack: Stack) -> None:
    """Refuse to delete a stack whose exports are in use. Raises ExportRefused."""
    check_exports(store, stack, stack.outputs, [])
