"""What is never shown: the attributes that a project's ``[redact]`` names, wherever they stand in an item.

An entry is an attribute's name, or the names on the way to it joined by dots. ``email`` hides ``email`` and
``customer.email``; ``customer.email`` hides that alone, and in each element when ``customer`` is a list. Case and Unicode form
do not count: hiding too much is the smaller harm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.errors import TablewrightError
from tablewright.model.items import Item, Value

__all__ = ["HIDDEN", "Redaction", "redaction_for", "withheld"]

HIDDEN = "(redacted)"


@dataclass(frozen=True, slots=True)
class Redaction:
    """The entries that hold for one table, in one spelling."""

    entries: frozenset[str] = frozenset()

    def hides(self, names: Iterable[str]) -> bool:
        """Whether what stands under these names, outermost first, is hidden: it, or something around it."""
        told = f".{_spelling('.'.join(names))}."
        return any(f".{entry}." in told for entry in self.entries)

    def shown(self, item: Item) -> Item:
        """The item with each hidden value replaced."""
        return self._held(item, (), leave_out=False) if self.entries else item

    def without(self, item: Item) -> Item:
        """The item without what is hidden."""
        return self._held(item, (), leave_out=True) if self.entries else item

    def _held(self, held: Mapping[str, Value], around: tuple[str, ...], *, leave_out: bool) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, value in held.items():
            if not self.hides((*around, name)):
                found[name] = self._value(value, (*around, name), leave_out=leave_out)
            elif not leave_out:
                found[name] = {"S": HIDDEN}
        return found

    def _value(self, value: Value, names: tuple[str, ...], *, leave_out: bool) -> Value:
        if "M" in value:
            return {"M": self._held(value["M"], names, leave_out=leave_out)}
        if "L" in value:
            return {"L": [self._value(each, names, leave_out=leave_out) for each in value["L"]]}
        return value


def redaction_for(settings: Mapping[str, Iterable[str]], table: str | None) -> Redaction:
    """The entries for a table: those under its name, or under a pattern with ``*``; None: those of every table."""
    found: set[str] = set()
    for pattern, entries in settings.items():
        if table is None or re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), table):
            found |= {_spelling(entry) for entry in entries}
    return Redaction(frozenset(found))


def _spelling(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def withheld(error: TablewrightError, request: Mapping[str, Any], redaction: Redaction) -> TablewrightError:
    """The error, without its words where they quote a value that was sent and may be a hidden one."""
    if redaction.entries and any(text in f"{error.detail}\n{error.text}" for text in _sent(request, redaction)):
        error.detail = (
            "The words of AWS are withheld: they quote a value that was sent, and [redact] is set for the table."
        )
        error.text = ""
        error.__cause__ = None
    return error


def _sent(request: Mapping[str, Any], redaction: Redaction) -> Iterator[str]:
    for part in ("Key", "Item", "ExclusiveStartKey"):
        for name, value in request.get(part, {}).items():
            yield from _texts(value, redaction, (name,))
    for value in (*request.get("ExpressionAttributeValues", {}).values(), *request.get("Parameters", ())):
        yield from _texts(value, None, ())
    yield from re.findall(r"'((?:[^']|'')+)'", request.get("Statement", ""))


def _texts(value: Value, redaction: Redaction | None, names: tuple[str, ...]) -> Iterator[str]:
    """Every text and number in a value that is hidden, or that may be (no redaction given)."""
    for kind, held in value.items():
        if kind == "M":
            for name, each in held.items():
                yield from _texts(each, redaction, (*names, name))
        elif kind == "L":
            for each in held:
                yield from _texts(each, redaction, names)
        elif redaction is None or redaction.hides(names):
            yield from (held if isinstance(held, list) else [held] if isinstance(held, str) and held else [])
