"""Waiting for stacks and change sets, by waiters of botocore's own kind."""

from __future__ import annotations

from typing import Any

from botocore.waiter import WaiterModel, create_waiter_with_client

RUNNING = (
    "CREATE_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
    "DELETE_IN_PROGRESS",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_IN_PROGRESS",
)
"""Stack statuses in which something still runs."""

_EMBEDDED = (0.01, 12_000)
_ACCOUNT = (5, 1080)
"""Delay in seconds and attempts: two minutes, and an hour and a half (a replica or an index takes its time on AWS)."""


def _pace(client: Any) -> tuple[float, int]:
    return _EMBEDDED if client.meta.endpoint_url.startswith("http://127.0.0.1") else _ACCOUNT


def waiting(client: Any) -> dict[str, Any]:
    """The `WaiterConfig` with which botocore's own waiters keep this pace."""
    delay, attempts = _pace(client)
    return {"Delay": delay, "MaxAttempts": attempts}


def _while_in(operation: str, path: str, statuses: tuple[str, ...], pace: tuple[float, int]) -> dict[str, Any]:
    listed = "[" + ", ".join(f'"{status}"' for status in statuses) + "]"
    found = {"matcher": "path", "argument": f"contains(`{listed}`, {path})", "expected": False, "state": "success"}
    return {"operation": operation, "delay": pace[0], "maxAttempts": pace[1], "acceptors": [found]}


def _waiter(client: Any, name: str) -> Any:
    pace = _pace(client)
    waiters = {
        "StackSettled": _while_in("DescribeStacks", "Stacks[0].StackStatus", RUNNING, pace),
        "ChangeSetKnown": _while_in("DescribeChangeSet", "Status", ("CREATE_PENDING", "CREATE_IN_PROGRESS"), pace),
        "DriftKnown": _while_in(
            "DescribeStackDriftDetectionStatus", "DetectionStatus", ("DETECTION_IN_PROGRESS",), pace
        ),
    }
    return create_waiter_with_client(name, WaiterModel({"version": 2, "waiters": waiters}), client)


def settled(cloudformation: Any, stack: str) -> dict[str, Any]:
    """The stack once nothing runs on it any more. Raises WaiterError."""
    _waiter(cloudformation, "StackSettled").wait(StackName=stack)
    found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return found


def changed(cloudformation: Any, change_set: str) -> dict[str, Any]:
    """The change set once it is worked out. Raises WaiterError."""
    _waiter(cloudformation, "ChangeSetKnown").wait(ChangeSetName=change_set)
    found: dict[str, Any] = cloudformation.describe_change_set(ChangeSetName=change_set, IncludePropertyValues=True)
    return found


def detected(cloudformation: Any, detection: str) -> dict[str, Any]:
    """A drift detection once it is over. Raises WaiterError."""
    _waiter(cloudformation, "DriftKnown").wait(StackDriftDetectionId=detection)
    found: dict[str, Any] = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    return found
