"""By what an item is told apart from others: its key, or where no side has one that can be relied on, all that it holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from xxhash import xxh3_128_digest

from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.transform.protocol import Transform
from tablewright.model.table import Key

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Identity", "WholeItem", "identity_of", "of_part", "part_of_item"]

Part = dict[str, dict[str, Any]]


class WholeItem:
    """Tells items apart by the hash of all that they hold, as files of items without keys of their own must be."""

    keys: tuple[Key, ...] = ()

    def __call__(self, item: Buffer) -> bytes:
        return xxh3_128_digest(canonical(item))


Identity = KeyReader | WholeItem


def identity_of(source: Sequence[Key], target: Sequence[Key], transform: Transform) -> Identity:
    """By the target's key; the source's where the target has none and the transform leaves that alone; else by the whole item."""
    if target:
        return KeyReader(target)
    touched = transform.reads
    if source and touched is not None and touched.isdisjoint(key.name for key in source):
        return KeyReader(source)
    return WholeItem()


def part_of_item(identity: Identity, item: Buffer) -> Part:
    """What is kept of an item to find it again: its key in DynamoDB's JSON, or its hash."""
    if not identity.keys:
        return {"item": {"B": identity(item)}}
    attributes = orjson.loads(memoryview(item))
    return {key.name: attributes[key.name] for key in identity.keys}


def of_part(identity: Identity, part: Mapping[str, Mapping[str, Any]]) -> bytes:
    """What ``identity`` gives for the item that the part was taken from."""
    if not identity.keys:
        found: bytes = part["item"]["B"]
        return found
    return identity(orjson.dumps(part))
