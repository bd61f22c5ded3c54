"""DynamoDB JSON, a line an item: ``{"Item":{"name":{"S":"value"}}}``, as S3 exports have it and S3 imports take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

import msgspec
import orjson
from msgspec import Raw

from tablewright.errors import Failed
from tablewright.migrate.files.compression import chunks, compressed

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["JsonWriter", "read_json"]


class _Line(msgspec.Struct):
    Item: Raw = Raw(b"")
    Keys: Raw = Raw(b"")


_line = msgspec.json.Decoder(_Line).decode


def read_json(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """The items of a file. What stands beside ``Item`` in a line (a dead letter's reason) is passed over.

    A line without ``Item`` is an item itself. Raises Failed for a line that is neither, and for a torn file.
    """
    rest = b""
    number = 0
    for chunk in chunks(stream, name):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            number += 1
            if line and not line.isspace():
                yield _item(line, name, number)
    if rest and not rest.isspace():
        yield _item(rest, name, number + 1)


def _item(line: bytes, name: str, number: int) -> bytes:
    try:
        found = _line(line)
    except msgspec.DecodeError as error:
        raise Failed(
            "file-line",
            "A file holds a line that is no item",
            f"{name}, line {number} is no JSON object ({error}). Each line is an item in DynamoDB's JSON, alone or as "
            '{"Item": ...}.',
        ) from None
    if item := bytes(found.Item):
        return item
    if bytes(found.Keys):
        raise Failed(
            "export-incremental",
            "The export holds changes, not items",
            f"{name}, line {number} is a change (Keys, NewImage): a full export is read.",
        )
    return line


class JsonWriter:
    """Writes items as they come; they stay the bytes that they are."""

    def __init__(self, stream: IO[bytes], compression: str) -> None:
        self._out = compressed(stream, compression)

    def add(self, items: Sequence[Buffer]) -> None:
        if items:
            lines = [b'{"Item":' + _one_line(bytes(item)) + b"}\n" for item in items]
            self._out.write(b"".join(lines))

    def close(self) -> None:
        self._out.close()


def _one_line(item: bytes) -> bytes:
    return orjson.dumps(orjson.loads(item)) if b"\n" in item or b"\r" in item else item
