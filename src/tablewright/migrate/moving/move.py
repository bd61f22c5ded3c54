"""A move as it is asked for, and the two tables as a template has them or is to have them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tablewright.author.editing import Text
from tablewright.author.siblings import Sibling, family, logical_id, word
from tablewright.author.tables import Key
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping, Scalar

__all__ = ["Move", "Moved", "moved"]

_EXPRESSION = re.compile(r"[-_.]?\$\{[^}]*\}[-_.]?")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_SUFFIX = "v2"


@dataclass(frozen=True, slots=True)
class Move:
    """What is wished for. ``table``: logical ID or name of the old one. ``name``: of the new one; the old one's with ``-v2``.

    ``key`` and ``sort``: the new table's; None for both: the old table's own.
    """

    table: str
    name: str = ""
    key: Key | None = None
    sort: Key | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Both ends. ``old.short`` is what is the old table's own in its name, ``short`` what is the new one's."""

    old: Sibling
    logical_id: str
    leaf: str
    short: str

    @property
    def leaf_of_old(self) -> str:
        """The old table's name, as far as the template tells it."""
        return self.old.leaf or self.old.logical_id

    @property
    def pointer(self) -> str:
        """The logical ID of the parameter that says which table is in use."""
        return f"{word(self.old.short)}TablePointer"

    @property
    def parameter(self) -> str:
        """The parameter's name, as an expression for Fn::Sub."""
        return f"/${{AWS::StackName}}/tables/{self.old.short}"

    def points_at(self, text: Text) -> str | None:
        """The logical ID of the table that the pointer names; None without a pointer, empty for anything else than a Ref."""
        if text.entry(("Resources", self.pointer)) is None:
            return None
        value = text.at(("Resources", self.pointer, "Properties", "Value"))
        name = value.get("Ref") if isinstance(value, Mapping) else None
        return name.text if isinstance(name, Scalar) else ""

    def stands(self, text: Text) -> bool:
        """Whether the new table is in the template."""
        return text.entry(("Resources", self.logical_id)) is not None


def moved(text: Text, move: Move) -> Moved:
    """Both ends of a move. Raises UsageError for a table that there is not, or a name that is none."""
    found = family(text)
    named = found.named(move.table)
    core = _core(named)
    name = move.name or f"{core}-{_SUFFIX}"
    if not _NAME.fullmatch(name):
        raise UsageError(
            "malformed-table-name",
            "The name is no table's",
            f"{name!r}: a table's name has letters, digits, _, - and . only.",
        )
    short = name.removeprefix(named.prefix) or name
    if short == core:
        raise UsageError("name-in-use", "The name is in use", f"{named.logical_id} is called {name} already.")
    old = replace(named, short=core)
    leaf = named.leaf.replace(core, short, 1) if core in named.leaf else name
    return Moved(old, logical_id(old, short), leaf, short)


def _core(table: Sibling) -> str:
    """What is a table's own in its name, without what an expression puts before or behind it."""
    short = _EXPRESSION.sub("", table.short)
    if short:
        return short
    leaf = _EXPRESSION.sub("", table.leaf)
    return leaf or table.logical_id.removesuffix("Table") or table.logical_id
