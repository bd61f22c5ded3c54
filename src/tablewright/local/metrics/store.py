"""The samples that the embedded AWS's own services published: the minute under way in memory, all of them in the journal.

A minute is one document, written again each second while something is published, so a clean stop loses nothing and a crash
at most that second: telemetry is not worth a log record a request. Samples are kept for fifteen days, as CloudWatch keeps
those of a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tablewright.local.journal import Journal
from tablewright.local.metrics.sample import Dimensions, Key, Sample

__all__ = ["KEPT_S", "SampleStore", "Scope"]

Scope = tuple[str, str]
"""An account and a Region."""

KEPT_S = 15 * 86400
_KIND = "metrics"
_MINUTE = 60


class SampleStore:
    """Publishes values, and gives samples back."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._series: dict[Scope, dict[Key, dict[int, Sample]]] = {}
        self._current: dict[tuple[Scope, Key], Sample] = {}
        self._minute = -_MINUTE
        self._unsaved = False
        self._changed: set[Scope] = set()
        self._loaded = False
        self._kept: list[int] = []

    def publish(
        self,
        scope: Scope,
        name: str,
        dimensions: Dimensions,
        unit: str,
        value: float,
        now: float,
        times: float = 1.0,
        namespace: str = "AWS/DynamoDB",
    ) -> None:
        """Count a value of a metric in at `now`."""
        if now >= self._minute + _MINUTE:
            self.roll(now)
        cell = (scope, (namespace, name, dimensions))
        sample = self._current.get(cell)
        self._changed.add(scope)
        self._unsaved = True
        if sample is None:
            sample = self._current[cell] = Sample(self._minute, unit)
        sample.add(value, times)

    def changed(self, scope: Scope) -> bool:
        """Whether something was published in a scope since this was last asked."""
        if scope not in self._changed:
            return False
        self._changed.discard(scope)
        return True

    def roll(self, now: float) -> None:
        """Finish the minute under way when `now` is past it."""
        minute = int(now // _MINUTE) * _MINUTE
        if minute <= self._minute:
            return
        self.save()
        if self._loaded:
            for (scope, key), sample in self._current.items():
                self._keep(scope, key, sample)
        # A process that ended within this minute has left its part.
        self._minute = minute
        begun = self._journal.get(_KIND, str(minute)) or {}
        self._current = {(scope, key): sample for scope, key, sample in _read(minute, begun)}
        self._forget(now)

    def save(self) -> None:
        """Keep what was published since this was last called."""
        if not self._unsaved:
            return
        self._unsaved = False
        document: dict[str, list[Any]] = {}
        for (scope, (namespace, name, dimensions)), sample in self._current.items():
            document.setdefault("/".join(scope), []).append([namespace, name, dimensions, sample.row()])
        self._journal.put(_KIND, str(self._minute), document)
        if self._minute not in self._kept:
            self._kept.append(self._minute)

    def _keep(self, scope: Scope, key: Key, sample: Sample) -> None:
        self._series.setdefault(scope, {}).setdefault(key, {})[int(sample.at)] = sample

    def _load(self) -> None:
        """Read the journal on first need: a start that nobody asks for metrics shouldn't wait for it."""
        if self._loaded:
            return
        self._loaded = True
        self._kept = []
        for text, document in self._journal.items(_KIND):
            self._kept.append(int(text))
            if int(text) != self._minute:
                for scope, key, sample in _read(int(text), document):
                    self._keep(scope, key, sample)

    def _forget(self, now: float) -> None:
        if not self._loaded:
            return
        oldest = int(now - KEPT_S)
        for series in self._series.values():
            for key in [key for key, samples in series.items() if min(samples) < oldest]:
                series[key] = {at: sample for at, sample in series[key].items() if at >= oldest}
                if not series[key]:
                    del series[key]
        for minute in [minute for minute in self._kept if minute < oldest]:
            self._journal.put(_KIND, str(minute), None)
        self._kept = [minute for minute in self._kept if minute >= oldest]

    def samples(self, scope: Scope, key: Key) -> list[Sample]:
        """Every sample of one metric, oldest first."""
        self._load()
        found = sorted(self._series.get(scope, {}).get(key, {}).values(), key=lambda sample: sample.at)
        current = self._current.get((scope, key))
        return [*found, current] if current is not None else found

    def keys(self, scope: Scope) -> Iterator[Key]:
        """Every metric of a scope that has a sample."""
        self._load()
        held = self._series.get(scope, {})
        yield from held
        for each, key in self._current:
            if each == scope and key not in held:
                yield key


def _read(minute: int, document: Mapping[str, Any]) -> Iterator[tuple[Scope, Key, Sample]]:
    for text, rows in document.items():
        account, _, region = text.partition("/")
        for namespace, name, dimensions, row in rows:
            key = (namespace, name, tuple((each[0], each[1]) for each in dimensions))
            yield (account, region), key, Sample.from_row(minute, row)
