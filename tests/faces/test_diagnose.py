"""What is wrong with tables, as a person, a log, a ticket and a program read it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from tablewright.local import control
from tests.contract.load_support import item, refused, table
from tests.faces.conftest import Client
from tests.faces.shell import Ran, in_process
from tests.rehearsals.between import Answer, between

Run = Callable[..., Ran]


def test_a_hot_key_is_named_in_every_form(home: Path, tmp_path: Path, run: Run, client: Client) -> None:
    run("local", "start", cwd=tmp_path)
    dynamodb = client("dynamodb")
    name = table(dynamodb, "orders")
    with control.held(dynamodb.meta.endpoint_url):
        for _ in range(12):
            refused(lambda: dynamodb.put_item(TableName=name, Item=item("hot", 390_000)))
        control.advance(dynamodb.meta.endpoint_url, minutes=2)
    page = tmp_path / "report.html"

    told = run("diagnose", name, "--local", "--html", str(page), cwd=tmp_path)

    assert told.code == 1
    assert "hot-partition  orders  (certain)" in told.out
    assert "tablewright set insights orders on" in told.out
    assert "What cannot be told" in told.out
    text = page.read_text(encoding="utf-8")
    assert "hot-partition" in text and "<svg" in text
    assert not re.search(r"(src|href)=|@import|url\(", text)

    found = json.loads(run("diagnose", name, "--local", "--output", "json", cwd=tmp_path).out)
    assert [each["problem"] for each in found["diagnoses"]] == ["hot-partition"]
    assert {each["answer"] for each in found["looked"]} == {"found", "clear", "unknown"}

    written = run("diagnose", name, "--local", "--output", "markdown", cwd=tmp_path).out
    assert "### `hot-partition` of `orders` (certain)" in written
    drawn = written.split("```text\n")[1].split("```")[0]
    assert "█" in drawn and "at most" in drawn


def test_a_table_that_is_not_there_is_said(home: Path, tmp_path: Path, run: Run) -> None:
    told = run("diagnose", "nowhere", "--local", cwd=tmp_path)

    assert told.code == 2
    assert "error[no-table]" in told.err


def test_what_may_not_be_read_is_no_all_clear(home: Path, tmp_path: Path, run: Run, client: Client) -> None:
    run("local", "start", cwd=tmp_path)
    dynamodb = client("dynamodb")
    name = table(dynamodb, "unread")
    dynamodb.put_item(TableName=name, Item=item("a"))
    endpoint = dynamodb.meta.endpoint_url
    control.advance(endpoint, minutes=2)

    def deny(operation: str, number: int) -> Answer | None:
        return (400, "AccessDenied", "not authorized") if "GetMetricData" in operation else None

    env = {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    with between(endpoint, deny) as gate:
        told = in_process("diagnose", name, "--endpoint-url", gate.endpoint, cwd=tmp_path, env=env)

    assert (told.code, told.out) == (1, "")
    assert "error[access-denied]" in told.err and "cloudwatch:GetMetricData" in told.err


def test_an_exceptions_text_is_explained_without_any_aws(home: Path, tmp_path: Path, run: Run) -> None:
    arn = "arn:aws:dynamodb:eu-west-1:1:table/orders/index/byUser"
    text = f"ThrottlingReasons=[{{reason=IndexWriteProvisionedThroughputExceeded, resource={arn}}}]"

    told = run("diagnose", "--error", text, cwd=tmp_path)
    assert told.code == 0
    assert "IndexWriteProvisionedThroughputExceeded  orders/byUser" in told.out
    assert "its index could not take it" in told.out.replace("\n  ", " ")

    assert run("diagnose", "--error", "all is well", cwd=tmp_path).code == 2
