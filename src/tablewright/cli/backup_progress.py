"""A run over backups, shown as it goes on."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, TypeVar

from tablewright.cli import exits
from tablewright.cli.options import Common
from tablewright.cli.terminal import output

if TYPE_CHECKING:
    from tablewright.events import Event

_Made = TypeVar("_Made")


def progress(events: Generator[Event, None, _Made], common: Common) -> _Made:
    """Show what a run notes, and return what it made."""
    from tablewright.cli.faces.backup_screen import event_lines
    from tablewright.events import as_json

    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            made: _Made = end.value
            return made
        if common.output == "json":
            from tablewright.cli.faces.json_lines import encode

            out.text(encode(as_json(event), out))
        else:
            err.lines(event_lines(event, err.width, err.marks))


def shown(events: Iterator[Event], common: Common) -> int:
    """Show a run as it goes on, progress on standard error, and end as it ends."""
    from tablewright.cli.faces.backup_screen import event_lines, finished_result
    from tablewright.events import Finished, as_json

    out, err = output(sys.stdout, color=common.color), output(sys.stderr, color=common.color)
    code = exits.FAILED.code
    for event in events:
        if common.output == "json":
            from tablewright.cli.faces.json_lines import encode

            out.text(encode(as_json(event), out))
        if isinstance(event, Finished):
            code = exits.of_ending(event.ending)
            if common.output != "json":
                finished_result(event, out, err)
        elif common.output != "json":
            err.lines(event_lines(event, err.width, err.marks))
    return code
