"""What every face can do, and which one an output gets."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

from tablewright.cli.terminal import Output, in_ci, in_github
from tablewright.events import Event, Finished


class Face(Protocol):
    """Shows a run while it goes on. ``take`` is called with each event in order, ``close`` once, whatever happened.

    ``pause`` makes room for a question; the next event goes on.
    """

    def take(self, event: Event) -> None: ...

    def pause(self) -> None: ...

    def close(self) -> None: ...


def choose(mode: str | None, out: Output, err: Output) -> Face:
    """The face for ``--output``; None: a live screen where a person watches, plain lines elsewhere."""
    if mode == "json":
        from tablewright.cli.faces.json_lines import JsonLines

        return JsonLines(out)
    live = mode == "human" or (mode is None and not in_ci())
    if live and err.is_terminal:
        from tablewright.cli.faces.live import Live

        return Live(out, err)
    from tablewright.cli.faces.plain import Plain

    return Plain(out, err, github=in_github())


class Asker(Protocol):
    """Asks a person what a run asks. ``answer`` False declines."""

    def concern(self, event: Event) -> bool: ...

    def answer(self, event: Event) -> bool: ...


def show(events: Generator[Event, None, None], face: Face, asker: Asker | None = None) -> Finished | None:
    """Run to the end, showing every event; the last event if it is the run's end.

    Where the run asks and ``asker`` declines, the run is closed, which leaves everything as it was, and None is returned.
    """
    finished: Finished | None = None
    try:
        for event in events:
            face.take(event)
            if isinstance(event, Finished):
                finished = event
            elif asker is not None and asker.concern(event):
                face.pause()
                if not asker.answer(event):
                    events.close()
                    return None
    finally:
        face.close()
        events.close()
    return finished
