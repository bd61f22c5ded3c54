"""Starting, finding and stopping the embedded AWS's process."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tablewright.local.errors import LocalError
from tablewright.local.folder import Folder, default_folder, unwritable

__all__ = [
    "ACCESS_KEY_ID",
    "DEFAULT_PORT",
    "REGION",
    "SECRET_ACCESS_KEY",
    "Running",
    "default_folder",
    "env",
    "logs",
    "reset",
    "start",
    "status",
    "stop",
]

ACCESS_KEY_ID = "000000000000"
"""Twelve digits: an access key id of twelve digits is its own account in the embedded AWS."""
SECRET_ACCESS_KEY = "local"
REGION = "us-east-1"
DEFAULT_PORT = 4599

_NEEDED = ("ministack", "uvicorn", "httptools")


@dataclass(frozen=True, slots=True)
class Running:
    """An embedded AWS that answers: where it is, and the credentials it expects."""

    endpoint: str
    pid: int
    folder: Path
    clock: str
    region: str = REGION
    access_key_id: str = ACCESS_KEY_ID
    secret_access_key: str = SECRET_ACCESS_KEY

    def env(self) -> dict[str, str]:
        """The environment variables that point any SDK and the AWS CLI here.

        AWS_PROFILE and AWS_SESSION_TOKEN must be unset beside them.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }


def start(
    folder: Path | None = None,
    *,
    port: int | None = None,
    clock: str = "instant",
    timeout: float = 60.0,
    snapshot_after: int = 0,
) -> Running:
    """Start the embedded AWS on a state folder, or find the one that runs there, and return when it answers.

    `port` is a port number, 0 for any free one, or None for the folder's own: the one it had last, at first 4599 or, when
    that is taken, any free one. `timeout` is in seconds and counts from the last progress while a long log is replayed.
    Raises LocalError.
    """
    own = Folder((folder or default_folder()).absolute())
    _check_installed()
    marker = own.prepare()
    with own.starting():
        found = _running(own, marker, timeout)
        if found is not None:
            return found
        wanted = port if port is not None else int(marker.get("port", DEFAULT_PORT))
        try:
            running = _launch(own, wanted, clock, timeout, snapshot_after)
        except LocalError as refused:
            if refused.code != "port-taken" or port is not None or "port" in marker:
                raise
            running = _launch(own, 0, clock, timeout, snapshot_after)
        own.write_marker({**marker, "port": int(running.endpoint.rpartition(":")[2])})
        return running


def status(folder: Path | None = None) -> Running | None:
    """The embedded AWS that runs on a state folder, or None."""
    own = Folder((folder or default_folder()).absolute())
    if not own.exists() or not own.in_use():
        return None
    return _healthy(own, own.marker())


def env(folder: Path | None = None) -> dict[str, str]:
    """The environment variables for the embedded AWS on a state folder. Raises LocalError when it doesn't run."""
    running = status(folder)
    if running is None:
        raise LocalError(
            "not-running",
            "The embedded AWS is not running",
            "There is no endpoint to give the address of.",
            "tablewright local start",
        )
    return running.env()


def stop(folder: Path | None = None, *, timeout: float = 30.0) -> bool:
    """Stop the embedded AWS of a state folder, its data kept; False when none ran.

    It is asked to stop, and killed when it hasn't after `timeout` seconds: what it acknowledged is safe either way.
    """
    own = Folder((folder or default_folder()).absolute())
    if not own.exists() or not own.in_use():
        return False
    pid = int(own.server().get("pid", 0))
    for number, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 10.0)):
        if pid and _is_server(pid, own):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if _until(lambda: not own.in_use(), patience):
            _reap(pid)
            return True
    raise LocalError(
        "does-not-stop",
        "The embedded AWS does not stop",
        f"Some process still has {own.path}; its number was written as {pid}, and it was sent SIGTERM and SIGKILL.",
        "tablewright local status",
    )


def reset(folder: Path | None = None) -> bool:
    """Stop the embedded AWS of a state folder and delete its data; False when there was none.

    Deletes only files that tablewright makes, and only in a folder that carries its marker.
    """
    own = Folder((folder or default_folder()).absolute())
    if not own.exists():
        if own.path.is_dir() and any(own.path.iterdir()):
            raise LocalError(
                "not-a-state-folder",
                "This is not a state folder",
                f"{own.path} was not made by tablewright, so nothing in it was deleted.",
            )
        return False
    stop(own.path)
    try:
        with own.starting():
            own.clear()
    except OSError as problem:
        raise unwritable(own.path, problem) from problem
    return True


