"""Faults of stacks: a resource that fails or hangs on purpose, and through them every status that a stack can have."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tablewright.local import control
from tablewright.local.cloudformation import states
from tablewright.local.errors import LocalError
from tests.conftest import EmbeddedAws
from tests.contract.harness.waiting import changed, settled
from tests.waiting import until

pytestmark = pytest.mark.embedded("faults on demand")


def _template(*logical_ids: str, units: int = 1, **more: Any) -> str:
    resources: dict[str, Any] = {}
    for number, name in enumerate(logical_ids):
        resources[name] = {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": more.get("policy", "Delete"),
            "Properties": {
                "TableName": f"table-{name.lower()}",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "ProvisionedThroughput": {"ReadCapacityUnits": units, "WriteCapacityUnits": 1},
            },
        }
        if number:
            resources[name]["DependsOn"] = logical_ids[number - 1]
    return json.dumps({"Resources": resources})


class Stage:
    """An account with a stack, and faults for that stack alone."""

    def __init__(self, aws: EmbeddedAws, account: str) -> None:
        self.aws = aws
        self.client = aws.client("cloudformation", account=account)
        self.dynamodb = aws.client("dynamodb", account=account)
        self.name = self.stack = f"case-{account}"
        self.added: list[str] = []

    def add(self, effect: str, **wish: Any) -> str:
        name = control.add_fault(self.aws.endpoint, effect, stack=self.name, **wish)
        self.added.append(name)
        return name

    def fail(self, verb: str, resource: str = "", **more: Any) -> str:
        return self.add("fail-resource", verb=verb, resource=resource, **more)

    def hang(self, verb: str, resource: str = "") -> str:
        return self.add("hang-resource", verb=verb, resource=resource)

    def free(self) -> None:
        there = {fault["id"] for fault in control.faults(self.aws.endpoint)}
        for name in self.added:
            if name in there:
                control.remove_faults(self.aws.endpoint, name)

    def create(self, *logical_ids: str, **more: Any) -> None:
        made = self.client.create_stack(StackName=self.name, TemplateBody=_template(*logical_ids), **more)
        self.stack = made["StackId"]

    def stand(self, *logical_ids: str) -> None:
        self.create(*logical_ids)
        assert self.settle() == states.CREATE_COMPLETE

    def update(self, *logical_ids: str, units: int = 2, **more: Any) -> None:
        self.client.update_stack(StackName=self.name, TemplateBody=_template(*logical_ids, units=units), **more)

    def take_in(self) -> None:
        """Execute an import of a table that exists."""
        self.dynamodb.create_table(
            TableName="table-a",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        )
        wanted = {
            "ResourceType": "AWS::DynamoDB::Table",
            "LogicalResourceId": "A",
            "ResourceIdentifier": {"TableName": "table-a"},
        }
        made = self.review(ChangeSetType="IMPORT", ResourcesToImport=[wanted])
        self.client.execute_change_set(ChangeSetName=made["Id"])

    def review(self, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.client.create_change_set(
            StackName=self.name, ChangeSetName="one", TemplateBody=_template("A", policy="Retain"), **more
        )
        self.stack = made["StackId"]
        assert changed(self.client, made["Id"])["Status"] == "CREATE_COMPLETE"
        return made

    def settle(self) -> str:
        return str(settled(self.client, self.stack)["StackStatus"])

    def reach(self, status: str) -> None:
        """Wait until the stack is in `status`."""
        until(lambda: self._status() == status, every=0.005)

    def _status(self) -> str:
        return str(self.client.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"])

    def resources(self) -> dict[str, str]:
        found = self.client.describe_stack_resources(StackName=self.stack)["StackResources"]
        return {each["LogicalResourceId"]: each["ResourceStatus"] for each in found}

    def refuse_what(self, status: str) -> None:
        """Every request that a stack in `status` does not take is refused in CloudFormation's words, and changes nothing."""
        body = _template("A", "Another")
        unable = f"is in {status} state and can not be"
        requests: dict[str, tuple[Callable[[], object], str]] = {
            "update": (lambda: self.client.update_stack(StackName=self.stack, TemplateBody=body), f"{unable} updated."),
            "plan": (
                lambda: self.client.create_change_set(StackName=self.stack, ChangeSetName="no", TemplateBody=body),
                f"{unable} updated.",
            ),
            "rollback": (lambda: self.client.rollback_stack(StackName=self.stack), status),
            "continue": (
                lambda: self.client.continue_update_rollback(StackName=self.stack),
                f"is in {status} state and can not continue update rollback.",
            ),
            "cancel": (
                lambda: self.client.cancel_update_stack(StackName=self.stack),
                "CancelUpdateStack cannot be called from current stack status",
            ),
            "delete": (lambda: self.client.delete_stack(StackName=self.stack), status),
        }
        for name, (request, words) in requests.items():
            if name == "update" and status in (states.CREATE_FAILED, states.UPDATE_FAILED):
                # Taken with rollback disabled only.
                words = (
                    f"This stack is currently in a non-terminal [{status}] state. To update the stack from this state"
                )
            elif name in TAKEN[status]:
                continue
            with pytest.raises(ClientError) as refused:
                request()
            error = refused.value.response["Error"]
            if status == states.DELETE_COMPLETE:
                assert "does not exist" in error["Message"] or words in error["Message"], (name, error)
            else:
                assert error["Code"] == "ValidationError"
                assert words in error["Message"], (name, error)
        assert self._status() == status


