"""Requests that done twice are not the same as done once: sent a single time, and what came of a lost answer is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    SSLError,
)

from tablewright.errors import TablewrightError

__all__ = ["found_after_all", "may_be_done", "sent"]

_Found = TypeVar("_Found")

_THROTTLED_ATTEMPTS = 6
_LOST = ("aws-unavailable", "endpoint-answers-strangely", "endpoint-silent", "endpoint-unreachable")
"""Errors after which a request may have been performed."""
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
_LOOKS_S = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Waits before each look for what a request may have made: lists and descriptions follow within seconds."""


def sent(request: Callable[[], _Found]) -> _Found:
    """Its answer. Sent again only where it was surely not performed: throttled."""
    for attempt in _attempts():
        try:
            return request()
        except TablewrightError as error:
            if error.code != "throttled" or attempt == _THROTTLED_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def may_be_done(error: TablewrightError) -> bool:
    """Whether the request may have been performed all the same."""
    return error.code in _LOST and not isinstance(error.__cause__, _NEVER_SENT)


def found_after_all(look: Callable[[], _Found | None]) -> _Found | None:
    """What the request made, looked for over some seconds; None where it is not seen, or where looking fails as well."""
    for wait in _LOOKS_S:
        time.sleep(wait)
        try:
            found = look()
        except TablewrightError:
            continue
        if found is not None:
            return found
    return None


def _attempts() -> Iterator[int]:
    for attempt in range(_THROTTLED_ATTEMPTS):
        if attempt:
            time.sleep(0.1 * 2**attempt)
        yield attempt
