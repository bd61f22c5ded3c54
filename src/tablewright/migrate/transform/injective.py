"""Whether two source items could meet in one target key; where they cannot, it follows from the operations alone."""

from __future__ import annotations

from collections.abc import Sequence

from tablewright.migrate.transform.checking import Known, trace
from tablewright.migrate.transform.operations import Compose, Drop, Operation, Rename, Retype, names_written
from tablewright.migrate.transform.template import Reference, Template
from tablewright.model.table import Key

__all__ = ["is_injective"]

_ONE_TO_ONE = {("N", "S"), ("B", "S"), ("S", "B")}


def is_injective(operations: Sequence[Operation], source: Sequence[Key], target: Sequence[Key]) -> bool:
    """Whether every source key attribute can be read back out of the target's key attributes alone.

    False says only that it does not follow: a sample, or the whole copy, may still be without a collision.
    """
    tells = {
        key.name: frozenset((key.name,)) for key in source
    }  # attribute -> the source key attributes that it determines
    for operation, before in zip(operations, trace(operations, source), strict=False):
        told = {} if operation.when else _told(operation, tells, before)
        for name in names_written(operation):
            tells.pop(name, None)
        tells |= told
    return {key.name for key in source} <= frozenset().union(*(tells.get(key.name, frozenset()) for key in target))


def _told(operation: Operation, tells: dict[str, frozenset[str]], before: Known) -> dict[str, frozenset[str]]:
    """What the attributes that an operation writes determine."""
    match operation:
        case Rename(one, other) if one in tells:
            return {other: tells[one]}
        case Retype(name, kind, origin) if name in tells:
            was = origin or before.has.get(name)
            return {name: tells[name]} if was == kind or (was, kind) in _ONE_TO_ONE else {}
        case Compose(name, template) if _readable(template, before):
            return {name: frozenset().union(*(tells.get(reference, frozenset()) for reference in template.references))}
        case Drop() | Compose():
            return {}
    return {}


def _readable(template: Template, before: Known) -> bool:
    """Whether a text has one reading: at most one reference of any length among literals and numbers of a fixed width."""
    fixed = [p for p in template.pieces if isinstance(p, Reference) and p.width and before.has.get(p.name) == "N"]
    loose = [p for p in template.pieces if isinstance(p, Reference) and p not in fixed]
    return len(loose) <= 1 and not any(p.width for p in loose)
