"""Every action that is answered, by its name in the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tablewright.local.cloudformation.actions import (
    changesets,
    drifts,
    events,
    governance,
    reading,
    recovery,
    stacks,
    templates,
)
from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.documents import Doc

Action = Callable[[Call], Awaitable[Doc]]

ACTIONS: Mapping[str, Action] = {
    "CreateStack": stacks.create_stack,
    "UpdateStack": stacks.update_stack,
    "DeleteStack": stacks.delete_stack,
    "UpdateTerminationProtection": stacks.update_termination_protection,
    "CancelUpdateStack": recovery.cancel_update_stack,
    "ContinueUpdateRollback": recovery.continue_update_rollback,
    "RollbackStack": recovery.rollback_stack,
    "DescribeStacks": reading.describe_stacks,
    "ListStacks": reading.list_stacks,
    "DescribeStackEvents": reading.describe_stack_events,
    "DescribeEvents": events.describe_events,
    "DescribeStackResource": reading.describe_stack_resource,
    "DescribeStackResources": reading.describe_stack_resources,
    "ListStackResources": reading.list_stack_resources,
    "ListExports": reading.list_exports,
    "ListImports": reading.list_imports,
    "GetTemplate": templates.get_template,
    "GetTemplateSummary": templates.get_template_summary,
    "ValidateTemplate": templates.validate_template,
    "CreateChangeSet": changesets.create_change_set,
    "DescribeChangeSet": changesets.describe_change_set,
    "ExecuteChangeSet": changesets.execute_change_set,
    "DeleteChangeSet": changesets.delete_change_set,
    "ListChangeSets": changesets.list_change_sets,
    "DetectStackDrift": drifts.detect_stack_drift,
    "DetectStackResourceDrift": drifts.detect_stack_resource_drift,
    "DescribeStackDriftDetectionStatus": drifts.describe_stack_drift_detection_status,
    "DescribeStackResourceDrifts": drifts.describe_stack_resource_drifts,
    "SetStackPolicy": governance.set_stack_policy,
    "GetStackPolicy": governance.get_stack_policy,
}
