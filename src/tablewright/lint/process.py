"""cfn-lint's process, held: started early, asked file by file, stopped at its limit of time."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import fields

from tablewright.lint.generic import Generic, GenericMatch

_START = 60.0
_FIELDS = tuple(field.name for field in fields(GenericMatch))


class GenericLinter:
    """cfn-lint in a process. ``limit`` is in seconds of wall time for each file; reaching it is said, not raised."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._ready = False

    def start(self) -> None:
        """Start the process, so that it loads while the files are read."""
        self._rest, self._ready = b"", False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tablewright.lint.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ask(self, paths: Sequence[str], regions: Sequence[str] = ()) -> None:
        """Hand over files to check, in order; ``answer`` then gives each."""
        self._asked = list(paths)
        self._regions = list(regions)
        self._send(self._asked)

    def _send(self, paths: Sequence[str]) -> None:
        if self._process is None:
            self.start()
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(OSError):  # a process that has ended is found out when it is listened to
            for path in paths:
                request = {"path": path, "regions": self._regions or None}
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.close()

    def answer(self) -> Generic:
        """What cfn-lint says of the next file."""
        path = self._asked.pop(0)
        if self._process is None:
            self._send([path, *self._asked])
        if not self._ready:
            if self._line(_START) is None:
                return self._failed("it did not start")
            self._ready = True
        line = self._line(self._limit)
        if line is None:
            ended = self._process is not None and self._process.poll() is not None
            return self._failed("it ended by itself" if ended else f"it took more than {self._limit:g} seconds")
        try:
            found = json.loads(line)
        except ValueError:
            return self._failed("it answered something that cannot be read")
        if "failure" in found:
            return Generic(failure=str(found["failure"]))
        matches = [{key: one[key] for key in _FIELDS} for one in found.get("matches", ())]
        return Generic(tuple(GenericMatch(**one) for one in matches))

    def _failed(self, why: str) -> Generic:
        self.stop()
        return Generic(failure=why)

    def _line(self, limit: float) -> bytes | None:
        """The next line, or None at the limit or at the end."""
        assert self._process is not None and self._process.stdout is not None
        until = time.monotonic() + limit
        handle = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                return None
            more = os.read(handle, 1 << 16)
            if not more:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(1)
                return None
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def stop(self) -> None:
        """End the process and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