STABLE = {"update", "plan", "delete"}
KEPT = {"update", "plan", "rollback", "delete"}
TAKEN: dict[str, set[str]] = {
    states.REVIEW_IN_PROGRESS: {"delete"},
    states.CREATE_IN_PROGRESS: {"delete"},
    states.CREATE_FAILED: KEPT,
    states.CREATE_COMPLETE: STABLE,
    states.ROLLBACK_IN_PROGRESS: set(),
    states.ROLLBACK_FAILED: {"delete"},
    states.ROLLBACK_COMPLETE: {"delete"},
    states.DELETE_IN_PROGRESS: {"delete"},
    states.DELETE_FAILED: {"delete"},
    states.DELETE_COMPLETE: {"delete"},
    states.UPDATE_IN_PROGRESS: {"cancel"},
    states.UPDATE_CLEANUP: set(),
    states.UPDATE_COMPLETE: STABLE,
    states.UPDATE_FAILED: KEPT,
    states.UPDATE_ROLLBACK_IN_PROGRESS: set(),
    states.UPDATE_ROLLBACK_FAILED: {"continue", "delete"},
    states.UPDATE_ROLLBACK_CLEANUP: set(),
    states.UPDATE_ROLLBACK_COMPLETE: STABLE,
    states.IMPORT_IN_PROGRESS: set(),
    states.IMPORT_COMPLETE: STABLE,
    states.IMPORT_ROLLBACK_IN_PROGRESS: set(),
    states.IMPORT_ROLLBACK_FAILED: {"delete"},
    states.IMPORT_ROLLBACK_COMPLETE: STABLE,
}
"""What each status takes; everything else is refused. Sources: user guide, "Stack status codes"; RollbackStack API reference."""


@pytest.fixture
def stage(aws: EmbeddedAws, account: str) -> Iterator[Stage]:
    stage = Stage(aws, account)
    yield stage
    stage.free()


def _create_in_progress(stage: Stage) -> None:
    stage.hang("create")
    stage.create("A")


def _create_failed(stage: Stage) -> None:
    stage.fail("create", "B")
    stage.create("A", "B", OnFailure="DO_NOTHING")


def _rollback_in_progress(stage: Stage) -> None:
    stage.fail("create", "B")
    stage.hang("delete", "A")
    stage.create("A", "B")


def _rollback_failed(stage: Stage) -> None:
    stage.fail("create", "B")
    stage.fail("delete", "A")
    stage.create("A", "B")


def _rollback_complete(stage: Stage) -> None:
    stage.fail("create", "B")
    stage.create("A", "B")


def _delete_in_progress(stage: Stage) -> None:
    stage.stand("A")
    stage.hang("delete")
    stage.client.delete_stack(StackName=stage.name)


def _delete_failed(stage: Stage) -> None:
    stage.stand("A")
    stage.fail("delete")
    stage.client.delete_stack(StackName=stage.name)


def _delete_complete(stage: Stage) -> None:
    stage.stand("A")
    stage.client.delete_stack(StackName=stage.name)


def _update_in_progress(stage: Stage) -> None:
    stage.stand("A")
    stage.hang("update")
    stage.update("A")


def _update_failed(stage: Stage) -> None:
    stage.stand("A")
    stage.fail("update")
    stage.update("A", DisableRollback=True)


def _update_cleanup(stage: Stage) -> None:
    stage.stand("A", "B")
    stage.hang("delete", "B")
    stage.update("A")


def _update_complete(stage: Stage) -> None:
    stage.stand("A")
    stage.update("A")


def _update_rollback_in_progress(stage: Stage) -> None:
    stage.stand("A", "B")
    stage.fail("update", "B")
    stage.hang("restore", "A")
    stage.update("A", "B")


def _update_rollback_failed(stage: Stage) -> None:
    stage.stand("A", "B")
    stage.fail("update", "B")
    stage.fail("restore", "A")
    stage.update("A", "B")


def _update_rollback_cleanup(stage: Stage) -> None:
    stage.stand("A")
    stage.fail("create", "C")
    stage.hang("delete", "B")
    stage.update("A", "B", "C")


def _update_rollback_complete(stage: Stage) -> None:
    stage.stand("A")
    stage.fail("update")
    stage.update("A")


