"""The cases of the rules: folders tests/cases/lint/RULE/{good,bad}-WHAT/ with the files to check together.

A bad one has ``expected.json`` with the file and line of each finding of its rule, a good one has no such finding.
``options.json``: what is known (``parameters``, ``certain``, ``policy``), and ``pad`` for bytes to add to the first file.
``generic.json``: how cfn-lint ended, by file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tablewright.lint.check import Report, check
from tablewright.lint.generic import Generic
from tablewright.lint.options import Options
from tablewright.lint.sources import Source

ROOT = Path(__file__).resolve().parents[1] / "cases" / "lint"
_ABOUT = {"expected.json", "options.json", "generic.json"}


@dataclass(frozen=True)
class Case:
    """One folder."""

    folder: Path

    @property
    def rule(self) -> str:
        """The rule that it is about."""
        return self.folder.parent.name

    @property
    def is_bad(self) -> bool:
        """Whether the rule must find something."""
        return self.folder.name.startswith("bad-")

    def read(self, name: str) -> Any:
        """One of the files about the case, or nothing."""
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def sources(self) -> list[Source]:
        """The files to check, by their paths below the folder."""
        pad = b"\n" + b"#" * self.read("options.json").get("pad", 0)
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name not in _ABOUT)
        return [
            Source(path.relative_to(self.folder).as_posix(), path.read_bytes() + (pad if len(pad) > 1 else b""))
            for path in paths
        ]

    def options(self) -> Options:
        """What is known, and all rules."""
        given = self.read("options.json")
        return Options(
            parameters=given.get("parameters", {}), certain=given.get("certain", False), policy=given.get("policy", {})
        )

    def report(self) -> Report:
        """What is found."""
        generic = {path: Generic(failure=failure) for path, failure in self.read("generic.json").items()}
        return check(self.sources(), self.options(), generic)


def cases() -> list[Case]:
    """Every case."""
    return [Case(folder) for folder in sorted(ROOT.glob("TW-*/*-*")) if folder.is_dir()]
