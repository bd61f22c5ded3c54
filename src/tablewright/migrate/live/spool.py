"""The spool: what the stream told, on the disk, so that the stream's 24 hours are no limit.

A file a shard and 64 MB, only ever appended to: each record its length, its CRC-32 and its bytes. What `append` returned for is
on the disk (fsync). A record that a crash tore has no matching checksum and is cut off when the file is opened; nothing after it
can be whole, because nothing is appended behind a record before it is on the disk.

The spool is its own position: the last whole record says where in the shard to go on. Records are numbered from 0 in each shard.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from tablewright.errors import Failed
from tablewright.migrate.live.changes import decode, encode
from tablewright.model.stream import StreamRecord

__all__ = ["ROTATE_BYTES", "ShardSpool", "Spool"]

ROTATE_BYTES = 64 * 1024 * 1024
_HEAD = struct.Struct("<II")
_MOST_BYTES = 16 * 1024 * 1024
"""More than any record of a stream can have: two images of 400 KB, in JSON."""


class Spool:
    """The folder of the spools of one stream's shards."""

    def __init__(self, folder: Path, rotate_bytes: int = ROTATE_BYTES) -> None:
        self._folder = folder
        self._rotate = rotate_bytes
        self._open: dict[str, ShardSpool] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def shard(self, shard: str) -> ShardSpool:
        """The spool of one shard, opened and made whole if need be."""
        if shard not in self._open:
            # Shard ids are AWS's; the hash keeps whatever they hold out of the file's name.
            name = sha256(shard.encode()).hexdigest()[:24]
            self._open[shard] = ShardSpool(self._folder, name, self._rotate)
        return self._open[shard]

    def close(self) -> None:
        """Close all files."""
        for each in self._open.values():
            each.close()
        self._open.clear()

    @property
    def bytes(self) -> int:
        """What the spool takes on the disk."""
        return sum(path.stat().st_size for path in self._folder.glob("*.spool"))


