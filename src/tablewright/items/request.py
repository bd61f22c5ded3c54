"""What a person wants to see or write, as the requests that DynamoDB takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from tablewright.errors import UsageError
from tablewright.items.condition import Call, Condition, Every, Path, Placeholders, expression
from tablewright.items.keys import key_condition, key_of, ordered
from tablewright.items.literal import checked_value
from tablewright.model.items import Item, Value
from tablewright.model.table import Index, Key, Table

__all__ = ["Look", "deletion", "index_of", "look", "lookup", "putting"]


@dataclass(frozen=True, slots=True)
class Look:
    """A Query or Scan without its pages. ``keys``: the schemas of the table and of the index, whose attributes are always
    read, so that a read can go on behind any item.
    """

    operation: str
    request: dict[str, Any]
    keys: tuple[tuple[Key, ...], ...]

    @property
    def key_names(self) -> tuple[str, ...]:
        """The key attributes, those of what is read first."""
        return tuple(dict.fromkeys(key.name for keys in reversed(self.keys) for key in keys))


def index_of(table: Table, name: str | None) -> Index | None:
    """The index of that name. Raises UsageError ``no-index``."""
    if name is None:
        return None
    found = next((index for index in table.indexes if index.name == name), None)
    if found is None:
        names = [index.name for index in table.indexes]
        near = get_close_matches(name, names, n=1)
        raise UsageError(
            "no-index",
            "There is no such index",
            f"Table {table.name} has {', '.join(names) or 'no index'}." + (f" Did you mean {near[0]}?" if near else ""),
        )
    return found


def lookup(table: Table, words: Sequence[str], attributes: Sequence[Path], *, consistent: bool) -> dict[str, Any]:
    """GetItem."""
    into = Placeholders()
    request: dict[str, Any] = {"TableName": table.name, "Key": key_of(words, table.keys), "ConsistentRead": consistent}
    if attributes:
        request["ProjectionExpression"] = ", ".join(_projected(attributes, [table.keys], into))
    return {**request, **into.members()}


def look(
    table: Table,
    words: Sequence[str] | None,
    *,
    index: str | None = None,
    where: Condition | None = None,
    attributes: Sequence[Path] = (),
    consistent: bool = False,
    reverse: bool = False,
    counting: bool = False,
) -> Look:
    """Query, or with ``words`` None Scan. Raises UsageError."""
    through = index_of(table, index)
    if consistent and through is not None and through.kind == "global":
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            f"{through.name} is a global secondary index, which cannot be read consistently: leave --consistent out.",
        )
    schemas = (ordered(table.keys), *((ordered(through.keys),) if through else ()))
    into = Placeholders()
    request: dict[str, Any] = {"TableName": table.name, "ConsistentRead": consistent}
    if through is not None:
        request["IndexName"] = through.name
    if words is not None:
        request["KeyConditionExpression"] = _flat(key_condition(words, schemas[-1]), into)
        request["ScanIndexForward"] = not reverse
    if where is not None:
        request["FilterExpression"] = expression(where, into)
    if counting:
        request["Select"] = "COUNT"
    elif attributes:
        request["ProjectionExpression"] = ", ".join(_projected(attributes, schemas, into))
    return Look("scan" if words is None else "query", {**request, **into.members()}, schemas)


def _flat(condition: Condition, into: Placeholders) -> str:
    """A key condition takes no parentheses around its parts' And."""
    parts = condition.parts if isinstance(condition, Every) else (condition,)
    return " AND ".join(expression(part, into) for part in parts)


def _projected(attributes: Sequence[Path], schemas: Sequence[Sequence[Key]], into: Placeholders) -> list[str]:
    """The paths to ask for: keys included, and nothing that stands inside something else that is asked for."""
    keys = [(key.name,) for keys in schemas for key in keys]
    every: list[Path] = list(dict.fromkeys([*keys, *attributes]))
    return [into.path(path) for path in every if not any(path[:n] in every for n in range(1, len(path)))]


def putting(table: Table, item: Item, *, overwrite: bool, condition: Condition | None = None) -> dict[str, Any]:
    """PutItem, which refuses to overwrite unless it may. Text for a key that is a number or binary is taken as such.

    Raises UsageError ``malformed-item``.
    """
    typed = dict(item)
    for key in ordered(table.keys):
        if key.name not in item:
            _unfit(table, key)
    for key in (key for keys in (table.keys, *(index.keys for index in table.indexes)) for key in keys):
        if key.name in item:
            typed[key.name] = _fitting(table, key, item[key.name])
    guard = None if overwrite else Call("attribute_not_exists", (ordered(table.keys)[0].name,))
    return {"TableName": table.name, "Item": typed, **_conditions(guard, condition)}


def _fitting(table: Table, key: Key, value: Value) -> Value:
    try:
        found = checked_value({key.type: value["S"]}) if "S" in value else value
    except ValueError:
        found = {}
    if not found.get(key.type):
        _unfit(table, key)
    return found


def _unfit(table: Table, key: Key) -> NoReturn:
    raise UsageError(
        "malformed-item",
        "The item is malformed",
        f"Key attribute {key.name} of table {table.name} must be of type {key.type} and not empty; those of the table's own "
        "key must be there. Nothing was written.",
    )


def deletion(table: Table, words: Sequence[str], *, condition: Condition | None) -> dict[str, Any]:
    """DeleteItem of an item that is there; its key is named whole."""
    guard = Call("attribute_exists", (ordered(table.keys)[0].name,))
    return {"TableName": table.name, "Key": key_of(words, table.keys), **_conditions(guard, condition)}


def _conditions(*conditions: Condition | None) -> dict[str, Any]:
    wanted = tuple(each for each in conditions if each is not None)
    if not wanted:
        return {}
    into = Placeholders()
    text = expression(wanted[0] if len(wanted) == 1 else Every(wanted), into)
    return {"ConditionExpression": text, **into.members()}
