"""The report of a verification: a JSON object a line for each item that differs. Only its owner may read it."""

from __future__ import annotations

import os
from pathlib import Path

from tablewright.migrate.verify.difference import Difference, as_line

__all__ = ["FILE_NAME", "Report"]

FILE_NAME = "differences.jsonl"


class Report:
    """The file, made with the first difference; what an earlier verification wrote is replaced."""

    def __init__(self, path: Path, *, values: bool, keyed: bool = True) -> None:
        self.path = path
        self.counts: dict[str, int] = {}
        self._values, self._keyed = values, keyed
        self._descriptor: int | None = None
        path.unlink(missing_ok=True)

    def add(self, found: Difference) -> None:
        """Write it down."""
        if self._descriptor is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)  # whatever came to stand there since: a link is not written through
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        data = as_line(found, values=self._values, keyed=self._keyed)
        while data:
            data = data[os.write(self._descriptor, data) :]
        self.counts[found.kind] = self.counts.get(found.kind, 0) + 1

    @property
    def total(self) -> int:
        """How many differences were written."""
        return sum(self.counts.values())

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
