"""How long to wait before trying again: exponential with full jitter. Pure; chance is handed in."""

from __future__ import annotations

__all__ = ["BASE_S", "MOST_S", "delay"]

BASE_S = 0.05
MOST_S = 20.0


def delay(attempt: int, draw: float, *, base: float = BASE_S, most: float = MOST_S) -> float:
    """Seconds before the next try, after ``attempt`` (1, 2 …) failed ones; ``draw`` is uniform in [0, 1).

    Between a tenth of, and the whole of, base · 2^(attempt - 1), at most ``most``.
    """
    whole = min(base * 2.0 ** min(attempt - 1, 30), most)
    return whole * (0.1 + 0.9 * draw)
