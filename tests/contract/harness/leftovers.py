"""What a stack has left behind: resources that its events say it skipped or failed to delete, inner stacks' too."""

from __future__ import annotations

from typing import Any

NESTED = "AWS::CloudFormation::Stack"
_SAYING = ("DELETE_SKIPPED", "DELETE_FAILED")


def leftovers(client: Any, stack_id: str) -> list[tuple[str, str]]:
    """Type and physical id of each, and every inner stack as an `inner stack` with its id."""
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    events = [event for page in pages for event in page["StackEvents"] if event.get("PhysicalResourceId")]
    found: dict[tuple[str, str], None] = {}
    for event in events:
        kind, physical = event["ResourceType"], event["PhysicalResourceId"]
        if physical == stack_id:
            continue
        if kind == NESTED:
            if ("inner stack", physical) not in found:
                found["inner stack", physical] = None
                found.update(dict.fromkeys(leftovers(client, physical)))
        elif event["ResourceStatus"] in _SAYING:
            found[kind, physical] = None
    return list(found)
