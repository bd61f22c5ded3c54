"""Numbers as a person reads them: counts, sizes, moments, spans."""

from __future__ import annotations

from datetime import datetime, timedelta

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def count(number: int, noun: str) -> str:
    """``1 item``, ``1,204,331 items``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "es" if noun.endswith("x") else "s")


def rate(number: float) -> str:
    """Something a second: ``0.4``, ``12,403``."""
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def size(number: int) -> str:
    """Bytes in decimal units, as AWS bills them by the gigabyte."""
    if number < 1000:
        return f"{number} B"
    value, unit = number / 1000, 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if value < 99.95 else f"{value:.0f} {_UNITS[unit]}"


def moment(at: datetime) -> str:
    """A time in UTC to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def span(began: datetime, ended: datetime) -> str:
    """How long something took."""
    took = ended - began
    if took < timedelta(minutes=1):
        return f"{max(0.0, took.total_seconds()):.0f} s"
    minutes, seconds = divmod(int(took.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
