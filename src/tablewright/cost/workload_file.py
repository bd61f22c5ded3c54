"""A workload as TOML says it. Every mistake is named with its table and key; nothing is guessed.

[tables.orders]
items = 1_000_000
item_bytes = 1200
peak = 3                       # the busiest moment as a multiple of the average

[[tables.orders.patterns]]
name = "an order by its id"
operation = "get"              # get, query, scan, put, update or delete
per_second = 40
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tablewright.errors import UsageError
from tablewright.model.workload import OPERATIONS, Pattern, TableLoad, Workload

__all__ = ["read_workload"]

_TABLE = {
    "items", "item_bytes", "entry_bytes", "entries", "backup_bytes", "stream_reads_per_second", "peak", "patterns",
    "reads_per_second", "writes_per_second", "day", "expired_per_second", "exports_per_month", "incremental_export_bytes",
    "restores_per_month",
}  # fmt: skip
_PATTERN = {
    "name", "operation", "per_second", "per_month", "item_bytes", "items", "index", "consistent", "transactional", "index_share",
}  # fmt: skip
_MONTH = Decimal(730 * 3600)


def read_workload(text: str, path: str) -> Workload:
    """The workload. Raises UsageError ``workload-malformed``."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _malformed(path, str(error)) from None
    tables = document.get("tables")
    if not isinstance(tables, dict) or set(document) != {"tables"}:
        raise _malformed(path, "it holds [tables.NAME] and nothing else")
    return Workload({name: _table(name, table, path) for name, table in tables.items()}, path)


def _table(name: str, table: Any, path: str) -> TableLoad:
    where = f"[tables.{name}]"
    _known(table, _TABLE, where, path)
    size = _whole(table, "item_bytes", where, path, 0)
    patterns = [
        _pattern(number, each, size, f"{where} pattern {number}", path)
        for number, each in enumerate(table.get("patterns", []), 1)
    ]
    for side, operation in (("reads", "get"), ("writes", "put")):
        rate = _number(table, f"{side}_per_second", where, path, Decimal(0))
        if rate:
            patterns.append(Pattern(f"{side} of single items", operation, rate, size))
    day = _day(table, where, path)
    usual_peak = max(day, default=Decimal(1))
    return TableLoad(
        items=_whole(table, "items", where, path, 0),
        item_bytes=size,
        patterns=tuple(patterns),
        entry_bytes={
            k: _whole(table["entry_bytes"], k, where, path, 0) for k in _table_of(table, "entry_bytes", where, path)
        },
        entries={k: _whole(table["entries"], k, where, path, 0) for k in _table_of(table, "entries", where, path)},
        backup_bytes=_whole(table, "backup_bytes", where, path, 0),
        stream_reads_per_second=_number(table, "stream_reads_per_second", where, path, Decimal(0)),
        peak=_number(table, "peak", where, path, usual_peak, least=Decimal(1)),
        day=day,
        expired_per_second=_number(table, "expired_per_second", where, path, Decimal(0)),
        exports_per_month=_number(table, "exports_per_month", where, path, Decimal(0)),
        incremental_export_bytes=_whole(table, "incremental_export_bytes", where, path, 0),
        restores_per_month=_number(table, "restores_per_month", where, path, Decimal(0)),
    )


def _day(table: Mapping[str, Any], where: str, path: str) -> tuple[Decimal, ...]:
    """24 numbers, made multiples of their average."""
    given = table.get("day", [])
    if not isinstance(given, list) or len(given) not in (0, 24):
        raise _malformed(path, f"{where}: day is a list of 24 numbers, one for each hour from midnight UTC")
    told = tuple(
        _number({f"day[{hour}]": each}, f"day[{hour}]", where, path, Decimal(0)) for hour, each in enumerate(given)
    )
    average = sum(told, Decimal(0)) / 24
    if told and not average:
        raise _malformed(path, f"{where}: day is 0 in each hour")
    return tuple(each / average for each in told)


def _pattern(number: int, each: Any, size: int, where: str, path: str) -> Pattern:
    _known(each, _PATTERN, where, path)
    operation = each.get("operation")
    if operation not in OPERATIONS:
        raise _malformed(path, f"{where}: operation is one of {', '.join(sorted(OPERATIONS))}, not {operation!r}")
    if ("per_second" in each) == ("per_month" in each):
        raise _malformed(path, f"{where}: give per_second or per_month")
    rate = (
        _number(each, "per_second", where, path, Decimal(0))
        if "per_second" in each
        else _number(each, "per_month", where, path, Decimal(0)) / _MONTH
    )
    bytes_ = _whole(each, "item_bytes", where, path, size)
    if not bytes_:
        raise _malformed(path, f"{where}: item_bytes is not known; give it here or for the table")
    index = each.get("index")
    if index is not None and not isinstance(index, str):
        raise _malformed(path, f"{where}: index is a name")
    for flag in ("consistent", "transactional"):
        if not isinstance(each.get(flag, False), bool):
            raise _malformed(path, f"{where}: {flag} is true or false")
    return Pattern(
        name=str(each.get("name", f"{operation} {number}")),
        operation=operation,
        per_second=rate,
        item_bytes=bytes_,
        items=_whole(each, "items", where, path, 1),
        index=index,
        consistent=each.get("consistent", False),
        transactional=each.get("transactional", False),
        index_share={
            k: _number(each["index_share"], k, where, path, Decimal(1), most=Decimal(2))
            for k in _table_of(each, "index_share", where, path)
        },
    )


def _known(given: Any, known: set[str], where: str, path: str) -> None:
    if not isinstance(given, dict):
        raise _malformed(path, f"{where} is a table")
    unknown = sorted(set(given) - known)
    if unknown:
        raise _malformed(path, f"{where}: {', '.join(unknown)} is unknown; known are {', '.join(sorted(known))}")


def _table_of(given: Mapping[str, Any], key: str, where: str, path: str) -> Mapping[str, Any]:
    found = given.get(key, {})
    if not isinstance(found, dict):
        raise _malformed(path, f"{where}: {key} is a table of indexes")
    return found


def _whole(given: Mapping[str, Any], key: str, where: str, path: str, usual: int) -> int:
    value = given.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _malformed(path, f"{where}: {key} is a whole number of at least 0, not {value!r}")
    return value


def _number(
    given: Mapping[str, Any], key: str, where: str, path: str, usual: Decimal, *, least: Decimal = Decimal(0),
    most: Decimal | None = None,
) -> Decimal:  # fmt: skip
    value = given.get(key, usual)
    try:
        if isinstance(value, (bool, str)):
            raise InvalidOperation
        told = Decimal(value)
        if not told.is_finite():
            raise InvalidOperation
    except (InvalidOperation, TypeError, ValueError):
        raise _malformed(path, f"{where}: {key} is a number, not {value!r}") from None
    if told < least or (most is not None and told > most):
        span = f"between {least} and {most}" if most is not None else f"at least {least}"
        raise _malformed(path, f"{where}: {key} is {span}, not {told}")
    return told


def _malformed(path: str, why: str) -> UsageError:
    return UsageError(
        "workload-malformed",
        "The workload is malformed",
        f"{path}: {why}. What a workload holds is told in the guide on cost.",
    )
