"""Making, reading, executing and removing change sets, over CloudFormation's API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from tablewright.aws.clock import utc
from tablewright.aws.errors import code_of, is_absent
from tablewright.aws.session import Session
from tablewright.errors import Failed, TablewrightError
from tablewright.model.stack import ChangeSet, PropertyChange, ResourceChange, StackEvent
from tablewright.ports import ChangeSetRequest

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.literals import CapabilityType, ChangeSetTypeType
    from mypy_boto3_cloudformation.type_defs import (
        CreateChangeSetInputTypeDef,
        DescribeChangeSetInputTypeDef,
        ListChangeSetsInputTypeDef,
        ParameterTypeDef,
        ResourceChangeDetailTypeDef,
        ResourceChangeTypeDef,
    )

__all__ = ["CloudFormationChangeSets"]

_GONE = ("ChangeSetNotFound", "ChangeSetNotFoundException")
_RECREATION_RANK = {"Never": 0, "": 1, "Conditionally": 2, "Always": 3}


class CloudFormationChangeSets:
    """Change sets of one account and region, addressed by id."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, request: ChangeSetRequest) -> ChangeSet:
        """Begin making a change set and return at once: it is CREATE_PENDING, and ``describe`` tells how it goes on.

        Made for a stack that does not exist (kind CREATE), it leaves a stack in REVIEW_IN_PROGRESS.
        """
        parameters: list[ParameterTypeDef] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in request.parameters.items()
        ]
        parameters += [{"ParameterKey": name, "UsePreviousValue": True} for name in request.kept_parameters]
        asked: CreateChangeSetInputTypeDef = {
            "StackName": request.stack,
            "ChangeSetName": request.name,
            "ChangeSetType": cast("ChangeSetTypeType", request.kind),
            "ClientToken": request.token,
            "Parameters": parameters,
            "Capabilities": [cast("CapabilityType", c) for c in request.capabilities],
        }
        if request.template_url is not None:
            asked["TemplateURL"] = request.template_url
        else:
            asked["TemplateBody"] = request.body
        if request.tags is not None:
            asked["Tags"] = [{"Key": k, "Value": v} for k, v in request.tags.items()]
        if request.import_existing:
            asked["ImportExistingResources"] = True
        if request.include_nested:
            asked["IncludeNestedStacks"] = True
        if request.role_arn is not None:
            asked["RoleARN"] = request.role_arn
        if request.revert_drift:
            asked["DeploymentMode"] = "REVERT_DRIFT"
            self._check_drift_mode()
        with self._session.translated("cloudformation"):
            try:
                answer = self._session.cloudformation.create_change_set(**asked)
            except ClientError as error:
                if request.revert_drift and "deploymentmode" in str(error).replace(" ", "").lower():
                    raise _no_drift_mode(
                        f"CloudFormation says: {error.response['Error'].get('Message', '')}"
                    ) from error
                raise
            return ChangeSet(
                id=answer["Id"],
                name=request.name,
                stack_id=answer["StackId"],
                status="CREATE_PENDING",
                execution_status="UNAVAILABLE",
            )

    def _check_drift_mode(self) -> None:
        """Raise where the botocore in use knows no DeploymentMode: it came with botocore 1.42.76."""
        with self._session.translated("cloudformation"):
            asked = self._session.cloudformation.meta.service_model.operation_model("CreateChangeSet").input_shape
        if asked is None or "DeploymentMode" not in asked.members:
            raise _no_drift_mode("The botocore that is installed is older than 1.42.76, which brought it.")

    def describe(self, change_set_id: str) -> ChangeSet | None:
        """The change set with all its changes, every page; None only if CloudFormation says that there is none."""
        asked: DescribeChangeSetInputTypeDef = {"ChangeSetName": change_set_id, "IncludePropertyValues": True}
        changes: list[ResourceChange] = []
        while True:
            with self._session.translated("cloudformation"):
                try:
                    answer = self._session.cloudformation.describe_change_set(**asked)
                except ClientError as error:
                    if code_of(error) in _GONE or is_absent(error):
                        return None
                    raise
                changes += [
                    _change(c["ResourceChange"])
                    for c in answer.get("Changes", [])
                    if c.get("ResourceChange") is not None
                ]
                token = answer.get("NextToken")
                if not token:
                    return ChangeSet(
                        id=answer["ChangeSetId"],
                        name=answer["ChangeSetName"],
                        stack_id=answer["StackId"],
                        status=answer["Status"],
                        execution_status=answer.get("ExecutionStatus", "UNAVAILABLE"),
                        reason=answer.get("StatusReason", ""),
                        changes=tuple(changes),
                        created_at=utc(answer["CreationTime"]) if "CreationTime" in answer else None,
                    )
            asked["NextToken"] = token

    def of(self, stack: str) -> tuple[ChangeSet, ...]:
        """The stack's change sets, without their changes; () if there is no such stack."""
        asked: ListChangeSetsInputTypeDef = {"StackName": stack}
        found: list[ChangeSet] = []
        while True:
            with self._session.translated("cloudformation"):
                try:
                    answer = self._session.cloudformation.list_change_sets(**asked)
                except ClientError as error:
                    if is_absent(error):
                        return ()
                    raise
                found += [
                    ChangeSet(
                        id=c["ChangeSetId"],
                        name=c["ChangeSetName"],
                        stack_id=c["StackId"],
                        status=c["Status"],
                        execution_status=c.get("ExecutionStatus", "UNAVAILABLE"),
                        reason=c.get("StatusReason", ""),
                        created_at=utc(c["CreationTime"]) if "CreationTime" in c else None,
                    )
                    for c in answer["Summaries"]
                ]
            token = answer.get("NextToken")
            if not token:
                return tuple(found)
            asked["NextToken"] = token

    def execute(self, change_set_id: str, *, token: str) -> None:
        """Begin executing."""
        with self._session.translated("cloudformation"):
            self._session.cloudformation.execute_change_set(ChangeSetName=change_set_id, ClientRequestToken=token)

    def delete(self, change_set_id: str) -> None:
        """Remove it; one that is not there any more is no error."""
        with self._session.translated("cloudformation"):
            try:
                self._session.cloudformation.delete_change_set(ChangeSetName=change_set_id)
            except ClientError as error:
                if not (code_of(error) in _GONE or is_absent(error)):
                    raise

    def problems(self, change_set_id: str) -> tuple[StackEvent, ...]:
        """What DescribeEvents says of its failed validations; () where that operation is unknown or denied.

        It only adds detail to a failure that is known already, so not being able to ask is never an error. ``status`` is
        the validation's, ``type`` the resource's (the validation's name without one), ``reason`` AWS's words. What only warns
        (ValidationFailureMode WARN) has refused nothing and is left out.
        """
        try:
            with self._session.translated("cloudformation"):
                client = self._session.cloudformation
                if not hasattr(client, "describe_events"):
                    return ()  # a botocore older than the operation
                answer = client.describe_events(ChangeSetName=change_set_id, Filters={"FailedEvents": True})
                return tuple(
                    StackEvent(
                        id=e.get("EventId", ""),
                        at=utc(e["Timestamp"]),
                        stack_id=e.get("StackId", ""),
                        logical_id=e.get("LogicalResourceId", ""),
                        physical_id=e.get("PhysicalResourceId", ""),
                        type=e.get("ResourceType") or e.get("ValidationName", ""),
                        status=e.get("ValidationStatus") or e.get("ResourceStatus", ""),
                        reason=e.get("ValidationStatusReason") or e.get("ResourceStatusReason", ""),
                        place=e.get("ValidationPath", ""),
                    )
                    for e in answer["OperationEvents"]
                    if e.get("ValidationFailureMode") != "WARN"
                )
        except TablewrightError:
            return ()


