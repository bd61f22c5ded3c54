"""What stands, as a plan needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tablewright.model.stack import Stack, StackResource
from tablewright.model.table import Table
from tablewright.plan.drift import Drift


class Standing(Enum):
    """What a stack's status allows; ``deploy.status`` says it of each status."""

    ABSENT = "absent"
    SHELL = "shell"  # it waits for its first change set
    MOVING = "moving"
    SETTLED = "settled"
    BROKEN = "broken"
    UNHEARD_OF = "unheard-of"


@dataclass(frozen=True, slots=True)
class Actual:
    """A stack as deployed, with the live tables of the names that the design wants.

    ``template`` is the deployed text, None where there is none. ``unchanged`` is True once CloudFormation itself has found
    nothing to change for this very design. ``drift`` are the tables that do not stand as the deployed design says, known only
    where nothing else differs; ``reverted`` is True once that was put right, so far as it could be; ``unread`` says what could
    not be compared; ``nested_seen`` is True once this run has deployed the design, so that CloudFormation has just looked at the
    templates of its nested stacks.
    """

    stack: Stack | None
    standing: Standing
    template: str | None = None
    resources: tuple[StackResource, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    unchanged: bool = False
    drift: tuple[Drift, ...] = ()
    reverted: bool = False
    unread: tuple[str, ...] = ()
    nested_seen: bool = False

    @property
    def owned_names(self) -> frozenset[str]:
        """The physical ids of what the stack owns."""
        return frozenset(r.physical_id for r in self.resources if r.physical_id and r.status not in LEFT_THE_STACK)


LEFT_THE_STACK = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
"""Resource statuses after which the stack does not own the resource any more."""
