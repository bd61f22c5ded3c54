"""A table's own policy, written by tablewright into its template, deploys: it names its table without waiting for itself."""

from __future__ import annotations

import json
from pathlib import Path

from tablewright.access.decide import Policies, decide
from tablewright.access.read import read_policy
from tablewright.access.request import Request, caller
from tablewright.events import Ending
from tests.conftest import EmbeddedAws
from tests.faces.shell import in_process
from tests.rehearsals.deploying import client, end, opened, run

GUIDE = Path(__file__).resolve().parents[1] / "cases/guide/dynamodb-schema.yaml"
STREAM = "      StreamSpecification:\n        StreamViewType: NEW_IMAGE\n"
AT = "    Properties:\n      TableName: ai-chef-results\n"


def test_a_table_policy_deploys_and_allows_whom_it_names(aws: EmbeddedAws, account: str) -> None:
    role = f"arn:aws:iam::{account}:role/worker"
    words = (
        "read",
        "query:sessionId-index",
        "--as",
        "table-property",
        "--table",
        "AiChefResultsTable",
        "--principal",
        role,
    )
    written = in_process("policy", "generate", *words, "--template", str(GUIDE))
    assert written.code == 0, written.err
    indented = "".join(f"      {line}\n" for line in written.out.splitlines())
    body = GUIDE.read_text()
    assert AT in body
    assert end(run(opened(aws, account), body.replace(AT, AT + indented))).ending is Ending.DONE

    dynamodb = client(aws, account, "dynamodb")
    arn = dynamodb.describe_table(TableName="ai-chef-results")["Table"]["TableArn"]
    policy = read_policy(dynamodb.get_resource_policy(ResourceArn=arn)["Policy"])
    session = caller(f"arn:aws:sts::{account}:assumed-role/worker/x")

    def may(action: str, resource: str) -> bool:
        return decide(Request(f"dynamodb:{action}", resource, session), Policies(resource=policy)).allowed

    assert may("GetItem", arn) and may("Query", f"{arn}/index/sessionId-index")
    assert not may("PutItem", arn) and not may("Scan", f"{arn}/index/sessionId-index")
    assert json.dumps(role) in dynamodb.get_resource_policy(ResourceArn=arn)["Policy"]


def test_a_streams_own_policy_deploys_and_allows_reading_it(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    role = f"arn:aws:iam::{account}:role/reader"
    body = GUIDE.read_text().replace(AT, AT + STREAM)
    template = tmp_path / "template.yaml"
    template.write_text(body)
    words = ("stream", "--as", "stream-property", "--table", "AiChefResultsTable", "--principal", role)
    written = in_process("policy", "generate", *words, "--template", str(template))
    assert written.code == 0, written.err
    indented = "".join(f"        {line}\n" for line in written.out.splitlines())
    assert end(run(opened(aws, account), body.replace(STREAM, STREAM + indented))).ending is Ending.DONE

    dynamodb = client(aws, account, "dynamodb")
    stream = dynamodb.describe_table(TableName="ai-chef-results")["Table"]["LatestStreamArn"]
    policy = read_policy(dynamodb.get_resource_policy(ResourceArn=stream)["Policy"])
    session = caller(f"arn:aws:sts::{account}:assumed-role/reader/x")

    def may(action: str) -> bool:
        return decide(Request(f"dynamodb:{action}", stream, session), Policies(resource=policy)).allowed

    assert all(may(action) for action in ("DescribeStream", "GetRecords", "GetShardIterator"))
    assert not may("ListStreams") and not may("GetItem")
    other = in_process("policy", "generate", "read", *words[1:], "--template", str(template))
    assert other.code == 2 and "stream, and nothing else" in " ".join(other.err.split())
