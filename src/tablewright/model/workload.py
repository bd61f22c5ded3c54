"""What is asked of tables: patterns of access with their rates and sizes, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["OPERATIONS", "READS", "Pattern", "TableLoad", "Trace", "Workload"]

READS = frozenset({"get", "query", "scan"})
OPERATIONS = READS | {"put", "update", "delete"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way in which a table is used. ``per_second`` is the average over a month; ``items`` a Query or Scan evaluates (before
    any filter); ``item_bytes`` of each, the larger of before and after for writes.

    ``index_share``: how many entries of an index a write changes on average, by index: 0 where it leaves them alone, 1 where
    nothing is said, 2 where it changes the index's key (one entry goes, another comes).
    """

    name: str
    operation: str
    per_second: Decimal
    item_bytes: int
    items: int = 1
    index: str | None = None
    consistent: bool = False
    transactional: bool = False
    index_share: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """Units consumed a second in each period of ``seconds``, oldest first; what auto scaling is simulated on. ``begins`` is the
    minute of a UTC day at which the first one begins.
    """

    seconds: int
    values: tuple[float, ...]
    begins: int = 0

    @property
    def minutes(self) -> tuple[float, ...]:
        """The trace by the minute: longer periods are taken as steady."""
        each = max(1, self.seconds // 60)
        return tuple(value for value in self.values for _ in range(each))


@dataclass(frozen=True, slots=True)
class TableLoad:
    """What is asked of one table and stored in it.

    ``entry_bytes``: bytes of an entry of an index, by index, where the projection alone does not tell. ``peak``: the busiest
    moment as a multiple of the average. ``measured``: units a second as metrics have them, by index ("" for the table) and
    side (read, write); given instead of patterns. ``day``: how the load varies, as 24 multiples of its average from midnight UTC;
    () where it is not known. ``expired_per_second``: items that TTL deletes.
    """

    items: int = 0
    item_bytes: int = 0
    patterns: tuple[Pattern, ...] = ()
    entry_bytes: Mapping[str, int] = field(default_factory=dict)
    entries: Mapping[str, int] = field(default_factory=dict)  # of an index, where not every item has one
    backup_bytes: int = 0
    stream_reads_per_second: Decimal = Decimal(0)
    peak: Decimal = Decimal(1)
    measured: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    traces: Mapping[tuple[str, str], Trace] = field(default_factory=dict)
    day: tuple[Decimal, ...] = ()
    expired_per_second: Decimal = Decimal(0)
    exports_per_month: Decimal = Decimal(0)
    incremental_export_bytes: int = 0  # a month
    restores_per_month: Decimal = Decimal(0)
    class_changed_days: float | None = None  # since the table's class was last changed, where that is known

    @property
    def shape(self) -> str:
        """Where what is known of its course is from: measured, given or unknown."""
        return "measured" if self.traces else "given" if self.day else "unknown"

    @property
    def resolution(self) -> str:
        """What its course is known by: the minute, the hour, or some minutes."""
        seconds = min((trace.seconds for trace in self.traces.values()), default=3600)
        return {60: "minute", 3600: "hour"}.get(seconds, f"{seconds // 60} minutes")

    def trace(self, index: str, side: str, rate: Decimal) -> Trace | None:
        """The course of one side: as measured, or ``rate`` shaped as the day is, for a week; None where no shape is known."""
        found = self.traces.get((index, side))
        if found is not None and found.values:
            return found
        if not self.day or self.measured:
            return None
        return Trace(3600, tuple(float(rate * each) for each in self.day) * 7)

    @property
    def is_telling(self) -> bool:
        """Whether it is enough to recommend a change by: given by a person, or measured for a week at least."""
        if not self.measured:
            return True
        return any(len(trace.values) * trace.seconds >= 7 * 86_400 for trace in self.traces.values())


@dataclass(frozen=True, slots=True)
class Workload:
    """The loads by table: its logical ID or its name. ``source`` says where they are from."""

    tables: Mapping[str, TableLoad]
    source: str
