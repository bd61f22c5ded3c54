"""What a symptom is: one question asked of a table's figures, documented where it is written.

A symptom is a function with a stable code and a docstring in fixed parts: a first line that says what it finds, then
``Signal``, ``Evidence``, ``Remedy``, ``Source``. The reference page is made from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tablewright.model.diagnosis import Diagnosis
from tablewright.model.table import Table
from tablewright.watch.observation import Observation

__all__ = ["SYMPTOMS", "Answer", "Symptom", "Unknown", "amount", "counted", "symptom", "when"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The question cannot be answered, and why."""

    why: str


Answer = Iterator[Diagnosis | Unknown]
Question = Callable[[Observation, Table], Answer]


@dataclass(frozen=True, slots=True)
class Symptom:
    """One question. ``account``: asked once, not of each table."""

    code: str
    title: str
    ask: Question
    account: bool = False

    @property
    def text(self) -> str:
        return self.ask.__doc__ or ""


SYMPTOMS: dict[str, Symptom] = {}
"""Every symptom by its code."""


def symptom(code: str, title: str, *, account: bool = False) -> Callable[[Question], Question]:
    """Register a question under its code."""

    def register(ask: Question) -> Question:
        SYMPTOMS[code] = Symptom(code, title, ask, account)
        return ask

    return register


def when(moment: datetime | int | None) -> str:
    """A time as evidence shows it."""
    if moment is None:
        return "no time"
    at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else moment
    return f"{at:%Y-%m-%d %H:%M} UTC"


def amount(value: float) -> str:
    """A number with few digits: 1,204; 48.3; 0.07."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def counted(value: float, one: str, many: str = "") -> str:
    """A number with its noun: 1 event, 1,204 events."""
    return f"{amount(value)} {one if value == 1 else many or one + 's'}"
