"""Where to cut a page into batches: 25 items, 16 MB, no key twice (BatchWriteItem, API reference). Pure."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MOST_BYTES", "MOST_ITEMS", "ordered"]

MOST_ITEMS = 25
MOST_BYTES = 15 << 20
"""Of items; the request around them stays under 16 MB. DynamoDB counts 16 MB after decoding, in which numbers are smaller."""


def ordered(
    sizes: Sequence[int], keys: Sequence[bytes] | None, *, items: int = MOST_ITEMS, most: int = MOST_BYTES
) -> list[list[int]]:
    """Indexes of a page's items, batch by batch.

    Items with one key keep their order, in batches of their own; an item that is too large for any batch is alone in one.
    """
    batches: list[list[int]] = []
    weights: list[int] = []
    first_open = 0
    last_with: dict[bytes, int] = {}
    for index, size in enumerate(sizes):
        at = first_open
        if keys is not None:
            at = max(at, last_with.get(keys[index], -1) + 1)
        while at < len(batches) and (len(batches[at]) >= items or weights[at] + size > most):
            at += 1
        if at == len(batches):
            batches.append([])
            weights.append(0)
        batches[at].append(index)
        weights[at] += size
        if keys is not None:
            last_with[keys[index]] = at
        while first_open < len(batches) and len(batches[first_open]) >= items:
            first_open += 1
    return batches
