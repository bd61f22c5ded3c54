"""How long to wait between two looks: delays that grow and are spread, so that many runs do not ask in step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator


def delays(seed: str, *, first: float = 0.05, growth: float = 1.5, longest: float = 5.0) -> Iterator[float]:
    """Seconds to wait, without end: the first look comes almost at once, later ones every few seconds.

    Each delay varies by a fifth around its value, by a hash of ``seed`` (a stack id) and its number: no two stacks keep step,
    and the same stack always does the same.
    """
    delay, number = first, 0
    while True:
        digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
        yield delay * (0.8 + 0.4 * digest[0] / 255)
        delay, number = min(delay * growth, longest), number + 1
