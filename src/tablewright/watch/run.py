"""Reading what a diagnosis needs, coarse first and fine where something shows; then asking every symptom. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

from tablewright.cost.prices import prices
from tablewright.errors import TablewrightError, UsageError
from tablewright.model.board import Board
from tablewright.model.diagnosis import DiagnosisReport
from tablewright.model.series import Asked, MetricId, Series, SeriesId, SeriesSet, TopKeys
from tablewright.model.table import Key, Table
from tablewright.model.workload import Workload
from tablewright.ports import Account, Metrics
from tablewright.watch.board import rows
from tablewright.watch.diagnose import diagnose as ask
from tablewright.watch.loads import measured
from tablewright.watch.observation import Observation
from tablewright.watch.wanted import HISTORY, close_up, consumers, history, period_for, recent

__all__ = ["diagnose", "look", "measure_loads", "watch"]

_WORKERS = 8
_HIDDEN = "(redacted)"
_UNREADABLE = ("access-denied", "throttled", "aws-unavailable", "aws-error", "aws-validation", "not-found")
"""Errors that leave one part unread. All others (credentials, network ...) end the whole reading."""

_PASSING = ("throttled", "aws-unavailable", "endpoint-silent", "endpoint-unreachable")
"""Errors that pass by themselves: who watches a table through a bad night is not to be left without a screen."""

_Part = TypeVar("_Part")


class _Reader:
    """Reads series and keeps count of what that took."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.calls = self.metrics = self.points = 0

    def read(self, asked: Sequence[Asked], since: datetime, until: datetime) -> SeriesSet:
        if not asked:
            return SeriesSet()
        reading = self._metrics.series(asked, since=since, until=until)
        self.calls += reading.calls
        self.metrics += reading.metrics
        self.points += reading.points
        return reading.series


def diagnose(
    tables: Sequence[str],
    account: Account,
    *,
    span: timedelta = timedelta(hours=24),
    until: datetime | None = None,
    readers: Mapping[str, Sequence[str]] | None = None,
    hides: Callable[[str, str], bool] | None = None,
) -> DiagnosisReport:
    """What is wrong with these tables, by their metrics of ``span`` up to ``until`` (now), and of two weeks for slow matters.

    ``readers`` names the functions that read a table's stream, where Lambda may not be asked. ``hides`` says of a table's
    attribute whether its values may not be shown: the busiest keys are then told without them. What could not be read
    stands in ``unread`` and makes its questions unknown. Raises UsageError for a table that does not exist, and the errors of
    ``tablewright.errors`` when metrics cannot be read at all.
    """
    metrics = _metrics(account)
    until = _whole_minute(until or account.clock.now())
    since = until - span
    unread: dict[str, str] = {}
    reader = _Reader(metrics)
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = _described(tables, account, pool)
        listed = metrics.listed(tables)
        following = _followed(found, account, readers or {}, unread)
        coarse = _recent(reader, listed, following, since, until)
        past = reader.read(history(listed), until - HISTORY, until)
        fine = close_up(coarse, period_for(span))
        close = reader.read(*fine) if fine else SeriesSet()
        seen = Observation(
            tables=found,
            since=since,
            until=until,
            recent=coarse,
            history=past,
            history_since=until - HISTORY,
            close=close,
            insights=_hidden(found, _insights(found, metrics, coarse, since, until, unread), hides),
            scaling=_part(unread, "scaling", lambda: metrics.scaling(tables)) or (),
            samples=_samples(found, metrics, unread),
            consumers=following,
            unread=unread,
            region=account.identity.whereabouts().region,
        )
    diagnoses, looked = ask(seen)
    plotted = {each: _plotted(each, seen) for diagnosis in diagnoses for each in diagnosis.plots}
    return DiagnosisReport(
        tables=tuple(tables),
        since=since,
        until=until,
        region=seen.region,
        diagnoses=diagnoses,
        looked=looked,
        calls=reader.calls,
        metrics=reader.metrics,
        points=reader.points,
        price=_price(seen.region, reader.metrics),
        unread=unread,
        series=plotted,
    )


