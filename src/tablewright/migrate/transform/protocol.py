"""What a transform promises to whoever runs it: one item in, none or several out, or a reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["CODEC_VERSION", "Page", "Rejected", "Transform", "TransformError"]

CODEC_VERSION = 1
"""Part of every fingerprint: raised when the same declaration or function would yield other bytes than before."""


class TransformError(ValueError):
    """This item cannot be transformed; the text says why, for the dead-letter file. No fault of the run's."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that was set aside, as it was read, and why."""

    item: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """What became of a page.

    ``items``: to be written, each one JSON object. They may be views of what was handed in (join before that is reused).
    ``keys``: one canonical key (``items.key.KeyReader``) for each of them, by which a batch is kept free of duplicates; None
    where the transform keeps keys, so that a page cannot hold one twice. ``rejected``: what is to be set aside.
    """

    items: Sequence[Buffer]
    rejected: Sequence[Rejected] = ()
    keys: Sequence[bytes] | None = field(default=None)


class Transform(Protocol):
    """Levels: 0 unchanged, 1 declared operations, 2 a function on DynamoDB JSON, 3 a function on plain values.

    A transform is deterministic: the same item yields the same items, in this process and after a resume. Every item that it
    yields can be written: it has the target's key attributes with their types, and is at most 400 KB.
    """

    @property
    def level(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over level, declaration or function's source, key schemas, and ``CODEC_VERSION``; resume compares it."""
        ...

    @property
    def keeps_keys(self) -> bool:
        """Whether each item yields exactly one, with the key that it had."""
        ...

    @property
    def injective(self) -> bool:
        """Whether it follows from the transform that no two items meet in one target key. False: it does not follow."""
        ...

    @property
    def reads(self) -> frozenset[str] | None:
        """The attributes that it looks at or writes, by which an update in place is conditioned; None: any of the item's."""
        ...

    @property
    def parses(self) -> bool:
        """Whether ``page`` is quicker with ``items.parsed.ParsedItems``, since it begins with each item's attributes."""
        ...

    @property
    def invertible(self) -> Transform | None:
        """The transform that leads back, if there is one: ``inverse.apply(x)[0]`` equals the item that gave ``x``."""
        ...

    def describe(self) -> tuple[str, ...]:
        """What it does, a line each, for people."""
        ...

    def apply(self, item: Buffer) -> tuple[bytes, ...]:
        """The items that one item becomes. Raises TransformError."""
        ...

    def page(self, items: Sequence[Buffer]) -> Page:
        """A whole page at once: the same items in the same order, without raising for a bad one."""
        ...
