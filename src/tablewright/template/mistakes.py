"""Mistakes in a template's text, said with file, line, column and the line itself."""

from __future__ import annotations

import unicodedata

from tablewright.errors import UsageError
from tablewright.model.design import Position

_SHOWN = 110


class TemplateMistake(UsageError):
    """A mistake in a text, with its place: ``what`` is wrong at ``position`` of ``path``."""

    def __init__(
        self, code: str, summary: str, detail: str, hint: str | None, *, what: str, path: str, position: Position
    ) -> None:
        super().__init__(code, summary, detail, hint)
        self.what = what
        self.path = path
        self.position = position


def mistake(
    code: str, summary: str, what: str, *, path: str, text: str, position: Position, hint: str | None = None
) -> TemplateMistake:
    """The error for something wrong at ``position``: its detail shows the place and the offending line under it."""
    detail = f"{path}:{position.line}:{position.column}: {what}{excerpt(text, position)}"
    return TemplateMistake(code, summary, detail, hint, what=what, path=path, position=position)


def excerpt(text: str, position: Position) -> str:
    """The line of ``position`` with a caret under its column, or nothing where the text has no such line."""
    lines = text.splitlines()
    if not 1 <= position.line <= len(lines):
        return ""
    line = lines[position.line - 1].replace("\t", " ")
    line = "".join(c if c.isprintable() else "?" for c in line)
    start = max(0, position.column - 1 - _SHOWN // 2) if len(line) > _SHOWN else 0
    shown = line[start : start + _SHOWN]
    number = str(position.line)
    caret = " " * sum(_cells(c) for c in line[start : max(start, position.column - 1)]) + "^"
    return f"\n\n    {number} | {shown}\n    {' ' * len(number)} | {caret}"


def _cells(char: str) -> int:
    """How wide a terminal draws it, so that the caret stands under its column after Hangul too."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def position_at(text: str, offset: int) -> Position:
    """The line and column of a character offset."""
    before = text[:offset]
    line = before.count("\n") + 1
    return Position(line, offset - (before.rfind("\n") + 1) + 1)
