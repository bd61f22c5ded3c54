"""The embedded AWS's time: how long "ten minutes of AWS" take here."""

from __future__ import annotations

import asyncio
import time

__all__ = ["PROFILES", "Clock", "parse_profile"]

PROFILES = ("instant", "aws")
"""Named profiles; a positive number is a profile too: how many times faster than AWS."""

_INSTANT_SLEEP_S = 0.004
"""Long enough that a fast poller still sees an in-progress status, short enough for tests."""


def parse_profile(text: str) -> str | float:
    """The profile that `text` names: "instant", "aws" or a positive factor such as "60". Raises ValueError."""
    if text in PROFILES:
        return text
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise ValueError(f"clock profile must be instant, aws or a positive number, not {text!r}")
    return factor


class Clock:
    """Tells the time, and sleeps for a span given in AWS's seconds.

    With profile "aws" a second is a second; a factor f makes it 1/f; "instant" makes every sleep a few milliseconds.
    """

    def __init__(self, profile: str | float = "instant") -> None:
        self.profile = parse_profile(profile) if isinstance(profile, str) else profile
        self._last = 0.0
        self._held: tuple[float, float] | None = None
        self.ahead = 0.0
        """Seconds that this clock is ahead of the machine's, because it was advanced."""

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.ahead += seconds

    @property
    def held(self) -> bool:
        """Whether time passes only when it is advanced."""
        return self._held is not None

    def hold(self, held: bool) -> None:
        """Let time stand but for advances, or go on; it has then become the machine's again, plus what it was advanced by."""
        if held != self.held:
            self._held = (time.time(), time.perf_counter()) if held else None

    def now(self) -> float:
        """Seconds since the epoch (UTC); never less than an earlier answer, even when the machine's clock is set back."""
        machine = time.time() if self._held is None else self._held[0]
        self._last = max(self._last, machine + self.ahead)
        return self._last

    def stopwatch(self) -> float:
        """Seconds since some moment, for how long a request took; they stand too while time is held."""
        return time.perf_counter() if self._held is None else self._held[1]

    def not_before(self, moment: float) -> None:
        """Make every later answer of `now` at least `moment` (used after a restart)."""
        self._last = max(self._last, moment)

    def span(self, seconds: float) -> float:
        """How many real seconds `seconds` of AWS's take."""
        if seconds <= 0:
            return 0.0
        if self.profile == "instant":
            return min(seconds, _INSTANT_SLEEP_S)
        if self.profile == "aws":
            return seconds
        return seconds / float(self.profile)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of AWS's time."""
        await asyncio.sleep(self.span(seconds))
