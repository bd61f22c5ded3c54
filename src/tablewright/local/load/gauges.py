"""Metrics that say what is set rather than what happened, every five minutes: provisioned units, maximums, quotas.

They are kept as the moments at which a value changed; the samples in between are made when they are asked for, so an idle
table costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from tablewright.local.journal import Journal
from tablewright.local.load.limits import ACCOUNT_READ_UNITS, ACCOUNT_WRITE_UNITS, TableQuota
from tablewright.local.load.tables import Table
from tablewright.local.load.throughput import Settings
from tablewright.local.metrics.catalogue import UNITS
from tablewright.local.metrics.sample import Key, Sample, dimensions_of
from tablewright.local.metrics.store import KEPT_S, Scope

__all__ = ["Gauges"]

_KIND = "gauge"
_EVERY_S = 300
Values = dict[tuple[Scope, Key], float]


class Gauges:
    """The values of every gauge, and since when."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._steps: dict[tuple[Scope, Key], list[tuple[float, float | None]]] = {}
        self._now = 0.0
        self.quota = TableQuota()
        for text, document in journal.items(_KIND):
            account, region, namespace, name, pairs = json.loads(text)
            key: Key = (namespace, name, tuple((each[0], each[1]) for each in pairs))
            self._steps[(account, region), key] = [(at, value) for at, value in document["steps"]]

    def observe(self, tables: Iterable[Table], now: float) -> None:
        """Note what the tables are set to now."""
        self._now = now
        wanted = _values(list(tables), self.quota)
        for place, value in wanted.items():
            steps = self._steps.get(place, [])
            if not steps or steps[-1][1] != value:
                self._keep(place, [*steps, (now, value)])
        for place, steps in list(self._steps.items()):
            if place not in wanted and steps[-1][1] is not None:
                self._keep(place, [*steps, (now, None)])
            elif place not in wanted and steps[-1][0] < now - KEPT_S:
                del self._steps[place]
                self._journal.put(_KIND, _text(place), None)

    def _keep(self, place: tuple[Scope, Key], steps: list[tuple[float, float | None]]) -> None:
        # Of what is too old only the last value still matters.
        old = [number for number, (at, _) in enumerate(steps) if at < self._now - KEPT_S]
        self._steps[place] = steps[old[-1] :] if old else steps
        self._journal.put(_KIND, _text(place), {"steps": self._steps[place]})

    def keys(self, scope: Scope) -> Iterator[Key]:
        """Every gauge of a scope (`Source`)."""
        for each, key in self._steps:
            if each == scope:
                yield key

    def samples(self, scope: Scope, key: Key) -> Sequence[Sample]:
        """A sample every five minutes while there was a value (`Source`)."""
        steps = self._steps.get((scope, key), [])
        unit = UNITS.get(key[1], "Count")
        found: list[Sample] = []
        for number, (since, value) in enumerate(steps):
            until = steps[number + 1][0] if number + 1 < len(steps) else self._now
            if value is None:
                continue
            at = max(since, self._now - KEPT_S) // _EVERY_S * _EVERY_S
            while at <= until:
                if found and found[-1].at == at:
                    found.pop()
                sample = Sample(at, unit)
                sample.add(value)
                found.append(sample)
                at += _EVERY_S
        return found


def _text(place: tuple[Scope, Key]) -> str:
    (account, region), (namespace, name, pairs) = place
    return json.dumps([account, region, namespace, name, pairs])


def _values(tables: list[Table], quota: TableQuota) -> Values:
    values: Values = {}
    scopes: dict[Scope, list[Table]] = {}
    for table in tables:
        scopes.setdefault(table.scope, []).append(table)
        _set(values, table.scope, table.settings, table.name)
        for index, settings in table.index_settings.items():
            _set(values, table.scope, settings, table.name, index)
    for scope, held in scopes.items():
        _account(values, scope, held, quota)
    return values


def _set(values: Values, scope: Scope, settings: Settings, table: str, index: str = "") -> None:
    pairs = [("TableName", table), *([("GlobalSecondaryIndexName", index)] if index else [])]
    dimensions = dimensions_of(pairs)
    for kind, units in (("Read", settings.read), ("Write", settings.write)):
        name = f"OnDemandMax{kind}RequestUnits" if settings.on_demand else f"Provisioned{kind}CapacityUnits"
        if units:
            values[scope, ("AWS/DynamoDB", name, dimensions)] = units


def _account(values: Values, scope: Scope, tables: list[Table], quota: TableQuota) -> None:
    provisioned = [
        settings
        for table in tables
        for settings in (table.settings, *table.index_settings.values())
        if not settings.on_demand
    ]
    reads, writes = [each.read for each in provisioned], [each.write for each in provisioned]
    own: dict[str, float] = {
        "AccountMaxReads": ACCOUNT_READ_UNITS,
        "AccountMaxWrites": ACCOUNT_WRITE_UNITS,
        "AccountMaxTableLevelReads": quota.read,
        "AccountMaxTableLevelWrites": quota.write,
    }
    if provisioned:
        own |= {
            "AccountProvisionedReadCapacityUtilization": 100 * sum(reads) / ACCOUNT_READ_UNITS,
            "AccountProvisionedWriteCapacityUtilization": 100 * sum(writes) / ACCOUNT_WRITE_UNITS,
            "MaxProvisionedTableReadCapacityUtilization": 100 * max(reads) / quota.read,
            "MaxProvisionedTableWriteCapacityUtilization": 100 * max(writes) / quota.write,
        }
    for name, value in own.items():
        values[scope, ("AWS/DynamoDB", name, ())] = float(value)
    usage = {"TableCount": float(len(tables))}
    if provisioned:
        usage |= {
            "AccountProvisionedReadCapacityUnits": sum(reads),
            "AccountProvisionedWriteCapacityUnits": sum(writes),
        }
    for name, value in usage.items():
        pairs = (("Service", "DynamoDB"), ("Type", "Resource"), ("Resource", name), ("Class", "None"))
        values[scope, ("AWS/Usage", name, dimensions_of(pairs))] = value
