"""A stack with nested stacks, whose templates are in a bucket, deployed from end to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tablewright.access.decide import Policies, decide
from tablewright.access.read import read_policy
from tablewright.access.request import Request, caller
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.preview.run import preview
from tablewright.events import Ending, Event, Failure, Finished, Noted
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.faces.shell import in_process
from tests.rehearsals.between import Answer, between
from tests.rehearsals.deploying import (
    STACK,
    broken,
    client,
    end,
    items,
    log_group,
    opened,
    put,
    run,
    status,
    table,
    template,
)
from tests.rehearsals.test_checks import through


@dataclass
class Family:
    aws: EmbeddedAws
    account: str

    def write(self, body: str) -> None:
        """Put the inner template where it is read, under the same URL each time."""
        client(self.aws, self.account, "s3").put_object(Bucket=self.bucket, Key="inner.yaml", Body=body.encode())

    @property
    def bucket(self) -> str:
        return f"family-{self.account}"

    @property
    def body(self) -> str:
        url = f"https://{self.bucket}.s3.us-east-1.amazonaws.com/inner.yaml"
        inner = f"  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: {url}\n"
        return template(inner, log_group(), table("Outer", "outer", policy="Retain"))

    def deploy(self) -> list[Event]:
        return run(opened(self.aws, self.account), self.body)

    def preview(self) -> Finished:
        design = read_design(self.body, stack=STACK, path="template.yaml")
        return end(list(preview(design, opened(self.aws, self.account), options=DeployOptions())))

    def days(self) -> Any:
        groups = client(self.aws, self.account, "logs").describe_log_groups(logGroupNamePrefix="/inside")["logGroups"]
        return groups[0]["retentionInDays"]


@pytest.fixture
def family(aws: EmbeddedAws, account: str) -> Family:
    family = Family(aws, account)
    client(aws, account, "s3").create_bucket(Bucket=family.bucket)
    family.write(template(table(policy="Retain"), log_group("Inside", "/inside")))
    return family


def test_a_family_is_deployed_and_looked_at_each_time(aws: EmbeddedAws, account: str, family: Family) -> None:
    assert end(family.deploy()).ending is Ending.DONE
    put(aws, account, "orders")
    assert family.preview().ending is Ending.NOTHING_TO_DO
    again = family.deploy()
    assert end(again).ending is Ending.NOTHING_TO_DO
    assert not any("taken into" in e.text for e in again if isinstance(e, Noted)), "it is the stack's own"

    # The same URL, another template behind it: the root's own text says nothing of it.
    family.write(template(table(policy="Retain"), log_group("Inside", "/inside", days=14)))
    previewed = family.preview()
    assert (previewed.ending, family.days()) == (Ending.DONE, 7)
    assert "would take 1 step" in previewed.summary
    assert end(family.deploy()).ending is Ending.DONE

    assert (family.days(), items(aws, account, "orders")) == (14, 1)
    assert status(aws, account) == "UPDATE_COMPLETE"
    assert end(family.deploy()).ending is Ending.NOTHING_TO_DO


def test_what_fails_inside_is_told_rolled_back_and_mended(aws: EmbeddedAws, account: str, family: Family) -> None:
    assert end(family.deploy()).ending is Ending.DONE
    put(aws, account, "orders")
    inside = template(table(policy="Retain"), log_group("Inside", "/inside", days=14), broken())
    family.write(inside)

    events = family.deploy()

    assert end(events).ending is Ending.FAILED
    (told,) = [event.cause for event in events if isinstance(event, Failure)]
    assert (told.logical_id, told.type) == ("Inner/Bad", "AWS::DynamoDB::Table")
    assert status(aws, account) == "UPDATE_ROLLBACK_COMPLETE"
    assert (family.days(), items(aws, account, "orders")) == (7, 1)

    family.write(template(table(policy="Retain"), log_group("Inside", "/inside", days=14)))
    assert end(family.deploy()).ending is Ending.DONE
    assert (family.days(), items(aws, account, "orders")) == (14, 1)


@pytest.mark.slow
def test_done_is_said_only_where_the_tables_of_a_family_stand(aws: EmbeddedAws, account: str, family: Family) -> None:
    assert end(family.deploy()).ending is Ending.DONE
    denied = (403, "AccessDenied", "not authorized to perform: cloudformation:ListStackResources")
    inner = next(r.physical_id for r in opened(aws, account).stacks.resources(STACK) if r.logical_id == "Inner")

    def rule(operation: str, number: int) -> Answer | None:
        return denied if operation == "ListStackResources" and inner.split("/")[1] in gate.body else None

    with between(aws.endpoint, rule) as gate:
        events = run(through(gate.endpoint, account), family.body)
    assert end(events).ending is Ending.NOTHING_TO_DO
    assert [e.text for e in events if isinstance(e, Noted) and "tables of nested stack Inner" in e.text], events
    client(aws, account, "dynamodb").delete_table(TableName="orders")
    last = end(family.deploy())
    assert last.ending is not Ending.NOTHING_TO_DO and last.ending is not Ending.DONE, last
    assert "table orders does not exist" in last.detail or [loss.table for loss in last.losses] == ["orders"], last


@pytest.mark.parametrize("pattern", ["plan", "pipeline"])
def test_who_deploys_a_family_is_granted_what_the_guard_looks_at(
    aws: EmbeddedAws, account: str, family: Family, tmp_path: Path, pattern: str
) -> None:
    assert end(family.deploy()).ending is Ending.DONE
    listed = opened(aws, account).stacks.resources(STACK)
    (inner,) = [each.physical_id for each in listed if each.logical_id == "Inner"]
    here = ("--endpoint-url", aws.endpoint, "--region", "us-east-1")
    env = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}
    ran = in_process("policy", "generate", pattern, "--stack", STACK, *here, cwd=tmp_path, env=env)
    assert ran.code == 0, ran.err
    policies = Policies(identity=(read_policy(ran.out, "it"),))

    def may(action: str, resource: str, **keys: str) -> bool:
        context = {f"dynamodb:{key}": (value,) for key, value in keys.items()}
        return decide(
            Request(action, resource, caller(f"arn:aws:sts::{account}:assumed-role/ci/run"), context), policies
        ).allowed

    assert may("cloudformation:GetTemplate", inner) and may("cloudformation:DescribeStacks", inner)
    orders = f"arn:aws:dynamodb:us-east-1:{account}:table/orders"
    assert may("dynamodb:DescribeTable", orders) and may("dynamodb:Scan", orders, Select="COUNT")
    chosen = f"{orders.rpartition('/')[0]}/{inner.split('/')[1]}-Other-1ABCDEFGHIJKL"
    assert may("dynamodb:Scan", chosen, Select="COUNT") and not may("dynamodb:Scan", chosen, Select="ALL_ATTRIBUTES")
