"""Laws of stacks over random templates and random edits.

A stack always settles in a status that says what happened; what says COMPLETE is what stands; a rollback brings back what
stood; and no table that AWS would keep loses its rows.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tablewright.local import control, process
from tests.conftest import EmbeddedAws
from tests.contract.harness.waiting import settled

pytestmark = pytest.mark.embedded("thousands of random stacks")

_ACCOUNTS = itertools.count(700_000_000_001)


@dataclass(frozen=True)
class Table:
    """A table of a template, as far as the laws look."""

    name: str
    key: str = "id"
    indexes: frozenset[str] = frozenset()
    ttl: str = ""
    """"" for no block, "-" for a block that is off, else the attribute."""
    on_demand: bool = True
    units: int = 1
    protected: bool = False
    policy: str = "Delete"
    stream: str = ""
    broken: bool = False
    scaled: int = 0
    """The most that Application Auto Scaling may give it; 0 when it scales nothing."""

    @property
    def target(self) -> int:
        return 0 if self.on_demand else self.scaled

    def resource(self) -> dict[str, Any]:
        used = [self.key, *sorted(self.indexes - {self.key})]
        throughput = {"ReadCapacityUnits": self.units, "WriteCapacityUnits": self.units}
        indexes = [
            {
                "IndexName": f"by-{attribute}",
                "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                **({} if self.on_demand else {"ProvisionedThroughput": throughput}),
            }
            for attribute in sorted(self.indexes)
        ]
        properties: dict[str, Any] = {
            "TableName": self.name,
            "KeySchema": [{"AttributeName": self.key, "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in used],
            "DeletionProtectionEnabled": self.protected,
        }
        if self.broken:
            properties["AttributeDefinitions"].append({"AttributeName": "unused", "AttributeType": "S"})
        if self.on_demand:
            properties["BillingMode"] = "PAY_PER_REQUEST"
        else:
            properties["ProvisionedThroughput"] = throughput
        if indexes:
            properties["GlobalSecondaryIndexes"] = indexes
        if self.ttl:
            attribute = "ttl" if self.ttl == "-" else self.ttl
            properties["TimeToLiveSpecification"] = {"AttributeName": attribute, "Enabled": self.ttl != "-"}
        if self.stream:
            properties["StreamSpecification"] = {"StreamViewType": self.stream}
        return {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": self.policy, "Properties": properties}

    def seen(self) -> dict[str, Any]:
        """What DynamoDB tells about it."""
        return {
            "key": self.key,
            "indexes": self.indexes,
            "ttl": "" if self.ttl == "-" else self.ttl,
            "on_demand": self.on_demand,
            "units": 0 if self.on_demand else self.units,
            "protected": self.protected,
            "stream": self.stream,
            "target": self.target,
        }

    def resources(self, logical_id: str) -> dict[str, Any]:
        """The table, and what scales it."""
        found = {logical_id: self.resource()}
        if self.target:
            dimension = "dynamodb:table:WriteCapacityUnits"
            target = {"ServiceNamespace": "dynamodb", "ScalableDimension": dimension, "MinCapacity": 1}
            metric = {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}
            found[f"{logical_id}Target"] = {
                "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
                "Properties": {
                    **target,
                    "MaxCapacity": self.target,
                    "ResourceId": {"Fn::Sub": f"table/${{{logical_id}}}"},
                },
            }
            found[f"{logical_id}Policy"] = {
                "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
                "Properties": {
                    "PolicyName": "half",
                    "PolicyType": "TargetTrackingScaling",
                    "ScalingTargetId": {"Ref": f"{logical_id}Target"},
                    "TargetTrackingScalingPolicyConfiguration": {
                        "TargetValue": 50,
                        "PredefinedMetricSpecification": metric,
                    },
                },
            }
        return found


Design = dict[str, Table]


INNER = "beta"
"""In a family, the table of that logical ID is in the inner stack."""


def tables(logical_id: str, *, scaled: bool = False) -> st.SearchStrategy[Table]:
    return st.builds(
        Table,
        name=st.sampled_from([f"{logical_id}-one", f"{logical_id}-two"]),
        key=st.sampled_from(["id", "id", "id", "other"]),
        indexes=st.frozensets(st.sampled_from(["aa", "bb", "cc"]), max_size=2),
        ttl=st.sampled_from(["", "-", "ttl", "ttl", "expires"]),
        on_demand=st.sampled_from([True, True, False]),
        units=st.integers(1, 3),
        protected=st.sampled_from([False, False, True]),
        policy=st.sampled_from(["Delete", "Retain", "RetainExceptOnCreate"]),
        stream=st.sampled_from(["", "", "NEW_IMAGE", "KEYS_ONLY"]),
        broken=st.sampled_from([False] * 7 + [True]),
        scaled=st.sampled_from([0, 10, 20]) if scaled else st.just(0),
    )


def designs(*, scaled: bool = False) -> st.SearchStrategy[Design]:
    beta = tables("beta", scaled=scaled)
    return st.fixed_dictionaries({"alpha": tables("alpha", scaled=scaled)}, optional={"beta": beta})


class World:
    """One account: a stack, what was deployed last, and the tables that have a row. In a family, it has an inner stack."""

    def __init__(self, aws: EmbeddedAws, *, family: bool = False) -> None:
        account = str(next(_ACCOUNTS))
        self.bucket = f"law-{account}" if family else ""
        self.s3 = aws.client("s3", account=account) if family else None
        if self.s3 is not None:
            self.s3.create_bucket(Bucket=self.bucket)
        self.scaling = aws.client("application-autoscaling", account=account)
        self.cloudformation = aws.client("cloudformation", account=account)
        self.dynamodb = aws.client("dynamodb", account=account)
        self.deployed: Design = {}
        self.rows: dict[str, str] = {}
        """Tables with a row, and their partition key."""

    def body(self, design: Design) -> str:
        """The root's template; that of the inner stack is put where it is read."""
        inside = {INNER} & set(design) if self.s3 is not None else set()
        resources: dict[str, Any] = {"Topic": {"Type": "AWS::SNS::Topic"}}
        for name, table in design.items():
            if name not in inside:
                resources |= table.resources(name)
        if inside and self.s3 is not None:
            inner = json.dumps({"Resources": design[INNER].resources(INNER)})
            self.s3.put_object(Bucket=self.bucket, Key="inner.json", Body=inner.encode())
            url = f"https://{self.bucket}.s3.us-east-1.amazonaws.com/inner.json"
            resources["Inner"] = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
        last = "Inner" if inside else INNER
        if last in resources:
            resources[last]["DependsOn"] = "alpha"
        return json.dumps({"Resources": resources})

    def create(self, design: Design) -> str:
        stack = self.cloudformation.create_stack(StackName="law", TemplateBody=self.body(design))["StackId"]
        status = str(settled(self.cloudformation, stack)["StackStatus"])
        assert status in ("CREATE_COMPLETE", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
        if status == "CREATE_COMPLETE":
            self.deployed = design
        return status

    def update(self, design: Design) -> str:
        before = self.deployed
        kept = self._kept(before, design)
        try:
            self.cloudformation.update_stack(StackName="law", TemplateBody=self.body(design))
        except ClientError as error:
            assert "No updates are to be performed" in str(error)
            return "UPDATE_COMPLETE"
        status = str(settled(self.cloudformation, "law")["StackStatus"])
        assert status in ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"), status
        if status == "UPDATE_COMPLETE":
            self.deployed = design
            self.rows = {name: key for name, key in self.rows.items() if name in kept}
        return status

    def _kept(self, before: Design, after: Design) -> set[str]:
        """Tables that a successful update must leave with their rows."""
        kept = set(self.rows) - {table.name for table in before.values()}
        for logical_id, table in before.items():
            wanted = after.get(logical_id)
            stays = wanted is not None and wanted.name == table.name and wanted.key == table.key
            retained = wanted is None and table.policy != "Delete"
            if stays or retained or table.protected:
                kept.add(table.name)
        return kept

    def fill(self) -> None:
        """A row in every table of the deployed design that has none."""
        for table in self.deployed.values():
            if table.name not in self.rows:
                self.dynamodb.put_item(TableName=table.name, Item={table.key: {"S": "row"}})
                self.rows[table.name] = table.key

    def check(self, status: str) -> None:
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
            for logical_id, table in self.deployed.items():
                assert self._seen(table.name) == table.seen(), (status, logical_id)
            assert self._resources("law") == self._expected()
        for name, key in self.rows.items():
            rows = self.dynamodb.scan(TableName=name)["Items"]
            assert rows == [{key: {"S": "row"}}], (status, name)

    def _resources(self, stack: str) -> set[str]:
        """Logical IDs of what stands in the stack and in its inner one, both settled."""
        settled(self.cloudformation, stack)
        found = self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        names = {r["LogicalResourceId"] for r in found}
        for resource in found:
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                names |= self._resources(resource["PhysicalResourceId"])
        return names

    def _expected(self) -> set[str]:
        names = {name for logical_id, table in self.deployed.items() for name in table.resources(logical_id)}
        inner = {"Inner"} if self.s3 is not None and INNER in self.deployed else set()
        return names | inner | {"Topic"}

    def _target(self, name: str) -> int:
        found = self.scaling.describe_scalable_targets(ServiceNamespace="dynamodb", ResourceIds=[f"table/{name}"])
        return sum(target["MaxCapacity"] for target in found["ScalableTargets"])

    def _seen(self, name: str) -> dict[str, Any]:
        table = self.dynamodb.describe_table(TableName=name)["Table"]
        ttl = self.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        stream = table.get("StreamSpecification") or {}
        return {
            "key": table["KeySchema"][0]["AttributeName"],
            "indexes": frozenset(i["KeySchema"][0]["AttributeName"] for i in table.get("GlobalSecondaryIndexes", [])),
            "ttl": ttl.get("AttributeName", "") if ttl["TimeToLiveStatus"] == "ENABLED" else "",
            "on_demand": table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST",
            "units": table["ProvisionedThroughput"]["ReadCapacityUnits"],
            "protected": table["DeletionProtectionEnabled"],
            "stream": stream.get("StreamViewType", "") if stream.get("StreamEnabled") else "",
            "target": self._target(name),
        }


def _law(world: World, first: Design, edits: list[Design], between: Callable[[], None] = lambda: None) -> None:
    status = world.create(first)
    world.check(status)
    if status != "CREATE_COMPLETE":
        return
    for design in edits:
        world.fill()
        between()
        status = world.update(design)
        event(status)
        world.check(status)
        if status == "UPDATE_ROLLBACK_FAILED":
            # Stuck, and said so: nothing but a continued rollback or a deletion is taken.
            with pytest.raises(ClientError, match="UPDATE_ROLLBACK_FAILED state and can not be updated"):
                world.cloudformation.update_stack(StackName="law", TemplateBody=world.body(design))
            return


SCOPE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=SCOPE)
@given(first=designs(), edits=st.lists(designs(), min_size=1, max_size=3))
def test_what_says_complete_stands_and_rows_are_kept(aws: EmbeddedAws, first: Design, edits: list[Design]) -> None:
    _law(World(aws), first, edits)


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=SCOPE)
@given(first=designs(), edits=st.lists(designs(), min_size=1, max_size=4))
def test_what_says_complete_stands_and_rows_are_kept_at_length(
    aws: EmbeddedAws, first: Design, edits: list[Design]
) -> None:
    _law(World(aws), first, edits)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=SCOPE)
