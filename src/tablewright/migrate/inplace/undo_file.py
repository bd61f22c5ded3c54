"""The undo file: what every touched attribute was, written down before it is changed, so that the change can be played back.

One line a record: a checksum, the stretch that it belongs to (a pass over a segment), and JSON with the item's key and its
touched attributes before and after. A record's number is the offset of its line. Lines are on the disk before their updates are
sent (``sync``). A last line that was cut off in writing was never sent, and is cut away when the file is opened again.

Where a page ends, a line says so before the checkpoint does: the records behind the end of the last page that the checkpoint
knows of are those that a killed run may or may not have made.

It holds parts of items: only its owner may read it.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from tablewright.errors import Failed, Refused
from tablewright.migrate.inplace.edit import Edit

__all__ = ["FILE_NAME", "UndoFile", "UndoHeader", "UndoRecord", "newest_first", "read_header", "unsettled"]

FILE_NAME = "undo.log"

_NO_STRETCH = "-"


@dataclass(frozen=True, slots=True)
class UndoHeader:
    """Which change the file undoes. ``table_id`` is DynamoDB's own: a table made anew under the same name is another."""

    job: str
    table: str
    table_id: str
    keys: tuple[str, ...]
    transform: str
    begun: str

    def line(self) -> bytes:
        """The header as the file's first line."""
        told = {
            "undo": 1,
            "job": self.job,
            "table": self.table,
            "table_id": self.table_id,
            "keys": list(self.keys),
            "transform": self.transform,
            "begun": self.begun,
        }
        return _line(_NO_STRETCH, orjson.dumps(told))


@dataclass(frozen=True, slots=True)
class UndoRecord:
    """One edit that was about to be sent. ``voids``: numbers of earlier records of its item that were certainly not made."""

    edit: Edit
    stretch: str = _NO_STRETCH
    number: int = -1
    voids: tuple[int, ...] = ()


class UndoFile:
    """The file, open for adding."""

    def __init__(self, path: Path, header: UndoHeader) -> None:
        """Open it, or make it. Raises Refused where it belongs to another change, OSError where the disk will not."""
        self._path = path
        fresh = not _has_a_line(path)
        if not fresh:
            found = read_header(path)
            if (found.table_id, found.keys, found.transform) != (header.table_id, header.keys, header.transform):
                raise Refused(
                    "undo-file-of-another",
                    "The undo file belongs to another change",
                    f"{path} undoes job {found.job} on table {found.table} (id {found.table_id}), which is not this table or not "
                    "this transform. Mixing the two would make both impossible to undo. The table was not touched.",
                )
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._buffer: list[bytes] = []
        self._end = 0 if fresh else _whole_lines(self._descriptor)
        os.ftruncate(self._descriptor, self._end)
        if fresh:
            self._put(header.line())
            self.sync()
            _sync_folder(path.parent)

    def add(self, record: UndoRecord) -> int:
        """Write a record down and return its number. It is on the disk after ``sync``, and no sooner."""
        edit = record.edit
        told: dict[str, object] = {"k": edit.key, "b": edit.before, "a": edit.after}
        if record.voids:
            told["v"] = record.voids
        return self._put(_line(record.stretch, orjson.dumps(told)))

    def void(self, stretch: str, numbers: Sequence[int]) -> None:
        """These records were certainly not made."""
        if numbers:
            self._put(_line(stretch, orjson.dumps({"v": list(numbers)})))

    def end(self, stretch: str, position: bytes | None) -> None:
        """A page ended at this position: every record of it was made, or is void."""
        self._put(_line(stretch, orjson.dumps({"e": _mark(position)})))

    def sync(self) -> None:
        """Bring all that was added to the disk. Raises OSError; nothing that was added since the last time counts then."""
        data = b"".join(self._buffer)
        at = self._end - len(data)
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, data[written:], at + written)
        os.fdatasync(self._descriptor) if hasattr(os, "fdatasync") else os.fsync(self._descriptor)
        self._buffer.clear()

    def close(self) -> None:
        """Bring the rest to the disk and close the file."""
        try:
            if self._buffer:
                self.sync()
        finally:
            os.close(self._descriptor)

    def _put(self, line: bytes) -> int:
        number = self._end
        self._buffer.append(line)
        self._end += len(line)
        return number


