"""A plan, or a run, folded from its events into one value, which the human screen and the Markdown pages show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tablewright.events import ChangesFound, Event, Failure, Finished, Looked, Noted, Planned, Started
from tablewright.model.cause import Cause


@dataclass(slots=True)
class PlanShown:
    """Everything that a plan said."""

    started: Started | None = None
    looked: Looked | None = None
    planned: Planned | None = None
    changes: ChangesFound | None = None
    cause: Cause | None = None
    notes: list[Noted] = field(default_factory=list)
    finished: Finished | None = None

    @property
    def refused(self) -> str | None:
        """The code with which deploying would be refused, if it would."""
        return self.finished.facts.get("refused") if self.finished else None

    @property
    def cause_title(self) -> str:
        """What the cause is to the reader: an event of the past, or what CloudFormation says of this very change."""
        past = self.cause is not None and self.cause.at is not None
        return "Why it stands so" if past else "What deploying would run into"

    @property
    def has_changes(self) -> bool:
        """Whether deploying would change something, as far as is known."""
        return self.finished is not None and self.finished.facts.get("changes") == "yes"

    def take(self, event: Event) -> None:
        """Fold one more event in."""
        match event:
            case Started():
                self.started = event
            case Looked():
                self.looked = event
            case Planned():
                self.planned = event
            case ChangesFound():
                self.changes = event
            case Failure():
                self.cause = event.cause
            case Noted():
                self.notes.append(event)
            case Finished():
                self.finished = event
            case _:
                pass


def gather(events: Iterable[Event], also: Callable[[Event], None] | None = None) -> PlanShown:
    """Run a plan to its end; ``also`` is called with every event as it comes."""
    shown = PlanShown()
    for event in events:
        if also is not None:
            also(event)
        shown.take(event)
    return shown
