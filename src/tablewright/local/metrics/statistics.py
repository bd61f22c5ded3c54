"""A statistic over the samples of one period.

Source: Amazon CloudWatch User Guide, "CloudWatch statistics definitions" (basic statistics, percentiles, trimmed mean,
winsorized mean, trimmed count and sum, percentile rank, interquartile mean).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tablewright.local.metrics.sample import Sample

__all__ = ["BASIC", "is_statistic", "statistic"]

BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_SHORT = re.compile(r"(p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)", re.IGNORECASE)
_RANGE = re.compile(r"(TM|WM|TC|TS|PR)\((\d*(?:\.\d*)?)(%?):(\d*(?:\.\d*)?)(%?)\)", re.IGNORECASE)


def is_statistic(name: str) -> bool:
    """Whether CloudWatch knows a statistic of that name."""
    return name in BASIC or name == "IQM" or bool(_SHORT.fullmatch(name) or _RANGE.fullmatch(name))


def statistic(samples: Sequence[Sample], name: str) -> float | None:
    """The statistic `name` of what `samples` hold together; None when there is nothing, or single values are needed and lost."""
    counted = [sample for sample in samples if sample.count > 0]
    if not counted:
        return None
    if name in BASIC:
        return _basic(counted, name)
    values = _values(counted)
    if values is None:
        return None
    if name == "IQM":
        return _trimmed("tm", values, *_cut(values, 25.0, 75.0))
    short = _SHORT.fullmatch(name)
    if short:
        kind, bound = short[1].lower(), float(short[2])
        return _percentile(values, bound) if kind == "p" else _trimmed(kind, values, *_cut(values, 0.0, bound))
    ranged = _RANGE.fullmatch(name)
    if ranged is None:
        return None
    kind, low, high = ranged[1].lower(), ranged[2], ranged[4]
    if ranged[3] or ranged[5]:
        return _trimmed(kind, values, *_cut(values, float(low or 0), float(high or 100)))
    return _trimmed(kind, values, float(low) if low else float("-inf"), float(high) if high else float("inf"))


def _basic(samples: Sequence[Sample], name: str) -> float:
    if name == "SampleCount":
        return sum(sample.count for sample in samples)
    if name == "Minimum":
        return min(sample.low for sample in samples)
    if name == "Maximum":
        return max(sample.high for sample in samples)
    total = sum(sample.total for sample in samples)
    return total if name == "Sum" else total / sum(sample.count for sample in samples)


def _values(samples: Sequence[Sample]) -> list[tuple[float, float]] | None:
    found: dict[float, float] = {}
    for sample in samples:
        if sample.values is None:
            # A statistic set is as good as its values when it can only be one value repeated.
            if sample.low != sample.high:
                return None
            found[sample.low] = found.get(sample.low, 0.0) + sample.count
            continue
        for value, times in sample.values.items():
            found[value] = found.get(value, 0.0) + times
    return sorted(found.items()) if min(found) >= 0 else None


def _percentile(values: Sequence[tuple[float, float]], percent: float) -> float:
    """Between the two nearest ranks, linearly."""
    total = sum(times for _, times in values)
    rank = percent / 100 * (total - 1)
    lower = int(rank)

    def ranked(place: float) -> float:
        seen = 0.0
        for value, times in values:
            seen += times
            if place < seen:
                return value
        return values[-1][0]

    return ranked(lower) + (rank - lower) * (ranked(lower + 1) - ranked(lower))


def _cut(values: Sequence[tuple[float, float]], low: float, high: float) -> tuple[float, float]:
    """The values at two percentiles."""
    return (
        values[0][0] if low <= 0 else _percentile(values, low),
        values[-1][0] if high >= 100 else _percentile(values, high),
    )


def _trimmed(kind: str, values: Sequence[tuple[float, float]], low: float, high: float) -> float | None:
    inside = [(value, times) for value, times in values if low <= value <= high]
    count = sum(times for _, times in inside)
    everything = sum(times for _, times in values)
    if kind == "pr":
        return 100 * count / everything
    if kind == "tc":
        return count
    if kind == "ts":
        return sum(value * times for value, times in inside)
    if kind == "wm":
        return sum(min(max(value, low), high) * times for value, times in values) / everything
    return sum(value * times for value, times in inside) / count if count else None
