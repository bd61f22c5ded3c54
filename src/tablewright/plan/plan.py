"""Design and actual to plan: the ordered steps still to do, or why there are none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tablewright.model.design import Design
from tablewright.model.stack import Stack
from tablewright.model.table import Table
from tablewright.plan.actual import Actual, Standing
from tablewright.plan.adoption import adoptable, newcomers
from tablewright.plan.drift import Drift, drift_of
from tablewright.plan.steps import (
    AwaitTable,
    CreateStack,
    Follow,
    Protect,
    Recover,
    Revert,
    Step,
    UpdateStack,
    step_as_json,
)
from tablewright.plan.values import same_tags, same_values


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are done. Only the first is certain: after it, what stands is looked at again.

    ``reason`` says why there is nothing to do, or what makes the first step necessary.
    """

    stack: str
    steps: tuple[Step, ...]
    reason: str

    @property
    def first(self) -> Step | None:
        return self.steps[0] if self.steps else None

    @property
    def digest(self) -> str:
        """A hash of the plan's content: equal plans have equal digests."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    def as_json(self) -> Mapping[str, object]:
        """The plan as plain JSON values."""
        return {"stack": self.stack, "reason": self.reason, "steps": [step_as_json(step) for step in self.steps]}


def plan(design: Design, actual: Actual, *, protection: bool | None = None) -> Plan:
    """What is still to do until the design stands. ``protection`` is the wanted termination protection, None to leave it."""
    steps = tuple(_steps(design, actual, protection))
    return Plan(design.stack, steps, _reason(design, actual, steps))


def _steps(design: Design, actual: Actual, protection: bool | None) -> Iterator[Step]:
    stack = actual.stack
    unprotecting = stack is not None and protection is False and stack.termination_protection
    if stack is not None and unprotecting and actual.standing is not Standing.MOVING:
        yield Protect(stack.id, False)  # first: it may stand in the way of what comes next
    if stack is not None and actual.standing is Standing.MOVING:
        yield Follow(stack.id, stack.status)
    elif stack is not None and actual.standing in (Standing.BROKEN, Standing.UNHEARD_OF):
        yield Recover(stack.id, stack.status)
    imports = adoptable(design, actual)
    if stack is None or actual.standing is not Standing.SETTLED:
        changing = not (stack is not None and actual.standing is Standing.MOVING and same(design, actual))
        if changing:
            yield CreateStack(design.stack, imports) if _is_new(actual) else UpdateStack(design.stack, stack_id(actual))
            yield from _put_right(design, _taken_in(design, actual, imports))
    elif not actual.unchanged:
        reasons = differences(design, stack, actual.template) or _nested(design, actual)
        if reasons:
            yield UpdateStack(design.stack, stack.id, reasons, imports)
            yield from _put_right(design, _taken_in(design, actual, imports))
    if stack is not None and protection and not stack.termination_protection and actual.standing is Standing.SETTLED:
        yield Protect(stack.id, True)
    yield from _waits(design, actual)
    if actual.standing is Standing.SETTLED and not actual.reverted:
        yield from _put_right(design, actual.drift)


def _put_right(design: Design, drift: tuple[Drift, ...]) -> Iterator[Step]:
    if drift:
        told = tuple(difference for each in drift for difference in each.differences)
        yield Revert(design.stack, tuple(each.table for each in drift), told)


def _taken_in(design: Design, actual: Actual, imports: tuple[str, ...]) -> tuple[Drift, ...]:
    """How the tables that will be taken in differ: an import changes none of their settings."""
    new = [(resource, table) for resource, table in newcomers(design, actual) if table.name in imports]
    told = [(table.name, resource.logical_id, drift_of(resource, table)) for resource, table in new]
    return tuple(Drift(name, logical_id, found) for name, logical_id, found in told if found)


def _is_new(actual: Actual) -> bool:
    """Whether the design will be deployed by creating a stack, after what comes before."""
    stack = actual.stack
    return stack is None or actual.standing in (Standing.ABSENT, Standing.SHELL) or stack.status in _RECREATED


_RECREATED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS", "CREATE_FAILED", "DELETE_FAILED",
                        "DELETE_IN_PROGRESS"})  # fmt: skip
"""From these the way leads over deleting the shell and creating the stack again."""


def has_values(stack: Stack) -> bool:
    """Whether the stack's deployed parameters are values to keep: not those of a shell, or of a stack that will be made anew."""
    return stack.status not in _RECREATED and stack.status != "REVIEW_IN_PROGRESS"


def stack_id(actual: Actual) -> str:
    """The id of the stack, or nothing."""
    return actual.stack.id if actual.stack is not None else ""


def _waits(design: Design, actual: Actual) -> Iterator[Step]:
    if actual.standing is not Standing.SETTLED:
        return
    owned = actual.owned_names
    for resource in design.tables:
        name = resource.physical_name
        table = actual.tables.get(name) if isinstance(name, str) else None
        if table is not None and (not owned or table.name in owned):
            busy = busy_indexes(table)
            if busy or table.status != "ACTIVE":
                yield AwaitTable(table.name, busy)


def busy_indexes(table: Table) -> tuple[str, ...]:
    """The indexes that are not ACTIVE yet, or still being backfilled."""
    return tuple(index.name for index in table.indexes if index.status != "ACTIVE" or index.backfilling)


def same(design: Design, actual: Actual) -> bool:
    """Whether what is deployed (or being deployed) is this very design."""
    return actual.stack is not None and not differences(design, actual.stack, actual.template)


def differences(design: Design, stack: Stack, template: str | None) -> tuple[str, ...]:
    """What differs between the design and what is deployed: template, parameters, tags."""
    found = []
    if template is None or _text(template) != _text(design.body):
        found.append("the template differs from the deployed one")
    if not same_values(design, stack):
        found.append("the parameters differ from the deployed ones")
    if not same_tags(design, stack):
        found.append("the tags differ from the deployed ones")
    return tuple(found)


def _nested(design: Design, actual: Actual) -> tuple[str, ...]:
    """What stands behind a nested stack's URL may have changed under the same URL: CloudFormation has to look each time."""
    names = sorted(r.logical_id for r in design.resources if r.type == "AWS::CloudFormation::Stack")
    if not names or actual.nested_seen:
        return ()
    what = f"nested stack {names[0]}" if len(names) == 1 else f"nested stacks {', '.join(names)}"
    return (f"only CloudFormation can tell whether the template of {what} has changed",)


def _text(template: str) -> str:
    """A template's text as far as it can matter: CloudFormation returns it without a final line break at times."""
    return template.replace("\r\n", "\n").rstrip("\n")


def _reason(design: Design, actual: Actual, steps: tuple[Step, ...]) -> str:
    if steps:
        first = steps[0]
        if isinstance(first, UpdateStack) and first.reasons:
            return "; ".join(first.reasons)
        return {
            "follow": "an operation is running already",
            "recover": "the stack cannot be updated as it stands",
            "create": "the stack does not exist yet",
            "protect": "termination protection differs",
            "await": "an index or table is not ACTIVE yet",
            "revert": "what stands differs from the template, which is the deployed one",
        }.get(first.kind, "the deployed stack differs")
    if actual.unchanged:
        return "CloudFormation finds no change between the deployed stack and this template"
    return "the deployed template, parameters and tags are the same"
