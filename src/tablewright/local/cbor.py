"""CBOR (RFC 8949), as much of it as Smithy RPC v2 uses: plain data, and times as tag 1."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

__all__ = ["Time", "dumps", "loads"]

_BREAK = object()


class Time(float):
    """Seconds since the epoch, to be written as a time (tag 1)."""


def dumps(value: Any) -> bytes:
    """`value` (None, bool, int, float, Time, str, bytes, list, dict with text keys) in CBOR."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _head(out: bytearray, major: int, number: int) -> None:
    for info, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32), (27, ">Q", 1 << 64)):
        if number < 24:
            out.append(major << 5 | number)
            return
        if number < limit:
            out.append(major << 5 | info)
            out += struct.pack(form, number)
            return
    raise ValueError("number too large for CBOR")


def _write(out: bytearray, value: Any) -> None:
    if value is None or isinstance(value, bool):
        out.append(0xF6 if value is None else 0xF5 if value else 0xF4)
    elif isinstance(value, float):
        if isinstance(value, Time):
            out.append(0xC1)
        out.append(0xFB)
        out += struct.pack(">d", value)
    elif isinstance(value, int):
        _head(out, 0 if value >= 0 else 1, value if value >= 0 else -1 - value)
    elif isinstance(value, bytes | str):
        data = value if isinstance(value, bytes) else value.encode()
        _head(out, 2 if isinstance(value, bytes) else 3, len(data))
        out += data
    elif isinstance(value, dict):
        _head(out, 5, len(value))
        for key, each in value.items():
            _write(out, str(key))
            _write(out, each)
    else:
        _head(out, 4, len(value))
        for each in value:
            _write(out, each)


def loads(data: bytes) -> Any:
    """The value that `data` holds; times come as datetimes. Raises ValueError for anything that isn't one CBOR item."""
    reader = _Reader(data)
    value = reader.item()
    if reader.at != len(data) or value is _BREAK:
        raise ValueError("not one CBOR item")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def _take(self, count: int) -> bytes:
        if self.at + count > len(self._data):
            raise ValueError("CBOR ends too early")
        self.at += count
        return self._data[self.at - count : self.at]

    def item(self, depth: int = 0) -> Any:
        if depth > 100:
            raise ValueError("CBOR is nested too deeply")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        if info == 31:
            return self._indefinite(major, depth)
        number = info if info < 24 else self._number(info)
        if major in (0, 1):
            return number if major == 0 else -1 - number
        if major in (2, 3):
            text = self._take(number)
            return text if major == 2 else text.decode()
        if major == 4:
            return [self.item(depth + 1) for _ in range(number)]
        if major == 5:
            return {self.item(depth + 1): self.item(depth + 1) for _ in range(number)}
        value = self.item(depth + 1)
        return datetime.fromtimestamp(value, UTC) if number == 1 else value

    def _number(self, info: int) -> int:
        if info > 27:
            raise ValueError("CBOR length is reserved")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _simple(self, info: int) -> Any:
        if info == 31:
            return _BREAK
        if info in (25, 26, 27):
            form, size = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}[info]
            return struct.unpack(form, self._take(size))[0]
        simple = {20: False, 21: True, 22: None, 23: None}
        if info not in simple:
            raise ValueError("CBOR simple value is unknown")
        return simple[info]

    def _indefinite(self, major: int, depth: int) -> Any:
        items: list[Any] = []
        while (value := self.item(depth + 1)) is not _BREAK:
            items.append(value)
        if major == 5:
            return dict(zip(items[::2], items[1::2], strict=True))
        if major == 4:
            return items
        if major in (2, 3):
            return (b"" if major == 2 else "").join(items)
        raise ValueError("CBOR item cannot be of indefinite length")
