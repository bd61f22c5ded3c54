"""What is to be changed in one item: the attributes that a transform touches, as they were read and as they are to be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from tablewright.migrate.items.canonical import same_value

__all__ = [
    "MOST_CONDITIONS",
    "Attributes",
    "Edit",
    "Image",
    "NotInPlace",
    "Reckoner",
    "applied",
    "edit_between",
    "shows",
]

Value = Mapping[str, object]
"""One attribute value as DynamoDB's JSON has it: ``{"S": "text"}``."""

Attributes = Mapping[str, Value]
"""An item, or its key."""

Image = Mapping[str, Value | None]
"""Some attributes of an item at one moment; None where the item had none of that name."""

MOST_CONDITIONS = 140
"""Attributes that one update may compare: an expression holds 300 operators and functions, and each attribute takes two.

Source: Amazon DynamoDB Developer Guide, "Quotas", expression parameters.
"""


class NotInPlace(ValueError):
    """This change cannot be made to the item where it is; the text says why, for the dead-letter file."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one item.

    ``before`` and ``after`` hold the touched attributes alone. ``reckoned_from`` holds what the change depends on beside them,
    as it was read. The change is made only while the item shows ``before`` and ``reckoned_from``, in one step.
    """

    key: Attributes
    before: Image
    after: Image
    reckoned_from: Image = field(default_factory=dict)


def edit_between(
    old: Attributes, new: Attributes, keys: Collection[str], reads: Collection[str] | None = None
) -> Edit | None:
    """The edit that makes ``old`` into ``new``; None where they are equal.

    ``keys``: the table's key attributes. ``reads``: the attributes that the transform looks at; None: any of the item's.
    Raises NotInPlace where a key differs, or too many attributes would have to be compared.
    """
    for key in keys:
        if key not in new or not same_value(old[key], new[key]):
            raise NotInPlace(
                f"key attribute {key} would change, and an item's key cannot: copy to another table instead"
            )
    touched = [name for name in {**old, **new} if name not in keys and not _same(old.get(name), new.get(name))]
    if not touched:
        return None
    others = old if reads is None else reads
    reckoned_from = {name: old.get(name) for name in others if name not in touched and name not in keys}
    if len(touched) + len(reckoned_from) > MOST_CONDITIONS:
        raise NotInPlace(
            f"{len(touched) + len(reckoned_from)} attributes would have to be compared in one update, and DynamoDB takes "
            f"{MOST_CONDITIONS}: declared operations compare only what they touch"
        )
    return Edit(
        key={name: old[name] for name in keys},
        before={name: old.get(name) for name in touched},
        after={name: new.get(name) for name in touched},
        reckoned_from=reckoned_from,
    )


@dataclass(frozen=True, slots=True)
class Reckoner:
    """What a transform that yields one item under the same key asks of an item. ``reads`` as for ``edit_between``."""

    transform: Callable[[Attributes], Attributes]
    keys: tuple[str, ...]
    reads: frozenset[str] | None = None

    def edit(self, item: Attributes) -> Edit | None:
        """The change that the item needs. Raises NotInPlace, TransformError."""
        return edit_between(item, self.transform(item), self.keys, self.reads)

    def mend(self, old: Attributes, made: Edit) -> Edit | None:
        """What is left to change where ``made`` was made of ``old``. Raises NotInPlace, TransformError."""
        return edit_between(applied(old, made.after), self.transform(old), self.keys)


def shows(item: Attributes, image: Image) -> bool:
    """Whether the item has these attributes with these values, and not those that are None."""
    return all(_same(item.get(name), value) for name, value in image.items())


def applied(item: Attributes, image: Image) -> dict[str, Value]:
    """The item with an image laid over it."""
    changed = dict(item)
    for name, value in image.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    return changed


def _same(one: Value | None, other: Value | None) -> bool:
    return one == other or (one is not None and other is not None and same_value(one, other))
