"""What can be said of declared operations before any item is read: whether they agree with one another and the key schemas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from tablewright.errors import UsageError
from tablewright.migrate.transform.operations import (
    Add,
    Compose,
    Default,
    Drop,
    Extract,
    Merge,
    Operation,
    Rename,
    Retype,
    Set,
    Split,
    name_of,
    names_read,
    names_written,
)
from tablewright.migrate.transform.template import Reference
from tablewright.model.table import Key

__all__ = ["Known", "check", "trace"]

_RETYPES = {
    ("S", "N"), ("N", "S"), ("S", "B"), ("B", "S"), ("S", "BOOL"), ("BOOL", "S"), ("N", "BOOL"), ("BOOL", "N"),
    ("L", "SS"), ("L", "NS"), ("L", "BS"), ("SS", "L"), ("NS", "L"), ("BS", "L"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is sure of every item at one moment: attributes that it has (with their type, None if unknown), and has not."""

    has: dict[str, str | None] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()

    def after(self, operation: Operation) -> Known:
        """What is sure after an operation that did not refuse the item."""
        has, lacks = dict(self.has), set(self.lacks)

        def gone(name: str) -> None:
            has.pop(name, None)
            lacks.add(name)

        def there(name: str, kind: str | None) -> None:
            has[name] = kind
            lacks.discard(name)

        def perhaps(name: str) -> None:
            has.pop(name, None)
            lacks.discard(name)

        if operation.when:
            for name in names_written(operation):
                perhaps(name)
            return Known(has, frozenset(lacks))
        match operation:
            case Rename(source, target):
                there(target, has[source]) if source in has else perhaps(target)
                gone(source)
            case Drop(name):
                gone(name)
            case Set(name, value) | Add(name, value):
                there(name, next(iter(orjson.loads(value))))
            case Default(name, value):
                there(name, next(iter(orjson.loads(value))) if name in lacks else has.get(name))
            case Retype(name, target):
                if name in has:
                    has[name] = target
            case Compose(name, template):
                for reference in template.references:
                    has.setdefault(reference, None)  # an item without it is refused
                there(name, has.get(template.copied) if template.copied is not None else "S")
            case Extract(source, template):
                for name in template.references:
                    there(name, "S") if source in self.has else perhaps(name)
            case Split(name, into):
                sure = name in has
                gone(name)
                for part in into:
                    there(part, "S") if sure else perhaps(part)
            case Merge(names, into):
                sure = any(name in has for name in names)
                for name in names:
                    gone(name)
                there(into, "S") if sure else perhaps(into)
        return Known(has, frozenset(lacks))


def trace(operations: Sequence[Operation], source: Sequence[Key]) -> list[Known]:
    """What is sure before each operation, and at the end."""
    known = [Known({key.name: key.type for key in source})]
    for operation in operations:
        known.append(known[-1].after(operation))
    return known


def check(operations: Sequence[Operation], source: Sequence[Key], target: Sequence[Key], *, in_place: bool) -> None:
    """Raises UsageError where the operations cannot be meant so, whatever the items are."""
    known = trace(operations, source)
    for number, (operation, before) in enumerate(zip(operations, known[:-1], strict=True), start=1):
        _check_shape(number, operation)
        missing = sorted(names_read(operation) & before.lacks - set(operation.when.missing))
        if missing and not isinstance(operation, (Drop, Default)):
            raise _wrong(number, operation, f"it refers to {missing[0]!r}, which no item has any more by then")
        overwritten = _overwritten(operation, before)
        if overwritten and not in_place:
            raise _wrong(
                number,
                operation,
                f"it would overwrite {overwritten!r}, which every item has: drop or rename that first",
            )
    if in_place:
        _check_in_place(operations, source)
    for key in target:
        _check_key(key, known[-1])


def _overwritten(operation: Operation, before: Known) -> str | None:
    """An attribute that every item has and that the operation refuses to overwrite."""
    match operation:
        case Rename(target=name) | Add(name=name):
            made: tuple[str, ...] = (name,)
        case Compose(name=name, template=template) if name not in template.references:
            made = (name,)
        case Extract(source=source, template=template):
            made = tuple(name for name in template.references if name != source)
        case Split(name=name, into=into):
            made = tuple(part for part in into if part != name)
        case Merge(names=names, into=into) if into not in names:
            made = (into,)
        case _:
            return None
    return next((name for name in made if name in before.has), None)


