"""A lock that the operating system keeps: held while its process lives, given back the moment that it dies, SIGKILL included.

So it never has to expire and is never stolen. It holds on one machine; among machines there is ``lease.terms``.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePath
from types import TracebackType

from tablewright.errors import Refused

__all__ = ["Holder", "Lock", "holder", "lock_folder", "target_lock", "target_lock_path"]

PRIVATE = 0o700
_ATTEMPTS, _BETWEEN_S = 5, 0.02


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: the process and the job that it works at."""

    pid: int
    job: str


class Lock:
    """The lock on one file. ``take`` raises Refused ``target-in-use`` while another process holds it."""

    def __init__(self, path: Path, job: str, what: str) -> None:
        self._path = path
        self._job = job
        self._what = what
        self._descriptor: int | None = None

    def take(self) -> Lock:
        """Take it, or say who has it."""
        self._path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for attempt in range(_ATTEMPTS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Whoever looks (``holder``) holds it for an instant, and is no run.
                if attempt < _ATTEMPTS - 1:
                    time.sleep(_BETWEEN_S)
                    continue
                other = _told(descriptor)
                os.close(descriptor)
                raise self._refusal(other) from None
            except OSError:
                os.close(descriptor)
                raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "job": self._job}).encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Give it back. The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Lock:
        return self.take()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _refusal(self, other: Holder | None) -> Refused:
        who = (
            f"Process {other.pid} on this machine works at job {other.job}" if other else "Another process works at it"
        )
        again = f"tablewright migrate status {other.job}" if other else "tablewright migrate status"
        return Refused(
            "target-in-use",
            "Another run is at work on this target",
            f"{who}, and {self._what} may have one run at a time: two would undo each other's pace and verification. Wait "
            "for it, or stop it with Ctrl-C; a run that was killed holds nothing. To see it, run:",
            again,
        )


def holder(path: Path) -> Holder | None:
    """Who holds the lock right now; None when nobody does, whatever the file says."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _told(descriptor) or Holder(0, "")
    finally:
        os.close(descriptor)
    return None


def target_lock(folder: PurePath | None, identity: str, job: str, what: str) -> Lock:
    """The lock of a target in a folder of locks (None: the machine's). ``what`` names it for people."""
    return Lock(target_lock_path(folder, identity), job, what)


def target_lock_path(folder: PurePath | None, identity: str) -> Path:
    """The file of a target's lock. ``identity`` is the target's own, not the name it was called by."""
    locks = Path(folder) if folder is not None else lock_folder()
    return locks / f"{sha256(identity.encode()).hexdigest()[:32]}.lock"


def lock_folder() -> Path:
    """Where this machine's locks are: shared by every project of the user, since two of them may have one target."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else _home() / ".local/state") / "tablewright/migrations"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without a home; the folder is made private
        return Path(tempfile.gettempdir()) / f"tablewright-{os.getuid()}"


def _told(descriptor: int) -> Holder | None:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(int(told["pid"]), str(told["job"]))
    except (ValueError, KeyError, TypeError):
        return None
