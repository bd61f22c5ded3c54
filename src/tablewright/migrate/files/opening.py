"""A job's ``Files`` as a source or a sink of pages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import orjson

from tablewright.errors import Refused, UsageError
from tablewright.migrate.files.compression import SUFFIXES, no_zstd
from tablewright.migrate.files.csv_text import SIDECAR, CsvWriter, read_csv
from tablewright.migrate.files.json_lines import JsonWriter, read_json
from tablewright.migrate.files.parquet import ParquetWriter, no_parquet, read_parquet
from tablewright.migrate.files.sink import FileSink, Format
from tablewright.migrate.files.source import FileSource, Reader, listed
from tablewright.migrate.files.store import Folder, ObjectReader, Prefix, Store
from tablewright.migrate.job import Files

__all__ = ["FORMATS", "need_packages", "open_file_sink", "open_file_source"]

FORMATS = ("json", "parquet", "csv")
_SUFFIXES = {
    "json": (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".json.zst", ".jsonl.zst"),
    "csv": (".csv", ".csv.gz", ".csv.zst"),
    "parquet": (".parquet",),
}


def need_packages(files: Files) -> None:
    """Raise UsageError where what reads and writes such files is not installed: before a page is read, not at the first part."""
    if files.format == "parquet" and find_spec("pyarrow") is None:
        raise no_parquet()
    if files.format != "parquet" and files.compression == "zstd" and find_spec("zstandard") is None:
        raise no_zstd()


def open_file_source(files: Files, objects: ObjectReader | None = None) -> FileSource:
    """The files as a source; ``objects`` reads S3. Raises UsageError where there are none, or none of that format."""
    _check(files)
    store: Store
    if files.path.startswith("s3://"):
        if objects is None:
            raise UsageError("s3-unavailable", "S3 cannot be read", f"{files.path}: the account was opened without S3.")
        store = Prefix(files.path, objects)
    else:
        store = Folder(files.path)
    found, expected = listed(store, _SUFFIXES[files.format])
    other = next((file.name for file in found if not file.name.endswith(_SUFFIXES[files.format])), None)
    if other is not None:
        raise UsageError(
            "files-format", "The files have another format", f"{other} in {store.place} is not {files.format}."
        )
    return FileSource(store, found, _reader(files.format, store), expected)


def open_file_sink(files: Files) -> FileSink:
    """The folder as a sink. Raises UsageError, and Refused for S3, into which nothing is written."""
    _check(files)
    if files.path.startswith("s3://"):
        raise Refused(
            "s3-not-written",
            "Files are not written to S3",
            f"{files.path}: write to a folder, and upload that with the AWS CLI; what is half written has no place in a bucket.",
            "aws s3 sync FOLDER s3://BUCKET/PREFIX",
        )
    kind = files.compression
    writers = {
        "json": Format(
            "DYNAMODB_JSON",
            f".json{SUFFIXES[kind]}",
            lambda out: JsonWriter(out, kind),
            _reader("json", None),
            64 << 20,
        ),
        "csv": Format(
            "tablewright/csv", f".csv{SUFFIXES[kind]}", lambda out: CsvWriter(out, kind), _reader("csv", None), 8 << 20
        ),
        "parquet": Format(
            "tablewright/parquet", ".parquet", lambda out: ParquetWriter(out, kind), _reader("parquet", None), 8 << 20
        ),
    }
    return FileSink(Path(files.path), writers[files.format])


def _reader(form: str, store: Store | None) -> Reader:
    if form == "json":
        return read_json
    if form == "parquet":
        return read_parquet
    return read_csv if store is None else partial(_read_csv_beside, store)


def _read_csv_beside(store: Store, stream: IO[bytes], name: str) -> Iterator[bytes]:
    """A CSV file, whose columns a ``schema.json`` beside it may type."""
    beside = f"{name.rpartition('/')[0]}/{SIDECAR}".lstrip("/")
    sidecar = None
    if beside in store.names():
        with store.open(beside) as text:
            try:
                sidecar = {str(column): str(kind) for column, kind in orjson.loads(text.read())["columns"].items()}
            except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
                raise UsageError(
                    "csv-schema",
                    "The CSV's schema cannot be read",
                    f'{store.place}: {beside} must read {{"columns": {{"id": "S", "count": "N"}}}}.',
                ) from None
    return read_csv(stream, name, sidecar)


def _check(files: Files) -> None:
    if files.format not in FORMATS or files.compression not in SUFFIXES:
        raise UsageError(
            "files-format",
            "That is no format",
            f"{files.format} with {files.compression}: formats are {', '.join(FORMATS)}; compressions are {', '.join(SUFFIXES)}.",
        )
