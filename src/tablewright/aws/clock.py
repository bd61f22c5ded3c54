"""The real clock, and AWS's times as UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["SystemClock", "utc"]


class SystemClock:
    """Wall-clock time in UTC, and real waiting."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Seconds that only ever grow, however the time is set."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; nothing at all for zero or less."""
        if seconds > 0:
            time.sleep(seconds)


def utc(moment: datetime) -> datetime:
    """A time from an AWS answer, in UTC: botocore gives some in the machine's own zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
