"""A token bucket on a clock that its caller holds."""

from __future__ import annotations

__all__ = ["TokenBucket"]


class TokenBucket:
    """Units that flow in at `rate` a second and are kept for at most `seconds`.

    A taker may be let in on an estimate and charged more afterwards: the debt, `debt` units at most, is worked off before the
    next one is let in.
    """

    __slots__ = ("_at", "_debt", "_seconds", "_tokens", "rate")

    def __init__(self, rate: float, seconds: float, now: float, *, debt: float = float("inf")) -> None:
        self.rate = rate
        self._debt = debt
        self._seconds = seconds
        self._tokens = rate * seconds
        self._at = now

    @property
    def capacity(self) -> float:
        return self.rate * self._seconds

    def tokens(self, now: float) -> float:
        """What is in the bucket at `now`; below zero while a debt lasts."""
        if now > self._at:
            self._tokens = min(self._tokens + (now - self._at) * self.rate, self.rate * self._seconds)
            self._at = now
        return self._tokens

    def covers(self, units: float, now: float) -> bool:
        """Whether `units` may be taken; more than the bucket can ever hold may be taken when it is full."""
        # Sums of thirds of a second are not exact.
        return self.tokens(now) + 1e-6 >= min(units, self.rate * self._seconds)

    def take(self, units: float, now: float) -> None:
        """Take `units`, into debt if need be."""
        self._tokens = max(self.tokens(now) - units, -self._debt)

    def retune(self, rate: float, now: float) -> None:
        """Go on at another rate; what is kept is at most what that rate can keep."""
        self.tokens(now)
        self.rate = rate
        self._tokens = min(self._tokens, rate * self._seconds)
