"""What a run has come to: the state behind the live screen, folded from its events one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tablewright.cli.faces.marks import tone
from tablewright.cli.faces.wording import beside
from tablewright.events import (
    Cause,
    Event,
    Failure,
    Finished,
    IndexMoved,
    Looked,
    Noted,
    OperationStarted,
    ResourceMoved,
    Started,
    StepEnded,
    StepStarted,
    Waiting,
)
from tablewright.model.stack import StackEvent


@dataclass(slots=True)
class Child:
    """An index under its table."""

    name: str
    status: str
    backfilling: bool
    percent: float | None


@dataclass(slots=True)
class Row:
    """A resource. ``since`` is in seconds on the face's own clock; ``took`` is None while it moves, then seconds by events."""

    logical_id: str
    type: str
    physical_id: str
    status: str
    since: float
    took: float | None = None
    reason: str = ""
    began_at: datetime | None = None

    @property
    def tone(self) -> str:
        """The tone of its status."""
        return tone(self.status)


@dataclass(slots=True)
class Board:
    """The run so far. ``now`` in every method is seconds on a monotonic clock."""

    began: float = 0.0
    started: Started | None = None
    looked: str = ""
    details: tuple[str, ...] = ()
    steps: list[StepStarted] = field(default_factory=list)
    ended: dict[int, StepEnded] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    indexes: dict[str, dict[str, Child]] = field(default_factory=dict)
    stack_status: str = ""
    waiting: Waiting | None = None
    notes: list[Noted] = field(default_factory=list)
    failure: Cause | None = None
    finished: Finished | None = None

    def take(self, event: Event, now: float) -> None:
        """Fold one event in; one that means nothing here changes nothing."""
        match event:
            case Started():
                self.began, self.started = now, event
            case Looked():
                self.looked, self.details = event.summary, beside(event)
            case StepStarted():
                self.steps.append(event)
                self.waiting = None
            case StepEnded():
                self.ended[event.number] = event
                self.waiting = None
            case OperationStarted():
                # A new operation is a new list: what the last one did is history.
                self.rows.clear()
                self.stack_status = ""
                self.failure = None
            case ResourceMoved():
                self.waiting = None
                self._move(event.event, now)
            case IndexMoved():
                child = Child(event.index, event.status, event.backfilling, event.percent)
                self.indexes.setdefault(event.table, {})[event.index] = child
            case Waiting():
                self.waiting = event
            case Noted():
                self.notes.append(event)
            case Failure():
                self.failure = event.cause
            case Finished():
                self.finished = event
                self.waiting = None
            case _:
                pass

    def _move(self, event: StackEvent, now: float) -> None:
        if event.is_of_stack:
            self.stack_status = event.status
            return
        row = self.rows.get(event.logical_id)
        if row is None:
            row = Row(event.logical_id, event.type, event.physical_id, event.status, now, began_at=event.at)
            self.rows[event.logical_id] = row
        elif row.took is not None:  # It moves again: rolled back, or cleaned up.
            row.since, row.took, row.began_at = now, None, event.at
        row.status, row.reason = event.status, event.reason
        row.physical_id = event.physical_id or row.physical_id
        if row.tone not in ("busy", "warn"):
            row.took = (event.at - row.began_at).total_seconds() if row.began_at else now - row.since

    def children(self, row: Row) -> list[Child]:
        """The indexes of a row that is a table."""
        return list(self.indexes.get(row.physical_id, {}).values())

    def counts(self) -> dict[str, int]:
        """How many rows there are of each tone."""
        counts: dict[str, int] = {}
        for row in self.rows.values():
            counts[row.tone] = counts.get(row.tone, 0) + 1
        return counts
