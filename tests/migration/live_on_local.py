"""A live migration on DynamoDB Local, which has neither policies nor parameters nor an account.

As a process of its own, which kills itself: ``python -m tests.migration.live_on_local ENDPOINT FOLDER GOAL EVENTS SECONDS``, so
many seconds after so many events.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tablewright.account import open_account
from tablewright.aws.clock import SystemClock
from tablewright.cli.migrate_transform import maker, title
from tablewright.events import Finished
from tablewright.migrate.job import Options, Place, TableAt
from tablewright.migrate.live.options import LiveOptions
from tablewright.migrate.live.run import live
from tablewright.migrate.live.states import State, is_ended
from tablewright.migrate.request import Request
from tablewright.model.whereabouts import Credentials, Whereabouts
from tests.migration.sessions import KEYS, NEW, OLD

GOALS: Mapping[str, Callable[[State], bool]] = {
    "following": lambda state: state is State.FOLLOWING,
    "reversing": lambda state: state in (State.REVERSING, State.FOLLOWING),
    "ended": lambda state: is_ended(state) or state is State.REVERSING,
}


class _Here:
    """Who is asking, where there is no STS to ask."""

    def whereabouts(self) -> Whereabouts:
        return Whereabouts("000000000000", "arn:aws:iam::000000000000:root", "us-east-1", "aws", "local")

    def endpoint(self) -> str | None:
        return "local"


OUTSIDE = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX)"
"""Waits until no write is under way any more: the application holds the lock, as others do, from its look to its answer."""


def run_to(endpoint: str, folder: Path, goal: str, die: tuple[int, float] | None = None) -> Finished:
    """Work at the migration, in this process, until it stands at a goal with nothing asked of it; how it ended."""
    pointer = folder / "pointer"
    hooks = {
        "fence": f'touch "{folder}/closed-$TABLEWRIGHT_TABLE"; "{sys.executable}" -c \'{OUTSIDE}\' "{folder}/writing"',
        "unfence": f'rm -f "{folder}/closed-$TABLEWRIGHT_TABLE"',
        "switch": f'printf %s "$TABLEWRIGHT_TABLE" > {pointer}',
        "where": f"cat {pointer}",
    }
    credentials = Credentials("local", "local")
    place = Place(region="us-east-1", endpoint_url=endpoint, credentials=credentials)
    account = replace(
        open_account(region="us-east-1", endpoint_url=endpoint, credentials=credentials), identity=_Here()
    )
    asked = {"flags": KEYS}
    latest = time.monotonic() + 600
    request = Request(
        source=TableAt(OLD, place),
        target=TableAt(NEW, place),
        root=folder,
        locks=folder / "locks",
        make=maker(asked),
        spec=asked,
        title=title(asked),
        options=Options(segments=2),
        stopping=lambda: time.monotonic() > latest,
    )
    options = LiveOptions(pause=120, quiet=0.6, settle=0.2, hooks=hooks)
    events = []
    for event in live(request, options, lambda _: account, SystemClock(), until=GOALS[goal]):
        events.append(event)
        if die is not None and len(events) == die[0]:
            _die(die[1])
    assert isinstance(events[-1], Finished)
    return events[-1]


def _die(seconds: float) -> None:
    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if not seconds:
        kill()
    later = threading.Timer(seconds, kill)
    later.daemon = True
    later.start()


if __name__ == "__main__":
    run_to(sys.argv[1], Path(sys.argv[2]), sys.argv[3], (int(sys.argv[4]), float(sys.argv[5])))