def _review_in_progress(stage: Stage) -> None:
    stage.review(ChangeSetType="CREATE")


def _import_in_progress(stage: Stage) -> None:
    stage.hang("read")
    stage.take_in()


def _import_complete(stage: Stage) -> None:
    stage.take_in()


def _import_rollback_in_progress(stage: Stage) -> None:
    stage.fail("read")
    stage.hang("release")
    stage.take_in()


def _import_rollback_failed(stage: Stage) -> None:
    stage.fail("read")
    stage.fail("release")
    stage.take_in()


def _import_rollback_complete(stage: Stage) -> None:
    stage.fail("read")
    stage.take_in()


WAYS: dict[str, Callable[[Stage], None]] = {
    states.CREATE_IN_PROGRESS: _create_in_progress,
    states.CREATE_FAILED: _create_failed,
    states.CREATE_COMPLETE: lambda stage: stage.create("A"),
    states.ROLLBACK_IN_PROGRESS: _rollback_in_progress,
    states.ROLLBACK_FAILED: _rollback_failed,
    states.ROLLBACK_COMPLETE: _rollback_complete,
    states.DELETE_IN_PROGRESS: _delete_in_progress,
    states.DELETE_FAILED: _delete_failed,
    states.DELETE_COMPLETE: _delete_complete,
    states.UPDATE_IN_PROGRESS: _update_in_progress,
    states.UPDATE_FAILED: _update_failed,
    states.UPDATE_CLEANUP: _update_cleanup,
    states.UPDATE_COMPLETE: _update_complete,
    states.UPDATE_ROLLBACK_IN_PROGRESS: _update_rollback_in_progress,
    states.UPDATE_ROLLBACK_FAILED: _update_rollback_failed,
    states.UPDATE_ROLLBACK_CLEANUP: _update_rollback_cleanup,
    states.UPDATE_ROLLBACK_COMPLETE: _update_rollback_complete,
    states.REVIEW_IN_PROGRESS: _review_in_progress,
    states.IMPORT_IN_PROGRESS: _import_in_progress,
    states.IMPORT_COMPLETE: _import_complete,
    states.IMPORT_ROLLBACK_IN_PROGRESS: _import_rollback_in_progress,
    states.IMPORT_ROLLBACK_FAILED: _import_rollback_failed,
    states.IMPORT_ROLLBACK_COMPLETE: _import_rollback_complete,
}


def test_there_is_a_way_to_every_status() -> None:
    assert set(WAYS) == set(states.ALL)
    assert len(states.ALL) == 23


@pytest.mark.parametrize("status", sorted(WAYS))
def test_every_status_can_be_reached(stage: Stage, status: str) -> None:
    WAYS[status](stage)

    stage.reach(status)
    stage.refuse_what(status)
    if status in states.RUNNING:
        # Held while the fault is there, and gone on with when it isn't.
        time.sleep(0.1)
        stage.reach(status)
        stage.free()
        assert stage.settle() not in states.RUNNING


def test_a_fault_gives_its_reason_and_goes_after_its_count(stage: Stage) -> None:
    stage.fail("create", "AWS::DynamoDB::Table", reason="no room", code="ServiceLimitExceeded", count=1)
    stage.create("A")
    assert stage.settle() == states.ROLLBACK_COMPLETE

    events = stage.client.describe_stack_events(StackName=stage.stack)["StackEvents"]
    (reason,) = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert reason.startswith('Resource handler returned message: "no room" (RequestToken: ')
    assert reason.endswith("HandlerErrorCode: ServiceLimitExceeded)")
    assert stage.added[0] not in {fault["id"] for fault in control.faults(stage.aws.endpoint)}
    stage.client.delete_stack(StackName=stage.name)
    assert stage.settle() == states.DELETE_COMPLETE
    stage.stand("A")


def test_what_failed_after_it_was_made_is_removed(stage: Stage) -> None:
    stage.add("fail-resource-after", verb="create", resource="A")
    stage.create("A")

    assert stage.settle() == states.ROLLBACK_COMPLETE
    assert stage.dynamodb.list_tables()["TableNames"] == []


def test_a_hanging_update_can_be_cancelled(stage: Stage) -> None:
    stage.stand("A", "B")
    stage.hang("update", "B")
    stage.update("A", "B")
    until(lambda: stage.resources() == {"A": "UPDATE_COMPLETE", "B": "UPDATE_IN_PROGRESS"})
    stage.client.cancel_update_stack(StackName=stage.name)

    assert stage.settle() == states.UPDATE_ROLLBACK_COMPLETE
    table = stage.dynamodb.describe_table(TableName="table-a")["Table"]
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 1


def test_a_wrong_fault_is_refused(stage: Stage) -> None:
    with pytest.raises(LocalError, match="verb must be one of"):
        stage.fail("explode")
    with pytest.raises(LocalError, match="has no colour"):
        stage.fail("create", colour="red")
