"""Loads that make each problem on purpose, three ways, and ten that make none: what ``diagnose`` is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tablewright import open_account
from tablewright.local import control
from tablewright.model.diagnosis import DiagnosisReport
from tablewright.model.whereabouts import Credentials
from tablewright.watch.run import diagnose
from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, refused, spend, table

NAME = "orders"


@dataclass(frozen=True)
class World:
    """One account of an embedded AWS whose time a load may let pass."""

    aws: EmbeddedAws
    account: str

    @property
    def client(self) -> Any:
        return self.aws.client("dynamodb", account=self.account)

    @property
    def streams(self) -> Any:
        return self.aws.client("dynamodbstreams", account=self.account)

    def pass_time(self, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time pass; the embedded clock takes at most seven days at once."""
        left = minutes + 60 * hours + 1440 * days
        while left > 0:
            step = min(left, 7 * 1440)
            control.advance(self.aws.endpoint, minutes=step)
            left -= step

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(control.now(self.aws.endpoint), UTC)

    def diagnosed(self, *tables: str, hours: float = 24, **more: Any) -> DiagnosisReport:
        account = open_account(
            region="us-east-1", endpoint_url=self.aws.endpoint, credentials=Credentials(self.account, "local")
        )
        return diagnose(tables or (NAME,), account, span=timedelta(hours=hours), until=self.now, **more)

    def fault(self, effect: str, **wish: Any) -> Any:
        return control.fault(self.aws.endpoint, effect, **wish)

    def clear(self) -> None:
        """Remove the tables: the clock lets each minute pass for each of them."""
        for name in self.client.list_tables()["TableNames"]:
            self.client.delete_table(TableName=name)

    def put(self, count: int, size: int = 100, *, name: str = NAME, start: int = 0, **attributes: str) -> None:
        for number in range(start, start + count):
            self.client.put_item(TableName=name, Item=item(f"k{number:06}", size, **attributes))


Load = Callable[[World], DiagnosisReport]


@dataclass(frozen=True)
class Scenario:
    """``problem`` is what must be named, and nothing beside it but ``also``; None for a healthy table."""

    problem: str | None
    name: str
    load: Load
    also: frozenset[str] = frozenset()

    def right(self, found: frozenset[str]) -> bool:
        """Whether what was named is what was made, and nothing beside it that it does not bring along."""
        made = frozenset({self.problem} if self.problem else ())
        return made <= found <= made | self.also


def named(report: DiagnosisReport) -> frozenset[str]:
    return frozenset(each.problem for each in report.diagnoses)


def matrix_row(made: Scenario, found: frozenset[str]) -> str:
    """A row of the page. What a load may bring along stands in brackets, because a machine's speed decides it."""
    beside = "".join(f" (may bring {each})" for each in sorted(made.also))
    return (
        f"| {made.problem or 'nothing'} | {made.name} | {', '.join(sorted(found - made.also)) or 'nothing'}{beside} |"
    )


SCENARIOS: list[Scenario] = []


def scenario(problem: str | None, name: str, *, also: tuple[str, ...] = ()) -> Callable[[Load], Load]:
    def register(load: Load) -> Load:
        SCENARIOS.append(Scenario(problem, name, load, frozenset(also)))
        return load

    return register


def try_put(world: World, key: str, size: int, name: str = NAME, **attributes: str) -> bool:
    return refused(lambda: world.client.put_item(TableName=name, Item=item(key, size, **attributes))) is None


# Provisioned throttling.


@scenario("provisioned-throttling", "a burst of writes")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=5, write=5)
    for burst in range(3):  # under 1,000 units a second: a quick machine would meet the partition's limit first
        spend(world.client, NAME, 800, key=f"spent{burst}-")
        world.pass_time(minutes=1 / 60)
    for number in range(5):
        try_put(world, f"more{number}", 10_000)
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("provisioned-throttling", "strong reads")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=5, write=50)
    world.put(1, 380_000)
    for _ in range(40):
        refused(lambda: world.client.get_item(TableName=NAME, Key={"pk": {"S": "k000000"}}, ConsistentRead=True))
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("provisioned-throttling", "queries of an index that has few read units")
def _(world: World) -> DiagnosisReport:
    one = index("byTag", "tag", write=100)
    one["ProvisionedThroughput"]["ReadCapacityUnits"] = 1
    table(world.client, NAME, read=100, write=100, attributes=("tag",), indexes=[one])
    world.put(30, 30_000, tag="a")
    asked = {
        "TableName": NAME,
        "IndexName": "byTag",
        "KeyConditionExpression": "tag = :t",
        "ExpressionAttributeValues": {":t": {"S": "a"}},
    }
    for _ in range(12):
        refused(lambda: world.client.query(**asked))
    world.pass_time(minutes=3)
    return world.diagnosed()