def look(
    tables: Sequence[str],
    account: Account,
    *,
    span: timedelta = timedelta(hours=1),
    until: datetime | None = None,
    readers: Mapping[str, Sequence[str]] | None = None,
    alarms: Sequence[str] = (),
    known: dict[str, Table] | None = None,
) -> Board:
    """What the tables do, by their metrics of ``span`` up to ``until`` (now), and the states of these alarms.

    ``known`` keeps the tables from one look to the next, whose TTL is then not asked for again. Raises as ``diagnose`` does.
    """
    metrics = _metrics(account)
    until = _whole_minute(until or account.clock.now())
    since = until - span
    unread: dict[str, str] = {}
    reader = _Reader(metrics)
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = _described(tables, account, pool, known)
    following = _followed(found, account, readers or {}, unread)
    coarse = _recent(reader, metrics.listed(tables), following, since, until)
    states = _part(unread, "alarms", partial(account.observations.alarms, alarms)) if alarms else ()
    seen = Observation(
        tables=found,
        since=since,
        until=until,
        recent=coarse,
        history=SeriesSet(),
        history_since=since,
        consumers=following,
        region=account.identity.whereabouts().region,
    )
    return Board(
        at=until,
        since=since,
        until=until,
        period=period_for(span),
        region=seen.region,
        rows=rows(seen),
        alarms=states or (),
        user_errors=coarse.get(MetricId.of("UserErrors")).total,
        calls=reader.calls,
        metrics=reader.metrics,
        points=reader.points,
        price=_price(seen.region, reader.metrics),
        unread=unread,
        series=tuple(series for series in coarse.series.values() if series),
    )


def measure_loads(
    tables: Sequence[str],
    account: Account,
    *,
    span: timedelta = HISTORY,
    until: datetime | None = None,
    period: int = 3600,
) -> Workload:
    """What was asked of the tables over ``span``, by ``period`` in seconds, and what they hold by DescribeTable. Raises as
    ``diagnose``.
    """
    metrics = _metrics(account)
    until = _whole_minute(until or account.clock.now())
    reader = _Reader(metrics)
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = _described(tables, account, pool)
    wanted = [
        asked for asked in history(metrics.listed(tables), period) if not asked.id.metric.name.startswith("Provisioned")
    ]
    past = reader.read(wanted, until - span, until)
    return measured(found, SeriesSet(past.series, period), until - span, until)


def watch(
    tables: Sequence[str],
    account: Account,
    *,
    span: timedelta = timedelta(hours=1),
    every: timedelta = timedelta(seconds=60),
    now: Callable[[], datetime] | None = None,
    readers: Mapping[str, Sequence[str]] | None = None,
    alarms: Sequence[str] = (),
) -> Iterator[Board]:
    """Look again and again, without end; the caller stops when it has seen enough.

    A look that fails for what passes by itself shows the one before, and says so; the first one raises.
    """
    known: dict[str, Table] = {}
    last: Board | None = None
    while True:
        try:
            until = now() if now else None
            last = look(tables, account, span=span, until=until, readers=readers, alarms=alarms, known=known)
            yield last
        except TablewrightError as error:
            if last is None or error.code not in _PASSING:
                raise
            yield replace(last, unread={**last.unread, f"the look after {last.at:%H:%M}": error.summary})
        account.clock.sleep(every.total_seconds())


def _metrics(account: Account) -> Metrics:
    if account.metrics is None:
        raise UsageError("no-metrics", "Metrics cannot be read here", "The account was opened without CloudWatch.")
    return account.metrics


def _whole_minute(moment: datetime) -> datetime:
    """The end of the minute under way."""
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _described(
    tables: Sequence[str], account: Account, pool: ThreadPoolExecutor, known: dict[str, Table] | None = None
) -> tuple[Table, ...]:
    def describe(name: str) -> Table | None:
        before = known.get(name) if known else None
        table = account.tables.describe(name, settings=before is None)
        return replace(table, ttl=before.ttl) if table and before else table

    described = list(pool.map(describe, tables))
    missing = [name for name, table in zip(tables, described, strict=True) if table is None]
    if missing:
        raise UsageError("no-table", "There is no such table", f"{', '.join(missing)}: not in this account and region.")
    found = tuple(table for table in described if table is not None)
    if known is not None:
        known.update((table.name, table) for table in found)
    return found


