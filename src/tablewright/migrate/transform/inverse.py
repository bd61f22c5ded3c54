"""The operations that lead back, where there are such."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.migrate.transform.checking import trace
from tablewright.migrate.transform.operations import (
    Add,
    Compose,
    Drop,
    Extract,
    Merge,
    Operation,
    Rename,
    Retype,
    Split,
    name_of,
    names_written,
)
from tablewright.migrate.transform.template import Reference, Template
from tablewright.model.table import Key

__all__ = ["NoInverse", "inverse_of"]

_EXACT_RETYPES = {("N", "S"), ("B", "S"), ("BOOL", "S"), ("BOOL", "N"), ("SS", "L"), ("NS", "L"), ("BS", "L")}


class NoInverse(Exception):
    """There is none; the text says which operation stands in the way."""


def inverse_of(operations: Sequence[Operation], source: Sequence[Key]) -> tuple[Operation, ...]:
    """The inverse: applied to what an item became, it gives the item. Raises NoInverse."""
    known = trace(operations, source)
    back: list[Operation] = []
    for place in range(len(operations) - 1, -1, -1):
        operation = operations[place]
        if operation.when:
            raise NoInverse(
                f"operation {place + 1} ({name_of(operation)}) has a condition, which its result does not show"
            )
        match operation:
            case Rename(one, other):
                back.append(Rename(other, one))
            case Add(name):
                back.append(Drop(name))
            case Retype(name, target, kind) if kind is not None and (kind, target) in _EXACT_RETYPES:
                back.append(Retype(name, kind, target))
            case Split(name, into, by) if name not in into:
                back.append(Merge(into, name, by))
            case Compose(name, template) if name not in template.references:
                back.append(Drop(name))
            case Compose(name, template) if _single(template) and _bare(template) and known[place].has.get(name) == "S":
                back.append(Extract(name, template))
            case Drop(name):
                back += _restored(name, operations, place, source)
            case _:
                raise NoInverse(f"operation {place + 1} ({name_of(operation)}) cannot be undone from its result")
    return tuple(back)


def _restored(name: str, operations: Sequence[Operation], place: int, source: Sequence[Key]) -> list[Operation]:
    """What brings a dropped attribute back out of one that was composed of it alone."""
    kind = trace(operations, source)[place].has.get(name)
    for earlier in range(place - 1, -1, -1):
        made = operations[earlier]
        if (
            isinstance(made, Compose)
            and set(made.template.references) == {name}
            and made.name != name
            and not made.when
        ):
            since = {written for between in operations[earlier + 1 : place] for written in names_written(between)}
            if {name, made.name} & since or kind is None:
                break
            if made.template.copied is not None:
                return [Compose(name, Template(f"{{{made.name}}}", (Reference(made.name),)))]
            if _single(made.template) and (kind == "N" or (kind == "S" and _bare(made.template))):
                plain = Template(
                    made.template.text,
                    tuple(Reference(p.name) if isinstance(p, Reference) else p for p in made.template.pieces),
                )
                return [Extract(made.name, plain), *([Retype(name, "N", "S")] if kind == "N" else [])]
    raise NoInverse(f"operation {place + 1} (drop) takes {name!r} away, and nothing that is left holds its value")


def _bare(template: Template) -> bool:
    """Whether no zeros are put before anything."""
    return not any(isinstance(piece, Reference) and piece.width for piece in template.pieces)


def _single(template: Template) -> bool:
    """Whether a text made by the template has one reading: one reference, once, among literal texts."""
    return len(template.references) == 1 and len(template.pieces) > 1
