"""Text in terminal cells: a Hangul syllable is two wide, a combining mark none, and a control character never gets through.

A decomposed syllable, as macOS writes file names, is as wide as a composed one: its vowel and final consonant take no cells of
their own (tmux, VTE and rich agree). A variation selector takes none either, though some terminals make an emoji of it.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def _cell(char: str) -> int:
    if char < "\x7f":
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":  # the vowels and finals of decomposed Hangul
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """How many cells the text takes on a terminal."""
    return len(text) if text.isascii() else sum(_cell(char) for char in text)


def clean(text: str) -> str:
    """The text without anything that a terminal would obey: control characters become spaces."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if unicodedata.category(c) == "Cc" else "" for c in text)


def _take(text: str, cells: int) -> str:
    taken = 0
    for at, char in enumerate(text):
        taken += _cell(char)
        if taken > cells:
            return text[:at]
    return text


def _tail(text: str, cells: int) -> str:
    """The end of the text, beginning with a whole letter: a mark without its letter would sit on what stands before."""
    tail = _take(text[::-1], cells)[::-1]
    while tail and not _cell(tail[0]):
        tail = tail[1:]
    return tail


def elide(text: str, cells: int, mark: str) -> str:
    """The text in at most ``cells``, its middle left out: names differ at both ends."""
    if width(text) <= cells:
        return text
    room = cells - width(mark)
    if room < 2:
        return elide_end(text, cells, mark)
    head = _take(text, (room + 1) // 2)
    return f"{head}{mark}{_tail(text, room - width(head))}"


def elide_end(text: str, cells: int, mark: str) -> str:
    """The text in at most ``cells``, its end left out; the mark itself is cut where there is no room for it."""
    if width(text) <= cells:
        return text
    return _take(_take(text, max(0, cells - width(mark))) + mark, cells)


def elide_start(text: str, cells: int, mark: str) -> str:
    """The text in at most ``cells``, its beginning left out."""
    return text if width(text) <= cells else mark + _tail(text, max(0, cells - width(mark)))


def pad(text: str, cells: int) -> str:
    """The text followed by spaces up to ``cells``."""
    return text + " " * max(0, cells - width(text))


def wrap(text: str, cells: int) -> list[str]:
    """The text in lines of at most ``cells``, broken at spaces where there are any; its own line breaks and indents are kept."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        paragraph = clean(paragraph)
        indent = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
        if len(indent) >= 4:
            lines.append(paragraph)  # A command or a quoted line: never broken nor respaced, so it can be copied.
            continue
        lines.extend(_fill(paragraph.split(), max(cells, 8), indent) or [""])
    return lines


def fit(text: str, cells: int) -> list[str]:
    """The text in lines of at most ``cells``, or of one letter; a word that is longer than a line is broken."""
    return [piece for line in wrap(text, cells) for piece in _broken(line, cells)]


def _broken(line: str, cells: int) -> list[str]:
    """The line in pieces that fit, each with its indent. An item may have 400 KB on a line, so nothing is measured twice."""
    indent = line[: len(line) - len(line.lstrip(" "))]
    if width(indent) >= cells:
        indent = ""
    pieces: list[str] = []
    begin, room = 0, cells
    while begin < len(line):
        end = _reach(line, begin, room)
        pieces.append((indent if begin else "") + line[begin:end])
        begin, room = end, cells - width(indent)
    return pieces or [line]


def _reach(text: str, begin: int, cells: int) -> int:
    """Where a piece of at most ``cells`` that begins at ``begin`` ends; it has one letter at least."""
    taken, at = 0, begin
    while at < len(text):
        taken += _cell(text[at])
        if taken > cells and at > begin:
            break
        at += 1
    return at


def _fill(words: list[str], cells: int, indent: str) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words:
        if line and width(indent) + width(line) + 1 + width(word) <= cells:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(indent + line)
        line = word
    return [*lines, indent + line] if line else lines
