"""The embedded AWS as a command line sees it: started when needed, its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tablewright.errors import Failed, UsageError

if TYPE_CHECKING:
    from tablewright.local.process import Running

_OF_USE = ("local-extra-missing", "not-a-state-folder", "state-of-another-version", "no-home")


@contextmanager
def spoken() -> Iterator[None]:
    """Turn the embedded AWS's own errors into ours: it shares no code with the rest."""
    from tablewright.local.errors import LocalError

    try:
        yield
    except LocalError as error:
        kind = UsageError if error.code in _OF_USE else Failed
        raise kind(error.code, error.summary, error.detail, error.next_command or None) from error
    except RuntimeError as error:
        if "home directory" not in str(error):
            raise
        raise UsageError(
            "no-home",
            "There is no home folder",
            "The embedded AWS keeps its data in the home folder, and this user has none. "
            "Set TABLEWRIGHT_LOCAL_HOME to a folder that can be written.",
        ) from error


def ensure_running() -> tuple[Running, bool]:
    """The embedded AWS, and whether it was started just now."""
    with spoken():
        from tablewright.local import process

        running = process.status()
        return (running, False) if running is not None else (process.start(), True)


def gone(code: str | None) -> Failed | None:
    """What to say instead of an error ``code`` that means: the embedded AWS, which ran a moment ago, answers no more."""
    if code != "endpoint-unreachable":
        return None
    return Failed(
        "embedded-aws-stopped",
        "The embedded AWS has stopped",
        "It answered, and now it does not: it was stopped or killed, or the disk that keeps its data is full. What it "
        "acknowledged is kept. Run the same command again: that starts it, and goes on from where things stand. "
        "What it wrote about itself is shown by:",
        "tablewright local logs",
    )
