"""What a run of the contract suite made in an account: a file of JSON lines, written before each call that makes something.

A line is on disk before the call goes out, so whatever a killed run made is in its ledger: with its id when the answer came,
else with the name that was asked for.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

RUN_TAG = "tablewright-contract-run"
"""The tag that everything made by a run carries; its value is the run's id."""

ASKED, MADE, REMOVED, LEFT = "asked", "made", "removed", "left"


@dataclass(frozen=True, slots=True)
class Run:
    """One run in one account. Every name that it makes begins with `prefix`."""

    id: str
    account: str
    region: str
    endpoint: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a run asked for: a stack, or a resource made without one."""

    number: int
    kind: str
    name: str
    region: str
    state: str = ASKED
    id: str = ""
    why: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.id or self.name} ({self.region})"


@dataclass(slots=True)
class Ledger:
    path: Path
    run: Run
    entries: dict[int, Entry] = field(default_factory=dict)
    change_sets: set[str] = field(default_factory=set)
    """Ids of change sets; they go with their stacks, so they are not in the file."""

    values: dict[str, dict[str, str]] = field(default_factory=dict)
    """The parameters that each stack was last deployed with; they are in memory only, for the fence."""

    @classmethod
    def new(cls, folder: Path, run: Run) -> Ledger:
        folder.mkdir(parents=True, exist_ok=True)
        ledger = cls(folder / f"{run.id}.jsonl", run)
        ledger._write({"run": dataclasses.asdict(run)}, mode="x")
        return ledger

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger in a file. Raises ValueError for one that is damaged elsewhere than in a cut-off last line."""
        text = path.read_text(encoding="utf-8")
        whole, _, cut = text.rpartition("\n")
        if cut:
            # Cut off while it was written: the call that it announces never went out.
            os.truncate(path, len(whole.encode()) + (1 if whole else 0))
        lines = [json.loads(line) for line in whole.splitlines()]
        ledger = cls(path, Run(**lines[0]["run"]))
        for line in lines[1:]:
            number = line.pop("number")
            known = ledger.entries.get(number)
            ledger.entries[number] = replace(known, **line) if known else Entry(number=number, **line)
        return ledger

    def asked(self, kind: str, name: str, region: str) -> int:
        """Note what is about to be asked for; returns its number."""
        number = len(self.entries) + 1
        self._write({"number": number, "kind": kind, "name": name, "region": region})
        self.entries[number] = Entry(number, kind, name, region)
        return number

    def note(self, number: int, state: str, *, id: str = "", why: str = "") -> None:
        changes: dict[str, Any] = {"state": state, "why": why, **({"id": id} if id else {})}
        self._write({"number": number, **changes})
        self.entries[number] = replace(self.entries[number], **changes)

    def standing(self) -> list[Entry]:
        """What may be there still, newest first."""
        return [entry for entry in reversed(self.entries.values()) if entry.state != REMOVED]

    def holds(self, identifier: str) -> bool:
        """Whether this is the id of something that the run made."""
        return identifier in self.change_sets or any(identifier == e.id for e in self.entries.values() if e.id)

    def _write(self, line: dict[str, Any], mode: str = "a") -> None:
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