def logs(folder: Path | None = None, *, follow: bool = False) -> Iterator[str]:
    """The lines that the embedded AWS wrote about itself, oldest first; with `follow`, go on with new ones as they come."""
    path = Folder((folder or default_folder()).absolute()).log_file
    try:
        file = path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    with file:
        while True:
            line = file.readline()
            if line:
                yield line.rstrip("\n")
            elif not follow:
                return
            else:
                time.sleep(0.2)


def _check_installed() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LocalError(
            "local-extra-missing",
            "The embedded AWS is not installed",
            f"It needs {', '.join(missing)}, which the extra 'local' brings.",
            "pip install 'tablewright[local]'",
        )


def _running(own: Folder, marker: dict[str, Any], timeout: float) -> Running | None:
    """The process that already has the folder, once it is ready; None when there is none."""
    if not own.in_use():
        return None
    found: list[Running] = []

    def answers() -> bool:
        running = _healthy(own, marker)
        if running is not None:
            found.append(running)
        return running is not None or not own.in_use()

    _until(answers, timeout)
    if found:
        return found[0]
    if not own.in_use():
        return None
    raise LocalError(
        "does-not-answer",
        "The embedded AWS does not answer",
        f"A process has {own.path} but gave no sign of health for {timeout:.0f} s.",
        "tablewright local stop",
    )


def _launch(own: Folder, port: int, clock: str, timeout: float, snapshot_after: int) -> Running:
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "tablewright.local.server", str(own.path)]
    command += [
        "--port",
        str(port),
        "--clock",
        clock,
        "--report",
        str(writing),
        "--snapshot-after",
        str(snapshot_after),
    ]
    try:
        with os.fdopen(os.open(own.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(writing,),
                start_new_session=True,
                cwd=own.path,
                env=_environment(),
            )
    except OSError as problem:
        os.close(reading)
        raise unwritable(own.path, problem) from problem
    finally:
        os.close(writing)
    try:
        return _await_ready(own, child, reading, clock, timeout)
    except BaseException:
        _end(child)
        raise
    finally:
        os.close(reading)


def _environment() -> dict[str, str]:
    # The server must not act on the user's AWS settings, and replays need one hash order.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}


def _await_ready(own: Folder, child: subprocess.Popen[bytes], reading: int, clock: str, timeout: float) -> Running:
    deadline, replayed = time.monotonic() + timeout, 0
    while not select.select([reading], [], [], 0.5)[0]:
        progress = _health(own.server()).get("replayed", 0)
        if progress > replayed:
            deadline, replayed = time.monotonic() + timeout, progress
        if time.monotonic() > deadline:
            raise LocalError(
                "start-timed-out",
                "The embedded AWS did not become ready",
                f"It was given {timeout:.0f} s and was ended. What it said is in {own.log_file}.",
                "tablewright local logs",
            )
    said = os.read(reading, 65536)
    if not said:
        child.wait()
        raise LocalError(
            "start-failed",
            "The embedded AWS ended while starting",
            f"Its exit status was {child.returncode}. The last it said: {' | '.join(list(logs(own.path))[-3:])}",
            "tablewright local logs",
        )
    report = json.loads(said)
    if "error" in report:
        raise LocalError(*report["error"])
    about = report["ready"]
    child.returncode = 0  # It lives on its own from here; this keeps Popen from warning about that.
    return Running(about["endpoint"], about["pid"], own.path, clock)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(10)


def _health(about: dict[str, Any]) -> dict[str, Any]:
    if "port" not in about:
        return {}
    connection = http.client.HTTPConnection("127.0.0.1", int(about["port"]), timeout=5)
    try:
        connection.request("GET", "/_tablewright/health")
        answer = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}


def _healthy(own: Folder, marker: dict[str, Any]) -> Running | None:
    about = own.server()
    health = _health(about)
    if health.get("state") != "ready" or health.get("instance") != marker.get("token"):
        return None
    return Running(about["endpoint"], about["pid"], own.path, about["clock"])


def _is_server(pid: int, own: Folder) -> bool:
    """Whether a process is this folder's server, as far as the system tells; its number may have been given to another."""
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists():
        return not Path("/proc/self/cmdline").exists()
    try:
        words = command.read_bytes().split(b"\0")
    except OSError:
        return False
    return b"tablewright.local.server" in words and os.fsencode(own.path) in words


def _until(condition: Any, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _reap(pid: int) -> None:
    """Collect the exit status when the server was a child of this very process."""
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitpid(pid, os.WNOHANG)
