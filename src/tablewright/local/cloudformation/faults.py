"""Faults of stacks, added on purpose: fail this resource with this reason, or hang it. None is there unless it was added.

With them every status can be reached: hang what works to hold a running status, fail it to see what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tablewright.local.journal import Journal

EFFECTS: Mapping[str, str] = {
    "fail-resource": "fail what a stack does to a resource, before it is done",
    "fail-resource-after": "do it, and fail then",
    "hang-resource": "wait before doing it until the fault is removed",
}
"""Every effect that can be added, and what it does."""

VERBS = ("create", "update", "delete", "read", "tag", "restore", "release", "cleanup", "clear")
"""What a stack does to a resource: create, update, delete, read (import), tag (after an import), restore (roll an update
back), release (roll an import back), cleanup (delete what was replaced), clear (delete what a failed creation left)."""

_KIND = "stack-fault"
_MEMBERS = frozenset({"effect", "stack", "resource", "verb", "reason", "code", "count"})


class StackFaultError(ValueError):
    """The fault that was asked for cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class StackFault:
    """One added fault. An empty field fits everything."""

    id: str
    effect: str
    stack: str = ""
    """A stack's name."""
    resource: str = ""
    """A logical ID or a resource type."""
    verb: str = ""
    reason: str = "Injected fault"
    code: str = "GeneralServiceException"
    """The HandlerErrorCode."""
    remaining: int = 0
    """How many more times it strikes before it is gone; 0 for no end."""

    def meets(self, stack: str, logical_id: str, kind: str, verb: str) -> bool:
        return self.stack in ("", stack) and self.resource in ("", logical_id, kind) and (self.verb in ("", verb))


class StackFaults:
    """The faults that are there. Everything is in the journal, so any number of these see the same."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def list(self) -> list[dict[str, Any]]:
        """Every fault, oldest first."""
        return [{**document, "meaning": EFFECTS[document["effect"]]} for _, document in self._journal.items(_KIND)]

    def add(self, wish: Mapping[str, Any]) -> StackFault:
        """Add the fault that `wish` describes. Raises StackFaultError."""
        effect, verb = str(wish.get("effect", "")), str(wish.get("verb", ""))
        if effect not in EFFECTS:
            raise StackFaultError(f"effect must be one of {', '.join(EFFECTS)}, not {effect!r}")
        if unknown := sorted(set(wish) - _MEMBERS):
            raise StackFaultError(f"a fault of a stack has no {', '.join(unknown)}")
        if verb and verb not in VERBS:
            raise StackFaultError(f"verb must be one of {', '.join(VERBS)}, not {verb!r}")
        count = wish.get("count", 0)
        if not isinstance(count, int) or count < 0:
            raise StackFaultError("count is a number and at least 0")
        number = 1 + max((int(name.rpartition("-")[2]) for name, _ in self._journal.items(_KIND)), default=0)
        fault = StackFault(
            id=f"stack-fault-{number}",
            effect=effect,
            stack=str(wish.get("stack", "")),
            resource=str(wish.get("resource", "")),
            verb=verb,
            reason=str(wish.get("reason", "Injected fault")),
            code=str(wish.get("code", "GeneralServiceException")),
            remaining=count,
        )
        self._journal.put(_KIND, fault.id, asdict(fault))
        return fault

    def remove(self, name: str = "") -> int:
        """Remove one fault, or all; returns how many there were."""
        gone = [each for each, _ in self._journal.items(_KIND) if name in ("", each)]
        for each in gone:
            self._journal.put(_KIND, each, None)
        return len(gone)

    def there(self, fault: StackFault) -> bool:
        return self._journal.get(_KIND, fault.id) is not None

    def strike(self, stack: str, logical_id: str, kind: str, verb: str) -> StackFault | None:
        """The fault that strikes, or None; counts the strike."""
        for name, document in self._journal.items(_KIND):
            fault = StackFault(**document)
            if not fault.meets(stack, logical_id, kind, verb):
                continue
            if fault.remaining == 1:
                self._journal.put(_KIND, name, None)
            elif fault.remaining:
                self._journal.put(_KIND, name, {**document, "remaining": fault.remaining - 1})
            return fault
        return None
