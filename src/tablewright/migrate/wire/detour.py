"""The way round: requests through botocore's own HTTP client, in a few threads, for what this client leaves alone."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from tablewright.errors import TablewrightError
from tablewright.migrate.wire.loop import Loop
from tablewright.ports import DataPlane, HttpAnswer

__all__ = ["Detour"]

_THREADS = 12


class Detour:
    """``returned(request, status, date, body, lost)`` is called in the loop's thread."""

    def __init__(self, loop: Loop, plane: DataPlane, returned: Callable[[object, int, str, bytes, str], None]) -> None:
        self._loop = loop
        self._plane = plane
        self._returned = returned
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tablewright-detour")
        self._done: deque[tuple[object, Future[HttpAnswer]]] = deque()
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._readable, False)
        loop.listen(self._readable, self._collect)

    def send(self, operation: str, body: bytes, request: object) -> None:
        """Begin a request."""
        future = self._threads.submit(self._plane.call, operation, body)
        future.add_done_callback(lambda done: self._wake(request, done))

    def close(self) -> None:
        """Wait for what is on its way, and let go of the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._loop.forget(self._readable)
        os.close(self._readable)
        os.close(self._writable)

    def _wake(self, request: object, done: Future[HttpAnswer]) -> None:
        self._done.append((request, done))
        os.write(self._writable, b"!")

    def _collect(self, _mask: int) -> None:
        os.read(self._readable, 65_536)
        trouble: TablewrightError | None = None
        while self._done:
            request, future = self._done.popleft()
            try:
                answer = future.result()
            except TablewrightError as error:
                if error.code.startswith(("credentials", "no-credentials", "role", "mfa")):
                    trouble = error
                self._returned(request, 0, "", b"", str(error))
            else:
                self._returned(request, answer.status, answer.headers.get("date", ""), answer.body, "")
        if trouble is not None:
            raise trouble
