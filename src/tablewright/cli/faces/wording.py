"""The sentences that every face says alike."""

from __future__ import annotations

from tablewright.cli.faces.cells import clean
from tablewright.events import Finished, IndexMoved, Looked, OperationStarted, Started
from tablewright.model.stack import ResourceChange


def unrehearsed(physical_id: str) -> bool:
    """Whether a placeholder stands for a resource: the embedded AWS does not imitate its type."""
    return physical_id.startswith("not-rehearsed-")


def head(started: Started) -> str:
    """What the run is: the verb, the stack and the environment."""
    environment = f" ({started.environment})" if started.environment else ""
    return clean(f"{started.verb} {started.stack}{environment}")


def place(started: Started) -> str:
    """Where the run acts, and as whom."""
    where = started.whereabouts
    endpoint = f", endpoint {where.endpoint}" if where.endpoint else ""
    return clean(f"account {where.account}, {where.region}{endpoint}, as {where.arn}")


def beside(looked: Looked) -> tuple[str, ...]:
    """What was looked at beside the stack, whose state the summary says already."""
    return tuple(detail for detail in looked.details if not detail.startswith("stack "))


def operation(event: OperationStarted) -> str:
    """What CloudFormation does now."""
    if event.attached:
        return f"an operation is already running ({event.verb}): following it"
    return f"CloudFormation accepted: {event.verb}"


def index_state(event: IndexMoved) -> str:
    """An index's state, which CloudFormation's events cannot say."""
    return index_status(event.status, event.backfilling, event.percent)


def index_status(status: str, backfilling: bool, percent: float | None) -> str:
    """An index's status with how far its backfill is, if that is known."""
    if not backfilling:
        return status
    return f"{status}, backfilling" + (f" {percent:.0f} %" if percent is not None else "")


def change(change: ResourceChange) -> str:
    """One change of a change set in a line."""
    words = [change.action.lower(), change.logical_id, change.type]
    if change.replacement in ("True", "Conditional"):
        words.append("REPLACED" if change.replacement == "True" else "replaced, perhaps")
    if change.policy_action:
        words.append(f"[{change.policy_action}]")
    paths = [name.path for name in change.properties if name.path] or list(change.scope)
    if paths and change.action == "Modify":
        words.append(", ".join(dict.fromkeys(paths)))
    return clean("  ".join(words))


def ended(finished: Finished) -> str:
    """How it ended, in a line."""
    return clean(finished.summary)