def read_header(path: Path) -> UndoHeader:
    """Whose undo file it is. Raises Failed for a file that is none."""
    with path.open("rb") as file:
        line = file.readline()
    try:
        told = orjson.loads(_checked(line))
        return UndoHeader(
            told["job"], told["table"], told["table_id"], tuple(told["keys"]), told["transform"], told["begun"]
        )
    except (ValueError, KeyError, TypeError):
        raise _broken(path, 0) from None


def unsettled(path: Path, positions: Mapping[str, bytes | None]) -> dict[str, list[UndoRecord]]:
    """Of each stretch the records behind its position (None: its beginning), oldest first, without those known to be void."""
    marks = {stretch: None if at is None else _mark(at) for stretch, at in positions.items()}
    found: dict[str, dict[int, UndoRecord]] = {stretch: {} for stretch in positions}
    at = 0
    with path.open("rb") as file:
        for line in file:
            stretch = line[9 : line.find(b" ", 9)].decode()
            if stretch in found and line.endswith(b"\n"):
                told = _told(path, at, line)
                if "e" in told and told["e"] == marks[stretch]:
                    found[stretch].clear()
                for number in told.get("v", ()):
                    found[stretch].pop(number, None)
                if "k" in told:
                    found[stretch][at] = _record(told, stretch, at)
            at += len(line)
    return {stretch: list(records.values()) for stretch, records in found.items()}


def newest_first(path: Path, before: int | None = None) -> Iterator[UndoRecord]:
    """Every record that is not known to be void, the newest first; those with a number below ``before``, where that is given.

    Raises Failed where the file is damaged.
    """
    size = path.stat().st_size
    void: set[int] = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        end = size if held[size - 1 : size] == b"\n" else held.rfind(b"\n") + 1
        while end > 0:
            start = held.rfind(b"\n", 0, end - 1) + 1
            if start == 0:
                return  # the header
            line = held[start:end]
            told = _told(path, start, line)
            void.update(told.get("v", ()))
            if "k" in told and start not in void and (before is None or start < before):
                yield _record(told, line[9 : line.find(b" ", 9)].decode(), start)
            void.discard(start)
            end = start


def _record(told: dict[str, Any], stretch: str, number: int) -> UndoRecord:
    edit = Edit(key=told["k"], before=told["b"], after=told["a"])
    return UndoRecord(edit, stretch, number, tuple(told.get("v", ())))


def _mark(position: bytes | None) -> str:
    """A position, which is a key, as something short that is none."""
    return "end" if position is None else sha256(position).hexdigest()[:24]


def _line(stretch: str, body: bytes) -> bytes:
    told = stretch.encode() + b" " + body
    return b"%08x %b\n" % (crc32(told), told)


def _checked(line: bytes) -> bytes:
    """The JSON of a line. Raises ValueError where the line is not whole."""
    told = line[9:-1]
    if not line.endswith(b"\n") or line[8:9] != b" " or int(line[:8], 16) != crc32(told):
        raise ValueError("checksum")
    return told[told.index(b" ") + 1 :]


def _told(path: Path, at: int, line: bytes) -> dict[str, Any]:
    try:
        told: dict[str, Any] = orjson.loads(_checked(line))
    except ValueError:
        raise _broken(path, at) from None
    return told


def _whole_lines(descriptor: int) -> int:
    """The length of the file without a last line that was cut off. What precedes the last line was synced before it."""
    size = os.fstat(descriptor).st_size
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as held:
        end = held.rfind(b"\n") + 1 if held[size - 1 : size] != b"\n" else size
        while end > 0:
            start = held.rfind(b"\n", 0, end - 1) + 1
            try:
                _checked(held[start:end])
                return end
            except ValueError:
                end = start
    return 0


def _has_a_line(path: Path) -> bool:
    """Whether a header was ever on the disk; without one, nothing was sent."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return file.readline().endswith(b"\n")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _broken(path: Path, at: int) -> Failed:
    return Failed(
        "undo-file-damaged",
        "The undo file is damaged",
        f"{path} at byte {at}: the line's checksum does not agree. What stands before and after it may be good, but a change "
        "cannot be undone in part without a person looking: compare the file with a copy of it.",
    )
