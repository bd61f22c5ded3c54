"""What AWS refuses or tells and the data plane alone does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.conftest import EmbeddedAws

pytestmark = pytest.mark.embedded("what it adds to its data plane")


@pytest.fixture
def dynamodb(aws: EmbeddedAws, account: str) -> Any:
    """A client of an account with one table, Recipes, with one index."""
    client = aws.client("dynamodb", account=account)
    client.create_table(
        TableName="Recipes",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "chef")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[_index("chef")],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def _index(attribute: str) -> dict[str, Any]:
    return {
        "IndexName": f"{attribute}-index",
        "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }


def _refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def _switch_ttl(dynamodb: Any, enabled: bool, attribute: str) -> Callable[[], object]:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    return lambda: dynamodb.update_time_to_live(TableName="Recipes", TimeToLiveSpecification=specification)


def test_ttl_cannot_be_switched_to_what_it_is(dynamodb: Any) -> None:
    assert _refusal(_switch_ttl(dynamodb, False, "TTL")) == ("ValidationException", "TimeToLive is already disabled")
    _switch_ttl(dynamodb, True, "TTL")()
    assert _refusal(_switch_ttl(dynamodb, True, "TTL")) == ("ValidationException", "TimeToLive is already enabled")
    assert _refusal(_switch_ttl(dynamodb, True, "expires")) == (
        "ValidationException",
        "TimeToLive is active on a different AttributeName: current AttributeName is TTL",
    )
    _switch_ttl(dynamodb, False, "TTL")()
    _switch_ttl(dynamodb, True, "expires")()


def test_one_index_at_a_time(dynamodb: Any) -> None:
    both = [{"Create": _index("dish")}, {"Delete": {"IndexName": "chef-index"}}]
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "chef", "dish")]

    code, message = _refusal(
        lambda: dynamodb.update_table(
            TableName="Recipes", AttributeDefinitions=attributes, GlobalSecondaryIndexUpdates=both
        )
    )

    assert code == "LimitExceededException"
    assert message.startswith("Subscriber limit exceeded: Only 1 online index")
    dynamodb.update_table(TableName="Recipes", AttributeDefinitions=attributes, GlobalSecondaryIndexUpdates=both[:1])


def test_provisioned_billing_needs_every_index_s_throughput(dynamodb: Any) -> None:
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = {"TableName": "Recipes", "BillingMode": "PROVISIONED", "ProvisionedThroughput": units}

    assert _refusal(lambda: dynamodb.update_table(**table))[1].endswith("for index: chef-index")
    update = {"Update": {"IndexName": "chef-index", "ProvisionedThroughput": units}}
    dynamodb.update_table(**table, GlobalSecondaryIndexUpdates=[update])


def test_the_recovery_window_begins_when_recovery_was_enabled(dynamodb: Any) -> None:
    def recovery() -> Any:
        described = dynamodb.describe_continuous_backups(TableName="Recipes")["ContinuousBackupsDescription"]
        return described["PointInTimeRecoveryDescription"]

    assert recovery() == {"PointInTimeRecoveryStatus": "DISABLED"}
    enabled = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
    dynamodb.update_continuous_backups(TableName="Recipes", PointInTimeRecoverySpecification=enabled)
    first = recovery()
    dynamodb.update_continuous_backups(TableName="Recipes", PointInTimeRecoverySpecification=enabled)

    assert first["PointInTimeRecoveryStatus"] == "ENABLED"
    assert first["RecoveryPeriodInDays"] == 7
    assert recovery()["EarliestRestorableDateTime"] == first["EarliestRestorableDateTime"]
    assert first["EarliestRestorableDateTime"] <= first["LatestRestorableDateTime"]
    assert datetime.now(UTC) - first["LatestRestorableDateTime"] < timedelta(minutes=6)


_ALARM: dict[str, Any] = {
    "AlarmName": "hot",
    "Namespace": "Demo",
    "MetricName": "Heat",
    "Dimensions": [{"Name": "Oven", "Value": "left"}],
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 200,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ComparisonOperator": "Hotter"}, "comparisonOperator"),
        ({"Statistic": "Median"}, "statistic"),
        ({"TreatMissingData": "maybe"}, "TreatMissingData"),
        ({"MetricName": None}, "MetricName and Metrics"),
        ({"Namespace": None}, "Namespace"),
        ({"Statistic": None}, "Statistic and ExtendedStatistic"),
        ({"Threshold": None}, "Threshold"),
        ({"Period": 45}, "Period"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm"),
        ({"Metrics": [{"Id": "m", "Expression": "1"}]}, "MetricName and Metrics"),
    ],
)
def test_an_alarm_that_cloudwatch_would_refuse_is_refused(
    aws: EmbeddedAws, account: str, changed: dict[str, Any], said: str
) -> None:
    alarm = {name: value for name, value in {**_ALARM, **changed}.items() if value is not None}

    code, message = _refusal(lambda: aws.client("cloudwatch", account=account).put_metric_alarm(**alarm))

    assert code == "ValidationError"
    assert said in message


def test_a_metric_math_alarm_is_described_as_it_was_put(aws: EmbeddedAws, account: str) -> None:
    cloudwatch = aws.client("cloudwatch", account=account)
    metric = {"Namespace": "Demo", "MetricName": "Heat", "Dimensions": _ALARM["Dimensions"]}
    metrics = [
        {"Id": "share", "Expression": "100*heat", "Label": "share", "ReturnData": True},
        {"Id": "heat", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
    ]
    cloudwatch.put_metric_alarm(
        AlarmName="math", Metrics=metrics, EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold"
    )

    [described] = cloudwatch.describe_alarms(AlarmNames=["math"])["MetricAlarms"]

    assert described["Metrics"] == metrics
    assert {"MetricName", "Namespace", "Statistic", "Period", "AlarmDescription", "Dimensions"} & set(
        described
    ) == set()


def _measure(cloudwatch: Any, oven: str, heat: float, minutes_ago: int = 0) -> None:
    datum = {
        "MetricName": "Heat",
        "Dimensions": [{"Name": "Oven", "Value": oven}],
        "Value": heat,
        "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes_ago),
    }
    cloudwatch.put_metric_data(Namespace="Demo", MetricData=[datum])


def test_an_alarm_looks_at_its_own_dimensions_m_out_of_n(aws: EmbeddedAws, account: str) -> None:
    cloudwatch = aws.client("cloudwatch", account=account)
    cloudwatch.put_metric_alarm(**_ALARM)

    def state() -> str:
        return str(cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"])

    _measure(cloudwatch, "right", 999)
    assert state() == "INSUFFICIENT_DATA"
    _measure(cloudwatch, "left", 250, minutes_ago=1)
    assert state() == "OK"
    _measure(cloudwatch, "left", 260)
    assert state() == "ALARM"
    reason = cloudwatch.describe_alarms()["MetricAlarms"][0]["StateReason"]
    assert reason.startswith("Threshold Crossed: 2 out of the last 3 datapoints [260.0 (") and ", 250.0 (" in reason
    history = cloudwatch.describe_alarm_history(AlarmName="hot", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert json.loads(history[0]["HistoryData"])["newState"]["stateValue"] == "ALARM"


def _update(dynamodb: Any, **params: Any) -> Callable[[], object]:
    return lambda: dynamodb.update_table(TableName="Recipes", **params)


ON = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
CLASS = {"TableClass": "STANDARD_INFREQUENT_ACCESS"}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({**CLASS, "StreamSpecification": ON}, "TableClass modification must be the only operation in the request"),
        (
            {**CLASS, "SSESpecification": {"Enabled": True}},
            "Server-Side Encryption modification must be the only operation",
        ),
        (
            {**CLASS, "DeletionProtectionEnabled": True},
            "DeletionProtection modification must be the only operation in the",
        ),
        (
            {"StreamSpecification": ON, "WarmThroughput": {"ReadUnitsPerSecond": 20000}},
            "WarmThroughput must be the only",
        ),
        (
            {"StreamSpecification": ON, "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]},
            "Replica modification must be",
        ),
        (
            {"StreamSpecification": ON, "OnDemandThroughput": {"MaxReadRequestUnits": 9}},
            "can only be combined with BillingMode",
        ),
        ({"StreamSpecification": {"StreamEnabled": False}}, "Table has no stream to disable"),
        ({"WarmThroughput": {"ReadUnitsPerSecond": 10}}, "decreasing WarmThroughput is not supported"),
        ({"MultiRegionConsistency": "STRONG"}, "does not imitate MultiRegionConsistency"),
    ],
)
def test_one_thing_at_a_time(dynamodb: Any, params: dict[str, Any], words: str) -> None:
    code, message = _refusal(_update(dynamodb, **params))

    assert code == "ValidationException"
    assert words in message


def test_an_index_goes_with_billing_and_with_other_indexes_throughput_only(dynamodb: Any) -> None:
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "chef", "dish")]
    create: dict[str, Any] = {
        "AttributeDefinitions": attributes,
        "GlobalSecondaryIndexUpdates": [{"Create": _index("dish")}],
    }
    assert "while changing stream status" in _refusal(_update(dynamodb, **create, StreamSpecification=ON))[1]

    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    other = {"Update": {"IndexName": "chef-index", "ProvisionedThroughput": units}}
    new = {"Create": {**_index("dish"), "ProvisionedThroughput": units}}
    both: dict[str, Any] = {"AttributeDefinitions": attributes, "GlobalSecondaryIndexUpdates": [other, new]}
    _update(dynamodb, **both, BillingMode="PROVISIONED", ProvisionedThroughput=units)()


def test_a_stream_is_turned_on_once_and_off_once(dynamodb: Any) -> None:
    _update(dynamodb, StreamSpecification=ON)()
    keys = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    code, words = _refusal(_update(dynamodb, StreamSpecification=keys))
    assert (code, words.startswith("Table already has an enabled stream")) == ("ValidationException", True)
    _update(dynamodb, StreamSpecification={"StreamEnabled": False})()
    _update(dynamodb, StreamSpecification=keys)()


def test_warm_throughput_is_told_and_only_rises(dynamodb: Any) -> None:
    def warm() -> dict[str, Any]:
        found: dict[str, Any] = dynamodb.describe_table(TableName="Recipes")["Table"]["WarmThroughput"]
        return found

    assert warm() == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    _update(dynamodb, WarmThroughput={"ReadUnitsPerSecond": 15000, "WriteUnitsPerSecond": 4000})()
    assert warm() == {"ReadUnitsPerSecond": 15000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}


def test_no_more_than_20_indexes(dynamodb: Any) -> None:
    keys = {"KeySchema": [{"AttributeName": "chef", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}
    indexes = [{"IndexName": f"index-{number}", **keys} for number in range(20)]
    table: dict[str, Any] = {
        "TableName": "Wide",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "chef")],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    more: dict[str, Any] = {"IndexName": "one-more", **keys}
    words = "Number of global secondary indexes exceeds per-table limit of 20"

    assert words in _refusal(lambda: dynamodb.create_table(**table, GlobalSecondaryIndexes=[*indexes, more]))[1]
    dynamodb.create_table(**table, GlobalSecondaryIndexes=indexes)
    create = {"AttributeDefinitions": table["AttributeDefinitions"], "GlobalSecondaryIndexUpdates": [{"Create": more}]}
    assert words in _refusal(lambda: dynamodb.update_table(TableName="Wide", **create))[1]


def test_a_protected_table_stays(dynamodb: Any) -> None:
    _update(dynamodb, DeletionProtectionEnabled=True)()

    assert _refusal(lambda: dynamodb.delete_table(TableName="Recipes")) == (
        "ValidationException",
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    )


def test_a_replica_needs_its_name_free(aws: EmbeddedAws, account: str, dynamodb: Any) -> None:
    _update(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})()
    aws.client("dynamodb", account=account, region="eu-west-1").create_table(
        TableName="Recipes",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    code, words = _refusal(_update(dynamodb, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}]))

    assert code == "ValidationException"
    assert "one or more replicas already existed as tables" in words


@pytest.mark.parametrize("days", [0, 36])
def test_the_recovery_window_has_1_to_35_days(dynamodb: Any, days: int) -> None:
    wish = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}
    specification = {"TableName": "Recipes", "PointInTimeRecoverySpecification": wish}

    with pytest.raises((ClientError, ParamValidationError), match="RecoveryPeriodInDays"):
        dynamodb.update_continuous_backups(**specification)
