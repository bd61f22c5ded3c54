"""The write-ahead log: what was acknowledged, in order, on disk before it was acknowledged.

A log is a row of segment files. A segment starts with a magic line and the number of its first record; then come frames,
each a header (magic, payload length, CRC-32 of the payload, CRC-32 of the header) and a payload of one or more records.
A frame is what one fsync made durable: records that arrive while an fsync runs share the next frame.

Reading tells three endings apart. A frame cut off at the end of the last segment, or followed by nothing but zeros, was
never acknowledged: it is cut away. Anything else that does not add up is damage to acknowledged data and is refused.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tablewright.local.errors import LocalError

__all__ = ["Log", "LogFailed", "drop_all_segments", "drop_segments", "read_segment", "segments", "sync_folder"]

_MAGIC = b"TWLOG1\n\0"
_START = struct.Struct(">8sQ")
_FRAME = struct.Struct(">IIII")
_FRAME_MAGIC = 0x54574652
_LENGTH = struct.Struct(">I")


class LogFailed(Exception):
    """The log could not be written, so what was asked for cannot be acknowledged."""


def segments(folder: Path) -> list[tuple[int, Path]]:
    """(number of the first record, path) of every segment, oldest first."""
    return sorted((int(path.stem.split("-")[1]), path) for path in folder.glob("log-*.wal"))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def drop_segments(folder: Path, upto: int) -> None:
    """Delete the segments that hold nothing newer than record `upto`."""
    found = segments(folder)
    for (_, path), (following, _) in itertools.pairwise(found):
        if following <= upto + 1:
            path.unlink()
    sync_folder(folder)


def drop_all_segments(folder: Path) -> None:
    """Delete every segment: a snapshot holds all that they do."""
    for _, path in segments(folder):
        path.unlink()
    sync_folder(folder)


def _sync(handle: int) -> None:
    # fdatasync writes the length too when it grew; macOS has only fsync.
    getattr(os, "fdatasync", os.fsync)(handle)


def _write_all(handle: int, data: bytes) -> None:
    """All of it: one write may take a part, on a disk that is nearly full."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _damaged(path: Path, offset: int, why: str) -> LocalError:
    return LocalError(
        "log-damaged",
        "The log of the embedded AWS is damaged",
        f"{path} holds acknowledged changes that cannot be read: {why} at byte {offset}. Starting without them would lose "
        "data silently, so nothing was started and nothing was changed. Restore the file from a copy, or give up the "
        "data in this folder with the command below.",
        "tablewright local reset",
    )


def read_segment(path: Path, *, last: bool) -> Iterator[bytes]:
    """The records of a segment, oldest first.

    With `last`, a frame that was being written when the process died ends the segment, and is cut off the file once all
    records have been taken. Raises LocalError for damage.
    """
    data = memoryview(path.read_bytes())
    if last and (len(data) < _START.size or not any(data)):
        return
    if len(data) < _START.size or data[:8] != _MAGIC:
        raise _damaged(path, 0, "it does not start as a log does")
    offset = _START.size
    while offset < len(data):
        problem = _frame_problem(data, offset)
        if problem == "cut off" and last:
            _truncate(path, offset)
            return
        if problem:
            raise _damaged(path, offset, f"the frame is {problem}")
        length = _FRAME.unpack_from(data, offset)[1]
        yield from _records(data[offset + _FRAME.size : offset + _FRAME.size + length])
        offset += _FRAME.size + length


def _frame_problem(data: memoryview, offset: int) -> str:
    if offset + _FRAME.size > len(data):
        return "cut off"
    magic, length, checksum, header_checksum = _FRAME.unpack_from(data, offset)
    if header_checksum != zlib.crc32(data[offset : offset + 12]) or magic != _FRAME_MAGIC:
        return "cut off" if not any(data[offset:]) else "not one of the log's"
    payload = data[offset + _FRAME.size : offset + _FRAME.size + length]
    if len(payload) < length:
        return "cut off"
    if zlib.crc32(payload) != checksum:
        return "cut off" if not any(data[offset + _FRAME.size :]) else "not what its checksum says"
    return ""


