"""Showing a live migration to its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from tablewright.cli import exits
from tablewright.cli.migrate_show import Stopper
from tablewright.cli.options import Common
from tablewright.cli.terminal import Output, in_ci, in_github, output
from tablewright.events import Finished

if TYPE_CHECKING:
    from tablewright.migrate.live.run import LiveEvent


class LiveFace(Protocol):
    """Shows a live migration while it goes on. ``stopping``: Ctrl-C was pressed once."""

    def take(self, event: LiveEvent) -> None: ...

    def stopping(self) -> None: ...

    def close(self) -> None: ...


def show(events: Iterator[LiveEvent], common: Common, stopper: Stopper) -> int:
    """Run to the end, showing every event, and return the exit code."""
    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    face = _choose(common.output, out, err)
    finished: Finished | None = None
    told = False
    with stopper.listening():
        try:
            for event in events:
                if stopper.asked and not told:
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
        return exits.INTERRUPTED.code if stopper.asked else exits.FAILED.code
    return exits.INTERRUPTED.code if finished.code == "stopped" else exits.of_ending(finished.ending)


def _choose(mode: str | None, out: Output, err: Output) -> LiveFace:
    if mode == "json":
        from tablewright.cli.faces.migration_lines import MigrationLines

        return MigrationLines(out)
    from tablewright.cli.faces.live_migration import LiveMigrationPlain, LiveMigrationScreen

    if (mode == "human" or (mode is None and not in_ci())) and err.is_terminal:
        return LiveMigrationScreen(out, err)
    return LiveMigrationPlain(out, err, github=in_github())