# Hot partitions.


def _heat(world: World, key: str, times: int = 12) -> None:
    for _ in range(times):
        try_put(world, key, 390_000)


@scenario("hot-partition", "one key written over and over")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.client.update_contributor_insights(TableName=NAME, ContributorInsightsAction="ENABLE")
    _heat(world, "hot")
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("hot-partition", "one key read over and over")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, sort=True)
    keys = [{"pk": {"S": "hot"}, "sk": {"S": f"{number:02}"}} for number in range(10)]
    for key in keys:
        world.client.put_item(TableName=NAME, Item={**item("hot", 390_000), **key})
        world.pass_time(minutes=1)
    # 10 x 96 blocks x 2 = 1,920 units a request: above 3,000 a second on a slow machine too.
    read = [{"Get": {"TableName": NAME, "Key": key}} for key in keys]
    for _ in range(12):
        refused(lambda: world.client.transact_get_items(TransactItems=read))
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("hot-partition", "one key of a table with many provisioned units")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=6000, write=6000)
    _heat(world, "hot", 14)
    world.pass_time(minutes=3)
    return world.diagnosed()


# The maximum of a table on demand.


@scenario("on-demand-ceiling", "writes")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, OnDemandThroughput={"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 5})
    spend(world.client, NAME, 300)
    try_put(world, "more", 20_000)
    world.pass_time(minutes=6)
    return world.diagnosed()


@scenario("on-demand-ceiling", "reads")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, OnDemandThroughput={"MaxReadRequestUnits": 3, "MaxWriteRequestUnits": 500})
    world.put(1, 100_000)
    for _ in range(10):
        refused(lambda: world.client.get_item(TableName=NAME, Key={"pk": {"S": "k000000"}}, ConsistentRead=True))
    world.pass_time(minutes=6)
    return world.diagnosed()


@scenario("on-demand-ceiling", "queries of an index")
def _(world: World) -> DiagnosisReport:
    one = index("byTag", "tag")
    one["OnDemandThroughput"] = {"MaxReadRequestUnits": 2, "MaxWriteRequestUnits": 900}
    table(world.client, NAME, attributes=("tag",), indexes=[one])
    world.put(6, 100_000, tag="a")
    asked = {
        "TableName": NAME,
        "IndexName": "byTag",
        "KeyConditionExpression": "tag = :t",
        "ExpressionAttributeValues": {":t": {"S": "a"}},
    }
    for _ in range(8):
        refused(lambda: world.client.query(**asked))
    world.pass_time(minutes=6)
    return world.diagnosed()


# Indexes that hold up writes.


@scenario("index-back-pressure", "an index with fewer units than its table")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=50, write=100, attributes=("tag",), indexes=[index("byTag", "tag", write=1)])
    for number in range(40):
        try_put(world, f"k{number}", 10_000, tag=f"t{number}")
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("index-back-pressure", "one of two indexes")
def _(world: World) -> DiagnosisReport:
    wide, narrow = index("byTag", "tag", write=200), index("byKind", "kind", write=1)
    table(world.client, NAME, read=50, write=200, attributes=("tag", "kind"), indexes=[wide, narrow])
    for number in range(40):
        try_put(world, f"k{number}", 10_000, tag=f"t{number}", kind=f"k{number}")
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("index-back-pressure", "one value of the index key for all items")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, attributes=("status",), indexes=[index("byStatus", "status")])
    for number in range(14):
        try_put(world, f"k{number}", 390_000, status="OPEN")
    world.pass_time(minutes=3)
    return world.diagnosed()


# Latency.


def _requests(world: World, count: int = 6) -> None:
    for number in range(count):
        world.client.get_item(TableName=NAME, Key={"pk": {"S": f"k{number:06}"}})


@scenario("high-latency", "gets that slow down")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(10)
    for _ in range(8):
        _requests(world)
        world.pass_time(minutes=10)
    with world.fault("delay", table=NAME, operation="GetItem", seconds=0.08):
        for _ in range(4):
            _requests(world)
            world.pass_time(minutes=5)
    return world.diagnosed(hours=6)


@scenario("high-latency", "everything slows down")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(10)
    for _ in range(8):
        _requests(world)
        world.put(6)
        world.pass_time(minutes=10)
    with world.fault("delay", table=NAME, seconds=0.06):
        for _ in range(4):
            _requests(world)
            world.put(6)
            world.pass_time(minutes=5)
    return world.diagnosed(hours=6)


