"""Where files are: a folder of this machine, or a prefix of a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

from tablewright.errors import UsageError

__all__ = ["Folder", "ObjectReader", "Prefix", "Store", "split_url"]


class Store(Protocol):
    """Files by their names, which are paths below one place."""

    @property
    def place(self) -> str: ...

    @property
    def local(self) -> bool:
        """Whether a file may be read twice at little cost."""
        ...

    def names(self) -> Sequence[str]:
        """Every file there is, sorted."""
        ...

    def open(self, name: str) -> IO[bytes]: ...


class ObjectReader(Protocol):
    """What S3 is asked for; ``ports.Objects`` has it."""

    def keys(self, bucket: str, prefix: str) -> Sequence[str]: ...

    def open(self, bucket: str, key: str) -> IO[bytes]: ...


class Folder:
    """A folder, or one file."""

    local = True

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        if not self._path.exists():
            raise UsageError("files-missing", "There are no such files", f"{path} does not exist.")
        self._root = self._path if self._path.is_dir() else self._path.parent

    @property
    def place(self) -> str:
        return str(self._path)

    def names(self) -> Sequence[str]:
        if not self._path.is_dir():
            return [self._path.name]
        found = (file for file in self._path.rglob("*") if file.is_file() and not file.name.startswith("."))
        return sorted(file.relative_to(self._root).as_posix() for file in found)

    def open(self, name: str) -> IO[bytes]:
        try:
            return (self._root / name).open("rb")
        except OSError as error:
            raise UsageError(
                "files-missing", "A file cannot be read", f"{self._root / name}: {error.strerror}."
            ) from None


class Prefix:
    """Everything below a prefix of a bucket, or one object."""

    local = False

    def __init__(self, url: str, objects: ObjectReader) -> None:
        self._url = url
        self._bucket, prefix = split_url(url)
        self._objects = objects
        folder, _, last = prefix.rpartition("/")
        self._only = prefix if "." in last else None  # one object, by its suffix
        root = folder if self._only else prefix.rstrip("/")
        self._prefix = f"{root}/" if root else ""

    @property
    def place(self) -> str:
        return self._url

    def names(self) -> Sequence[str]:
        keys = self._objects.keys(self._bucket, self._only or self._prefix)
        return sorted(key.removeprefix(self._prefix) for key in keys if not key.endswith("/"))

    def open(self, name: str) -> IO[bytes]:
        return self._objects.open(self._bucket, self._prefix + name)


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key of an ``s3://`` URL."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise UsageError("s3-url", "That is no place in S3", f"{url!r}: write s3://bucket/prefix.")
    return bucket, key
