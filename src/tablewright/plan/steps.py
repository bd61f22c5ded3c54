"""The steps of a plan: each a frozen value that says what it is, in words and as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Follow:
    """An operation runs already: follow it to its end before anything else."""

    stack_id: str
    status: str
    kind = "follow"

    @property
    def title(self) -> str:
        return f"Follow the operation that is running ({self.status})"


@dataclass(frozen=True, slots=True)
class Recover:
    """The stack cannot be updated as it stands: apply the remedy of its situation."""

    stack_id: str
    status: str
    kind = "recover"

    @property
    def title(self) -> str:
        return f"Recover the stack from {self.status}"


@dataclass(frozen=True, slots=True)
class CreateStack:
    """Create the stack by a change set; tables that exist already (``imports``) are taken in with their items."""

    stack: str
    imports: tuple[str, ...] = ()
    kind = "create"

    @property
    def title(self) -> str:
        return f"Create stack {self.stack}" + _taking_in(self.imports)


@dataclass(frozen=True, slots=True)
class UpdateStack:
    """Update the stack by a change set, because of ``reasons``."""

    stack: str
    stack_id: str
    reasons: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    kind = "update"

    @property
    def title(self) -> str:
        return f"Update stack {self.stack}" + _taking_in(self.imports)


@dataclass(frozen=True, slots=True)
class Revert:
    """Bring tables back to what the template says, by a change set that goes by what they are (REVERT_DRIFT).

    ``differences`` says in words how ``tables`` differ. Those that are taken in as they are differ as well.
    """

    stack: str
    tables: tuple[str, ...]
    differences: tuple[str, ...]
    kind = "revert"

    @property
    def title(self) -> str:
        return f"Put right what differs from the template: {'; '.join(self.differences)}"


@dataclass(frozen=True, slots=True)
class AwaitTable:
    """Wait until the table and its indexes (``busy`` now) are ACTIVE."""

    table: str
    busy: tuple[str, ...] = ()
    kind = "await"

    @property
    def title(self) -> str:
        what = f"{', '.join(self.busy)} of {self.table}" if self.busy else self.table
        return f"Wait until {what} is ACTIVE" if len(self.busy) < 2 else f"Wait until {what} are ACTIVE"


@dataclass(frozen=True, slots=True)
class Protect:
    """Set the stack's termination protection."""

    stack_id: str
    enabled: bool
    kind = "protect"

    @property
    def title(self) -> str:
        return f"Turn termination protection {'on' if self.enabled else 'off'}"


Step = Follow | Recover | CreateStack | UpdateStack | Revert | AwaitTable | Protect


def step_as_json(step: Step) -> Mapping[str, object]:
    """The step as plain JSON values: its kind, its title and its fields."""
    body = {f.name: getattr(step, f.name) for f in fields(step)}
    shown = {name: list(value) if isinstance(value, tuple) else value for name, value in body.items()}
    return {"kind": step.kind, "title": step.title, **shown}


def _taking_in(names: tuple[str, ...]) -> str:
    return f", taking in {', '.join(names)}" if names else ""
