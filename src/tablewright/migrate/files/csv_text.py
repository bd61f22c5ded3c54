"""CSV with typed columns: ``id:S,count:N,open:BOOL,blob:B``.

An empty cell is a missing attribute, ``\\N`` is NULL, ``\\E`` the empty string; text that begins with a backslash gets another.
Sets, lists, maps and attributes of several types are refused: a cell cannot hold them without losing something.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import orjson

from tablewright.errors import Failed, UsageError
from tablewright.migrate.files.columns import SCALARS, columns_of
from tablewright.migrate.files.compression import chunks, compressed
from tablewright.migrate.items.values import ValueRefused, check_value

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["SIDECAR", "CsvWriter", "read_csv"]

SIDECAR = "schema.json"
"""Beside files without typed columns: ``{"columns": {"id": "S", "count": "N"}}``."""

csv.field_size_limit(1 << 20)  # an attribute may have 400 KB, and base64 is longer
_NULL, _EMPTY = "\\N", "\\E"


def read_csv(stream: IO[bytes], name: str, sidecar: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """The items of a file, whose columns are typed in its header or by the sidecar. Raises UsageError, Failed."""
    text = io.TextIOWrapper(io.BufferedReader(_Pull(chunks(stream, name))), encoding="utf-8-sig", newline="")
    try:
        rows = csv.reader(text, strict=True)
        header = next(rows, None)
        if header is None:
            return
        columns = [_column(cell, name, sidecar) for cell in header]
        for row in rows:
            if len(row) != len(columns):
                if not row:
                    continue
                raise _bad(name, rows.line_num, f"it has {len(row)} cells, and the header {len(columns)}")
            item = {}
            for (attribute, kind), cell in zip(columns, row, strict=True):
                if cell:
                    item[attribute] = _value(kind, cell, attribute, name, rows.line_num)
            yield orjson.dumps(item)
    except csv.Error as error:
        raise _bad(name, 0, str(error)) from None
    except UnicodeDecodeError as error:
        raise _bad(name, 0, f"it is not UTF-8 ({error.reason} at byte {error.start})") from None


class _Pull(io.RawIOBase):
    """A stream of what an iterator yields."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if not self._rest:
            self._rest = next(self._source, b"")
        count = min(len(into), len(self._rest))
        into[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _column(cell: str, name: str, sidecar: Mapping[str, str] | None) -> tuple[str, str]:
    attribute, _, kind = cell.rpartition(":")
    if attribute and kind in SCALARS:
        return attribute, kind
    if sidecar is not None and cell in sidecar and sidecar[cell] in SCALARS:
        return cell, sidecar[cell]
    raise UsageError(
        "csv-untyped",
        "A column's type is not known",
        f"{name}: column {cell!r}. Name it {cell}:S (or N, B, BOOL) in the header, or put a {SIDECAR} beside the file: "
        f'{{"columns": {{"{cell}": "S"}}}}. Taken for a string, a number would change its type unseen.',
    )


def _value(kind: str, cell: str, attribute: str, name: str, line: int) -> dict[str, Any]:
    if cell == _NULL:
        return {"NULL": True}
    value: dict[str, Any]
    match kind:
        case "S":
            value = {"S": "" if cell == _EMPTY else cell[1:] if cell[:2] == "\\\\" else cell}
        case "BOOL":
            value = {"BOOL": {"true": True, "false": False}.get(cell.lower())}
        case "B":
            value = {"B": "" if cell == _EMPTY else cell}
        case _:
            value = {"N": cell.strip()}
    try:
        check_value(value)
    except ValueRefused:
        raise _bad(name, line, f"column {attribute} is {kind}, and the cell cannot be read as that") from None
    return value


def _bad(name: str, line: int, why: str) -> Failed:
    at = f"{name}, line {line}" if line else name
    return Failed("file-line", "A file holds a line that is no item", f"{at}: {why}.")


class CsvWriter:
    """Gathers a part's items and writes them under one header."""

    def __init__(self, stream: IO[bytes], compression: str) -> None:
        self._out = compressed(stream, compression)
        self._items: list[dict[str, Any]] = []

    def add(self, items: Sequence[Buffer]) -> None:
        self._items += [orjson.loads(memoryview(item)) for item in items]

    def close(self) -> None:
        columns = columns_of(
            [{name: value for name, value in item.items() if "NULL" not in value} for item in self._items]
        )
        for item in self._items:
            for name in item:
                columns.setdefault(name, "S")  # NULL in all of them
        refused = next((name for name, kind in columns.items() if kind not in SCALARS), None)
        if refused is not None:
            raise _cannot_hold(refused, self._items)
        text = io.StringIO(newline="")
        writer = csv.writer(text)  # ends lines with CR LF, and so quotes cells with either
        writer.writerow([f"{name}:{kind}" for name, kind in columns.items()])
        for item in self._items:
            writer.writerow([_cell(item.get(name)) for name in columns])
        self._out.write(text.getvalue().encode())
        self._out.close()


def _cell(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return ""
    ((kind, held),) = value.items()
    if kind == "NULL":
        return _NULL
    if kind == "BOOL":
        return "true" if held else "false"
    if held == "":
        return _EMPTY
    return "\\" + held if kind == "S" and held.startswith("\\") else str(held)


def _cannot_hold(name: str, items: Sequence[Mapping[str, Any]]) -> Failed:
    kinds = sorted({kind for item in items if name in item for kind in item[name]})
    return Failed(
        "csv-cannot-hold",
        "CSV cannot hold these items",
        f"Attribute {name!r} is {', '.join(kinds)}; a CSV column holds strings, numbers, binary or Booleans, one type each. "
        "Nothing of this part was written. Write DynamoDB JSON or Parquet, or drop or retype the attribute by a transform.",
    )
