"""Signature Version 4 for DynamoDB's one path, with everything that does not change kept ready for a second.

Source: AWS documentation, "Create a signed AWS API request" (IAM User Guide). Held against botocore's own signer by test.
"""

from __future__ import annotations

import hmac
import time
from binascii import b2a_hex
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tablewright.ports import DataPlane, SigningKeys

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Signer"]

_SERVICE = "dynamodb"
_TARGET = "DynamoDB_20120810."
_CONTENT_TYPE = "application/x-amz-json-1.0"

_Ready = dict[str, tuple[bytes, bytes]]
_Hashed = tuple["_Hash", "_Hash"]
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


class Signer:
    """Heads of signed requests. ``wall`` is the clock in seconds since 1970; ``skew`` is what the server's is ahead of it."""

    def __init__(self, plane: DataPlane, wall: Callable[[], float] = time.time) -> None:
        self._plane = plane
        self._wall = wall
        self._host = urlsplit(plane.url).netloc
        self._region = plane.region
        self.skew = 0.0
        self._derived: tuple[tuple[SigningKeys, str], bytes] | None = None
        # One tuple, swapped whole: until when it is good, how each operation begins, the string to sign, the hashed key.
        self._now: tuple[float, _Ready, bytes, _Hashed, SigningKeys | None] = (0.0, {}, b"", _hashed(b""), None)

    @property
    def manner(self) -> tuple[SigningKeys | None, float]:
        """With what requests are signed at the moment: credentials, and how far ahead the server's clock is."""
        return self._now[4], self.skew

    def head(self, operation: str, body: bytes) -> bytes:
        """The head of a request, its empty line included. Raises what finding credentials raises."""
        now = self._wall()
        if not self._now[0] - 2.0 < now < self._now[0]:  # past it, or the clock was set back
            self._turn(now)
        _, ready, begin, hashed, keys = self._now
        found = ready.get(operation)
        if found is None:
            assert keys is not None
            found = ready[operation] = self._prepare(operation, begin, keys)
        sent, canonical = found
        # HMAC by hand from the key's two hashes, which are copied: making them anew costs more than all the rest.
        inner, outer = hashed[0].copy(), hashed[1].copy()
        inner.update(begin + b2a_hex(sha256(canonical + b2a_hex(sha256(body).digest())).digest()))
        outer.update(inner.digest())
        return b"%b%b\r\ncontent-length: %d\r\n\r\n" % (sent, b2a_hex(outer.digest()), len(body))

    def renew(self) -> bool:
        """Look for other credentials than those last used; whether there are."""
        before = self._now[4]
        after = self._plane.keys(renew=True)
        self._now = (0.0, {}, b"", _hashed(b""), after)
        return after != before

    def learn(self, date: str) -> bool:
        """Take the server's Date for the right time; whether that changes anything."""
        try:
            ahead = parsedate_to_datetime(date).timestamp() - self._wall()
        except (ValueError, TypeError):
            return False
        changed = abs(ahead - self.skew) > 5
        self.skew = ahead
        self._now = (0.0, {}, b"", _hashed(b""), self._now[4])
        return changed

    def _turn(self, now: float) -> None:
        """Begin a new second: the time of signing, and the credentials of now."""
        keys = self._plane.keys()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + self.skew))
        scope = f"{stamp[:8]}/{self._region}/{_SERVICE}/aws4_request"
        begin = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n".encode()
        self._now = (now + 1.0, {}, begin, _hashed(self._key(keys, stamp[:8])), keys)

    def _key(self, keys: SigningKeys, day: str) -> bytes:
        if self._derived is None or self._derived[0] != (keys, day):
            key = f"AWS4{keys.secret_key}".encode()
            for part in (day, self._region, _SERVICE, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = ((keys, day), key)
        return self._derived[1]

    def _prepare(self, operation: str, begin: bytes, keys: SigningKeys) -> tuple[bytes, bytes]:
        _, stamp, scope, _ = begin.decode().split("\n")
        headers = {"host": self._host, "x-amz-date": stamp}
        if keys.token:
            headers["x-amz-security-token"] = keys.token
        headers["x-amz-target"] = _TARGET + operation
        names = ";".join(headers)
        listed = "".join(f"{name}:{value}\n" for name, value in headers.items())
        sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        credential = f"Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature="
        return (
            f"POST / HTTP/1.1\r\n{sent}content-type: {_CONTENT_TYPE}\r\n"
            f"user-agent: tablewright\r\nauthorization: AWS4-HMAC-SHA256 {credential}".encode(),
            f"POST\n/\n\n{listed}\n{names}\n".encode(),
        )


def _hashed(key: bytes) -> _Hashed:
    """The two hashes that an HMAC with this key begins with (RFC 2104; a key of at most 64 bytes)."""
    block = key.ljust(64, b"\0")
    return sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))
