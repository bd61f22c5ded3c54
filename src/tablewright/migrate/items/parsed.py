"""Items of a page that were cut at their attributes in one go, where the transform begins with that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import msgspec
from msgspec import Raw

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ParsedItems", "parse_item"]

parse_item = msgspec.json.Decoder(dict[str, Raw]).decode
"""The attributes of one item, each value as its JSON. Raises msgspec.DecodeError."""


class _Page(msgspec.Struct):
    Items: list[Raw]


_page = msgspec.json.Decoder(_Page).decode


class ParsedItems(Sequence[Any]):
    """The items of an answer's body, which it keeps alive. Their own bytes are cut out of it only when they are asked for."""

    __slots__ = ("_body", "_count", "_items", "_parsed")

    def __init__(self, body: Buffer, parsed: list[dict[str, Raw]]) -> None:
        self._body = body
        self._parsed: list[dict[str, Raw]] | None = parsed
        self._count = len(parsed)
        self._items: list[Raw] | None = None

    def take(self) -> list[dict[str, Raw]]:
        """Each item's attributes, the taker's own to change: they are held no longer here."""
        parsed, self._parsed = self._parsed, None
        return [parse_item(item) for item in self] if parsed is None else parsed

    def _cut(self) -> list[Raw]:
        if self._items is None:
            self._items = _page(self._body).Items
        return self._items

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Raw]:
        return iter(self._cut())

    @overload
    def __getitem__(self, at: int) -> Raw: ...
    @overload
    def __getitem__(self, at: slice) -> list[Raw]: ...
    def __getitem__(self, at: int | slice) -> Raw | list[Raw]:
        return self._cut()[at]
