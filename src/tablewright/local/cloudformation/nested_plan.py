"""The change sets of inner stacks, made with their root's (IncludeNestedStacks)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.cloudformation import dynamic, states
from tablewright.local.cloudformation.changes import Change
from tablewright.local.cloudformation.deployment import make, parameter_values, place_of, template_text
from tablewright.local.cloudformation.documents import ChangeSet, Operation, Stack
from tablewright.local.cloudformation.errors import CfnError
from tablewright.local.cloudformation.events import Recorder
from tablewright.local.cloudformation.intrinsics import text as as_text
from tablewright.local.cloudformation.naming import change_set_arn, physical_name, stack_arn, uuid4
from tablewright.local.cloudformation.program import prepare, sections_of
from tablewright.local.cloudformation.resources.registry import types_for
from tablewright.local.cloudformation.store import Store
from tablewright.local.services import Services


async def plan_nested(
    store: Store, recorder: Recorder, services: Services, clock: Clock, root: ChangeSet, stack: Stack, change: Change
) -> ChangeSet:
    """A change set, still to be examined, of the inner stack that `change` makes or updates. Raises CfnError."""
    before = store.stack(change.before.physical_id) if change.before is not None else None
    name = physical_name(stack.name, change.logical_id, limit=128)
    account, region = stack.account, stack.region
    again = _left(store, root, change)
    inner = (
        before
        or again
        or Stack(
            stack_id=stack_arn(account, region, name),
            name=name,
            account=account,
            region=region,
            status=states.REVIEW_IN_PROGRESS,
            created=clock.now(),
            parent=stack.stack_id,
            root=stack.root or stack.stack_id,
        )
    )
    params = _params(root, change)
    previous = inner.deployment if before is not None else {}
    text = await template_text(params, services, account=account, region=region, previous=None)
    sections = sections_of(text)
    parameters = await parameter_values(sections, params, previous, services, account=account, region=region)
    place = place_of(inner, {"notification_arns": params["NotificationARNs"]})
    program = prepare(sections, parameters, place, types_for(params["Capabilities"]))
    await dynamic.check(program, services, account=account, region=region)
    if before is None and again is None:
        store.add_stack(inner)
        recorder.stack(inner.stack_id, states.REVIEW_IN_PROGRESS, "User Initiated")
    own_name = physical_name(root.name, change.logical_id, limit=128)
    made = ChangeSet(
        change_set_id=change_set_arn(account, region, own_name),
        name=own_name,
        stack_id=inner.stack_id,
        stack_name=inner.name,
        account=account,
        region=region,
        type="UPDATE" if before is not None else "CREATE",
        created=clock.now(),
        status="CREATE_PENDING",
        execution_status="UNAVAILABLE",
        deployment=make(store, text, program, params, previous),
        import_existing=root.import_existing,
        include_nested=True,
        operation=uuid4(),
        validated=root.validated,
        parent=root.change_set_id,
        root=root.root or root.change_set_id,
        logical_id=change.logical_id,
    )
    asked = Operation(made.operation, "CREATE_CHANGESET", inner.stack_id, clock.now(), account, region)
    store.save_operation(replace(asked, change_set_id=made.change_set_id))
    return store.save_change_set(made)


def _params(root: ChangeSet, change: Change) -> dict[str, Any]:
    """The request for the inner stack that the change's properties stand for, as far as they are known yet."""
    after = change.after
    if "TemplateURL" not in after:
        raise CfnError("ValidationError", "Property TemplateURL cannot be empty.")
    given = dict(after.get("Parameters") or {})
    values = {k: ",".join(map(as_text, v)) if isinstance(v, list) else as_text(v) for k, v in given.items()}
    tags = {**root.deployment.get("tags", {}), **{str(t["Key"]): str(t["Value"]) for t in after.get("Tags") or []}}
    return {
        "TemplateURL": str(after["TemplateURL"]),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "NotificationARNs": list(after.get("NotificationARNs") or []),
        "Capabilities": list(root.deployment.get("capabilities") or []),
    }


def _left(store: Store, root: ChangeSet, change: Change) -> Stack | None:
    """The inner stack that an examination made which a restart has broken off; its change set is made anew."""
    for left in store.all_change_sets():
        if left.parent == root.change_set_id and left.logical_id == change.logical_id:
            store.drop_change_set(left.change_set_id)
            return store.stack(left.stack_id)
    return None
