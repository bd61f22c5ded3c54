"""AWS::CloudFormation::Stack: a stack inside a stack, driven through CloudFormation itself.

Source: user guide, "Embed stacks within other stacks using nested stacks". The words "was not successfully created", "was not
successfully updated. Currently in" and "was not successfully deleted" are quoted in public issue threads.
"""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.intrinsics import text
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import HandlerError, Handling, Properties
from tablewright.local.services import ServiceError

POLL_S = 1.0
_UPDATED = frozenset({"UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"})
_RESTORED = frozenset({"UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"})
_PARENT = "aws:cloudformation:stack-id"


class NestedStack(Kind):
    """Its physical ID is the inner stack's ARN; its attributes are the inner stack's outputs."""

    name: ClassVar[str] = "AWS::CloudFormation::Stack"
    name_limit: ClassVar[int] = 128
    attributes: ClassVar[frozenset[str]] = frozenset({"StackId"})
    unread: ClassVar[frozenset[str]] = frozenset(
        {"NotificationARNs", "Parameters", "Tags", "TemplateURL", "TimeoutInMinutes"}
    )

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        made = await _ask(handling, "CreateStack", {**_request(handling, properties), "StackName": name})
        stack_id = str(made["StackId"])
        handling.made(stack_id)
        found = await _wait(handling, stack_id, {"CREATE_IN_PROGRESS"})
        if found["StackStatus"] != "CREATE_COMPLETE":
            raise _failed(f"Embedded stack {stack_id} was not successfully created: {_reason(found)}")
        return _attributes(found)

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        if handling.verb == "restore":
            return await self._restore(handling, physical_id)
        asked = {**_request(handling, after), "StackName": physical_id}
        if not (await _ask(handling, "UpdateStack", asked))["Started"]:
            return _attributes(await _look(handling, physical_id))
        found = await _wait(handling, physical_id, {"UPDATE_IN_PROGRESS"})
        if found["StackStatus"] not in _UPDATED:
            raise _failed(
                f"Embedded stack {physical_id} was not successfully updated. Currently in {found['StackStatus']} "
                f"with reason: {_reason(found)}"
            )
        return _attributes(found)

    async def _restore(self, handling: Handling, physical_id: str) -> dict[str, Any]:
        """Undo what the parent's update did to it."""
        asked = {"Parent": handling.tags[_PARENT], "StackName": physical_id}
        if not (await _ask(handling, "RestoreStack", asked))["Started"]:
            return _attributes(await _look(handling, physical_id))
        passing = {"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"}
        found = await _wait(handling, physical_id, passing)
        if found["StackStatus"] not in _RESTORED:
            raise _failed(
                f"Embedded stack {physical_id} was not successfully rolled back. Currently in {found['StackStatus']} "
                f"with reason: {_reason(found)}"
            )
        return _attributes(found)

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        await _ask(handling, "DeleteStack", {"Parent": handling.tags[_PARENT], "StackName": physical_id})
        found = await _wait(handling, physical_id, {"DELETE_IN_PROGRESS"})
        if found["StackStatus"] != "DELETE_COMPLETE":
            raise _failed(f"Embedded stack {physical_id} was not successfully deleted: {_reason(found)}")

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            found = await _look(handling, physical_id)
        except HandlerError:
            return None
        return None if found["StackStatus"] == "DELETE_COMPLETE" else ({}, _attributes(found))


def _request(handling: Handling, properties: Properties) -> dict[str, Any]:
    """The stack that the properties ask for, as CreateStack and UpdateStack take it."""
    tags = {key: value for key, value in merged_tags(handling.tags, properties).items() if not key.startswith("aws:")}
    values = dict(properties.get("Parameters") or {})
    request: dict[str, Any] = {
        "Parent": handling.tags[_PARENT],
        "LogicalId": handling.logical_id,
        "TemplateURL": str(properties["TemplateURL"]),
        "Parameters": [{"ParameterKey": key, "ParameterValue": _parameter(value)} for key, value in values.items()],
        "Tags": tag_list(tags),
        "NotificationARNs": list(properties.get("NotificationARNs") or []),
    }
    if properties.get("TimeoutInMinutes"):
        request["TimeoutInMinutes"] = int(properties["TimeoutInMinutes"])
    return request


def _parameter(value: Any) -> str:
    return ",".join(text(item) for item in value) if isinstance(value, list) else text(value)


async def _ask(handling: Handling, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    try:
        return await handling.call("cloudformation", operation, params)
    except ServiceError as refused:
        raise _failed(refused.message) from None


async def _look(handling: Handling, stack_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await _ask(handling, "DescribeStacks", {"StackName": stack_id}))["Stacks"][0]
    return found


async def _wait(handling: Handling, stack_id: str, passing: set[str]) -> dict[str, Any]:
    """The stack as soon as its status is not one of `passing`."""
    while (found := await _look(handling, stack_id))["StackStatus"] in passing:
        await handling.sleep(POLL_S)
    return found


def _failed(words: str) -> HandlerError:
    return HandlerError("GeneralServiceException", words, plain=True)


def _reason(found: dict[str, Any]) -> str:
    return str(found.get("StackStatusReason") or "")


def _attributes(found: dict[str, Any]) -> dict[str, Any]:
    outputs = {f"Outputs.{each['OutputKey']}": each["OutputValue"] for each in found.get("Outputs") or []}
    return {"StackId": found["StackId"], **outputs}
