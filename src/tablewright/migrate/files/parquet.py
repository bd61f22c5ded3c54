"""Parquet: a column an attribute, typed by what a part's items hold; DynamoDB's types stand in the fields' metadata.

Numbers are int64 where all are whole and fit, decimal(38) where they fit, and else text; sets are lists; what has no one type,
and lists and maps, is DynamoDB JSON in text. A missing attribute is null, so NULL makes a column JSON.
"""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import orjson

from tablewright.errors import Failed, UsageError
from tablewright.migrate.files.columns import columns_of
from tablewright.migrate.items.numbers import canonical_number
from tablewright.migrate.items.values import ValueRefused, encode_value

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ParquetWriter", "no_parquet", "read_parquet"]

_TYPE = b"dynamodb"


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise no_parquet() from None
    return pyarrow, pyarrow.parquet


def no_parquet() -> UsageError:
    """The error where the package for Parquet is not installed."""
    return UsageError(
        "extra-missing",
        "Parquet needs a package that is not installed",
        "Parquet files are read and written with the package pyarrow.",
        "pip install 'tablewright[files]'",
    )


class ParquetWriter:
    """Gathers a part's items and writes them as one row group."""

    def __init__(self, stream: IO[bytes], compression: str) -> None:
        self._stream = stream
        self._compression = compression
        self._items: list[dict[str, Any]] = []

    def add(self, items: Sequence[Buffer]) -> None:
        self._items += [orjson.loads(memoryview(item)) for item in items]

    def close(self) -> None:
        arrow, parquet = _arrow()
        fields, arrays = [], []
        for name, kind in columns_of(self._items).items():
            array = _array(arrow, kind, [item.get(name) for item in self._items])
            fields.append(arrow.field(name, array.type, metadata={_TYPE: kind.encode()}))
            arrays.append(array)
        table = arrow.Table.from_arrays(arrays, schema=arrow.schema(fields))
        if not fields:  # rows without any column would not be counted
            table = arrow.table({})
        parquet.write_table(table, self._stream, compression=self._compression, write_page_checksum=True)


def _array(arrow: Any, kind: str, values: Sequence[Mapping[str, Any] | None]) -> Any:
    if kind == "json":
        return arrow.array(
            [None if value is None else orjson.dumps(value).decode() for value in values], arrow.string()
        )
    held = [None if value is None else value[kind] for value in values]
    match kind:
        case "S":
            return arrow.array(held, arrow.string())
        case "BOOL":
            return arrow.array(held, arrow.bool_())
        case "B":
            return arrow.array([None if each is None else b64decode(each) for each in held], arrow.binary())
        case "BS":
            return arrow.array(
                [None if each is None else [b64decode(one) for one in each] for each in held],
                arrow.list_(arrow.binary()),
            )
        case "SS":
            return arrow.array(held, arrow.list_(arrow.string()))
    numbers = [each for each in held if each is not None]
    if kind == "NS":
        kind_of, convert = _number_type(arrow, [one for each in numbers for one in each])
        return arrow.array(
            [None if each is None else [convert(one) for one in each] for each in held], arrow.list_(kind_of)
        )
    kind_of, convert = _number_type(arrow, numbers)
    return arrow.array([None if each is None else convert(each) for each in held], kind_of)


def _number_type(arrow: Any, texts: Sequence[str]) -> tuple[Any, Callable[[str], Any]]:
    """The narrowest type that holds all of the numbers exactly, and what makes a value of it."""
    plain = [canonical_number(text) for text in texts]
    whole = max((len(text.lstrip("-").partition(".")[0]) for text in plain), default=0)
    fraction = max((len(text.partition(".")[2]) for text in plain), default=0)
    if not fraction and whole <= 18:
        return arrow.int64(), lambda text: int(canonical_number(text))
    if whole + fraction <= 38:
        return arrow.decimal128(38, fraction), Decimal
    return arrow.string(), str


def read_parquet(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """The items of a file; of one that tablewright did not write, by its columns' own types. Raises Failed, UsageError."""
    arrow, parquet = _arrow()
    if not stream.seekable():
        stream = io.BytesIO(stream.read())  # its index is at its end
    try:
        file = parquet.ParquetFile(stream, page_checksum_verification=True)
        readers = [(field.name, _reader(arrow, field, name)) for field in file.schema_arrow]
        for batch in file.iter_batches(batch_size=1000):
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                item = {
                    attribute: read(cell)
                    for (attribute, read), cell in zip(readers, row, strict=True)
                    if cell is not None
                }
                yield orjson.dumps(item)
    except (arrow.ArrowException, ValueRefused, OSError) as error:
        raise Failed(
            "file-torn",
            "A file is not whole",
            f"{name} is no Parquet, torn or damaged ({type(error).__name__}: {error}).",
        ) from None


def _reader(arrow: Any, field: Any, name: str) -> Callable[[Any], Any]:
    kind = (field.metadata or {}).get(_TYPE, b"").decode()
    if kind == "json":
        return orjson.loads
    if kind in ("S", "BOOL", "SS"):
        return lambda cell: {kind: cell}
    if kind == "N":
        return lambda cell: {"N": canonical_number(str(cell))}
    if kind == "NS":
        return lambda cell: {"NS": [canonical_number(str(each)) for each in cell]}
    if kind == "B":
        return lambda cell: {"B": b64encode(cell).decode()}
    if kind == "BS":
        return lambda cell: {"BS": [b64encode(each).decode() for each in cell]}
    floating = arrow.types.is_floating(field.type)
    if floating or arrow.types.is_temporal(field.type):
        why = (
            "floats are not exact"
            if floating
            else "DynamoDB has no dates, and which text or number is meant is not said"
        )
        raise UsageError(
            "parquet-column",
            "A column's type is not one of DynamoDB's",
            f"{name}: column {field.name!r} is {field.type}. Cast it to decimal or text first: {why}.",
        )
    return encode_value
