"""A template edited in its file: read, edited, judged, and put in the place of the old one in one step.

Two edits at once never lose one: they wait for each other, and an edit whose file has changed meanwhile is made again on what
stands there now.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import unified_diff
from pathlib import Path

from tablewright.author.alarm_plan import Measured, Place, Planned
from tablewright.author.editing import Text
from tablewright.author.judged import judge
from tablewright.author.thresholds import measured, queries_of
from tablewright.errors import Failed, UsageError
from tablewright.model.finding import Finding
from tablewright.ports import Observations
from tablewright.template.decode import decode_bytes

_MARK = b"\xef\xbb\xbf"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did. ``notes`` are the check's warnings about what it brought."""

    path: Path
    before: str
    after: str
    notes: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is different."""
        return self.before != self.after

    def diff(self) -> str:
        """The difference, as ``diff -u`` shows it."""
        name = str(self.path)
        lines = unified_diff(self.before.splitlines(True), self.after.splitlines(True), f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def edit_file(path: Path, edit: Callable[[Text], Text], *, write: bool = True) -> Edited:
    """Edit a template in its file, byte order mark, line ends and permissions kept; a symbolic link stays one.

    Raises UsageError and Refused, and the file is as it was then.
    """
    target = path.resolve() if path.exists() else path
    if not write:
        return _edited(path, _read(target, path), edit)
    _read(target, path)  # before its folder is locked: there may be neither
    with _alone(target.parent):
        for _ in range(_TRIES):
            data = _read(target, path)
            edited = _edited(path, data, edit)
            if not edited.changed:
                return edited
            if _read(target, path) == data:  # an editor that knows of no lock may have written meanwhile
                _replace(target, (_MARK if data.startswith(_MARK) else b"") + edited.after.encode())
                return edited
    raise Failed(
        "file-keeps-changing", "The file keeps changing", f"{path} was changed {_TRIES} times while it was edited."
    )


def _edited(path: Path, data: bytes, edit: Callable[[Text], Text]) -> Edited:
    before = Text(decode_bytes(data, str(path)), str(path))
    after = edit(before)
    notes = judge(before, after) if after.text != before.text else ()
    return Edited(path, before.text, after.text, notes)


def _read(target: Path, shown: Path) -> bytes:
    try:
        return target.read_bytes()
    except FileNotFoundError:
        raise UsageError("no-template", "There is no such template", f"{shown} does not exist.") from None
    except OSError as error:
        raise UsageError("template-unreadable", "The template cannot be read", f"{shown}: {error.strerror}.") from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One edit at a time in a folder; the lock goes with the process."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _replace(target: Path, data: bytes) -> None:
    """The whole file at once: whoever reads it sees the old one or the new one."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except PermissionError as error:  # of the folder; the file's name that was tried means nothing to anyone
        raise PermissionError(error.errno, error.strerror, str(target.parent)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, target.stat().st_mode & 0o7777)  # noqa: PTH101
        os.replace(name, target)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def measure(
    observations: Observations, planned: Sequence[Planned], tables: Mapping[str, str], *, days: int, now: datetime
) -> dict[Place, Measured]:
    """What the past ``days`` say of each alarm's threshold, where they say something.

    ``tables`` has the physical name of each table that is deployed, by its logical ID. Raises what asking AWS may raise.
    """
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)  # the minute that is under way too
    asked = [
        (one, queries_of(one, tables.get(one.table, ""))) for one in planned if not one.table or one.table in tables
    ]
    series = iter(
        observations.series(
            [each for _, some in asked for each in some], since=until - timedelta(days=days), until=until
        )
    )
    found = {
        one.place: measured(one.kind, [next(series) for _ in some], days, f"{now:%Y-%m-%d}") for one, some in asked
    }
    return {place: value for place, value in found.items() if value is not None}