def _check_shape(number: int, operation: Operation) -> None:
    if "" in names_read(operation) | names_written(operation):
        raise _wrong(number, operation, "an attribute's name is empty")
    match operation:
        case Rename(source, target) if source == target:
            raise _wrong(number, operation, f"{source!r} is renamed to itself")
        case Retype(name, target, origin):
            kinds = {kind for pair in _RETYPES for kind in pair}
            if target not in kinds or (origin is not None and (origin, target) not in _RETYPES):
                can = ", ".join(f"{one} to {other}" for one, other in sorted(_RETYPES))
                raise _wrong(
                    number,
                    operation,
                    f"{name!r} cannot be made {target} from {origin or 'anything'}; what can be: {can}",
                )
        case Extract(template=template):
            beside = any(
                isinstance(one, Reference) and isinstance(other, Reference)
                for one, other in zip(template.pieces, template.pieces[1:], strict=False)
            )
            names = template.references
            if (
                not names
                or beside
                or len(set(names)) < len(names)
                or any(p.width for p in template.pieces if isinstance(p, Reference))
            ):
                raise _wrong(
                    number,
                    operation,
                    f"{template.text!r} must name each attribute once, with text between them and no zeros asked for",
                )
        case Split(into=names, by=by) | Merge(names=names, by=by):
            if len(names) < 2 or len(set(names)) < len(names):
                raise _wrong(number, operation, "it needs two or more different parts")
            if not by and isinstance(operation, Split):
                raise _wrong(number, operation, "the separator is empty")


def _check_in_place(operations: Sequence[Operation], source: Sequence[Key]) -> None:
    """In place an item may meet the operations twice (killed between the write and its note), so twice must be as once."""
    keys = {key.name for key in source}
    for number, operation in enumerate(operations, start=1):
        touched = sorted(names_written(operation) & keys)
        if touched:
            raise _wrong(
                number,
                operation,
                f"it changes {touched[0]!r}, which is in the table's key, and an item's key cannot change: copy to another table",
            )
        written = names_written(operation)
        if isinstance(operation, Compose) and operation.name in operation.template.references:
            raise _wrong(
                number, operation, f"{operation.name!r} is made of itself, which done twice is not as done once"
            )
        for later in operations[number:]:
            judged = sorted(names_written(later) & set(operation.when.names))
            if judged:
                raise _wrong(
                    number,
                    operation,
                    f"its condition looks at {judged[0]!r}, which a later operation changes: done twice is not as done once",
                )
            if written & names_written(later) or (_new_names(later) & names_read(operation)):
                raise _wrong(
                    number,
                    operation,
                    f"{min(written & names_written(later) or _new_names(later) & names_read(operation))!r} is written by a later "
                    "operation too, which done twice is not as done once: in place, each attribute is written by one operation",
                )
        if (isinstance(operation, Merge) and operation.into in operation.names) or (
            isinstance(operation, Split) and operation.name in operation.into
        ):
            raise _wrong(
                number, operation, "an attribute becomes a part of itself, which done twice is not as done once"
            )
        if set(operation.when.names) & written and not isinstance(operation, (Set, Default, Add)):
            raise _wrong(number, operation, "its condition looks at what it changes, so done twice is not as done once")


def _new_names(operation: Operation) -> frozenset[str]:
    """The attributes that an operation may bring into being or change, but for those that it only takes away."""
    match operation:
        case Rename(target=name):
            return frozenset((name,))
        case Drop():
            return frozenset()
        case Split(into=into):
            return frozenset(into)
        case Merge(into=name):
            return frozenset((name,))
    return names_written(operation)


def _check_key(key: Key, end: Known) -> None:
    if key.name in end.lacks:
        raise UsageError(
            "transform-key-lost",
            "The target's key attribute would be missing",
            f"The target is keyed by {key.name!r} ({key.type}), and the operations leave no item with it. "
            f"Compose it (--key '{key.name}=TEXT#{{attribute}}'), or rename an attribute to it (--rename attribute={key.name}).",
        )
    kind = end.has.get(key.name)
    if kind is not None and kind != key.type:
        raise UsageError(
            "transform-key-type",
            "The target's key attribute would have another type",
            f"The target's {key.name!r} is {key.type}, and the operations make it {kind}. Retype it: --retype "
            f"{key.name}:{key.type}",
        )


def _wrong(number: int, operation: Operation, why: str) -> UsageError:
    return UsageError(
        "transform-contradicts",
        "The operations contradict themselves",
        f"Operation {number} ({name_of(operation)}): {why}.",
    )