def _recent(
    reader: _Reader,
    listed: Sequence[MetricId],
    following: Mapping[str, tuple[str, ...]],
    since: datetime,
    until: datetime,
) -> SeriesSet:
    period = period_for(until - since)
    functions = sorted({name for names in following.values() for name in names})
    return reader.read([*recent(listed, period), *consumers(functions, period)], since, until)


def _followed(
    tables: Sequence[Table], account: Account, readers: Mapping[str, Sequence[str]], unread: dict[str, str]
) -> dict[str, tuple[str, ...]]:
    """The functions that read each table's stream: those that were named, else those that Lambda knows."""
    found: dict[str, tuple[str, ...]] = {}
    for table in tables:
        if table.name in readers:
            found[table.name] = tuple(readers[table.name])
        elif table.stream_arn is not None:
            asked = partial(account.tables.consumers, table.stream_arn)
            names = _part(unread, f"consumers:{table.name}", asked)
            if names is not None:
                found[table.name] = tuple(name.rsplit(":function:", 1)[-1].split(":")[0] for name in names)
    return found


def _insights(
    tables: Sequence[Table],
    metrics: Metrics,
    coarse: SeriesSet,
    since: datetime,
    until: datetime,
    unread: dict[str, str],
) -> dict[tuple[str, str | None], TopKeys]:
    """The busiest keys of what was throttled; of nothing else, because each report is a call."""
    throttled = {
        (series.id.metric.table, series.id.metric.index)
        for series in coarse.series.values()
        if series.id.metric.name.endswith("ThrottleEvents") and series.total
    }
    found: dict[tuple[str, str | None], TopKeys] = {}
    for table in tables:
        for index in (None, *(each.name for each in table.indexes if each.kind == "global")):
            if (table.name, index) not in throttled:
                continue
            key = f"insights:{table.name}" + (f"/{index}" if index else "")
            keys = _part(unread, key, partial(metrics.top_keys, table.name, index, since=since, until=until))
            if keys is not None:
                found[table.name, index] = keys
    return found


def _hidden(
    tables: Sequence[Table],
    insights: dict[tuple[str, str | None], TopKeys],
    hides: Callable[[str, str], bool] | None,
) -> dict[tuple[str, str | None], TopKeys]:
    """The busiest keys, without the values of attributes that may not be shown."""
    if hides is None:
        return insights
    schemas: dict[tuple[str, str | None], tuple[Key, ...]] = {(table.name, None): table.keys for table in tables}
    schemas |= {(table.name, index.name): index.keys for table in tables for index in table.indexes}
    shown = dict(insights)
    for place, top in insights.items():
        if any(hides(place[0], key.name) for key in schemas[place]):
            shown[place] = replace(
                top,
                accessed=tuple(replace(each, key=(_HIDDEN,)) for each in top.accessed),
                throttled=tuple(replace(each, key=(_HIDDEN,)) for each in top.throttled),
            )
    return shown


def _samples(
    tables: Sequence[Table], metrics: Metrics, unread: dict[str, str]
) -> dict[str, tuple[Mapping[str, object], ...]]:
    """One page of each table that TTL is on for: the keys and the attribute that it looks at."""
    found: dict[str, tuple[Mapping[str, object], ...]] = {}
    for table in tables:
        if table.ttl is None or table.ttl.status != "ENABLED" or not table.ttl.attribute:
            continue
        items = _part(unread, f"samples:{table.name}", partial(metrics.samples, table.name, table.ttl.attribute))
        if items is not None:
            found[table.name] = items
    return found


def _plotted(wanted: SeriesId, seen: Observation) -> Series:
    for each in (seen.recent, seen.history):
        series = each.series.get(wanted)
        if series:
            return series
    return Series(wanted, seen.recent.period)


def _price(region: str, metrics: int) -> Decimal | None:
    price = prices().find(region, "metrics.read")
    return price.usd * metrics / 1000 if price else None


def _part(unread: dict[str, str], name: str, question: Callable[[], _Part]) -> _Part | None:
    """The answer to one question; None, with the reason noted, where it may not or cannot be answered."""
    try:
        return question()
    except TablewrightError as error:
        if error.code not in _UNREADABLE:
            raise
        unread[name] = f"{error.summary}: {error.text}" if error.text else error.summary
        return None
