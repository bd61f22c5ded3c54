"""A deployment over a stack in each of the 23 statuses: it ends well or says in words why not, and no item is ever lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tablewright.deploy.status import ROWS, row
from tablewright.events import Ending, Finished, Looked
from tablewright.plan.actual import Standing
from tests.conftest import EmbeddedAws
from tests.contract.test_cloudformation_faults import WAYS, Stage
from tests.rehearsals.deploying import client, end, log_group, opened, run, table, template

UNITS = "ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}"
BODY = template(table("A", "table-a", policy="RetainExceptOnCreate", extra=UNITS), log_group()).replace(
    "BillingMode: PAY_PER_REQUEST", "BillingMode: PROVISIONED"
)
STANDING = sorted(r.status for r in ROWS if r.standing is not Standing.MOVING)
MOVING = sorted(r.status for r in ROWS if r.standing is Standing.MOVING)


@pytest.fixture
def stage(aws: EmbeddedAws, account: str) -> Iterator[Stage]:
    stage = Stage(aws, account)
    yield stage
    stage.free()


def holds(stage: Stage, account: str) -> bool:
    tables = client(stage.aws, account, "dynamodb").list_tables()["TableNames"]
    if "table-a" not in tables:
        return False
    return bool(client(stage.aws, account, "dynamodb").scan(TableName="table-a", ConsistentRead=True)["Count"])


def deployed(stage: Stage, account: str) -> Finished:
    events = run(opened(stage.aws, account), BODY, stack=stage.name)
    last = end(events)
    assert any(isinstance(e, Looked) for e in events)
    if last.ending not in (Ending.DONE, Ending.NOTHING_TO_DO):
        assert last.code and last.summary and len(last.detail) > 40 and last.hint, last
    return last


@pytest.mark.parametrize(
    "holding", [pytest.param(False, id="empty", marks=pytest.mark.slow), pytest.param(True, id="with-an-item")]
)
@pytest.mark.parametrize("status", STANDING)
def test_a_stack_that_stands_still(stage: Stage, account: str, status: str, holding: bool) -> None:
    WAYS[status](stage)
    stage.reach(status)
    stage.free()
    there = "table-a" in client(stage.aws, account, "dynamodb").list_tables()["TableNames"]
    if holding:
        if not there:
            pytest.skip("no table stands in this status")
        client(stage.aws, account, "dynamodb").put_item(TableName="table-a", Item={"id": {"S": "1"}})
    last = deployed(stage, account)
    if holding:
        assert holds(stage, account), last
    again = deployed(stage, account)
    if last.ending in (Ending.DONE, Ending.NOTHING_TO_DO):
        assert again.ending is Ending.NOTHING_TO_DO, again
    else:
        assert (again.ending, again.code) == (last.ending, last.code)
    if row(status).standing is Standing.SETTLED or not there:
        assert last.ending in (Ending.DONE, Ending.REFUSED), last


@pytest.mark.parametrize("status", MOVING)
def test_a_stack_that_moves_is_followed(stage: Stage, account: str, status: str) -> None:
    WAYS[status](stage)
    stage.reach(status)
    freeing = threading.Timer(0.3, stage.free)
    freeing.start()
    last = deployed(stage, account)
    freeing.join()
    for _ in range(3):
        if last.ending is not Ending.MUST_WAIT:
            break
        last = deployed(stage, account)
    assert last.ending in (Ending.DONE, Ending.NOTHING_TO_DO, Ending.REFUSED), last
    assert deployed(stage, account).ending in (Ending.NOTHING_TO_DO, Ending.REFUSED)
