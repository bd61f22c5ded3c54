"""Asking the person before anything is changed."""

from __future__ import annotations

import click

from tablewright.cli.faces.cells import clean, fit
from tablewright.cli.faces.changes import change_lines, loss_lines
from tablewright.cli.terminal import Output
from tablewright.events import ChangesFound, Event, Noted, Started


class Questions:
    """What a run asks the person who drives it: whether to recover as it says, and whether to make the changes.

    ``yes`` (--yes) answers all questions but one: see ``decide``.
    """

    def __init__(self, err: Output, *, yes: bool) -> None:
        self._err = err
        self._yes = yes
        self._started: Started | None = None

    def concern(self, event: Event) -> bool:
        """Whether the event asks something."""
        if isinstance(event, Started):
            self._started = event
        return isinstance(event, ChangesFound | Noted) and event.asks

    def answer(self, event: Event) -> bool:
        """Ask what the event asks; False declines."""
        if isinstance(event, ChangesFound):
            return decide(event, self._started, self._err, yes=self._yes)
        assert isinstance(event, Noted)
        if self._yes:
            return True
        self._err.lines([(), *(((text, ""),) for text in fit(event.text, self._err.width))])
        return click.confirm("Do that?", default=False, err=True)


def decide(found: ChangesFound, started: Started | None, err: Output, *, yes: bool = False) -> bool:
    """Show the changes and ask; ``yes`` (--yes) answers all but one question.

    A loss of data that the command line allows must be typed here as well, whatever else was said.
    """
    err.lines([(), (("Changes", "strong"),), *change_lines(found.change_set.changes, err.width, err.marks)])
    if found.losses:
        err.lines([(), (("What is lost", "strong"),), *loss_lines(found.losses, err.width, err.marks)])
    err.text("")
    for table in dict.fromkeys(loss.table for loss in found.losses if loss.allowed):
        typed = click.prompt(f"Type {clean(table)} to lose what it holds", default="", show_default=False, err=True)
        if typed != table:
            return False
    if yes:
        return True
    where = f" in account {started.whereabouts.account}, {started.whereabouts.region}" if started else ""
    name = f" to {clean(started.stack)}" if started else ""
    return click.confirm(f"Make these changes{name}{where}?", default=False, err=True)
