"""Writing pages into part files. A page counts as written when its part is on the disk under its name.

Parts stand in ``data/`` and are written under another name first. A journal beside them says which pages each part holds, so
that a copy that is killed goes on without an item lost or doubled: what was written but not acknowledged is cut off at the start.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import md5
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

import orjson

from tablewright.errors import Failed, MustWait, Refused
from tablewright.migrate.engine.values import Acknowledged, Position
from tablewright.migrate.files.manifest import FILES, SUMMARY, DataFile, write_files

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["FileSink", "Format"]

PARTS = "parts.jsonl"
OLDEST_S = 30.0
"""A part is closed after so long, so that a slow copy that is killed has not much to do again."""


class _PartWriter(Protocol):
    def add(self, items: Sequence[Buffer]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """How a part is written and read again. ``most``: bytes of items after which a part is closed."""

    name: str
    suffix: str
    writer: Callable[[IO[bytes]], _PartWriter]
    reader: Callable[[IO[bytes], str], Iterator[bytes]]
    most: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One part as the journal has it. ``pages``: segment, position behind it (None at the segment's end) and how many items."""

    name: str
    md5: str
    pages: tuple[tuple[int, str | None, int], ...]

    @property
    def items(self) -> int:
        return sum(count for _, _, count in self.pages)


