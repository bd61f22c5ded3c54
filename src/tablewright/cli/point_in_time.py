"""``--at``: the moment of a recovery window that is asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from tablewright.errors import UsageError


def time_of(text: str | None) -> datetime | None:
    """The moment, UTC where it names no zone; None for the latest. Raises UsageError."""
    if text is None:
        return None
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "malformed-option",
            "An option's value is malformed",
            f"--at takes 2026-11-23T04:00:00Z, and {text!r} is not that.",
        ) from None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
