"""Asking the person before anything is changed."""

from __future__ import annotations

import click

from tablewright.cli.faces.cells import clean
from tablewright.cli.faces.changes import change_lines, loss_lines
from tablewright.cli.terminal import Output
from tablewright.events import ChangesFound, Started


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