def _records(payload: memoryview) -> Iterator[bytes]:
    offset = 0
    while offset < len(payload):
        (length,) = _LENGTH.unpack_from(payload, offset)
        offset += _LENGTH.size
        yield bytes(payload[offset : offset + length])
        offset += length


def _truncate(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)
        os.fsync(file.fileno())


class Log:
    """The end of the log, where records are added. Use it from one event loop only.

    `append` gives a record its number at once; `durable` waits until the record is on disk. When writing fails the log is
    broken for good: every waiter and every later call gets LogFailed, and `on_failure` is called once, since what memory
    holds is then more than what will be there after a restart.
    """

    def __init__(self, folder: Path, next_number: int, on_failure: Callable[[OSError], None]) -> None:
        self._folder = folder
        self._on_failure = on_failure
        self._next = next_number
        self._synced = next_number - 1
        self._pending: list[bytes] = []
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._flushing = False
        self._broken: OSError | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="tablewright-log")
        self._rotate = False
        self._written = next_number - 1
        self._handle = self._open(next_number)
        self.size = 0

    @property
    def last(self) -> int:
        """The number of the newest record; records are numbered from 1."""
        return self._next - 1

    @property
    def broken(self) -> bool:
        return self._broken is not None

    def _open(self, first: int) -> int:
        path = self._folder / f"log-{first:016d}.wal"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        _write_all(handle, _START.pack(_MAGIC, first))
        os.fsync(handle)
        sync_folder(self._folder)
        return handle

    def append(self, *parts: bytes) -> int:
        """Add one record, given in parts, and return its number. It is not durable yet."""
        if self._broken is not None:
            raise LogFailed(str(self._broken))
        number = self._next
        self._next += 1
        length = sum(map(len, parts))
        self._pending.append(_LENGTH.pack(length))
        self._pending.extend(parts)
        self.size += length + _LENGTH.size
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)
        return number

    async def durable(self, number: int) -> None:
        """Return when record `number` and all before it are on disk. Raises LogFailed when they can't be."""
        if number <= self._synced:
            return
        if self._broken is not None:
            raise LogFailed(str(self._broken))
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((number, waiter))
        await waiter

    def _flush(self) -> None:
        payload, upto = b"".join(self._pending), self._next - 1
        self._pending = []
        loop = asyncio.get_running_loop()
        first, self._rotate = (self._written + 1 if self._rotate else 0), False
        self._written = upto
        writing = loop.run_in_executor(self._writer, self._write, payload, first)
        writing.add_done_callback(lambda done: self._flushed(done, upto))

    def _write(self, payload: bytes, new_segment: int) -> None:
        if new_segment:
            ended, self._handle = self._handle, self._open(new_segment)
            os.close(ended)
        header = struct.pack(">III", _FRAME_MAGIC, len(payload), zlib.crc32(payload))
        _write_all(self._handle, header + struct.pack(">I", zlib.crc32(header)) + payload)
        _sync(self._handle)

    def _flushed(self, done: asyncio.Future[None], upto: int) -> None:
        problem = done.exception()
        if problem is not None:
            self._fail(problem if isinstance(problem, OSError) else OSError(str(problem)))
            return
        self._synced = upto
        waiting, self._waiters = self._waiters, []
        for number, waiter in waiting:
            if number > upto:
                self._waiters.append((number, waiter))
            elif not waiter.done():
                waiter.set_result(None)
        if self._pending:
            self._flush()
        else:
            self._flushing = False

    def _fail(self, problem: OSError) -> None:
        self._broken = problem
        waiting, self._waiters = self._waiters, []
        for _, waiter in waiting:
            if not waiter.done():
                waiter.set_exception(LogFailed(str(problem)))
        self._on_failure(problem)

    def rotate(self) -> None:
        """Begin a new segment with the next frame, so that older ones can be dropped once a snapshot holds them."""
        self._rotate = True
        self.size = 0

    def close(self) -> None:
        """Let go of the file; call it once everything that matters is durable."""
        self._writer.shutdown(wait=True)
        os.close(self._handle)
