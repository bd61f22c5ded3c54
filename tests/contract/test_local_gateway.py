"""The embedded AWS's door: who may come in, which ports are open, which protocols are understood."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tablewright.local import control
from tests.conftest import EmbeddedAws

pytestmark = pytest.mark.embedded("its door")

TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def _get(
    aws: EmbeddedAws, path: str, host: str = "", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    named = {"Host": host or address.netloc, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request("POST" if body is not None else "GET", path, body=body, headers=named)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4599",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "169.254.169.254",
        "192.168.0.1",
    ],
)
def test_a_foreign_host_is_refused(aws: EmbeddedAws, host: str) -> None:
    status, _, body = _get(aws, "/", host)

    assert status == 403
    assert b"only to the names of this machine" in body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:1", "[::1]:4599", "LOCALHOST:4599"])
def test_the_machine_s_own_names_are_let_in(aws: EmbeddedAws, host: str) -> None:
    assert _get(aws, "/_tablewright/health", host)[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_another_web_site_is_refused(aws: EmbeddedAws, origin: str) -> None:
    assert _get(aws, "/", body=b"{}", Origin=origin)[0] == 403


def test_no_answer_invites_other_web_sites(aws: EmbeddedAws) -> None:
    headers = _get(aws, "/", body=b"{}", x_amz_target="DynamoDB_20120810.ListTables")[1]

    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/health",
        "/_ministack/reset",
        "/_ministack/config",
        "/_localstack/health",
        "/_aws/ses",
        "/_tablewright",
    ],
)
def test_the_data_plane_s_own_doors_are_shut(aws: EmbeddedAws, path: str) -> None:
    assert _get(aws, path)[0] == 404
    assert _get(aws, path, body=b"{}")[0] == 404


def test_only_the_printed_port_is_open(aws: EmbeddedAws) -> None:
    aws.client("dynamodb").list_tables()
    aws.client("s3").list_buckets()
    aws.client("sns").list_topics()

    assert _listening(aws.running.pid) == [("127.0.0.1", urlsplit(aws.endpoint).port)]


def _listening(pid: int) -> list[tuple[str, int | None]]:
    """(address, port) of every TCP and UDP socket on which a process, or one that it started, waits for others."""
    family = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        family += [int(child) for child in (task / "children").read_text().split()]
    held = set()
    for each in family:
        for link in Path(f"/proc/{each}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
                held |= {found[1]} if found else set()
    waiting: list[tuple[str, int | None]] = []
    for name, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in held and fields[3] == state:
                address, port = fields[1].split(":")
                dotted = ".".join(str(byte) for byte in reversed(bytes.fromhex(address[:8])))
                waiting.append((dotted, int(port, 16)))
    return waiting


@pytest.mark.parametrize("service", ["ec2", "lambda", "rds", "route53"])
def test_a_service_that_is_not_offered_says_so(aws: EmbeddedAws, service: str) -> None:
    calls = {
        "ec2": "describe_instances",
        "lambda": "list_functions",
        "rds": "describe_db_instances",
        "route53": "list_hosted_zones",
    }

    with pytest.raises(ClientError) as refused:
        getattr(aws.client(service), calls[service])()

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_an_access_key_of_twelve_digits_is_its_account(aws: EmbeddedAws, account: str) -> None:
    aws.client("dynamodb", account=account).create_table(TableName="mine", **TABLE)

    assert aws.client("sts", account=account).get_caller_identity()["Account"] == account
    assert aws.client("dynamodb", account=account).list_tables()["TableNames"] == ["mine"]
    assert "mine" not in aws.client("dynamodb", account=str(int(account) + 500_000_000)).list_tables()["TableNames"]


def test_regions_are_apart(aws: EmbeddedAws, account: str) -> None:
    made = aws.client("dynamodb", account=account, region="eu-west-1").create_table(TableName="there", **TABLE)

    assert made["TableDescription"]["TableArn"] == f"arn:aws:dynamodb:eu-west-1:{account}:table/there"
    assert aws.client("dynamodb", account=account).list_tables()["TableNames"] == []


def test_s3_objects_by_path_and_by_virtual_host(aws: EmbeddedAws, account: str) -> None:
    s3 = aws.client("s3", account=account)
    bucket = f"templates-{account}"
    s3.create_bucket(Bucket=bucket)
    body = bytes(range(256)) * 1000
    s3.put_object(Bucket=bucket, Key="a folder/naïve+key.bin", Body=body)

    assert s3.get_object(Bucket=bucket, Key="a folder/naïve+key.bin")["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key="a folder/naïve+key.bin")["ContentLength"] == len(body)
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a folder/naïve+key.bin"]
    signed = (
        f"AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    )
    path = "/a%20folder/na%C3%AFve%2Bkey.bin"
    assert _get(aws, path, f"{bucket}.localhost:4599", Authorization=signed)[2] == body


def test_a_request_that_is_too_large_is_refused(aws: EmbeddedAws) -> None:
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()

    assert connection.getresponse().status == 413
    connection.close()


def test_a_queue_s_long_poll_ends_when_a_message_comes(aws: EmbeddedAws, account: str) -> None:
    sqs = aws.client("sqs", account=account)
    queue = sqs.create_queue(QueueName="waiting", Attributes={"ReceiveMessageWaitTimeSeconds": "1"})["QueueUrl"]

    assert sqs.receive_message(QueueUrl=queue).get("Messages", []) == []
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]

    assert message["Body"] == "hello"


def test_an_alarm_s_action_reaches_a_queue_through_a_topic(aws: EmbeddedAws, account: str) -> None:
    sns, sqs, cloudwatch = (aws.client(name, account=account) for name in ("sns", "sqs", "cloudwatch"))
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloudwatch.put_metric_alarm(
        AlarmName="full",
        Namespace="Demo",
        MetricName="Fill",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName="full", StateValue="ALARM", StateReason="test")

    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]

    assert json.loads(json.loads(message["Body"])["Message"])["NewStateValue"] == "ALARM"


def test_the_health_door_tells_whose_it_is(aws: EmbeddedAws, start_aws: Callable[..., EmbeddedAws]) -> None:
    other = start_aws("other")
    tokens = [json.loads(_get(each, "/_tablewright/health")[2])["instance"] for each in (aws, other)]

    assert tokens[0] != tokens[1]


@pytest.mark.needs("own-clock")
def test_answers_are_dated_by_the_embedded_time(start_aws: Callable[..., EmbeddedAws]) -> None:
    """A policy's deadline is reckoned from the Date and judged by the embedded clock: else a fence lapses before it stands."""
    aws = start_aws()

    def dated() -> float:
        answer = aws.client("dynamodb").list_tables()["ResponseMetadata"]
        return parsedate_to_datetime(answer["HTTPHeaders"]["date"]).timestamp()

    assert dated() <= control.now(aws.endpoint)
    ahead = control.advance(aws.endpoint, minutes=60)
    assert int(ahead) <= dated() <= control.now(aws.endpoint)
