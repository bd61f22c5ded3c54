"""The state folder: what makes it ours, who has it, and which files are in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from tablewright.local.errors import LocalError
from tablewright.local.pin import MINISTACK

__all__ = ["Folder", "default_folder"]

_MARKER = "tablewright-local.json"
_STARTING = "starting.lock"
_FORMAT = 1
_OWN = ("lock", _STARTING, "server.json", "server.log", "*.tmp", "log-*.wal", "snap-*.bin", _MARKER)


def default_folder() -> Path:
    """$TABLEWRIGHT_LOCAL_HOME, or tablewright/local under the XDG state folder (~/.local/state)."""
    chosen = os.environ.get("TABLEWRIGHT_LOCAL_HOME")
    if chosen:
        return Path(chosen).expanduser()
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "tablewright" / "local"


class Folder:
    """A state folder of the embedded AWS. Nothing here touches the disk before it is asked to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def server_file(self) -> Path:
        return self.path / "server.json"

    @property
    def log_file(self) -> Path:
        return self.path / "server.log"

    def exists(self) -> bool:
        """Whether this is a state folder of ours."""
        return (self.path / _MARKER).is_file()

    def prepare(self) -> dict[str, Any]:
        """Make the folder and its marker when they aren't there, and return the marker.

        Raises LocalError when the place cannot be written, holds something else, or belongs to another version.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.exists():
                self._adopt()
            marker = self.marker()
        except OSError as problem:
            raise unwritable(self.path, problem) from problem
        if (marker.get("format"), marker.get("ministack")) != (_FORMAT, MINISTACK):
            raise LocalError(
                "state-of-another-version",
                "The state folder was written by another version",
                f"{self.path} was written with format {marker.get('format')} and ministack {marker.get('ministack')}; this "
                f"is format {_FORMAT} and ministack {MINISTACK}. Install the tablewright that wrote it, or give up the data "
                "in this folder with the command below.",
                "tablewright local reset",
            )
        return marker

    def _adopt(self) -> None:
        """Make an empty folder ours. Several processes may try at once: one writes the marker."""
        own = {_STARTING, f"{_MARKER}.tmp", _MARKER}
        if {path.name for path in self.path.iterdir()} - own:
            raise LocalError(
                "not-a-state-folder",
                "The state folder holds something else",
                f"{self.path} is not empty and was not made by tablewright, so nothing was written there. "
                "Choose another folder with TABLEWRIGHT_LOCAL_HOME.",
            )
        with self.starting():
            if not self.exists():
                self.path.chmod(0o700)
                self.write_marker({"format": _FORMAT, "ministack": MINISTACK, "token": secrets.token_hex(16)})

    def marker(self) -> dict[str, Any]:
        """What the marker file says; {} when it cannot be read."""
        return _read_json(self.path / _MARKER)

    def write_marker(self, marker: dict[str, Any]) -> None:
        self.write_json(self.path / _MARKER, marker)

    def write_json(self, path: Path, value: dict[str, Any]) -> None:
        """Replace a file of the folder at once, readable by its owner only."""
        unfinished = path.with_name(path.name + ".tmp")
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    def server(self) -> dict[str, Any]:
        """What the server that has or had the folder wrote about itself; {} when there is nothing."""
        return _read_json(self.server_file)

    def lock(self, patience: float = 0.0) -> bool:
        """Take the folder for this process, until it ends; False when another process still has it after `patience` seconds.

        A little patience tells a process that keeps the folder from one that only looked whether it is taken.
        """
        deadline = time.monotonic() + patience
        while not self._try_lock():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def _try_lock(self) -> bool:
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    def unlock(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def in_use(self) -> bool:
        """Whether some process has the folder now."""
        if not (self.path / "lock").exists():
            return False
        if self.lock():
            self.unlock()
            return False
        return True

    @contextlib.contextmanager
    def starting(self) -> Any:
        """Hold off other starts on this folder while one is under way."""
        handle = os.open(self.path / _STARTING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def clear(self) -> None:
        """Delete the files that tablewright made here, and the folder when that leaves it empty."""
        for pattern in _OWN:
            for path in self.path.glob(pattern):
                path.unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()


def unwritable(path: Path, problem: OSError) -> LocalError:
    """The error for a state folder that the system does not let us write."""
    return LocalError(
        "state-folder-not-writable",
        "The state folder cannot be written",
        f"{path}: {problem.strerror or problem}. The embedded AWS keeps its data there, so it was not started. "
        "Free some space or permit writing, or choose another folder with TABLEWRIGHT_LOCAL_HOME.",
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
