"""One resource of a template as rules read it."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.model.design import Position
from tablewright.template.intrinsics import Scope
from tablewright.template.resolve import Block, Resolved, resolve
from tablewright.template.tree import Mapping


@dataclass(frozen=True)
class Resource:
    """One resource. ``properties`` is an incomplete block where it cannot be read."""

    logical_id: str
    type: str
    position: Position
    type_position: Position
    node: Mapping
    properties: Block
    scope: Scope
    condition: str = ""

    def attribute(self, name: str) -> Resolved | None:
        """A resource attribute beside Properties, such as DeletionPolicy."""
        node = self.node.get(name)
        return resolve(node, self.scope) if node is not None else None

    def at(self, name: str) -> Position:
        """The place of a resource attribute's key, or of the resource."""
        return next((entry.key_position for entry in self.node.entries if entry.key == name), self.position)

    def where(self, key: str) -> Position:
        """The place of a property's key, or of the resource."""
        found = self.properties.fields.get(key)
        return found.position if found is not None else self.position
