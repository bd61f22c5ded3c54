"""How fast a table may be used: capacity units a second, learned from what DynamoDB reports. Pure; the time is handed in.

A bucket of units: what a request is thought to consume is taken when it is sent, and set right when the answer says what it did.
The bucket may go below zero (a page costs what it costs); then nothing is begun until time has filled it. The rate falls to
0.7 of itself on throttles, at most once for all requests that were on their way together, and rises by a twentieth of the
ceiling for each quiet second in which it was used up (additive increase, multiplicative decrease).
"""

from __future__ import annotations

__all__ = ["Pacer"]

CUT = 0.7
STEP = 0.05
SLOWEST = 1.0
BURST_S = 0.25
"""How many seconds of the rate may be saved up."""
USED_UP = 0.7
"""A rate that is used to less than this share is not what limits the copy, and does not rise."""


class Pacer:
    """``ceiling``: units a second, never exceeded on average; None for none. Without one there is no limit until a throttle."""

    def __init__(self, ceiling: float | None, now: float) -> None:
        self._ceiling = ceiling
        self._rate = ceiling
        self._reference = ceiling or 0.0
        self._tokens = 0.0 if ceiling is None else ceiling * BURST_S
        self._at = now
        self._second = now
        self._used = 0.0  # in this second
        self._last_used = 0.0  # in the second before
        self._cut_at = float("-inf")
        self._throttled = False  # in this second
        self.consumed = 0.0
        self.throttles = 0
        self.cuts = 0

    @property
    def allowed(self) -> float | None:
        """Units a second at the moment, None for no limit."""
        return self._rate

    def limit(self, ceiling: float | None, now: float) -> None:
        """Another ceiling from now on."""
        self._refill(now)
        raised = ceiling is None or (self._ceiling is not None and ceiling > self._ceiling)
        self._ceiling = ceiling
        if ceiling is None:
            if self._cut_at == float("-inf"):
                self._rate = None
        elif self._rate is None or self._rate > ceiling or (raised and self._cut_at == float("-inf")):
            self._rate = ceiling
        self._reference = ceiling or self._reference
        if self._rate is not None:
            self._tokens = min(self._tokens, self._rate * BURST_S)

    def wait(self, now: float) -> float:
        """Seconds until something may be begun; 0 for now."""
        if self._rate is None:
            return 0.0
        self._refill(now)
        # A hair below zero is zero: time has no smaller steps than it takes to fill it.
        return 0.0 if self._tokens > -1e-6 else max(-self._tokens / self._rate, 0.001)

    def spend(self, units: float) -> None:
        """Something was begun that is thought to consume so much."""
        if self._rate is not None:
            self._tokens -= units

    def settle(self, thought: float, consumed: float, now: float) -> None:
        """It came back, and consumed so much instead."""
        if self._rate is not None:
            self._tokens += thought - consumed
        self.consumed += consumed
        if now - self._second >= 1.0:
            self._turn(now)
        self._used += consumed

    def throttled(self, sent: float, now: float) -> None:
        """A request that was sent at ``sent`` was throttled, wholly or in part."""
        self.throttles += 1
        self._throttled = True
        if sent < self._cut_at:
            return  # it was on its way when the rate was cut already
        self._refill(now)
        elapsed = max(now - self._second, 0.1)
        seen = max(self._last_used, self._used / elapsed)
        before = self._rate if self._rate is not None else max(seen, SLOWEST)
        self._reference = self._ceiling or before
        self._rate = max(before * CUT, SLOWEST)
        self._tokens = min(self._tokens, 0.0)
        self._cut_at = now
        self.cuts += 1

    def _refill(self, now: float) -> None:
        if now - self._second >= 1.0:
            self._turn(now)
        if self._rate is not None and now > self._at:
            self._tokens = min(self._tokens + (now - self._at) * self._rate, self._rate * BURST_S)
        self._at = max(self._at, now)

    def _turn(self, now: float) -> None:
        """A second is over: raise the rate if it was quiet and the rate was used."""
        elapsed = now - self._second
        self._last_used = self._used / elapsed
        if not self._throttled and self._rate is not None and self._last_used >= USED_UP * self._rate:
            self._rate += max(STEP * self._reference, SLOWEST)
            if self._ceiling is not None:
                self._rate = min(self._rate, self._ceiling)
        self._throttled = False
        self._used = 0.0
        self._second = now
