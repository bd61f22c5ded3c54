"""``--all``: every stack of a project."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tablewright.cli.again import where_words
from tablewright.cli.alive import alive
from tablewright.cli.faces.overview import Entry, overview_lines
from tablewright.cli.options import Common
from tablewright.cli.terminal import output
from tablewright.errors import TablewrightError, UsageError

if TYPE_CHECKING:
    from tablewright.settings import EnvironmentSettings, Settings


def show_all(common: Common) -> bool:
    """Show every stack of the project; whether all of them were read and none of them is broken."""
    out = output(sys.stdout, color=common.color)
    entries = [_read(common, settings) for settings in _stacks(common)]
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        for entry in entries:
            out.text(encode(_plain(entry), out))
    else:
        out.lines(overview_lines(entries, out.width, out.marks))
    return all(entry.healthy for entry in entries)


def labels_in_order(common: Common) -> tuple[str | None, ...]:
    """The labels of the chosen environment's stacks, each after those it comes after; (None,) for a project of one stack."""
    return tuple(stack.label for stack in _settings(common).stacks(common.env))


def _settings(common: Common) -> Settings:
    from tablewright.settings import load_settings

    start = (common.project or Path.cwd()).absolute()
    settings = load_settings(start)
    if settings is None:
        raise UsageError(
            "no-settings",
            "There is no tablewright.toml",
            f"--all means the stacks that it describes, and there is none in {start} or above.",
        )
    return settings


def _stacks(common: Common) -> Iterator[EnvironmentSettings]:
    settings = _settings(common)
    names: list[str | None] = [common.env] if common.env else [*settings.environments] or [None]
    for name in names:
        yield from settings.stacks(name)


def _read(common: Common, settings: EnvironmentSettings) -> Entry:
    """One stack; what keeps it from being read is said on its line, and the others are read all the same."""
    from tablewright.cli.target import open_target
    from tablewright.survey.run import survey

    if not settings.stack:
        nameless = UsageError("no-stack", "No stack is named", f"{settings.path} names none. Name the stack there.")
        return Entry(settings.name, settings.label or "?", error=nameless)
    here = replace(common, env=settings.name)
    words = ["tablewright", "status", "--stack", settings.label or settings.stack or "", *where_words(here)]
    entry = Entry(settings.name, settings.stack or "", command=shlex.join(words))
    try:
        account = open_target(here, settings)
        with alive(f"reading stack {entry.stack}"):
            return replace(entry, report=survey(entry.stack, account, environment=settings.name))
    except TablewrightError as error:
        return replace(entry, error=error)


def _plain(entry: Entry) -> dict[str, object]:
    from tablewright.events import as_plain

    error = entry.error
    return {
        "environment": entry.environment,
        "stack": entry.stack,
        "healthy": entry.healthy,
        "report": as_plain(entry.report),
        "error": {"code": error.code, "summary": error.summary, "detail": error.detail} if error else None,
    }
