"""HTTP/1.1 answers, as far as a DynamoDB endpoint needs them: the head, how the body is framed, chunked bodies. Pure.

Whatever is not plainly one of the known shapes is ``Odd``, and left to botocore's HTTP client.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Chunks", "Head", "Odd", "parse_head"]

MOST_HEAD = 64 << 10
MOST_BODY = 1 << 28


class Odd(Exception):
    """An answer that this client does not understand; the text says what was odd about it."""


class Head(NamedTuple):
    """What matters of an answer's head.

    ``length``: of the body; None where it is not said. ``crc``: x-amz-crc32 as it was sent, None without. ``date``: the
    server's Date, "" without. ``close``: the connection ends with this answer.
    """

    status: int
    length: int | None
    chunked: bool
    close: bool
    crc: int | None
    date: str


_WANTED = re.compile(
    rb"\r\n(content-length|x-amz-crc32|connection|transfer-encoding|content-encoding|date):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n|$)",
    re.IGNORECASE,
)
_STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: [^\r\n]*)?(?=\r\n|$)")


_USUAL = re.compile(
    rb"HTTP/1\.1 200 OK\r\n(?:Server: [^\r\n]*\r\n)?(?:Date: [^\r\n]*\r\n)?Content-Type: application/x-amz-json-1.0\r\n"
    rb"Content-Length: (\d+)\r\nConnection: keep-alive\r\nx-amzn-RequestId: \w*\r\nx-amz-crc32: (\d+)"
)
"""A success as DynamoDB sends it: recognised whole, which is quicker than looking at each header."""


def parse_head(head: bytes) -> Head:
    """The head of an answer, without the empty line that ends it. Raises Odd."""
    usual = _USUAL.fullmatch(head)
    if usual is not None:
        length, crc = usual.groups()
        return Head(200, int(length), False, False, int(crc), "")
    return _parse_any(head)


def _parse_any(head: bytes) -> Head:
    status = _STATUS.match(head)
    if status is None:
        raise Odd("the answer does not begin as HTTP does")
    length: int | None = None
    crc: int | None = None
    chunked = False
    close = status[1] == b"0"
    date = ""
    for name, value in _WANTED.findall(head):
        name = name.lower()
        if name == b"content-length":
            if not value.isdigit() or (length is not None and length != int(value)):
                raise Odd("its Content-Length cannot be read")
            length = int(value)
        elif name == b"x-amz-crc32":
            crc = int(value) if value.isdigit() else -1
        elif name == b"date":
            date = value.decode("latin-1")
        elif name == b"connection":
            said = value.lower()
            close = said == b"close" or (close and said != b"keep-alive")
        elif name == b"transfer-encoding":
            if value.lower() != b"chunked":
                raise Odd("its Transfer-Encoding is unknown")
            chunked = True
        elif value.lower() != b"identity":
            raise Odd("its body is encoded, which was not asked for")
    if chunked and length is not None:
        raise Odd("it is chunked and has a Content-Length as well")
    if length is not None and length > MOST_BODY:
        raise Odd("it is larger than any answer of DynamoDB")
    return Head(int(status[2]), length, chunked, close, crc, date)


class Chunks:
    """Takes a chunked body apart as its bytes come. Raises Odd for what is malformed."""

    __slots__ = ("_body", "_left", "_pending", "_state")

    def __init__(self) -> None:
        self._body = bytearray()
        self._pending = b""
        self._left = 0
        self._state = "size"

    def feed(self, data: bytes) -> bytes | None:
        """The whole body once it has ended, None before."""
        data = self._pending + data
        self._pending = b""
        while True:
            if self._state == "data":
                take = data[: self._left]
                self._body += take
                self._left -= len(take)
                data = data[len(take) :]
                if self._left:
                    return None
                self._state = "end"
            line, found, rest = data.partition(b"\r\n")
            if not found:
                if len(data) > MOST_HEAD:
                    raise Odd("a line of its chunked body does not end")
                self._pending = data
                return None
            data = rest
            if self._state == "end":
                if line:
                    raise Odd("a chunk is longer than it said")
                self._state = "size"
            elif self._state == "trailer":
                if not line:
                    if data:
                        raise Odd("more came than the answer")
                    return bytes(self._body)
            else:
                self._begin(line)

    def _begin(self, line: bytes) -> None:
        digits = line.partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", digits):
            raise Odd("a chunk's size cannot be read")
        self._left = int(digits, 16)
        if self._left + len(self._body) > MOST_BODY:
            raise Odd("it is larger than any answer of DynamoDB")
        self._state = "data" if self._left else "trailer"
