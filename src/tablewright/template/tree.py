"""A decoded template: scalars, sequences and mappings, each with its place in the text.

Short intrinsics (``!Ref x``) are kept in their long form (``{"Ref": "x"}``), so that YAML and JSON read alike. A scalar keeps
its text: CloudFormation turns every scalar into a string, and ``012345678901`` is an account, not a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tablewright.model.design import Position


@dataclass(frozen=True, slots=True)
class Scalar:
    """``kind`` is string, boolean, integer, float or null; ``text`` is what CloudFormation would make a string of."""

    text: str
    kind: str
    position: Position


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    key_position: Position
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: tuple[Entry, ...]
    position: Position

    def get(self, key: str) -> Node | None:
        """The value under ``key``, or None."""
        for entry in self.entries:
            if entry.key == key:
                return entry.value
        return None


Node = Scalar | Sequence | Mapping

SHORT_INTRINSICS = frozenset(
    {
        "Base64", "Cidr", "And", "Equals", "If", "Not", "Or", "FindInMap", "GetAtt", "GetAZs", "ImportValue", "Join",
        "Select", "Split", "Sub", "Transform", "ToJsonString", "Length",
    }
)  # fmt: skip
"""The functions that have a short YAML form. Source: CloudFormation user guide, "Intrinsic function reference"."""


MOST_NODES = 150_000
"""The most values of one template that are read: CloudFormation's 1 MB holds fewer that mean anything."""


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it."""
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        if isinstance(found, Mapping):
            stack.extend(entry.value for entry in found.entries)
        elif isinstance(found, Sequence):
            stack.extend(found.items)
