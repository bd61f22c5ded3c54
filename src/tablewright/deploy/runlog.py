"""The run log: what each run looked at, decided and did, as JSON lines, one file a run.

Nothing secret is kept: no parameter's or property's value, no output's value, no template, no item. The file is written line
by line while the run goes on, so that a run that is killed leaves what it did. A folder that cannot be written is said once,
and the run goes on without a log.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from tablewright.events import Event, Finished, Noted, Started, as_json

KEPT_RUNS = 500
"""How many runs are kept in a folder; older ones are removed when a new one begins."""

_HIDDEN = "(not kept)"
_SUFFIX = ".jsonl"
_OURS = re.compile(r"\d{8}T\d{6}\.\d{6}-.*\.jsonl")
"""What a run's file is called: $TABLEWRIGHT_RUNS may name a folder that holds other people's lines too."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as its log tells: ``ending`` is None for a run that was killed or still goes on."""

    id: str
    path: str
    at: datetime
    verb: str
    stack: str
    environment: str | None
    account: str
    region: str
    endpoint: str | None
    ending: str | None = None
    code: str | None = None
    summary: str = ""
    ended_at: datetime | None = None


def default_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Where runs are kept: $TABLEWRIGHT_RUNS, else the user's state folder (XDG Base Directory Specification)."""
    if environment.get("TABLEWRIGHT_RUNS"):
        return Path(environment["TABLEWRIGHT_RUNS"])
    state = environment.get("XDG_STATE_HOME")
    return (Path(state) if state else home / ".local" / "state") / "tablewright" / "runs"


def recorded(events: Iterator[Event], folder: Path, *, now: Callable[[], datetime], token: str) -> Iterator[Event]:
    """The same events, each written to a file of this run before it is handed on. ``token`` makes the file's name its own."""
    log: IO[str] | None = None
    first = True
    try:
        for event in events:
            trouble = ""
            if first:
                first = False
                try:
                    log = _open(folder, event, now(), token)
                except OSError as error:
                    trouble = (
                        f"The run log could not be written ({error.strerror}: {folder}); the run goes on without it."
                    )
            log = _write(log, event, now())
            yield event
            if trouble and not isinstance(event, Finished):
                yield Noted("warning", trouble)
    finally:
        if log is not None:
            with suppress(OSError):
                log.close()
        close = getattr(events, "close", None)
        if close is not None:
            close()


def runs(folder: Path, *, stack: str | None = None) -> tuple[RunRecord, ...]:
    """The runs that are kept, newest first; of one stack, if it is named. A file that is not a log is passed over."""
    found = []
    for path in sorted(_files(folder), reverse=True):
        record = _record(path)
        if record is not None and stack in (None, record.stack):
            found.append(record)
    return tuple(found)


def lines(record: RunRecord) -> tuple[dict[str, object], ...]:
    """The events of a run as they were written; a last line that was cut off by a kill is left out."""
    found = []
    with Path(record.path).open(encoding="utf-8") as log:
        for line in log:
            try:
                value = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(value, dict):
                found.append(value)
    return tuple(found)


def without_secrets(event: Event) -> dict[str, object]:
    """The event as JSON values with every value hidden that could be a secret: only names and states are kept."""
    shown = as_json(event)
    stack = shown.get("stack")
    if isinstance(stack, dict):
        stack["parameters"] = dict.fromkeys(stack.get("parameters") or {}, _HIDDEN)
        stack["outputs"] = [_without_value(output) for output in stack.get("outputs") or []]
    if "outputs" in shown:
        outputs = shown["outputs"]
        shown["outputs"] = [_without_value(output) for output in outputs] if isinstance(outputs, list) else []
    change_set = shown.get("change_set")
    if isinstance(change_set, dict):
        for change in change_set.get("changes") or []:
            for prop in change.get("properties") or []:
                prop["before"] = prop["after"] = _HIDDEN
    return shown


def _without_value(output: object) -> object:
    return {**output, "value": _HIDDEN} if isinstance(output, dict) else output


def _open(folder: Path, event: Event, at: datetime, token: str) -> IO[str]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = sorted(path for path in _files(folder) if _OURS.fullmatch(path.name))
    for old in kept[: max(0, len(kept) - KEPT_RUNS + 1)]:
        old.unlink(missing_ok=True)
    name = event.stack if isinstance(event, Started) else "run"
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:64]
    identifier = "".join(c for c in token if c.isalnum())[-8:]
    path = folder / f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{safe}-{identifier}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _write(log: IO[str] | None, event: Event, at: datetime) -> IO[str] | None:
    """Write one line; a disk that is full ends the log, never the run."""
    if log is None:
        return None
    try:
        log.write(
            json.dumps({"at": at.astimezone(UTC).isoformat(), **without_secrets(event)}, ensure_ascii=False) + "\n"
        )
        log.flush()
    except OSError:
        return None
    return log


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == _SUFFIX]
    except OSError:
        return []


def _record(path: Path) -> RunRecord | None:
    first: dict[str, object] | None = None
    last: dict[str, object] | None = None
    try:
        with path.open(encoding="utf-8") as log:
            for line in log:
                try:
                    value = json.loads(line)
                except json.JSONDecodeError:
                    continue
                if isinstance(value, dict):
                    first = first or value
                    last = value
    except (OSError, UnicodeDecodeError):
        return None
    if first is None or last is None or first.get("event") != "started":
        return None
    where = first.get("whereabouts")
    place = where if isinstance(where, dict) else {}
    finished = last if last.get("event") == "finished" else {}
    return RunRecord(
        id=path.stem,
        path=str(path),
        at=datetime.fromisoformat(str(first["at"])),
        verb=str(first.get("verb", "")),
        stack=str(first.get("stack", "")),
        environment=_text(first.get("environment")),
        account=str(place.get("account", "")),
        region=str(place.get("region", "")),
        endpoint=_text(place.get("endpoint")),
        ending=_text(finished.get("ending")),
        code=_text(finished.get("code")),
        summary=str(finished.get("summary", "")),
        ended_at=datetime.fromisoformat(str(finished["at"])) if finished else None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
