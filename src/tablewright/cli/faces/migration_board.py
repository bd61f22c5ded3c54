"""What a migration has come to: the state behind its screen, folded from its events one by one."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import islice

from tablewright.events import Finished, Noted, Waiting
from tablewright.migrate.events import (
    Checked,
    Differed,
    ItemSetAside,
    MigrationEvent,
    MigrationStarted,
    PaceChanged,
    Paused,
    PhaseEnded,
    PhaseStarted,
    Progress,
)

HISTORY = 240
"""How many snapshots the plot of throughput remembers: as many as there is one a second of, for four minutes."""


@dataclass(slots=True)
class Phase:
    """One stretch of the run; ``summary`` is None while it goes on."""

    name: str
    title: str
    summary: str | None = None
    progress: Progress | None = None
    speeds: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))


@dataclass(slots=True)
class MigrationBoard:
    """The run so far. ``now`` is seconds on a monotonic clock; ``stopping``: Ctrl-C was pressed, it ends soon."""

    began: float = 0.0
    started: MigrationStarted | None = None
    checks: list[Checked] = field(default_factory=list)
    notes: list[Noted] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    pace: PaceChanged | None = None
    waiting: Waiting | None = None
    differed: Differed | None = None
    paused: Paused | None = None
    finished: Finished | None = None
    stopping: bool = False

    def take(self, event: MigrationEvent, now: float) -> None:
        """Fold one event in; one that means nothing here changes nothing."""
        match event:
            case MigrationStarted():
                self.began, self.started = now, event
            case Checked():
                self.checks.append(event)
            case PhaseStarted():
                self.waiting = None
                self.phases.append(Phase(event.name, event.title))
            case PhaseEnded():
                for phase in self.phases:
                    if phase.name == event.name:
                        phase.summary = event.summary
            case Progress():
                self.waiting = None
                self._progress(event)
            case ItemSetAside():
                self.reasons[event.reason] += 1
            case PaceChanged():
                self.pace = event
            case Waiting():
                self.waiting = event
            case Noted():
                self.notes.append(event)
            case Differed():
                self.differed = event
            case Paused():
                self.paused = event
            case Finished():
                self.finished, self.waiting = event, None
            case _:
                pass

    def _progress(self, event: Progress) -> None:
        phase = next((p for p in reversed(self.phases) if p.name == event.phase and p.summary is None), None)
        if phase is None:
            phase = Phase(event.phase, event.phase)
            self.phases.append(phase)
        phase.progress = event
        phase.speeds.append(event.items_per_s)

    def commonest(self, most: int) -> list[tuple[str, int]]:
        """The commonest reasons for which items were set aside in this run."""
        return list(islice(self.reasons.most_common(), most))