@scenario("high-latency", "updates that are slow throughout")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    with world.fault("delay", table=NAME, operation="UpdateItem", seconds=0.12):
        for _ in range(3):
            for number in range(8):
                world.client.update_item(
                    TableName=NAME,
                    Key={"pk": {"S": str(number)}},
                    UpdateExpression="SET a = :a",
                    ExpressionAttributeValues={":a": {"S": "x"}},
                )
            world.pass_time(minutes=30)
    return world.diagnosed(hours=6)


# Errors.


@scenario("system-errors", "gets")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(10)
    with world.fault("error", table=NAME, operation="GetItem", rate=0.5):
        for number in range(30):
            refused(lambda number=number: world.client.get_item(TableName=NAME, Key={"pk": {"S": str(number)}}))
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("system-errors", "everything, for a while")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(40)
    world.pass_time(minutes=30)
    with world.fault("error", table=NAME):
        for number in range(10):
            try_put(world, f"x{number}", 100)
            refused(lambda: world.client.scan(TableName=NAME))
    world.pass_time(minutes=30)
    world.put(40)
    return world.diagnosed()


@scenario("system-errors", "some writes among many")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    with world.fault("error", table=NAME, operation="PutItem", rate=0.1):
        for number in range(120):
            try_put(world, f"x{number}", 100)
    world.pass_time(minutes=3)
    return world.diagnosed()


def _mistake(world: World, request: dict[str, Any]) -> None:
    refused(lambda: world.client.put_item(**{"TableName": NAME, **request}))


@scenario("user-errors", "a key of the wrong type")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(100)
    for _ in range(30):
        _mistake(world, {"Item": {"pk": {"N": "1"}}})
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("user-errors", "a table that is not there")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(100)
    for _ in range(30):
        _mistake(world, {"TableName": "odrers", "Item": item("a")})
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("user-errors", "a malformed expression")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(100)
    for _ in range(30):
        _mistake(world, {"Item": item("a"), "ConditionExpression": "pk = "})
    world.pass_time(minutes=3)
    return world.diagnosed()


# TTL.


def _expiring(world: World, value: Callable[[int], dict[str, str]], count: int = 30) -> None:
    table(world.client, NAME)
    world.client.update_time_to_live(
        TableName=NAME, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
    )
    for number in range(count):
        world.client.put_item(TableName=NAME, Item={"pk": {"S": f"k{number}"}, "expiresAt": value(number)})


@scenario("stale-ttl", "milliseconds")
def _(world: World) -> DiagnosisReport:
    _expiring(world, lambda n: {"N": str(int(world.now.timestamp() * 1000) - 10**9)})
    world.pass_time(hours=2)
    return world.diagnosed()


@scenario("stale-ttl", "texts")
def _(world: World) -> DiagnosisReport:
    _expiring(world, lambda n: {"S": world.now.isoformat()})
    world.pass_time(hours=2)
    return world.diagnosed()


@scenario("stale-ttl", "over five years ago")
def _(world: World) -> DiagnosisReport:
    _expiring(world, lambda n: {"N": str(int(world.now.timestamp()) - 7 * 365 * 86_400 - n)})
    world.pass_time(hours=2)
    return world.diagnosed()


# Streams.


