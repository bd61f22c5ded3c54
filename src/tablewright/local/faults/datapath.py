"""Data-path faults: what may be asked for, which requests they meet, and in how many of them they strike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tablewright.local.journal import Journal

__all__ = ["EFFECTS", "Fault", "FaultError", "Faults"]

EFFECTS: Mapping[str, str] = {
    "throttle": "refuse as if the table's throughput were exceeded",
    "delay": "answer `seconds` later",
    "reset": "drop the connection without performing the request",
    "truncate": "perform the request, answer with half of the body, and drop the connection",
    "cut-off": "perform the request, and drop the connection amid the head of the answer",
    "lost-answer": "perform the request, and drop the connection without an answer",
    "error": "answer 500 InternalServerError",
    "expired-token": "answer ExpiredTokenException",
    "clock-skew": "answer as to a caller whose clock is wrong",
    "expired-iterator": "answer GetRecords with ExpiredIteratorException",
    "trimmed": "answer GetRecords with TrimmedDataAccessException",
}
"""Every effect that can be added, and what it does."""

_KIND = "datapath-fault"
_STREAM_EFFECTS = frozenset({"expired-iterator", "trimmed"})
_STREAM_OPERATIONS = frozenset({"GetRecords", "GetShardIterator"})


class FaultError(ValueError):
    """The fault that was asked for cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One added fault."""

    id: str
    effect: str
    table: str = ""
    """The table it is for; "" for all."""
    operation: str = ""
    """The operation it is for; "" for all that it can strike."""
    rate: float = 1.0
    """The share of those requests that it strikes."""
    seconds: float = 0.0
    """For delay."""
    remaining: int = 0
    """How many more requests it strikes before it is gone; 0 for no end."""
    struck: int = 0

    def meets(self, operation: str, tables: Sequence[str]) -> bool:
        """Whether a request may be struck."""
        on_stream = operation in _STREAM_OPERATIONS
        if self.effect in _STREAM_EFFECTS and not on_stream:
            return False
        return not (self.effect == "throttle" and on_stream) and self._fits(operation, tables)

    def _fits(self, operation: str, tables: Sequence[str]) -> bool:
        return self.operation in ("", operation) and (not self.table or self.table in tables)


class Faults:
    """The faults that are there, kept in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._held: dict[str, Fault] = {}
        self._asked: dict[str, int] = {}
        for name, document in journal.items(_KIND):
            self._held[name] = Fault(**document)

    @property
    def journal(self) -> Journal:
        """Where the faults are kept."""
        return self._journal

    @property
    def any(self) -> bool:
        """Whether there is a fault at all."""
        return bool(self._held)

    def list(self) -> list[dict[str, Any]]:
        """Every fault, oldest first."""
        return [{**asdict(fault), "meaning": EFFECTS[fault.effect]} for fault in self._held.values()]

    def add(self, wish: Mapping[str, Any]) -> Fault:
        """Add the fault that `wish` describes. Raises FaultError."""
        effect = str(wish.get("effect", ""))
        if effect not in EFFECTS:
            raise FaultError(f"effect must be one of {', '.join(EFFECTS)}, not {effect!r}")
        unknown = sorted(set(wish) - {"effect", "table", "operation", "rate", "seconds", "count"})
        if unknown:
            raise FaultError(f"a fault has no {', '.join(unknown)}")
        try:
            rate, seconds, count = float(wish.get("rate", 1)), float(wish.get("seconds", 0)), int(wish.get("count", 0))
        except (TypeError, ValueError) as wrong:
            raise FaultError(f"rate, seconds and count are numbers: {wrong}") from wrong
        if not 0 < rate <= 1 or not 0 <= seconds <= 3600 or count < 0:
            raise FaultError("rate is above 0 and at most 1, seconds at most an hour, count at least 0")
        if effect == "delay" and not seconds:
            raise FaultError("a delay needs seconds")
        number = 1 + max((int(name.rpartition("-")[2]) for name in self._held), default=0)
        name = f"fault-{number}"
        fault = Fault(name, effect, str(wish.get("table", "")), str(wish.get("operation", "")), rate, seconds, count)
        self._keep(fault)
        return fault

    def _keep(self, fault: Fault) -> None:
        self._held[fault.id] = fault
        self._journal.put(_KIND, fault.id, asdict(fault))

    def remove(self, name: str = "") -> int:
        """Remove one fault, or all; returns how many there were."""
        gone = [each for each in self._held if name in ("", each)]
        for each in gone:
            del self._held[each]
            self._journal.put(_KIND, each, None)
        return len(gone)

    def strike(self, operation: str, tables: Sequence[str]) -> Fault | None:
        """The fault that strikes this request, or None; counts the request."""
        for fault in list(self._held.values()):
            if not fault.meets(operation, tables):
                continue
            asked = self._asked[fault.id] = self._asked.get(fault.id, 0) + 1
            # Evenly spread and repeatable: the nth request is struck when n times the rate passes a whole number.
            if int(asked * fault.rate) == int((asked - 1) * fault.rate):
                continue
            if fault.remaining == 1:
                self.remove(fault.id)
            elif fault.remaining:
                self._keep(Fault(**{**asdict(fault), "remaining": fault.remaining - 1, "struck": fault.struck + 1}))
            return fault
        return None
