"""A log that the disk takes in pieces is whole all the same."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tablewright.local import wal


def test_a_log_that_is_taken_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr("tablewright.local.wal.os.write", lambda handle, data: write(handle, bytes(data)[:5]))

    async def written() -> None:
        log = wal.Log(tmp_path, 1, lambda problem: None)
        await log.durable(log.append(b"what was ", b"acknowledged"))
        log.close()

    asyncio.run(written())
    ((number, path),) = wal.segments(tmp_path)
    assert (number, list(wal.read_segment(path, last=False))) == (1, [b"what was acknowledged"])