def _streamed(world: World) -> str:
    table(world.client, NAME, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    return str(world.client.describe_table(TableName=NAME)["Table"]["LatestStreamArn"])


@scenario("stream-lag", "a function half an hour late")
def _(world: World) -> DiagnosisReport:
    _streamed(world)
    control.simulate_consumer(world.aws.endpoint, "orders-reader", NAME, lag=1800, account=world.account)
    for turn in range(10):
        world.put(3, start=3 * turn)
        world.pass_time(minutes=10)
    return world.diagnosed(hours=2, readers={NAME: ("orders-reader",)})


@scenario("stream-lag", "a function that falls behind")
def _(world: World) -> DiagnosisReport:
    _streamed(world)
    for turn, lag in enumerate((1, 1, 1, 120, 400, 900, 900)):
        control.simulate_consumer(world.aws.endpoint, "orders-reader", NAME, lag=lag, account=world.account)
        world.put(3, start=3 * turn)
        world.pass_time(minutes=15)
    return world.diagnosed(hours=2, readers={NAME: ("orders-reader",)})


@scenario("stream-lag", "a reader that stopped")
def _(world: World) -> DiagnosisReport:
    arn = _streamed(world)
    shard = world.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = world.streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    for _ in range(4):
        world.put(3)
        iterator = world.streams.get_records(ShardIterator=iterator)["NextShardIterator"]
        world.pass_time(minutes=10)
    for _ in range(6):
        world.put(3)
        world.pass_time(minutes=10)
    return world.diagnosed(hours=2)


# Money.


def _write_units(world: World, units: int, *, tag: str | None = None) -> None:
    """Write about so many units in large items, spread over keys; throttling is off meanwhile."""
    attributes = {"tag": tag} if tag else {}
    for number in range(max(1, units // 390)):
        world.client.put_item(TableName=NAME, Item=item(f"big{number}", 399_000, **attributes))


def _usual_days(world: World, units: int, days: int = 5) -> None:
    for _ in range(days):
        _write_units(world, units)
        world.pass_time(days=1)


@scenario("cost-surge", "writes on demand")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    control.set_throttling(world.aws.endpoint, False)
    try:
        _usual_days(world, 800)
        _write_units(world, 66_000)
    finally:
        control.set_throttling(world.aws.endpoint, True)
    world.pass_time(hours=1)
    return world.diagnosed()


@scenario("cost-surge", "a new index")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, attributes=("tag",), indexes=[index("byTag", "tag")])
    control.set_throttling(world.aws.endpoint, False)
    try:
        _usual_days(world, 16_000)
        _write_units(world, 40_000, tag="t")
    finally:
        control.set_throttling(world.aws.endpoint, True)
    world.pass_time(hours=1)
    return world.diagnosed()


@scenario("cost-surge", "provisioned units raised tenfold", also=("over-provisioned",))
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=10, write=10)
    world.pass_time(days=5)
    world.client.update_table(
        TableName=NAME, ProvisionedThroughput={"ReadCapacityUnits": 100, "WriteCapacityUnits": 100}
    )
    world.pass_time(days=1)
    return world.diagnosed()


# Capacity that is paid for and not used.


@scenario("unused-index", "written and never read")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, attributes=("tag",), indexes=[index("byTag", "tag")])
    for day in range(15):
        world.put(3, start=3 * day, tag="a")
        world.pass_time(days=1)
    return world.diagnosed()


@scenario("unused-index", "one of two")
def _(world: World) -> DiagnosisReport:
    table(
        world.client,
        NAME,
        attributes=("tag", "kind"),
        indexes=[index("byTag", "tag"), index("byKind", "kind")],
    )
    for day in range(15):
        world.put(3, start=3 * day, tag="a", kind="b")
        world.client.query(
            TableName=NAME,
            IndexName="byKind",
            KeyConditionExpression="kind = :k",
            ExpressionAttributeValues={":k": {"S": "b"}},
        )
        world.pass_time(days=1)
    return world.diagnosed()


@scenario("unused-index", "of a provisioned table")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=5, write=5, attributes=("tag",), indexes=[index("byTag", "tag", write=5)])
    for day in range(15):
        world.put(3, start=3 * day, tag="a")
        world.pass_time(days=1)
    return world.diagnosed()


@scenario("over-provisioned", "hardly used")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=100, write=100)
    for _ in range(8):
        world.put(5)
        world.pass_time(days=1)
    return world.diagnosed()


@scenario("over-provisioned", "an index only")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=5, write=5, attributes=("tag",), indexes=[index("byTag", "tag", write=80)])
    for _ in range(3):
        world.put(5, tag="a")
        world.client.query(
            TableName=NAME,
            IndexName="byTag",
            KeyConditionExpression="tag = :k",
            ExpressionAttributeValues={":k": {"S": "a"}},
        )
        world.pass_time(days=1)
    return world.diagnosed()


@scenario("over-provisioned", "auto scaling with a high minimum")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=5, write=60)
    scaling = world.aws.client("application-autoscaling", account=world.account)
    where = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": f"table/{NAME}",
        "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
    }
    scaling.register_scalable_target(**where, MinCapacity=60, MaxCapacity=200)
    scaling.put_scaling_policy(
        **where,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
        },
    )
    for _ in range(4):
        world.put(5)
        world.pass_time(days=1)
    return world.diagnosed()


# Scans.


def _filtered(world: World, rounds: int, expression: str, **values: Any) -> None:
    for _ in range(rounds):
        asked: dict[str, Any] = {"TableName": NAME, "FilterExpression": expression, **values}
        while True:
            answer = world.client.scan(**asked)
            if "LastEvaluatedKey" not in answer:
                break
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@scenario("scan-waste", "a filter that finds nothing")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(60, 50_000)
    world.pass_time(minutes=10)
    _filtered(world, 4, "attribute_exists(absent)")
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("scan-waste", "one item among many, again and again")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(400, 4_000)
    world.pass_time(minutes=10)
    _filtered(world, 6, "pk = :k", ExpressionAttributeValues={":k": {"S": "k000007"}})
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario("scan-waste", "beside other reads")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    for start in range(0, 200, 50):  # 1,000 units, which no partition refuses, and a second each
        world.put(50, 20_000, start=start)
        world.pass_time(minutes=1 / 60)
    world.pass_time(minutes=10)
    for number in range(50):
        world.client.get_item(TableName=NAME, Key={"pk": {"S": f"k{number:06}"}})
    _filtered(world, 3, "attribute_exists(absent)")
    world.pass_time(minutes=3)
    return world.diagnosed()


