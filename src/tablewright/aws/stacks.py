"""Reading, removing and rolling back stacks, over CloudFormation's API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tablewright.aws.clock import utc
from tablewright.aws.errors import is_absent
from tablewright.aws.session import Session
from tablewright.errors import Failed
from tablewright.model.stack import Stack, StackEvent, StackOutput, StackResource

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import (
        DescribeStackEventsInputTypeDef,
        ListStackResourcesInputTypeDef,
        StackEventTypeDef,
        StackTypeDef,
    )

__all__ = ["CloudFormationStacks"]


class CloudFormationStacks:
    """Stacks of one account and region. ``ref`` is a name or a stack id; only an id finds a deleted stack (for 90 days)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def describe(self, ref: str) -> Stack | None:
        """The stack; None only if CloudFormation says that it does not exist."""
        with self._session.translated("cloudformation"):
            try:
                answer = self._session.cloudformation.describe_stacks(StackName=ref)
            except ClientError as error:
                if is_absent(error):
                    return None
                raise
            found = answer["Stacks"]
            return _stack(found[0]) if found else None

    def resources(self, ref: str) -> tuple[StackResource, ...]:
        """Every resource of the stack, all pages; () if there is no such stack."""
        found: list[StackResource] = []
        request: ListStackResourcesInputTypeDef = {"StackName": ref}
        while True:
            with self._session.translated("cloudformation"):
                try:
                    answer = self._session.cloudformation.list_stack_resources(**request)
                except ClientError as error:
                    if is_absent(error):
                        return ()
                    raise
                found += [
                    StackResource(
                        logical_id=r["LogicalResourceId"],
                        physical_id=r.get("PhysicalResourceId", ""),
                        type=r["ResourceType"],
                        status=r["ResourceStatus"],
                        reason=r.get("ResourceStatusReason", ""),
                    )
                    for r in answer["StackResourceSummaries"]
                ]
            token = answer.get("NextToken")
            if not token:
                return tuple(found)
            request["NextToken"] = token

    def events(self, ref: str) -> Iterator[StackEvent]:
        """The stack's events, newest first; the next page is asked for only when it is reached. None for no such stack."""
        request: DescribeStackEventsInputTypeDef = {"StackName": ref}
        while True:
            with self._session.translated("cloudformation"):
                try:
                    answer = self._session.cloudformation.describe_stack_events(**request)
                except ClientError as error:
                    if is_absent(error):
                        return
                    raise
                page = [_event(e) for e in answer["StackEvents"]]
            yield from page
            token = answer.get("NextToken")
            if not token:
                return
            request["NextToken"] = token

    def template(self, ref: str) -> str:
        """The deployed template as it was sent (stage Original). Raises Failed ``stack-not-found`` if there is no stack.

        AWS gives every character that is not ASCII back as ``?``, though it deploys it rightly (cloudformation-coverage-roadmap
        issues 814 and 1220): a text that differs only there may still be the same, and equal ``?`` prove nothing.
        """
        with self._session.translated("cloudformation"):
            answer = self._session.cloudformation.get_template(StackName=ref, TemplateStage="Original")
            body: object = answer["TemplateBody"]
        if not isinstance(body, str):
            raise Failed("template-unreadable", "The deployed template could not be read as text", f"Stack: {ref}.")
        return body

    def delete(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None:
        """Begin deleting; ``retain`` are logical ids to leave behind (only a stack in DELETE_FAILED takes any)."""
        with self._session.translated("cloudformation"):
            if retain:
                self._session.cloudformation.delete_stack(
                    StackName=stack_id, ClientRequestToken=token, RetainResources=list(retain)
                )
            else:
                self._session.cloudformation.delete_stack(StackName=stack_id, ClientRequestToken=token)

    def continue_rollback(self, stack_id: str, *, token: str, skip: Sequence[str] = ()) -> None:
        """Begin ContinueUpdateRollback; ``skip`` are logical ids that it leaves as they are."""
        with self._session.translated("cloudformation"):
            if skip:
                self._session.cloudformation.continue_update_rollback(
                    StackName=stack_id, ClientRequestToken=token, ResourcesToSkip=list(skip)
                )
            else:
                self._session.cloudformation.continue_update_rollback(StackName=stack_id, ClientRequestToken=token)

    def roll_back(self, stack_id: str, *, token: str) -> None:
        """Begin RollbackStack: back to the last stable state of a stack that failed with rollback disabled."""
        with self._session.translated("cloudformation"):
            self._session.cloudformation.rollback_stack(StackName=stack_id, ClientRequestToken=token)

    def protect(self, stack_id: str, *, enabled: bool) -> None:
        """Set termination protection on or off."""
        with self._session.translated("cloudformation"):
            self._session.cloudformation.update_termination_protection(
                StackName=stack_id, EnableTerminationProtection=enabled
            )


def _stack(answer: StackTypeDef) -> Stack:
    updated = answer.get("LastUpdatedTime")
    deleted = answer.get("DeletionTime")
    return Stack(
        id=answer["StackId"],
        name=answer["StackName"],
        status=answer["StackStatus"],
        created_at=utc(answer["CreationTime"]),
        reason=answer.get("StackStatusReason", ""),
        updated_at=utc(updated) if updated else None,
        deleted_at=utc(deleted) if deleted else None,
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in answer.get("Parameters", [])},
        tags={t["Key"]: t["Value"] for t in answer.get("Tags", [])},
        outputs=tuple(
            StackOutput(
                key=o["OutputKey"],
                value=o["OutputValue"],
                description=o.get("Description", ""),
                export=o.get("ExportName"),
            )
            for o in answer.get("Outputs", [])
        ),
        capabilities=tuple(answer.get("Capabilities", [])),
        termination_protection=answer.get("EnableTerminationProtection", False),
        role_arn=answer.get("RoleARN"),
        change_set_id=answer.get("ChangeSetId"),
        root_id=answer.get("RootId"),
    )


def _event(answer: StackEventTypeDef) -> StackEvent:
    return StackEvent(
        id=answer["EventId"],
        at=utc(answer["Timestamp"]),
        stack_id=answer["StackId"],
        logical_id=answer.get("LogicalResourceId", ""),
        physical_id=answer.get("PhysicalResourceId", ""),
        type=answer.get("ResourceType", ""),
        status=answer.get("ResourceStatus", ""),
        reason=answer.get("ResourceStatusReason", ""),
        token=answer.get("ClientRequestToken", ""),
    )