class ShardSpool:
    """The changes of one shard. One writer; reading goes on beside it."""

    def __init__(self, folder: Path, name: str, rotate_bytes: int) -> None:
        self._folder = folder
        self._name = name
        self._rotate = rotate_bytes
        self._files: list[tuple[int, Path]] = sorted(
            (int(path.stem.rpartition("-")[2]), path) for path in folder.glob(f"{name}-*.spool")
        )
        self.count = self._files[0][0] if self._files else 0
        """How many records there are, those of removed files included."""
        self.last: str = ""
        """The sequence number of the last record; empty for none."""
        self.last_at = 0.0
        """When the last record was made, in epoch seconds; 0 for none."""
        self._out: BinaryIO | None = None
        self._size = 0
        self._cursor: tuple[int, Path, int] | None = None
        for begin, path in self._files:
            self._recover(begin, path)

    def _recover(self, begin: int, path: Path) -> None:
        """Count what is whole; cut off what is not, which only the newest file may have."""
        if begin != self.count:
            raise _damaged(path, f"it begins at record {begin}, and the one before ends at {self.count}")
        whole = 0
        for at, body in _records(path, 0):
            whole = at + _HEAD.size + len(body)
            self.count += 1
            record = decode(body)
            self.last, self.last_at = record.sequence, record.at
        size = path.stat().st_size
        if whole < size:
            if path != self._files[-1][1]:
                raise _damaged(path, f"record {self.count} does not match its checksum")
            with path.open("r+b") as torn:
                torn.truncate(whole)
                os.fsync(torn.fileno())
        self._size = whole

    def append(self, changes: Iterable[StreamRecord]) -> int:
        """Write changes and return once they are on the disk; returns how many records the shard has now.

        Raises Failed ``spool-full`` when the disk takes no more; what was written before stays, and nothing is lost: the
        stream still has the rest.
        """
        blocks: list[bytes] = []
        last, last_at = self.last, self.last_at
        for change in changes:
            body = encode(change)
            blocks.append(_HEAD.pack(len(body), zlib.crc32(body)) + body)
            last, last_at = change.sequence, change.at
        if not blocks:
            return self.count
        out = self._writable()
        joined = b"".join(blocks)
        try:
            out.write(joined)
            out.flush()
            os.fsync(out.fileno())
        except OSError as error:
            self._undo()
            raise Failed(
                "spool-full",
                "The changes cannot be kept",
                f"Writing to {self._folder} failed: {error.strerror or error}. What was spooled before is whole, and the "
                "stream keeps the rest for 24 hours. Make room, and run the same command again.",
            ) from error
        self._size += len(joined)
        self.count += len(blocks)
        self.last, self.last_at = last, last_at
        return self.count

    def _writable(self) -> BinaryIO:
        if self._out is None or self._size >= self._rotate:
            self.close()
            if not self._files or self._size >= self._rotate:
                path = self._folder / f"{self._name}-{self.count:016d}.spool"
                self._files.append((self.count, path))
                self._size = 0
            self._out = open(self._files[-1][1], "ab", opener=_private)  # noqa: SIM115
            _keep_name(self._folder)
        return self._out

    def _undo(self) -> None:
        """Cut off what was half written, as far as the disk lets us; opening it again would as well."""
        self.close()
        try:
            os.truncate(self._files[-1][1], self._size)
        except OSError:
            return

    def read(self, number: int, most: int, most_bytes: int = 4 * 1024 * 1024) -> list[StreamRecord]:
        """Up to ``most`` changes from record ``number`` on. Raises Failed ``spool-damaged`` for a damaged one."""
        found: list[StreamRecord] = []
        size = 0
        while len(found) < most and size < most_bytes and number < self.count:
            begin, path = self._file_of(number)
            offset, at = self._place(number, begin, path)
            before = len(found)
            for place, body in _records(path, offset):
                if at >= self.count or len(found) >= most or size >= most_bytes:
                    break
                found.append(decode(body))
                size += len(body)
                at += 1
                self._cursor = (at, path, place + _HEAD.size + len(body))
            if len(found) == before:
                raise _damaged(path, f"record {number} does not match its checksum")
            number = at
        return found

    def _file_of(self, number: int) -> tuple[int, Path]:
        for begin, path in reversed(self._files):
            if begin <= number:
                return begin, path
        raise _damaged(self._folder, f"record {number} was removed already")

    def _place(self, number: int, begin: int, path: Path) -> tuple[int, int]:
        """(offset in the file, number) of a record: where the last reading ended, or counted from the file's beginning."""
        if self._cursor is not None and self._cursor[0] == number and self._cursor[1] == path:
            return self._cursor[2], number
        at, offset = begin, 0
        for place, body in _records(path, 0):
            if at == number:
                return place, number
            at += 1
            offset = place + _HEAD.size + len(body)
        if at == number:
            return offset, number
        raise _damaged(path, f"record {number} is not there")

    def forget(self, number: int) -> None:
        """Remove the files whose records are all below ``number``, but for the newest that has one: it says where to go on."""
        while len(self._files) > 1 and self._files[1][0] < number:
            self._files.pop(0)[1].unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file that is written."""
        if self._out is not None:
            with contextlib.suppress(OSError):  # what could not be flushed is cut off when it is opened again
                self._out.close()
            self._out = None


def _records(path: Path, offset: int) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) of each whole record from an offset on, up to the first that is not whole."""
    with path.open("rb") as file:
        file.seek(offset)
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            if length > _MOST_BYTES:
                return
            body = file.read(length)
            if len(body) < length or zlib.crc32(body) != checksum:
                return
            yield offset, body
            offset += _HEAD.size + length


def _private(name: str, flags: int) -> int:
    """A file that its owner alone may read: it holds items."""
    return os.open(name, flags, 0o600)


def _keep_name(folder: Path) -> None:
    """Make the names of new files durable too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, what: str) -> Failed:
    return Failed(
        "spool-damaged",
        "The spool of changes is damaged",
        f"In {path}, {what}. What it held cannot be replayed, so the target cannot be brought up to date: give the "
        "migration up, and begin again with an empty target.",
        "tablewright migrate abandon",
    )