# The account's quota: lowered, because nobody meets 40,000 units a second on one machine.


def _with_quota(world: World, load: Callable[[], None], **units: float) -> None:
    control.set_table_quota(world.aws.endpoint, **units)
    try:
        load()
        world.pass_time(minutes=6)
    finally:
        control.set_table_quota(world.aws.endpoint)


@scenario("account-limit", "writes")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)

    def load() -> None:
        for number in range(10):
            try_put(world, f"k{number}", 20_000)

    _with_quota(world, load, write=30)
    return world.diagnosed()


@scenario("account-limit", "reads")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(5, 100_000)

    def load() -> None:
        for number in range(20):
            key = {"pk": {"S": f"k{number % 5:06}"}}
            refused(lambda key=key: world.client.get_item(TableName=NAME, Key=key, ConsistentRead=True))

    _with_quota(world, load, read=40)
    return world.diagnosed()


@scenario("account-limit", "a Scan storm")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(20, 50_000)

    def load() -> None:
        for _ in range(12):
            refused(lambda: world.client.scan(TableName=NAME))

    _with_quota(world, load, read=100)
    return world.diagnosed()


# Healthy tables: nothing may be named.


@scenario(None, "on demand, a little of everything")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    for turn in range(4):
        world.put(10, start=10 * turn)
        _requests(world, 10)
        world.client.scan(TableName=NAME)
        world.pass_time(minutes=20)
    return world.diagnosed()


@scenario(None, "provisioned and half used")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=5, write=5)
    for _ in range(12):
        spend(world.client, NAME, 1000)
        world.pass_time(minutes=6)
    return world.diagnosed()


@scenario(None, "provisioned with few units, hardly used")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, read=5, write=5)
    for day in range(4):
        world.put(3, start=3 * day)
        world.pass_time(days=1)
    return world.diagnosed()


@scenario(None, "an index that is read once in two weeks")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME, attributes=("tag",), indexes=[index("byTag", "tag")])
    for day in range(15):
        world.put(3, start=3 * day, tag="a")
        if day == 7:
            world.client.query(
                TableName=NAME,
                IndexName="byTag",
                KeyConditionExpression="tag = :t",
                ExpressionAttributeValues={":t": {"S": "a"}},
            )
        world.pass_time(days=1)
    return world.diagnosed()


@scenario(None, "TTL that deletes")
def _(world: World) -> DiagnosisReport:
    _expiring(world, lambda n: {"N": str(int(world.now.timestamp()) + 3600 * (n + 1))}, 20)
    world.pass_time(hours=6)
    return world.diagnosed()


@scenario(None, "a stream with a reader that keeps up")
def _(world: World) -> DiagnosisReport:
    _streamed(world)
    control.simulate_consumer(world.aws.endpoint, "orders-reader", NAME, lag=1, account=world.account)
    for turn in range(8):
        world.put(3, start=3 * turn)
        world.pass_time(minutes=15)
    return world.diagnosed(hours=2, readers={NAME: ("orders-reader",)})


@scenario(None, "conditions that fail and a few mistakes")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(50)
    for _ in range(20):
        refused(
            lambda: world.client.put_item(
                TableName=NAME, Item=item("k000001"), ConditionExpression="attribute_not_exists(pk)"
            )
        )
    for _ in range(3):
        _mistake(world, {"Item": {"pk": {"N": "1"}}})
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario(None, "one error of the service, retried")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    with world.fault("error", table=NAME, operation="PutItem", count=2):
        for number in range(60):
            try_put(world, f"k{number}", 100)
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario(None, "Scans that return what they read")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    world.put(60, 50_000)
    world.pass_time(minutes=10)
    for _ in range(4):
        _filtered(world, 1, "attribute_exists(pk)")
    world.pass_time(minutes=3)
    return world.diagnosed()


@scenario(None, "twice the traffic, of a few cents")
def _(world: World) -> DiagnosisReport:
    table(world.client, NAME)
    for day in range(5):
        world.put(5, start=5 * day)
        world.pass_time(days=1)
    world.put(40, start=1000)
    world.pass_time(minutes=30)
    return world.diagnosed()
