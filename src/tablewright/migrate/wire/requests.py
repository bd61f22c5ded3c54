"""Single requests on the same wire, for whoever decides about each answer: what to send again is left to the asker."""

from __future__ import annotations

from tablewright.migrate.wire.client import Client, Reply, Request
from tablewright.migrate.wire.loop import Loop
from tablewright.ports import DataPlane

__all__ = ["Reply", "Requests"]


class Requests:
    """Up to ``connections`` requests at once, in one thread.

    A reply with ``status`` 0 has no answer: ``lost`` says why. Unless ``unsent``, it may have been carried out all the same.
    """

    def __init__(self, plane: DataPlane, *, connections: int = 64) -> None:
        self._loop = Loop()
        self._replies: list[Reply] = []
        self._client = Client(self._loop, plane, self._replies.append, connections=connections)
        self.now = self._loop.now
        self.draw = self._loop.draw

    @property
    def free(self) -> int:
        """How many more requests may be submitted right now."""
        return self._client.free

    def submit(self, token: object, operation: str, body: bytes, *, repeatable: bool = False) -> None:
        """Begin a request (``free`` must be above 0). Raises what finding credentials raises.

        ``repeatable``: doing it twice does what doing it once does, so an odd answer may be asked for again by botocore.
        """
        self._client.send(Request(token, operation, body, repeatable))

    def poll(self, timeout: float) -> list[Reply]:
        """What came back, waiting for something at most so many seconds."""
        if not self._replies:
            self._loop.turn(timeout)
        replies, self._replies[:] = self._replies[:], []
        return replies

    def close(self) -> None:
        """Close every connection; what is on its way gets no reply."""
        self._client.close()
        self._loop.close()
