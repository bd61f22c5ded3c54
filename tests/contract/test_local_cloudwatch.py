"""CloudWatch answers the same in every protocol that its clients speak."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from tests.conftest import EmbeddedAws

pytestmark = pytest.mark.embedded("its protocols")

_MODEL = ServiceModel(Loader().load_service_model("cloudwatch", "service-2"), "cloudwatch")
_PROTOCOLS = ("smithy-rpc-v2-cbor", "json", "query")

Call = Callable[..., dict[str, Any]]


@pytest.fixture(params=_PROTOCOLS)
def call(request: pytest.FixtureRequest, aws: EmbeddedAws, account: str) -> Call:
    """Calls CloudWatch in one of its protocols, with botocore's own serialiser and parser of that protocol."""
    protocol = request.param

    def perform(operation: str, **params: Any) -> Any:
        model: Any = _MODEL.operation_model(operation)
        wire = create_serializer(protocol).serialize_to_request(params, model)
        body = wire["body"]
        data = urlencode(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        headers = dict(wire["headers"])
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"
        )
        sent = urllib.request.Request(aws.endpoint + wire["url_path"], data=data, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(sent) as answer:
                status, got, content = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            status, got, content = refused.code, refused.headers, refused.read()
        parser = create_parser(protocol)
        lowered = {name.lower(): value for name, value in got.items()}
        parsed = parser.parse({"status_code": status, "headers": lowered, "body": content}, model.output_shape)
        parsed.pop("ResponseMetadata", None)
        return parsed

    return perform


def _alarm(**changed: Any) -> dict[str, Any]:
    return {
        "AlarmName": "throttled",
        "AlarmDescription": "requests were throttled",
        "Namespace": "AWS/DynamoDB",
        "MetricName": "ThrottledRequests",
        "Dimensions": [{"Name": "TableName", "Value": "Sessions"}, {"Name": "Operation", "Value": "PutItem"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "Threshold": 1.5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "ignore",  # a state that is set stays, also when a minute ends meanwhile
        "ActionsEnabled": False,
        "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
        **changed,
    }


def test_an_alarm_is_described_as_it_was_put(call: Call) -> None:
    assert call("PutMetricAlarm", **_alarm()) == {}

    [described] = call("DescribeAlarms", AlarmNames=["throttled"])["MetricAlarms"]

    assert {name: described[name] for name in _alarm()} == _alarm()
    assert described["StateValue"] == "INSUFFICIENT_DATA"
    assert abs(described["StateUpdatedTimestamp"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert call("DescribeAlarmsForMetric", Namespace="AWS/DynamoDB", MetricName="ThrottledRequests")["MetricAlarms"]


@pytest.mark.parametrize(("metrics", "expressions"), [(10, 1), (10, 10), (11, 1), (1, 11)])
def test_an_alarm_reads_ten_metrics_and_works_out_ten_expressions(
    aws: EmbeddedAws, account: str, metrics: int, expressions: int
) -> None:
    """CloudWatch API reference, MetricDataQuery: 20 structures, of which 10 may hold a MetricStat and 10 an Expression."""
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    queries: list[dict[str, Any]] = [{"Id": f"m{at}", "ReturnData": False, "MetricStat": stat} for at in range(metrics)]
    queries += [{"Id": f"e{at}", "ReturnData": not at, "Expression": "m0 + 1"} for at in range(expressions)]
    cloudwatch = boto3.client(
        "cloudwatch",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="x",
    )
    words: dict[str, Any] = {"AlarmName": "math", "Metrics": queries, "EvaluationPeriods": 1, "Threshold": 1.0}
    if max(metrics, expressions) > 10:
        with pytest.raises(ClientError, match="must not have more than 10 metrics"):
            cloudwatch.put_metric_alarm(ComparisonOperator="GreaterThanThreshold", **words)
    else:
        cloudwatch.put_metric_alarm(ComparisonOperator="GreaterThanThreshold", **words)


def test_a_set_state_is_seen_and_is_in_the_history(call: Call) -> None:
    call("PutMetricAlarm", **_alarm())
    call(
        "SetAlarmState", AlarmName="throttled", StateValue="ALARM", StateReason="a & b <c>", StateReasonData='{"n": 1}'
    )

    [described] = call("DescribeAlarms", StateValue="ALARM")["MetricAlarms"]
    newest = call("DescribeAlarmHistory", AlarmName="throttled", HistoryItemType="StateUpdate")["AlarmHistoryItems"][0]

    assert described["StateReason"] == "a & b <c>"
    assert newest["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(newest["HistoryData"])["newState"]["stateReason"] == "a & b <c>"
    assert isinstance(newest["Timestamp"], datetime)


def test_metric_data_comes_back(call: Call) -> None:
    at = datetime.now(UTC).replace(second=0, microsecond=0)
    table = [{"Name": "TableName", "Value": "Sessions"}]
    datum = {"MetricName": "Latency", "Dimensions": table, "Timestamp": at, "Unit": "Milliseconds"}
    values = {"Values": [1.0, 3.0], "Counts": [2.0, 1.0]}
    call("PutMetricData", Namespace="Demo", MetricData=[{**datum, "Value": 4.25}, {**datum, **values}])
    query = {
        "Id": "latency",
        "MetricStat": {
            "Metric": {"Namespace": "Demo", "MetricName": "Latency", "Dimensions": table},
            "Period": 60,
            "Stat": "Sum",
        },
    }
    span = {"StartTime": at - timedelta(minutes=5), "EndTime": at + timedelta(minutes=5)}

    [result] = call("GetMetricData", MetricDataQueries=[query], **span)["MetricDataResults"]
    statistics = call(
        "GetMetricStatistics",
        Namespace="Demo",
        MetricName="Latency",
        Dimensions=table,
        Period=60,
        Statistics=["Maximum"],
        **span,
    )

    assert (result["Id"], result["Values"], result["StatusCode"]) == ("latency", [9.25], "Complete")
    assert [moment.astimezone(UTC) for moment in result["Timestamps"]] == [at]
    assert statistics["Datapoints"][0]["Maximum"] == 4.25
    assert call("ListMetrics", Namespace="Demo")["Metrics"] == [
        {"Namespace": "Demo", "MetricName": "Latency", "Dimensions": table}
    ]


def test_a_deleted_alarm_is_gone(call: Call) -> None:
    call("PutMetricAlarm", **_alarm())
    call("DeleteAlarms", AlarmNames=["throttled"])

    assert call("DescribeAlarms")["MetricAlarms"] == []


def test_an_error_has_its_code(call: Call) -> None:
    answered = call("SetAlarmState", AlarmName="nowhere", StateValue="OK", StateReason="")

    assert answered["Error"]["Code"].startswith("ResourceNotFound")
    assert "nowhere" in answered["Error"]["Message"]


def test_boto3_sees_the_same(aws: EmbeddedAws, account: str) -> None:
    cloudwatch = aws.client("cloudwatch", account=account)
    cloudwatch.put_metric_alarm(**_alarm())
    cloudwatch.set_alarm_state(AlarmName="throttled", StateValue="OK", StateReason="quiet")

    [described] = cloudwatch.describe_alarms()["MetricAlarms"]

    assert {name: described[name] for name in _alarm()} == _alarm()
    assert described["StateValue"] == "OK"
    cloudwatch.delete_alarms(AlarmNames=["throttled"])
    assert cloudwatch.describe_alarm_history(AlarmName="throttled")["AlarmHistoryItems"]


@pytest.mark.parametrize("body", [b"", b"\xff\xff", b"\xbf", b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_a_broken_cbor_body_is_refused_or_empty(aws: EmbeddedAws, body: bytes) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"
    headers = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
    sent = urllib.request.Request(aws.endpoint + path, data=body, headers=headers, method="POST")
    if not body:
        assert urllib.request.urlopen(sent).status == 200
        return
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(sent)
    assert refused.value.code == 400
