"""A change in place in a process of its own, which may kill itself on the way. Prints its last event's code."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from tablewright.events import Finished
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.client import Client, Request
from tests.migration.awkward import Increment, OldWins
from tests.migration.changing import changed_in_place, opened


def main(endpoint: str, account: str, table: str, folder: str, which: str, updates: str, seconds: str) -> None:
    """Change the table as ``which`` says, rename or increment; die so many seconds after so many updates (0: never)."""
    transform: Transform = OldWins() if which == "rename" else Increment()
    if int(updates):
        _die_after(int(updates), float(seconds))
    events = changed_in_place(
        opened(endpoint, account), table, transform, Path(folder), segments=3, dead_letters=20, connections=8
    )
    for event in events:
        if isinstance(event, Finished):
            print(event.code, flush=True)


def _die_after(updates: int, seconds: float) -> None:
    send, left = Client.send, updates

    def counted(self: Client, request: Request) -> None:
        nonlocal left
        left -= request.operation == "UpdateItem"
        if left == 0 and not seconds:
            _die()
        elif left == 0:
            threading.Timer(seconds, _die).start()
        send(self, request)

    Client.send = counted  # type: ignore[method-assign]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
