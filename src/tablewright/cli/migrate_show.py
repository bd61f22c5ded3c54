"""Showing a migration to its end, with Ctrl-C as a wish to stop and not as an axe."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import click

from tablewright.cli import exits
from tablewright.cli.options import Common
from tablewright.cli.terminal import Output, can_ask, in_ci, in_github, output
from tablewright.errors import Refused
from tablewright.events import Finished

if TYPE_CHECKING:
    from tablewright.migrate.events import MigrationEvent


class MigrationFace(Protocol):
    """Shows a migration while it goes on. ``stopping``: Ctrl-C was pressed once."""

    def take(self, event: MigrationEvent) -> None: ...

    def stopping(self) -> None: ...

    def close(self) -> None: ...


class Stopper:
    """Whether somebody asked to stop: Ctrl-C or SIGTERM once. A second time, the program ends at once; the checkpoint holds."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals; give them back at the end."""
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def agreed(question: str, *, yes: bool) -> None:
    """Ask on a terminal; raise Refused when it is declined. ``yes`` (--yes), or nobody there to ask: go on."""
    if yes or not can_ask():
        return
    if not click.confirm(question, default=False, err=True):
        raise Refused("declined", "It was declined", "Nothing was changed.")


def show(events: Iterator[MigrationEvent], common: Common, stopper: Stopper) -> int:
    """Run to the end, showing every event, and return the exit code."""
    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    face = _choose(common.output, out, err)
    finished: Finished | None = None
    told = False
    with stopper.listening():
        try:
            for event in events:
                if stopper.asked and not told:
                    # Not in the signal's handler: it may run amid a write to the same stream.
                    told = True
                    face.stopping()
                face.take(event)
                if isinstance(event, Finished):
                    finished = event
        finally:
            face.close()
            close = getattr(events, "close", None)
            if close is not None:
                close()
    if finished is None:
        return exits.FAILED.code
    return exits.INTERRUPTED.code if finished.code == "stopped" else exits.of_ending(finished.ending)


def _choose(mode: str | None, out: Output, err: Output) -> MigrationFace:
    if mode == "json":
        from tablewright.cli.faces.migration_lines import MigrationLines

        return MigrationLines(out)
    if (mode == "human" or (mode is None and not in_ci())) and err.is_terminal:
        from tablewright.cli.faces.migration_live import MigrationLive

        return MigrationLive(out, err)
    from tablewright.cli.faces.migration_plain import MigrationPlain

    return MigrationPlain(out, err, github=in_github())
