"""Snapshots: the whole state up to a record of the log, in one checksummed file."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

from tablewright.local.errors import LocalError
from tablewright.local.wal import sync_folder

__all__ = ["drop_snapshots", "newest", "newest_number", "write"]

_HEAD = struct.Struct(">8sQQI")
_MAGIC = b"TWSNAP1\n"


def _paths(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.stem.split("-")[1]), path) for path in folder.glob("snap-*.bin"))


def write(folder: Path, upto: int, state: bytes) -> Path:
    """Keep `state`, which holds every record up to `upto`, durably and at once: the file is whole or not there."""
    path = folder / f"snap-{upto:016d}.bin"
    unfinished = path.with_suffix(".tmp")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(_HEAD.pack(_MAGIC, upto, len(state), zlib.crc32(state)))
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return path


def newest_number(folder: Path) -> int:
    """The last record that the newest snapshot holds; 0 when there is no snapshot."""
    found = _paths(folder)
    return found[-1][0] if found else 0


def newest(folder: Path) -> tuple[int, memoryview] | None:
    """(last record it holds, state) of the newest snapshot, or None. Raises LocalError when it is damaged."""
    found = _paths(folder)
    if not found:
        return None
    path = found[-1][1]
    data = memoryview(path.read_bytes())
    if len(data) >= _HEAD.size:
        magic, upto, length, checksum = _HEAD.unpack_from(data)
        state = data[_HEAD.size :]
        if magic == _MAGIC and len(state) == length and zlib.crc32(state) == checksum:
            return upto, state
    raise LocalError(
        "snapshot-damaged",
        "The snapshot of the embedded AWS is damaged",
        f"{path} is not what its checksum says, and the log before it is gone. Nothing was started and nothing was changed. "
        "Restore the file from a copy, or give up the data in this folder with the command below.",
        "tablewright local reset",
    )


def drop_snapshots(folder: Path, *, before: int) -> None:
    """Delete the snapshots that are older than the one up to record `before`, and unfinished ones."""
    for upto, path in _paths(folder):
        if upto < before:
            path.unlink()
    for path in folder.glob("snap-*.tmp"):
        path.unlink()
