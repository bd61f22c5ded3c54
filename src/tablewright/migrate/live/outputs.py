"""What an item of one side becomes on the other, by key; pure.

A key here is the JSON of its attributes in canonical form: equal for equal keys, and what a request for that item holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson

from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.numbers import canonical_number
from tablewright.migrate.live.replay import Outputs
from tablewright.migrate.transform.protocol import Transform
from tablewright.model.table import Key

__all__ = ["image_of", "key_of", "outputs_of", "same_item"]


def key_of(item: bytes, keys: Sequence[Key]) -> bytes:
    """The key of an item (DynamoDB JSON). Raises ValueError for an item without it."""
    told = orjson.loads(item)
    found = {}
    for key in sorted(keys, key=lambda key: key.name):
        value = told.get(key.name)
        if not isinstance(value, dict) or key.type not in value:
            raise ValueError(f"key attribute {key.name!r} is missing, or is not of type {key.type}")
        text = value[key.type]
        found[key.name] = {key.type: canonical_number(text) if key.type == "N" else text}
    return orjson.dumps(found)


def same_item(one: bytes, other: bytes) -> bool:
    """Whether two items are the same to DynamoDB, however they are written."""
    return one == other or canonical(one) == canonical(other)


def image_of(item: object) -> bytes:
    """An item that was read from JSON (DynamoDB JSON), as bytes."""
    return orjson.dumps(item)


def outputs_of(transform: Transform, keys: Sequence[Key]) -> Outputs:
    """The transform as the tail uses it; ``keys`` are those of the table that it leads to.

    Raises ValueError for an item that cannot be transformed, or that becomes two items with one key.
    """
    apply: Callable[[bytes], Sequence[bytes]] = transform.apply

    def outputs(item: bytes) -> Mapping[bytes, bytes]:
        made = [bytes(each) for each in apply(item)]
        found = {key_of(each, keys): each for each in made}
        if len(found) < len(made):
            raise ValueError("it becomes two items with one key")
        return found

    return outputs
