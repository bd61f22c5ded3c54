"""The declared operations, as values. They are applied in their order, each to what the one before left.

In a copy, nothing is overwritten silently: an operation that would write an attribute that the item has already sets the item
aside, but for ``Set``. An attribute that an item does not have is no error where the operation can leave it at that (``Rename``,
``Drop``, ``Retype``, ``Split``, ``Merge``, ``Extract``); ``Compose`` needs what it refers to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from tablewright.migrate.transform.template import Template

__all__ = [
    "ALWAYS",
    "Add",
    "Compose",
    "Default",
    "Drop",
    "Extract",
    "Merge",
    "Operation",
    "Rename",
    "Retype",
    "Set",
    "Split",
    "When",
    "name_of",
    "names_read",
    "names_written",
]


@dataclass(frozen=True, slots=True)
class When:
    """Which items an operation is for: all of these hold. ``equals``: attribute and its value in DynamoDB's JSON, canonical."""

    equals: tuple[tuple[str, str], ...] = ()
    exists: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*(name for name, _ in self.equals), *self.exists, *self.missing)

    def __bool__(self) -> bool:
        return bool(self.names)


ALWAYS = When()


@dataclass(frozen=True, slots=True)
class Rename:
    """``source`` becomes ``target``. Inverse: the rename back."""

    source: str
    target: str
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Drop:
    """The attribute is left out. Inverse: only where a composed attribute still holds its value."""

    name: str
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Set:
    """The attribute has this value (DynamoDB's JSON, canonical), whatever it had. No inverse."""

    name: str
    value: str
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Default:
    """The attribute gets this value where it is missing. No inverse: whether it was missing is not kept."""

    name: str
    value: str
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Add:
    """The attribute is added, and no item may have it yet. Inverse: drop."""

    name: str
    value: str
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Retype:
    """The value gets another type: S and N, S and B (UTF-8), S and BOOL, N and BOOL, L and a set.

    ``source`` None: from whatever it is. With it, an item with another type is set aside. Inverse: for N, B, BOOL to S, BOOL to N
    and a set to L, when the source type is named; a string may spell its number in many ways, and a list has an order.
    """

    name: str
    target: str
    source: str | None = None
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Compose:
    """The attribute is a text made of others (a template of one bare reference copies the value, with its type).

    Inverse: drop, or for a template that refers to the attribute itself, extract.
    """

    name: str
    template: Template
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Extract:
    """The references of the template become attributes (strings), taken out of a text that reads like it. No inverse."""

    source: str
    template: Template
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Split:
    """A string is replaced by its parts; the last one takes the rest. Inverse: merge."""

    name: str
    into: tuple[str, ...]
    by: str
    when: When = field(default=ALWAYS)


@dataclass(frozen=True, slots=True)
class Merge:
    """Strings (or numbers) are replaced by one string. No inverse: a part may hold the separator."""

    names: tuple[str, ...]
    into: str
    by: str
    when: When = field(default=ALWAYS)


Operation: TypeAlias = Rename | Drop | Set | Default | Add | Retype | Compose | Extract | Split | Merge


def name_of(operation: Operation) -> str:
    """The word for an operation in a transform file."""
    return {"Compose": "key"}.get(type(operation).__name__, type(operation).__name__.lower())


def names_read(operation: Operation) -> frozenset[str]:
    """The attributes on which its result depends, or that it takes away."""
    match operation:
        case Rename(source=name) | Retype(name=name) | Extract(source=name) | Split(name=name):
            read: tuple[str, ...] = (name,)
        case Compose(template=template):
            read = template.references
        case Merge(names=names):
            read = names
        case Default(name=name) | Drop(name=name):
            read = (name,)
        case _:
            read = ()
    return frozenset((*read, *operation.when.names))


def names_written(operation: Operation) -> frozenset[str]:
    """The attributes that it may write or take away."""
    match operation:
        case Rename(source=source, target=target):
            return frozenset((source, target))
        case Extract(template=template):
            return frozenset(template.references)
        case Split(name=name, into=into):
            return frozenset((name, *into))
        case Merge(names=names, into=into):
            return frozenset((*names, into))
        case _:
            return frozenset((operation.name,))