@given(first=designs(scaled=True), edits=st.lists(designs(scaled=True), min_size=1, max_size=4))
def test_a_family_of_stacks_and_what_scales_its_tables_keep_the_laws(
    aws: EmbeddedAws, first: Design, edits: list[Design]
) -> None:
    _law(World(aws, family=True), first, edits)


@pytest.fixture(scope="module")
def passing(_no_aws_settings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS on whose clock an hour is 3.6 seconds: settings cool down, and budgets are spent."""
    folder = tmp_path_factory.mktemp("laws") / "state"
    yield EmbeddedAws(process.start(folder, port=0, clock="1000"))
    process.reset(folder)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=SCOPE)
@given(
    first=designs(scaled=True),
    edits=st.lists(designs(scaled=True), min_size=1, max_size=3),
    steps=st.lists(st.sampled_from([0.0, 0.0, 0.5, 4.0, 90.0]), min_size=3, max_size=3),
)
def test_the_laws_hold_while_time_passes(
    passing: EmbeddedAws, first: Design, edits: list[Design], steps: list[float]
) -> None:
    waits = iter(steps)

    def between() -> None:
        if seconds := next(waits, 0.0):
            control.advance(passing.endpoint, seconds=seconds)

    _law(World(passing, family=True), first, edits, between)
