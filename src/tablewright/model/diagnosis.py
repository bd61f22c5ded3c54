"""What is wrong with tables as they run: causes with their evidence, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum

from tablewright.model.series import Series, SeriesId


class Sure(Enum):
    """How sure a cause is."""

    CERTAIN = "certain"  # DynamoDB itself says so
    LIKELY = "likely"  # the figures fit this cause and no other that is known
    POSSIBLE = "possible"  # the figures fit, and would fit something harmless too


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure or fact that a diagnosis rests on, in words; ``source`` is the metric or the call that it is from."""

    text: str
    source: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """What helps, in words, and the command that does it where there is one."""

    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One problem of one subject. ``problem`` is its stable code; ``table`` is None for what concerns the account."""

    problem: str
    table: str | None
    index: str | None
    sure: Sure
    cause: str
    evidence: tuple[Evidence, ...]
    remedies: tuple[Remedy, ...]
    plots: tuple[SeriesId, ...] = ()

    @property
    def subject(self) -> str:
        """The table, ``table/index``, or ``account``."""
        if self.table is None:
            return "account"
        return f"{self.table}/{self.index}" if self.index else self.table


@dataclass(frozen=True, slots=True)
class Looked:
    """One question that was asked of the figures, and the answer: ``found``, ``clear``, or ``unknown`` with the reason.

    Unknown is no all-clear: there was no data, or it may not be read.
    """

    problem: str
    subject: str
    answer: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class DiagnosisReport:
    """All that was found, and all that was looked at to find it."""

    tables: tuple[str, ...]
    since: datetime
    until: datetime
    region: str
    diagnoses: tuple[Diagnosis, ...]
    looked: tuple[Looked, ...]
    calls: int
    metrics: int
    points: int
    price: Decimal | None = None  # US dollars for the metrics that were asked for
    unread: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[SeriesId, Series] = field(default_factory=dict)  # what the diagnoses' plots show

    @property
    def unknown(self) -> tuple[Looked, ...]:
        """The questions that could not be answered."""
        return tuple(each for each in self.looked if each.answer == "unknown")
