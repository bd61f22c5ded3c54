"""Which alarms a template is to get, and which not and why: kinds, thresholds and what exists put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tablewright.author.alarm_kinds import ACCOUNT, INDEX, KINDS, RECOMMENDED, STREAM, TABLE, Kind
from tablewright.author.editing import Text
from tablewright.author.siblings import pascal, word
from tablewright.author.watchable import Seen, Subject, WatchedTable, read_alarms, watched_tables
from tablewright.errors import UsageError
from tablewright.template.tree import Mapping as Tree

Place = tuple[str, str, str]
"""Logical ID of the table ("" for the account), index or reader ("" for the table itself), and kind."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A threshold from the past: ``peak`` is the highest value that would have rung, over ``days`` before ``until`` (a date)."""

    threshold: int
    peak: float
    days: int
    until: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wished for. No ``tables``: all. No ``kinds``: AWS's recommended set, as far as it fits each table.

    ``threshold`` is for one kind. ``measured`` has what the past says, by place; ``known`` says that it was asked at all.
    ``candidates``: also what has no threshold yet, to be asked for.
    """

    tables: tuple[str, ...] = ()
    index: str = ""
    kinds: tuple[str, ...] = ()
    threshold: int | None = None
    queries: bool = False
    measured: Mapping[Place, Measured] = field(default_factory=dict)
    known: bool = False
    candidates: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """One alarm to be written; ``subject`` is None for one of the account."""

    kind: Kind
    subject: Subject | None
    logical_id: str
    threshold: int
    basis: str
    called: str
    query: bool = False

    @property
    def table(self) -> str:
        """The logical ID of its table, or empty."""
        return self.subject.table.logical_id if self.subject is not None else ""

    @property
    def label(self) -> str:
        """Its index or reader, or empty."""
        return self.subject.label if self.subject is not None else ""

    @property
    def place(self) -> Place:
        """Where a wish has what was measured for it."""
        return self.table, self.label, self.kind.name

    @property
    def metrics(self) -> int:
        """How many metrics it reads, which is what AWS bills; 0 for a query, billed by what it finds."""
        return 0 if self.query else len(self.kind.metrics_of(self.label)) * max(1, len(self.kind.operations))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A kind that is not written for a thing, and why; ``fits`` is False where it never could have data there, ``watched`` the
    alarm that there is already.
    """

    kind: Kind
    called: str
    label: str
    why: str
    fits: bool = True
    watched: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The alarms to be written, in the order of their tables, and what is left out."""

    planned: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]


def plan_alarms(text: Text, wish: Wish) -> Plan:
    """What ``wish`` comes to in this template. Raises UsageError for a table, an index or a kind that there is not."""
    kinds = _kinds(wish)
    tables = watched_tables(text, wish.tables)
    if not tables:
        raise UsageError("no-tables", "There are no tables", f"{text.path} has no DynamoDB table to watch.")
    tables = _with_index(tables, wish.index) if wish.index else tables
    seen, taken = read_alarms(text), _taken(text)
    planned: list[Planned] = []
    left_out: list[LeftOut] = []
    for kind, subject, table in _pairs(kinds, tables, only_index=bool(wish.index)):
        called = table.called if table is not None else "the account"
        label = subject.label if subject is not None else ""
        unfit = _unfit(kind, subject, table, tables)
        watching = "" if unfit else _watching(kind, subject, seen)
        why = unfit or (f"{watching} watches it already" if watching else _obstacle(kind, subject, wish))
        if why:
            left_out.append(LeftOut(kind, called, label, why, not unfit, watching))
            continue
        threshold, basis = _threshold(kind, _place(kind, subject), wish)
        logical = _logical_id(kind, subject, table, taken)
        taken.add(logical)
        planned.append(Planned(kind, subject, logical, threshold, basis, called, _by_query(kind, wish)))
    return Plan(tuple(planned), tuple(left_out))


def _kinds(wish: Wish) -> tuple[Kind, ...]:
    unknown = [name for name in wish.kinds if name not in KINDS]
    if unknown:
        raise UsageError(
            "no-such-kind",
            "There is no such kind of alarm",
            f"{unknown[0]} is none. The kinds: {', '.join(KINDS)}.",
        )
    if wish.threshold is not None and len(wish.kinds) != 1:
        raise UsageError(
            "contradictory-options",
            "Options contradict each other",
            "--threshold is for one kind of alarm: each kind counts something else.",
        )
    names = set(wish.kinds or RECOMMENDED)
    return tuple(kind for name, kind in KINDS.items() if name in names)


def _with_index(tables: tuple[WatchedTable, ...], index: str) -> tuple[WatchedTable, ...]:
    chosen = [(table, [one for one in table.indexes if one.label == index]) for table in tables]
    found = [WatchedTable(table.subject, tuple(indexes)) for table, indexes in chosen if indexes]
    if not found:
        known = sorted({one.label for table in tables for one in table.indexes})
        raise UsageError(
            "no-such-index",
            "There is no such index",
            f"{', '.join(table.table.logical_id for table in tables)} has no index {index} with metrics of its own. "
            f"Its global indexes: {', '.join(known) or 'none'}.",
        )
    return tuple(found)


def _pairs(
    kinds: tuple[Kind, ...], tables: tuple[WatchedTable, ...], *, only_index: bool
) -> Iterator[tuple[Kind, Subject | None, WatchedTable | None]]:
    """Every kind with everything that it is for, table by table, and the account last."""
    for table in tables:
        if not only_index:
            yield from ((kind, table.subject, table) for kind in kinds if TABLE in kind.on)
        for index in table.indexes:
            yield from ((kind, index, table) for kind in kinds if INDEX in kind.on)
        for reader in table.readers:
            yield from ((kind, reader, table) for kind in kinds if STREAM in kind.on)
        if not table.readers and not only_index:
            yield from ((kind, None, table) for kind in kinds if STREAM in kind.on)
    if not only_index:
        yield from ((kind, None, None) for kind in kinds if ACCOUNT in kind.on)


def _obstacle(kind: Kind, subject: Subject | None, wish: Wish) -> str:
    """Why this alarm, which could have data, has no threshold to be written with; empty where it has."""
    if wish.candidates:
        return ""
    place = _place(kind, subject)
    if kind.name == "ttl-stopped" and not wish.kinds and place not in wish.measured:
        return (
            "items did not expire on each of the past days"
            if wish.known
            else "whether items expire every day is not known here: --measured DAYS looks, --kind ttl-stopped writes it anyway"
        )
    if kind.threshold is None and wish.threshold is None and place not in wish.measured:
        asked = "the past shows no traffic" if wish.known else "nobody documents one"
        return f"it has no threshold ({asked}): --threshold N gives one, --measured DAYS looks for one"
    return ""


def _unfit(kind: Kind, subject: Subject | None, table: WatchedTable | None, tables: tuple[WatchedTable, ...]) -> str:
    """Why the metric would have no data for this thing."""
    if kind.name in ("account-reads", "account-writes") and all(one.subject.provisioned is False for one in tables):
        return "no table here is provisioned, and only provisioned units are counted"
    if table is None:
        return ""
    if subject is None:
        if table.unread:
            return f"{', '.join(table.unread)} names its function in a way that gives no plain name"
        return "no function of this template reads its stream"
    if kind.name == "capacity" and subject.provisioned is False:
        return "it is billed on demand"
    if kind.name == "ceiling" and (subject.provisioned is True or not subject.ceiling):
        return "it has no on-demand maximum"
    if kind.name == "replication-latency" and not table.replicated:
        return "it has no replicas"
    if kind.name == "ttl-stopped" and not table.expires:
        return "its items do not expire"
    if kind.name.startswith("kinesis") and not table.kinesis:
        return "it does not write to a Kinesis stream"
    return ""


def _watching(kind: Kind, subject: Subject | None, seen: Seen) -> str:
    """The alarm that watches all of this already, with its metrics on this thing."""
    table = subject.table.logical_id if subject is not None else ""
    label = subject.label if subject is not None else ""
    if STREAM in kind.on:
        table = ""
    found = []
    for metric in kind.metrics_of(label):
        operations = kind.operations or ("",)
        watching = [alarm for key, alarm in seen.items() if key[:3] == (table, label, metric) and key[3] in operations]
        if kind.query and not watching:  # a query over what is not known here
            watching = [alarm for key, alarm in seen.items() if key[:3] == (table, label, metric)]
        found.append(watching[0] if watching else "")
    return found[0] if all(found) else ""


def _place(kind: Kind, subject: Subject | None) -> Place:
    if subject is None:
        return "", "", kind.name
    return subject.table.logical_id, subject.label, kind.name


def _threshold(kind: Kind, place: Place, wish: Wish) -> tuple[int, str]:
    if wish.threshold is not None:
        return wish.threshold, "Threshold as given."
    measured = wish.measured.get(place)
    if measured is not None and not kind.below:
        times = f"{kind.headroom:g} times " if kind.headroom != 1 else ""
        peak = f"{measured.peak:,.1f}".removesuffix(".0")
        past = "day" if measured.days == 1 else f"{measured.days} days"
        return measured.threshold, (
            f"Threshold from the {past} before {measured.until}: {times}the most that would have rung "
            f"({peak} {kind.unit}), and at least {kind.least:,}."
        )
    if kind.threshold is None:
        return kind.floor, ""
    return kind.threshold, f"Threshold assumed, not measured: {kind.assumed}."


def _by_query(kind: Kind, wish: Wish) -> bool:
    """System errors by query only where that is wished; a dimension that is not known here always."""
    return bool(kind.query) and (wish.queries or not kind.operations)


def _logical_id(kind: Kind, subject: Subject | None, table: WatchedTable | None, taken: set[str]) -> str:
    whose = ""
    if subject is not None and table is not None:
        whose = word(table.table.short or table.table.logical_id) + pascal(subject.label)
    stem = re.sub(r"[^A-Za-z0-9]", "", f"{whose}{pascal(kind.name)}")[:240]
    found, number = f"{stem}Alarm", 2
    while found in taken:
        found, number = f"{stem}{number}Alarm", number + 1
    return found


def _taken(text: Text) -> set[str]:
    resources = text.tree.get("Resources")
    return {entry.key for entry in resources.entries} if isinstance(resources, Tree) else set()
