"""Series as files for a notebook: a row for each data point, with the metric's dimensions in columns of their own."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from tablewright.errors import UsageError
from tablewright.model.metrics import METRICS
from tablewright.model.series import Series

__all__ = ["COLUMNS", "write_csv", "write_parquet"]

COLUMNS = ("time", "table", "index", "operation", "metric", "statistic", "period_s", "unit", "value")


def write_csv(series: Sequence[Series], path: Path) -> int:
    """Write all data points, the whole file at once; returns how many. Raises OSError."""
    count = 0
    with _whole(path) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for row in _rows(series):
            rows.writerow((row[0].isoformat().replace("+00:00", "Z"), *row[1:]))
            count += 1
    return count


def write_parquet(series: Sequence[Series], path: Path) -> int:
    """Write all data points as Parquet; returns how many. Raises OSError, UsageError ``no-parquet`` without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(
            "no-parquet",
            "Parquet cannot be written here",
            "It needs pyarrow, which comes with the extra: pip install 'tablewright[files]'. CSV needs nothing.",
        ) from None
    rows = list(_rows(series))
    kinds = [pa.timestamp("s", tz="UTC"), *[pa.string()] * 5, pa.int32(), pa.string(), pa.float64()]
    schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    table = pa.table([pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], schema=schema)
    with _whole(path) as file:
        pq.write_table(table, file, compression="zstd")
    return len(rows)


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file beside it, under a name that nobody can have laid a link at, which takes its place when all is written."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _rows(
    series: Sequence[Series],
) -> Iterator[tuple[datetime, str | None, str | None, str | None, str, str, int, str, float]]:
    for each in series:
        metric, statistic = each.id.metric, each.id.statistic
        unit = "Count" if statistic == "SampleCount" else METRICS[metric.name].unit if metric.name in METRICS else ""
        head = (metric.table, metric.index, metric.operation, metric.name, statistic, each.period, unit)
        for at, value in zip(each.times, each.values, strict=True):
            yield (datetime.fromtimestamp(at, UTC), *head, value)
