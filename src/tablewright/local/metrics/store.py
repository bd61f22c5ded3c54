"""The samples that the embedded AWS's own services published: the minute under way in memory, finished ones in the journal.

A finished minute is one document, so what was published survives a restart; the minute that was under way when the process
died is lost, as telemetry may be. Samples are kept for fifteen days, as CloudWatch keeps those of a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
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
        self._minute = 0
        self._changed: set[Scope] = set()
        self._loaded = False
        self._kept: list[int] = []

    def publish(
        self, scope: Scope, name: str, dimensions: Dimensions, unit: str, value: float, now: float, times: float = 1.0
    ) -> None:
        """Count a value of an AWS/DynamoDB metric in at `now`."""
        if now >= self._minute + _MINUTE:
            self.roll(now)
        cell = (scope, ("AWS/DynamoDB", name, dimensions))
        sample = self._current.get(cell)
        self._changed.add(scope)
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
        finished, self._current, ended, self._minute = self._current, {}, self._minute, minute
        if not finished:
            return
        document: dict[str, list[Any]] = {}
        for (scope, (namespace, name, dimensions)), sample in finished.items():
            document.setdefault("/".join(scope), []).append([namespace, name, dimensions, sample.row()])
            if self._loaded:
                self._keep(scope, (namespace, name, dimensions), sample)
        self._kept.append(ended)
        self._journal.put(_KIND, str(ended), document)
        self._forget(now)

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
            for scope, rows in document.items():
                account, _, region = scope.partition("/")
                for namespace, name, dimensions, row in rows:
                    key = (namespace, name, tuple((each[0], each[1]) for each in dimensions))
                    self._keep((account, region), key, Sample.from_row(int(text), row))

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