class FileSink:
    """Pages into part files in a folder of their own. Raises Refused for a folder that holds something else."""

    def __init__(self, folder: Path, form: Format) -> None:
        self._folder, self._data, self._form = folder, folder / "data", form
        self._parts: list[_Part] = []
        self._number = 0
        self._open: tuple[Path, IO[bytes], _PartWriter] | None = None
        self._pages: list[Acknowledged] = []
        self._counts: list[int] = []
        self._bytes = 0
        self._begun = 0.0
        self._unfinished: set[int] = set()

    def start(self, positions: Mapping[int, Position]) -> None:
        """Go on behind these positions, after cutting off what is written but not acknowledged."""
        known = self._journal()
        if self._folder.exists() and any(self._folder.iterdir()) and not (self._folder / PARTS).exists():
            raise Refused(
                "folder-not-empty",
                "The folder holds files already",
                f"{self._folder} is not empty, and nothing in it is overwritten: name another folder, or empty it.",
            )
        with _disk(self._folder):
            self._data.mkdir(parents=True, exist_ok=True)
            self._parts = list(self._acknowledged(known, positions))
            self._refuse_lost(positions)
            self._write_journal()
            kept = {part.name for part in self._parts}
            for file in self._data.iterdir():
                if file.name not in kept:
                    file.unlink()
        self._number = 1 + max((int(part.name.split(".")[0].split("-")[1]) for part in known), default=-1)
        self._unfinished = {segment for segment, position in positions.items() if not position.done}

    def _refuse_lost(self, positions: Mapping[int, Position]) -> None:
        """Raise Failed where parts are not there any more: what is acknowledged is not written a second time."""
        found: Counter[int] = Counter()
        for part in self._parts:
            if (self._data / part.name).is_file():
                for segment, _, items in part.pages:
                    found[segment] += items
        lost = sum(max(0, where.counts.written - found[segment]) for segment, where in positions.items())
        if lost:
            raise Failed(
                "files-lost",
                "Files that were written are gone",
                f"{lost:,} items that were written to {self._folder} are not there any more: parts, or {PARTS}, were removed or "
                "replaced. Put them back, or begin anew in another folder.",
            )

    def write(self, page: Acknowledged, items: Sequence[Buffer]) -> Iterator[Acknowledged]:
        with _disk(self._folder):
            if self._open is None:
                path = self._data / f".part-{self._number:06d}.tmp"
                stream = _private(path, "wb")
                self._begun = time.monotonic()
                self._open = path, stream, self._form.writer(stream)
            self._open[2].add(items)
        self._pages.append(replace(page, items=()))  # its buffer need not be held until the part is closed
        self._counts.append(len(items))
        self._bytes += sum(memoryview(item).nbytes for item in items)
        if self._bytes >= self._form.most or time.monotonic() - self._begun >= OLDEST_S:
            yield from self._close()

    def finish(self) -> Iterator[Acknowledged]:
        yield from self._close()
        if not self._unfinished:
            with _disk(self._folder):
                files = [DataFile(f"data/{part.name}", part.items, part.md5) for part in self._parts if part.items]
                _replace(self._folder / FILES, write_files(files))
                told = {
                    "version": "2020-06-30",
                    "exportType": "FULL_EXPORT",
                    "outputFormat": self._form.name,
                    "itemCount": sum(part.items for part in self._parts),
                    "manifestFilesS3Key": FILES,
                }
                _replace(self._folder / SUMMARY, orjson.dumps(told) + b"\n")

    def _close(self) -> Iterator[Acknowledged]:
        if self._open is None:
            return
        path, stream, writer = self._open
        with _disk(self._folder):
            writer.close()
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
            final = self._data / f"part-{self._number:06d}{self._form.suffix}"
            pages = tuple(
                (p.segment, _text(p.position), count) for p, count in zip(self._pages, self._counts, strict=True)
            )
            part = _Part(final.name, _digest(path), pages)
            path.replace(final)
            _sync(self._data)
            with _private(self._folder / PARTS, "ab") as journal:
                journal.write(_line(part))
                journal.flush()
                os.fsync(journal.fileno())
        self._parts.append(part)
        self._number += 1
        done, self._pages, self._counts, self._bytes, self._open = self._pages, [], [], 0, None
        self._unfinished -= {page.segment for page in done if page.position is None}
        yield from done

    def _journal(self) -> list[_Part]:
        try:
            text = (self._folder / PARTS).read_bytes()
        except FileNotFoundError:
            return []
        parts = []
        for line in text.split(b"\n")[:-1]:  # a last line without its end was being written when the machine stopped
            told = orjson.loads(line)
            parts.append(_Part(told["name"], told["md5"], tuple((s, p, n) for s, p, n in told["pages"])))
        return parts

    def _write_journal(self) -> None:
        _replace(self._folder / PARTS, b"".join(map(_line, self._parts)))

    def _acknowledged(self, known: Sequence[_Part], positions: Mapping[int, Position]) -> Iterator[_Part]:
        """The parts, each without the pages behind the positions. Segments of another worker are left alone."""
        reached = {
            s for s, p in positions.items() if p.after is None and not p.done
        }  # at their beginning: nothing is kept
        for part in known:
            keep: list[bool] = []
            for segment, position, _ in part.pages:
                keep.append(segment not in reached)
                where = positions.get(segment)
                if where is not None and not where.done and position == _text(where.after):
                    reached.add(segment)
            if all(keep):
                yield part
            elif any(keep):
                yield self._cut(part, keep)

    def _cut(self, part: _Part, keep: Sequence[bool]) -> _Part:
        path = self._data / part.name
        temporary = self._data / f".{part.name}.tmp"
        with path.open("rb") as stream, _private(temporary, "wb") as out:
            items = self._form.reader(stream, part.name)
            writer = self._form.writer(out)
            for (_, _, count), kept in zip(part.pages, keep, strict=True):
                page = [next(items) for _ in range(count)]
                if kept:
                    writer.add(page)
            writer.close()
            out.flush()
            os.fsync(out.fileno())
        cut = _Part(part.name, _digest(temporary), tuple(p for p, kept in zip(part.pages, keep, strict=True) if kept))
        temporary.replace(path)
        return cut


def _text(position: bytes | None) -> str | None:
    return None if position is None else position.decode()


def _line(part: _Part) -> bytes:
    return orjson.dumps({"name": part.name, "md5": part.md5, "pages": part.pages}) + b"\n"


def _digest(path: Path) -> str:
    digest = md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return b64encode(digest.digest()).decode()


def _private(path: Path, mode: Literal["wb", "ab"]) -> BinaryIO:
    """A file that its owner alone may read: it holds a table's items, or their keys."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


def _replace(path: Path, text: bytes) -> None:
    """The file with new content, or as it was: never in between."""
    temporary = path.with_name(f".{path.name}.tmp")
    with _private(temporary, "wb") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _disk:
    """Says what the disk refused, and that nothing is lost by it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError):
            raise MustWait(
                "disk-refuses",
                "The disk does not take the files",
                f"{self._folder}: {error.strerror or error}. What was acknowledged is whole; make room (or give the right to "
                "write), and resume.",
            ) from None
