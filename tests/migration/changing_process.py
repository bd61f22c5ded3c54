"""A change in place in a process of its own, so that a test can kill it at any moment. Prints its last event's code."""

from __future__ import annotations

import sys
from pathlib import Path

from tablewright.events import Finished
from tablewright.migrate.transform.protocol import Transform
from tests.migration.awkward import Increment, OldWins
from tests.migration.changing import changed_in_place, opened


def main(endpoint: str, account: str, table: str, folder: str, which: str) -> None:
    """Change the table as ``which`` says: rename or increment."""
    transform: Transform = OldWins() if which == "rename" else Increment()
    print("ready", flush=True)
    events = changed_in_place(
        opened(endpoint, account), table, transform, Path(folder), segments=3, dead_letters=20, connections=8
    )
    for event in events:
        if isinstance(event, Finished):
            print(event.code, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
