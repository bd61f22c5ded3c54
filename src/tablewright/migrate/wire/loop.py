"""The one thread's selector, its clocks and its chance: what the rest of the data path is handed."""

from __future__ import annotations

import random
import selectors
import time
from collections.abc import Callable

from tablewright.migrate.wire.connection import Connection

__all__ = ["Loop"]

_SWEEP_S = 0.5
_AWAY_S = 0.1


class Loop:
    """Waits for sockets, and lets each one's connection go on. ``waker`` sockets are read by a callback instead."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sweepers: list[Callable[[float], None]] = []
        self._swept = 0.0
        self._left: float | None = None
        self._away = 0.0
        self.now = time.monotonic
        self.draw = random.random

    def watch(self, connection: Connection, mask: int) -> None:
        """Wake the connection when its socket may be read (1) or written (2); 0: forget it."""
        before = connection.mask
        if mask == before:
            return
        connection.mask = mask
        if not before:
            self._selector.register(connection.sock, mask, connection.ready)
        elif mask:
            self._selector.modify(connection.sock, mask, connection.ready)
        else:
            self._selector.unregister(connection.sock)

    def listen(self, readable: int, call: Callable[[int], None]) -> None:
        """Call when the file descriptor may be read."""
        self._selector.register(readable, selectors.EVENT_READ, call)

    def forget(self, readable: int) -> None:
        self._selector.unregister(readable)

    def sweep(self, call: Callable[[float], None]) -> None:
        """Call about twice a second with ``worked``, for whoever looks for what is overdue."""
        self._sweepers.append(call)

    def worked(self) -> float:
        """A clock that stands still while nobody turns the loop: what came meanwhile is not late."""
        return self.now() - self._away

    def turn(self, timeout: float) -> None:
        """Wait for sockets, at most so long, and let their connections go on."""
        now = self.now()
        if self._left is not None and now - self._left > _AWAY_S:
            self._away += now - self._left
        try:
            for key, mask in self._selector.select(timeout):
                key.data(mask)
            now = self.now()
            if now - self._swept >= _SWEEP_S:
                self._swept = now
                for call in self._sweepers:
                    call(self.worked())
        finally:
            self._left = self.now()

    def close(self) -> None:
        self._selector.close()
