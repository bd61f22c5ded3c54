"""Names that a later run recognises as its own: a change set's name is made from what it asks for and of what it asks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tablewright.deploy.situation import OWN_PREFIX
from tablewright.model.design import Design
from tablewright.model.stack import Stack
from tablewright.plan.values import Values, foreign_tags

PLAN_PREFIX = OWN_PREFIX + "plan-"


def design_digest(design: Design, values: Values) -> str:
    """Sixteen hex digits of everything that the design asks for: its text, the values given, its tags.

    Values that stay as they are deployed do not count: whether there are any changes while a stack is created.
    """
    asked: Mapping[str, object] = {
        "body": design.body,
        "sent": dict(sorted(values.sent.items())),
        "tags": dict(sorted(foreign_tags(design.tags).items())),
        "capabilities": sorted(design.capabilities),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def change_set_name(
    digest: str,
    stack: Stack | None,
    imports: tuple[str, ...],
    drift: tuple[str, ...] = (),
    *,
    for_plan: bool = False,
) -> str:
    """The name of the change set that takes ``stack`` as it stands to the design of ``digest``.

    One that puts ``drift`` (in words) right has another name for each: what it shows is only true of that.

    A run that is killed and started again makes the same name, as long as nobody changed the stack in between.
    """
    updated = stack.updated_at or stack.created_at if stack is not None else None
    state = [
        stack.id if stack is not None else "",
        str(updated),
        stack.status if stack is not None else "",
        *imports,
        *(("drift", *drift) if drift else ()),
    ]
    return f"{PLAN_PREFIX if for_plan else OWN_PREFIX}{digest}-{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:8]}"


def is_of_design(change_set_id: str | None, digest: str) -> bool:
    """Whether a stack's change set (its id or name) was made by tablewright for this very design."""
    if not change_set_id:
        return False
    name = change_set_id.split("changeSet/")[-1].split("/")[0]
    return name.startswith((f"{OWN_PREFIX}{digest}-", f"{PLAN_PREFIX}{digest}-"))
