"""What a migration is asked for, as values: two ends, the pace, and the options. They hold no secret and can be written down."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256

from tablewright.errors import UsageError
from tablewright.model.whereabouts import Credentials

__all__ = [
    "DEFAULT_DEAD_LETTERS",
    "Files",
    "Job",
    "Options",
    "Pace",
    "Place",
    "Source",
    "TableAt",
    "Target",
    "job_id",
    "parse_pace",
]

DEFAULT_DEAD_LETTERS = 0
"""How many items may be set aside before a run stops, unless it is told: none. The first bad item is worth a look."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table is, as the AWS CLI would be told; None: what the machine's own AWS set-up says.

    ``local``: the embedded AWS of this machine; whoever opens the job fills in ``endpoint_url`` and ``credentials``, which
    are never written down.
    """

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    role_arn: str | None = None
    local: bool = False
    credentials: Credentials | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TableAt:
    """A table: its physical name, and where it is. ``TABLE`` in messages is the name alone."""

    name: str
    place: Place = field(default_factory=Place)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Files:
    """A folder of files (or an S3 URL, ``s3://bucket/prefix``), read or written.

    ``format`` is ``json`` (DynamoDB JSON, a line an item, as an S3 export has it), ``parquet`` or ``csv``; ``compression`` is
    ``gzip``, ``zstd`` or ``none``. Reading looks at the files themselves, and the format given must
    agree. ``place`` is where S3 is.
    """

    path: str
    format: str = "json"
    compression: str = "gzip"
    place: Place = field(default_factory=Place)

    def __str__(self) -> str:
        return self.path


Source = TableAt | Files
Target = TableAt | Files


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a run may go, reading and writing apart.

    ``share``: of what each table gives (provisioned units, or the warm throughput of an on-demand table), 0 < share <= 1.
    ``read_units`` and ``write_units``: absolute ceilings in capacity units a second; None for none. The smaller one holds.
    """

    share: float = 0.5
    read_units: float | None = None
    write_units: float | None = None

    def __str__(self) -> str:
        units = [
            f"{number:g}{unit}" for number, unit in ((self.read_units, "rcu"), (self.write_units, "wcu")) if number
        ]
        return ",".join(([f"{self.share * 100:g}%"] if self.share < 1 or not units else []) + units)


@dataclass(frozen=True, slots=True)
class Options:
    """How a migration goes about it.

    ``segments``: parallel segments of the scan, None to choose by the source's size; it is fixed for a job's life.
    ``dead_letters``: how many items may be set aside before the run stops. ``into_existing``: the target may hold items, which
    are never overwritten: conditional puts only. ``verify``: compare the contents at the end. ``in_place``: the source is
    changed itself. ``lease_table``: a table beside the target for the lease among machines (``lease.terms``).
    """

    pace: Pace = field(default_factory=Pace)
    segments: int | None = None
    dead_letters: int = DEFAULT_DEAD_LETTERS
    into_existing: bool = False
    verify: bool = True
    in_place: bool = False
    lease_table: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One migration. ``folder`` holds its checkpoint, dead letters, undo file and report, readable by its owner alone.

    The transform itself is handed beside the job: it may be a function. ``transform`` names it for people.
    """

    id: str
    source: Source
    target: Target
    folder: str
    transform: str = "none"
    options: Options = field(default_factory=Options)

    def at(self, source: Source, target: Target) -> Job:
        """The same job with both ends opened (``Place.local`` filled in)."""
        return replace(self, source=source, target=target)


def job_id(source: Source, target: Target, transform_fingerprint: str, *, in_place: bool = False) -> str:
    """The id of what is asked for: the same question has the same id, which is how a second ``run`` finds the first one's job.

    It reads as SOURCE-to-TARGET and ends in eight digits of a hash over both ends, the transform and the manner.
    """
    told = repr((_identity(source), _identity(target), transform_fingerprint, in_place))
    digest = sha256(told.encode()).hexdigest()[:8]
    if in_place:
        return f"{_slug(source)}-in-place-{digest}"
    return f"{_slug(source)}-to-{_slug(target)}-{digest}"


def _identity(end: Source) -> tuple[str | None, ...]:
    place = end.place
    where = ("local",) if place.local else (place.profile, place.endpoint_url, place.role_arn)
    if isinstance(end, TableAt):
        return ("table", end.name, place.region, *where)
    return ("files", end.path, end.format, end.compression, place.region, *where)


def _slug(end: Source) -> str:
    text = end.name.rsplit("/", 1)[-1] if isinstance(end, TableAt) else end.path.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")[:60] or "files"


_LIMIT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%|rcu|wcu|units)", re.IGNORECASE)


def parse_pace(text: str) -> Pace:
    """A pace as it is typed: ``50%``, ``500wcu``, ``300rcu,500wcu``, ``80%,2000wcu``; ``units`` means both. Raises UsageError.

    Where only units are given, the share is the whole table: the ceiling alone holds.
    """
    share: float | None = None
    read: float | None = None
    write: float | None = None
    for part in text.replace(" ", "").split(","):
        found = _LIMIT.fullmatch(part)
        number = float(found["number"]) if found else 0.0
        if found is None or number <= 0 or (found["unit"] == "%" and number > 100):
            raise UsageError(
                "pace-malformed",
                "That is not a pace",
                f"{part!r} is neither a share of the table (50%, at most 100%) nor capacity units a second "
                "(500wcu, 300rcu, or both with a comma between).",
            )
        unit = found["unit"].lower()
        if unit == "%":
            share = number / 100
        if unit in ("rcu", "units"):
            read = number
        if unit in ("wcu", "units"):
            write = number
    if share is None:
        share = 1.0 if read or write else Pace().share
    return Pace(share, read, write)
