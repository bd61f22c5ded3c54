"""Reading items out of files, page by page: where a segment goes on is a file's name and how many of its items were read."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from hashlib import md5
from itertools import islice
from typing import IO

import orjson

from tablewright.errors import Failed, UsageError
from tablewright.migrate.engine.values import SourcePage
from tablewright.migrate.files.manifest import FILES, SUMMARY, DataFile, read_files, read_summary
from tablewright.migrate.files.store import Store

__all__ = ["FileSource", "listed"]

_MOST_SEGMENTS = 8
_PAGE_ITEMS, _PAGE_BYTES = 1024, 1 << 20

Reader = Callable[[IO[bytes], str], Iterator[bytes]]


class FileSource:
    """Files as a source. Segment s of n reads every n-th file, from the s-th on.

    ``expected``: how many items there are, if a manifest says so. Raises Failed for a file that is torn, damaged or missing, or
    that holds another number of items than the manifest says.
    """

    def __init__(self, store: Store, files: Sequence[DataFile], reader: Reader, expected: int | None = None) -> None:
        self._store, self._files, self._reader = store, tuple(files), reader
        self.expected = expected
        self._open: dict[int, tuple[bytes | None, Iterator[bytes], int, int]] = {}

    @property
    def segments(self) -> int:
        return max(1, min(_MOST_SEGMENTS, len(self._files)))

    def read(self, segment: int, after: bytes | None) -> SourcePage:
        at, items, index, count = self._open.pop(segment, (None, iter(()), -1, 0))
        if index < 0 or at != after:
            items, index, count = self._seek(segment, after)
        page: list[bytes] = []
        size = 0
        for item in items:
            page.append(item)
            size += len(item)
            if len(page) >= _PAGE_ITEMS or size >= _PAGE_BYTES:
                break
        else:
            self._check_count(index, count + len(page))
            index, count = index + self.segments, 0
            if index >= len(self._files):
                return SourcePage(segment, page, None, size)
            position = _position(self._files[index].name, 0)
            self._open[segment] = position, self._items(index), index, 0
            return SourcePage(segment, page, position, size)
        position = _position(self._files[index].name, count + len(page))
        self._open[segment] = position, items, index, count + len(page)
        return SourcePage(segment, page, position, size)

    def _seek(self, segment: int, after: bytes | None) -> tuple[Iterator[bytes], int, int]:
        if after is None:
            return (self._items(segment), segment, 0) if segment < len(self._files) else (iter(()), segment, 0)
        told = orjson.loads(after)
        index = next((i for i, file in enumerate(self._files) if file.name == told["file"]), None)
        if index is None:
            raise Failed(
                "files-changed",
                "The files are not those of before",
                f"The copy goes on in {told['file']}, which is not in {self._store.place} any more. Put it back, or begin anew.",
            )
        items = self._items(index)
        skipped = sum(1 for _ in islice(items, told["items"]))
        if skipped < told["items"]:
            raise Failed(
                "files-changed",
                "The files are not those of before",
                f"{told['file']} holds {skipped:,} items, and {told['items']:,} of it were copied before.",
            )
        return items, index, skipped

    def _items(self, index: int) -> Iterator[bytes]:
        file = self._files[index]
        if file.md5 is not None and self._store.local:  # read twice only here; in S3, gzip's own checksum must do
            with self._store.open(file.name) as stream:
                digest = md5(usedforsecurity=False)
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
            if b64encode(digest.digest()).decode() != file.md5:
                raise Failed(
                    "file-checksum",
                    "A file is not what the manifest says",
                    f"{file.name} has another MD5 checksum than {FILES} says: it was changed or damaged on its way. Nothing "
                    "of it was copied; fetch it again, and resume.",
                )
        with self._store.open(file.name) as stream:
            yield from self._reader(stream, file.name)

    def _check_count(self, index: int, found: int) -> None:
        if index >= len(self._files):
            return
        file = self._files[index]
        if file.items is not None and file.items != found:
            raise Failed(
                "file-count",
                "A file does not hold what the manifest says",
                f"{file.name} holds {found:,} items, and {FILES} says {file.items:,}: it was cut off or changed.",
            )


def _position(name: str, items: int) -> bytes:
    return orjson.dumps({"file": name, "items": items})


def listed(store: Store, suffixes: Sequence[str]) -> tuple[tuple[DataFile, ...], int | None]:
    """The data files of a place, by its manifest or else by their names, and how many items they hold, if that is known."""
    names = store.names()
    manifests = [name for name in names if name.rsplit("/", 1)[-1] == FILES]
    if len(manifests) > 1:
        raise UsageError(
            "several-exports",
            "There are several exports",
            f"{store.place} holds {len(manifests)}: {', '.join(m.rpartition('/')[0] or '.' for m in manifests[:5])}. "
            "Name one of them.",
        )
    if manifests:
        return _exported(store, names, manifests[0])
    files = [
        name
        for name in names
        if name.endswith(tuple(suffixes)) and name.rsplit("/", 1)[-1] not in ("schema.json", SUMMARY)
    ]
    if not files:
        raise UsageError(
            "files-missing",
            "There are no such files",
            f"{store.place} holds no file whose name ends in {', '.join(suffixes)}.",
        )
    return tuple(DataFile(name) for name in files), None


def _exported(store: Store, names: Sequence[str], manifest: str) -> tuple[tuple[DataFile, ...], int | None]:
    folder = manifest[: -len(FILES)]
    expected = None
    if folder + SUMMARY in names:
        with store.open(folder + SUMMARY) as stream:
            expected = read_summary(stream.read(), f"{store.place}/{folder}{SUMMARY}")
    with store.open(manifest) as stream:
        told = read_files(stream.read(), f"{store.place}/{manifest}")
    files = []
    for file in told:
        here = f"{folder}data/{file.name.rsplit('/', 1)[-1]}"
        if here not in names:
            raise UsageError(
                "export-incomplete",
                "A file of the export is missing",
                f"{store.place}/{manifest} names {file.name}, and there is no {here}. Fetch the whole export, and try again.",
            )
        files.append(DataFile(here, file.items, file.md5))
    counts = [file.items for file in files if file.items is not None]
    if expected is not None and len(counts) == len(files) and sum(counts) != expected:
        raise UsageError(
            "export-incomplete",
            "The export's two manifests do not agree",
            f"{store.place}/{manifest} names files of {sum(counts):,} items, and {SUMMARY} says {expected:,}: one of them was "
            "cut off or changed. Fetch the whole export, and try again.",
        )
    return tuple(files), expected
