"""Level 0: items pass as the bytes that they are."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from tablewright.migrate.items.key import KeyReader, KeyRefused
from tablewright.migrate.transform.protocol import CODEC_VERSION, Page, Rejected, TransformError
from tablewright.model.table import Key

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Unchanged", "schema_text"]


def schema_text(keys: Sequence[Key]) -> str:
    """A key schema as part of a fingerprint."""
    return ",".join(f"{key.role}:{key.name}:{key.type}" for key in sorted(keys, key=lambda key: key.role != "HASH"))


class Unchanged:
    """Passes items on. Where the target is keyed otherwise than the source, it reads each key, since the items must have it.

    Files have no keys: ``target`` is then empty, and none are read.
    """

    level = 0
    parses = False

    def __init__(self, source: Sequence[Key], target: Sequence[Key]) -> None:
        told = f"0|{schema_text(source)}|{schema_text(target)}|{CODEC_VERSION}"
        self.fingerprint = sha256(told.encode()).hexdigest()
        self.keeps_keys = not target or schema_text(source) == schema_text(target)
        self.injective = {key.name for key in source} <= {key.name for key in target}
        self.reads: frozenset[str] | None = frozenset()
        self._source = tuple(source)
        self._key = KeyReader(target)

    @property
    def invertible(self) -> Unchanged:
        return Unchanged(self._key.keys, self._source)

    def describe(self) -> tuple[str, ...]:
        return ("items are copied as they are",)

    def apply(self, item: Buffer) -> tuple[bytes, ...]:
        if not self.keeps_keys:
            try:
                self._key(item)
            except KeyRefused as refused:
                raise TransformError(str(refused)) from None
        return (bytes(item),)

    def page(self, items: Sequence[Buffer]) -> Page:
        if self.keeps_keys:
            return Page(items)
        kept: list[Buffer] = []
        keys: list[bytes] = []
        rejected: list[Rejected] = []
        for item in items:
            try:
                keys.append(self._key(item))
                kept.append(item)
            except KeyRefused as refused:
                rejected.append(Rejected(bytes(item), str(refused)))
        return Page(kept, rejected, keys)
