"""A job's folder, and what is written down of the job in it: enough to go on with it, and nothing secret.

``job.json`` holds the job as it was asked for, its state and what is to be put back; the checkpoint, the dead letters, the undo
file and the report of a verification stand beside it. The folder is readable by its owner alone, because those hold items.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tablewright.errors import UsageError
from tablewright.events import as_plain
from tablewright.migrate.job import Files, Job, Options, Pace, Place, Source, TableAt

__all__ = ["JOBS_FOLDER", "Record", "job_folder", "read_record", "records", "retire", "write_record"]

JOBS_FOLDER = ".tablewright/migrations"
_FILE = "job.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """A job and what became of it.

    ``transform_spec``: how the transform was asked for, so that a resume can ask again. ``identities``: the two ends' own (a
    table's id, a folder's path). ``suspended_ttl``: the TTL attribute that was switched off on the target and is to be put
    back. ``ending``: the last run's end in a line. Times are UTC.
    """

    job: Job
    state: str
    began_at: datetime
    changed_at: datetime
    transform_spec: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    identities: Mapping[str, str] = field(default_factory=dict)
    suspended_ttl: str | None = None
    ending: str = ""

    @property
    def retired(self) -> bool:
        """Whether a later job has taken its place (``retire``)."""
        return re.search(r"-[0-9a-f]{8}\.\d+$", self.job.id) is not None

    def moved(self, state: str, now: datetime, ending: str = "") -> Record:
        """The record in another state."""
        return replace(self, state=state, changed_at=now, ending=ending)


def job_folder(root: Path, job: str) -> Path:
    """The folder of a job. Raises UsageError for an id that is no folder's name."""
    if not job or job in (".", "..") or "/" in job:
        raise UsageError(
            "no-such-job", "There is no such migration", f"{job!r} is no job's id.", "tablewright migrate status"
        )
    return root / JOBS_FOLDER / job


def write_record(record: Record) -> None:
    """Write it down, whole or not at all, and durably. Only who holds the job's lock may. Raises OSError."""
    folder = Path(record.job.folder)
    _make_private(folder)
    body = {"version": _VERSION, **_plain(record)}
    temporary = folder / f"{_FILE}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:  # a file object writes all of it or raises; os.write may do with a part
        file.write(json.dumps(body, ensure_ascii=False, indent=1).encode())
        file.flush()
        os.fsync(descriptor)
    temporary.replace(folder / _FILE)
    _sync(folder)


def read_record(folder: Path) -> Record | None:
    """The record in a folder; None where there is none. Raises UsageError for one that cannot be read."""
    path = folder / _FILE
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body.get("version") != _VERSION:
            raise ValueError(f"it is of version {body.get('version')}, and this tablewright writes {_VERSION}")
        return _record(body, str(folder))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            "job-unreadable",
            "A migration's record cannot be read",
            f"{path}: {error}. What it copied stands in the target; the job cannot be resumed without its record. "
            "Put the file back, or start again into an empty target.",
        ) from error


def records(root: Path) -> tuple[Record, ...]:
    """Every job that is kept under a project's folder, newest first. One that cannot be read is left out."""
    folder = root / JOBS_FOLDER
    if not folder.is_dir():
        return ()
    found: list[Record] = []
    for path in folder.iterdir():
        try:
            record = read_record(path)
        except UsageError:
            continue
        if record is not None:
            found.append(record)
    return tuple(sorted(found, key=lambda record: record.changed_at, reverse=True))


def retire(folder: Path) -> Path:
    """Move a job that is over out of the way of a new one with its id, and return where it went."""
    number = 1
    while (kept := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    folder.rename(kept)
    record = read_record(kept)
    if record is not None:
        write_record(replace(record, job=replace(record.job, id=kept.name, folder=str(kept))))
    return kept


def _make_private(folder: Path) -> None:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder.parent / ".gitignore"
    if not ignore.exists():
        # What is kept here holds items: it must not be committed by mistake.
        ignore.write_text("*\n", encoding="utf-8")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(record: Record) -> dict[str, Any]:
    told = asdict(record)
    job = told["job"]
    for end, value in (("source", record.job.source), ("target", record.job.target)):
        job[end] = {"kind": "table" if isinstance(value, TableAt) else "files", **job[end]}
        job[end]["place"].pop("credentials")
        if job[end]["place"]["local"]:
            job[end]["place"]["endpoint_url"] = None  # found anew: it may start on another port
    del job["folder"]
    plain = as_plain(told)
    assert isinstance(plain, dict)
    return plain


def _record(body: Mapping[str, Any], folder: str) -> Record:
    told = body["job"]
    options = told["options"]
    job = Job(
        id=told["id"],
        source=_end(told["source"]),
        target=_end(told["target"]),
        folder=folder,
        transform=told["transform"],
        options=Options(**{**options, "pace": Pace(**options["pace"])}),
    )
    return Record(
        job=job,
        state=body["state"],
        began_at=datetime.fromisoformat(body["began_at"]),
        changed_at=datetime.fromisoformat(body["changed_at"]),
        transform_spec=body["transform_spec"],
        fingerprint=body["fingerprint"],
        identities=body["identities"],
        suspended_ttl=body["suspended_ttl"],
        ending=body["ending"],
    )


def _end(told: Mapping[str, Any]) -> Source:
    place = Place(**told["place"])
    if told["kind"] == "table":
        return TableAt(told["name"], place)
    return Files(told["path"], told["format"], told["compression"], place)
