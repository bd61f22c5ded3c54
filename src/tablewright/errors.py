"""The errors of tablewright: what was wrong, why it matters, what to do, and the next command.

The class says what a caller must do about it (and the command line's exit code follows from the class, in one table in
``cli/exits.py``); the ``code`` says which error it is, and is stable across releases.
"""

from __future__ import annotations

from datetime import datetime


class TablewrightError(Exception):
    """Something that tablewright could not or would not do.

    ``code``: stable kebab-case name. ``summary``: terse, holds no names of the user's. ``detail``: what was wrong, why it
    matters and what to do, in whole sentences. ``hint``: one command that can be typed as it stands, or None.
    ``text``: AWS's own words, untouched, when it was AWS that said no; else empty.
    """

    text: str = ""

    def __init__(self, code: str, summary: str, detail: str = "", hint: str | None = None) -> None:
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.summary}: {self.detail}" if self.detail else self.summary


class UsageError(TablewrightError):
    """The request itself is wrong: a missing file, a malformed template, contradictory options. Nothing was changed."""


class Failed(TablewrightError):
    """AWS refused or failed what was asked. What it changed, it rolled back or said."""


class Refused(TablewrightError):
    """A guard of tablewright's own said no before anything was changed."""


class MustWait(TablewrightError):
    """Right, but not now. ``until`` is the earliest time (UTC) at which trying again makes sense, if known."""

    def __init__(
        self, code: str, summary: str, detail: str = "", hint: str | None = None, until: datetime | None = None
    ) -> None:
        super().__init__(code, summary, detail, hint)
        self.until = until


class Stuck(TablewrightError):
    """Neither done nor rolled back, and nothing that tablewright may do by itself goes on from here."""
