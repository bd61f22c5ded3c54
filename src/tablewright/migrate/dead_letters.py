"""The file of the items that could not be brought over: a JSON object a line, ``Item`` as it was read and the ``reason``.

It has the form of a DynamoDB-JSON file, so that it can be the source of another migration once the transform is mended.

A line is on the disk before the page that it belongs to is acknowledged, and the acknowledgement remembers the file's length.
A resume cuts the file back to that length, because the pages after it are read again: the file holds each item once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tablewright.errors import Failed
from tablewright.migrate.engine.values import SetAside

__all__ = ["FILE_NAME", "DeadLetter", "DeadLetters", "read_letters"]

FILE_NAME = "dead-letters.jsonl"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item (DynamoDB JSON) and why it was set aside. ``conflict``: the target holds another item under its key."""

    reason: str
    item: Any
    conflict: bool = False


class DeadLetters:
    """The file, open for adding (``engine.values.Letters``). It is made with the first letter, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._length = 0
        self._descriptor: int | None = None

    def rewind(self, at: int) -> None:
        """Cut off what stands behind ``at``. Raises Failed when the file is shorter: somebody removed letters; OSError."""
        present = self._path.stat().st_size if self._path.exists() else 0
        if present < at:
            raise Failed(
                "dead-letters-lost",
                "The dead-letter file is not what it was",
                f"{self._path} has {present} bytes, and {at} were written. Items that were set aside stood in what is missing, "
                "and nothing else says which they were. Put the file back, or start again into an empty target.",
            )
        if present > at:
            descriptor = self._open()
            os.ftruncate(descriptor, at)
            os.fsync(descriptor)
        self._length = at

    def add(self, items: Sequence[SetAside]) -> int:
        """Append them, durably, and return the file's new end. Raises OSError."""
        if not items:
            return self._length
        text = b"".join(_line(letter) for letter in items)
        descriptor = self._open()
        written = 0
        while written < len(text):
            written += os.pwrite(descriptor, text[written:], self._length + written)
        os.fsync(descriptor)
        self._length += len(text)
        return self._length

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor


def read_letters(path: Path) -> Iterator[DeadLetter]:
    """Every letter in the file; none without a file. A last line that was cut off in writing is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            told = json.loads(line)
            yield DeadLetter(told["reason"], told["Item"], bool(told.get("conflict")))


def _line(letter: SetAside) -> bytes:
    reason = json.dumps(letter.reason, ensure_ascii=False).encode("utf-8", "backslashreplace")
    conflict = b',"conflict":true' if letter.conflict else b""
    return b'{"Item":%b,"reason":%b%b}\n' % (bytes(letter.item), reason, conflict)