def _no_drift_mode(why: str) -> Failed:
    return Failed("no-drift-mode", "No change set can go by what the resources are", why)


def _change(answer: ResourceChangeTypeDef) -> ResourceChange:
    return ResourceChange(
        action=answer.get("Action", ""),
        logical_id=answer.get("LogicalResourceId", ""),
        physical_id=answer.get("PhysicalResourceId", ""),
        type=answer.get("ResourceType", ""),
        replacement=answer.get("Replacement", ""),
        policy_action=answer.get("PolicyAction", ""),
        scope=tuple(answer.get("Scope", [])),
        properties=_properties(answer.get("Details", [])),
        nested_change_set_id=answer.get("ChangeSetId"),
    )


def _properties(details: Iterable[ResourceChangeDetailTypeDef]) -> tuple[PropertyChange, ...]:
    """One change a property: CloudFormation gives one detail for each reason (the template, a parameter, another resource).

    Of several, the one that recreates most counts; the values are those of the first detail that has any.
    """
    merged: dict[str, PropertyChange] = {}
    for detail in details:
        target = detail.get("Target", {})
        attribute = target.get("Attribute", "")
        path = target.get("Path") or target.get("Name") or ""
        path = path.removeprefix("/Properties/") if attribute == "Properties" else attribute or path
        new = PropertyChange(
            path=path,
            before=target.get("BeforeValue"),
            after=target.get("AfterValue"),
            recreation=target.get("RequiresRecreation", "Never" if attribute != "Properties" else ""),
        )
        old = merged.get(path, new)
        merged[path] = PropertyChange(
            path=path,
            before=new.before if old.before is None else old.before,
            after=new.after if old.after is None else old.after,
            recreation=max(old.recreation, new.recreation, key=lambda r: _RECREATION_RANK.get(r, 1)),
        )
    return tuple(merged.values())
