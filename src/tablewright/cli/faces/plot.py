"""A small plot of a number over time, in characters: its height carries the meaning, no colour does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LEVELS = " .:|"  # for a terminal without block characters: a third of a row each


def plot(values: Sequence[float], columns: int, rows: int, *, unicode: bool) -> list[str]:
    """The last values as columns of a bar chart, top row first; the highest one reaches the top.

    More values than columns are averaged into them. All rows are ``columns`` wide or, with fewer values, as wide as those.
    """
    if not values or columns < 1 or rows < 1:
        return []
    heights = _averaged(values, columns)
    top = max(heights)
    marks = _EIGHTHS if unicode else _LEVELS
    steps = len(marks) - 1
    full = [round(height / top * rows * steps) if top > 0 else 0 for height in heights]
    # What is not nothing is never drawn as nothing.
    full = [max(steps_high, 1) if height > 0 else 0 for steps_high, height in zip(full, heights, strict=True)]
    return ["".join(marks[max(0, min(steps, high - row * steps))] for high in full) for row in reversed(range(rows))]


def bar(share: float, columns: int, *, unicode: bool) -> str:
    """A bar that is filled to a share between 0 and 1."""
    filled = round(max(0.0, min(1.0, share)) * columns)
    done, left = ("█", "░") if unicode else ("#", "-")
    return done * filled + left * (columns - filled)


def _averaged(values: Sequence[float], columns: int) -> list[float]:
    if len(values) <= columns:
        return list(values)
    edges = [round(i * len(values) / columns) for i in range(columns + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges) if b > a]
