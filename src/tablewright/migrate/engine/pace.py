"""How fast a table may be used: capacity units a second, learned from what DynamoDB reports. Pure; the time is handed in.

A bucket of units: what a request is thought to consume is taken when it is sent, and set right when the answer says what it did.
The bucket may go below zero (a page costs what it costs); then nothing is begun until time has filled it.

The rate falls to 0.7 of itself on throttles, at most once for all requests that were on their way together, and rises for each
quiet second in which it was used up, by a twentieth of the rate that was too much (additive increase, multiplicative
decrease). A few throttles among many answers are no reason: one hot key makes them at any rate. For the same reason the rate
has a floor.
"""

from __future__ import annotations

__all__ = ["Pacer"]

CUT = 0.7
STEP = 0.05
SLOWEST = 1.0
UNKNOWN = 100.0
"""Units a second that a table of which nothing is known is thought to give at least."""
FLOOR = 0.05
"""Of what the best second so far consumed: slower it does not get."""
FEW = 0.1
"""A smaller share of throttled requests than this says nothing about the rate."""
BURST_S = 0.25
"""How many seconds of the rate may be saved up."""
USED_UP = 0.7
"""A rate that is used to less than this share is not what limits the copy, and does not rise."""


class Pacer:
    """``ceiling``: units a second, never exceeded on average; None for none. Without one there is no limit until a throttle."""

    def __init__(self, ceiling: float | None, now: float) -> None:
        self._ceiling = ceiling
        self._rate = ceiling
        self._best = 0.0  # units consumed in the best second so far
        self._cut_from = 0.0
        self._tokens = 0.0 if ceiling is None else ceiling * BURST_S
        self._at = now
        self._second = now
        self._used = 0.0  # in this second
        self._last_used = 0.0  # in the second before
        self._cut_at = float("-inf")
        self._answers = [0, 0]  # in this second, and in the one before
        self._refused = [0.0, 0.0]  # of them, throttled
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
        if self._rate is not None:
            self._tokens = min(self._tokens, self._rate * BURST_S)

    def wait(self, now: float) -> float:
        """Seconds until something may be begun; 0 for now."""
        if self._rate is None:
            return 0.0
        self._refill(now)
        # A hair below zero is zero: time has no smaller steps than it takes to fill it.
        return 0.0 if self._tokens > -1e-6 else max(-self._tokens / self._rate, 0.001)

    def spend(self, units: float) -> float | None:
        """Something was begun that is thought to consume so much. For ``settle``: what was taken, None without a limit."""
        if self._rate is None:
            return None
        self._tokens -= units
        return units

    def settle(self, taken: float | None, consumed: float, now: float) -> None:
        """It came back, and consumed so much instead."""
        if self._rate is not None and taken is not None:
            self._tokens += taken - consumed
        self.consumed += consumed
        if now - self._second >= 1.0:
            self._turn(now)
        self._used += consumed
        self._answers[0] += 1

    def throttled(self, sent: float, now: float, share: float = 1.0) -> None:
        """Of a request that was sent at ``sent`` this share was throttled; call ``settle`` as well."""
        self.throttles += 1
        self._refill(now)
        self._refused[0] += share
        if sent < self._cut_at or (sum(self._answers) >= 1 / FEW and sum(self._refused) < FEW * sum(self._answers)):
            return  # it was on its way when the rate was cut already, or it is one of few
        elapsed = max(now - self._second, 0.1)
        seen = max(self._last_used, self._used / elapsed)
        before = self._rate if self._rate is not None else max(seen, UNKNOWN)
        self._cut_from = before
        self._rate = min(before, max(before * CUT, FLOOR * max(self._best, seen), SLOWEST))
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
        self._best = max(self._best, self._last_used)
        quiet = self._refused[0] < FEW * max(self._answers[0], 1)
        if quiet and self._rate is not None and self._last_used >= USED_UP * self._rate:
            self._rate += max(STEP * max(self._rate, self._cut_from), SLOWEST)
            if self._ceiling is not None:
                self._rate = min(self._rate, self._ceiling)
        self._answers = [0, self._answers[0]]
        self._refused = [0.0, self._refused[0]]
        self._used = 0.0
        self._second = now
