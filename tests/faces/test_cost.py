"""What tables cost, on a screen, for a program and for a pull request."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tablewright.cli.faces.cells import width
from tablewright.local import control
from tests.faces.conftest import Client
from tests.faces.shell import Ran
from tests.laws.test_refreshed_prices import product

Run = Callable[..., Ran]
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "cost.md"
TEMPLATE = "backend/infrastructure/dynamodb-schema.yaml"


@pytest.fixture
def workload(tmp_path: Path) -> str:
    """The guide's own workload."""
    text = GUIDE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    path = tmp_path / "workload.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_guides_workload_costs_what_the_guide_shows(run: Run, workload: str) -> None:
    shown = run("cost", "--workload", workload)
    found = json.loads(run("cost", "--workload", workload, "--output", "json").out)

    assert shown.code == 0
    sample = GUIDE.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    told = [line.strip() for line in shown.out.splitlines()]
    for line in sample.splitlines():
        if line and "workload:" not in line and "beside" not in line:
            assert line.strip() in told, line
    assert sum(Decimal(line["usd"]) for line in found["lines"]) == Decimal(found["usd"])
    for table, indexes in found["by_index"].items():
        assert sum(map(Decimal, indexes.values())) == Decimal(found["by_table"][table])
    assert set(found["by_pattern"]["ai-chef-results"]) == {"writes of single items", "results of a session"}
    for price in found["prices_used"]:
        assert price["date"] and price["sources"] and price["status"] in ("verified", "derived"), price
    assert any("Savings Plans" in each for each in found["missing"])


def test_a_workload_names_a_table_as_commands_do(run: Run, workload: str) -> None:
    """By what is its own in its name; two names of one table are a mistake, and a wrong one is told what was meant."""
    as_written = run("cost", "--workload", workload, "--output", "json").out
    path, text = Path(workload), Path(workload).read_text()
    path.write_text(text.replace("AiChefSessionsTable", "sessions").replace("ai-chef-results", "results"))
    assert run("cost", "--workload", workload, "--output", "json").out == as_written
    path.write_text(text + "\n[tables.results]\nitems = 1\nitem_bytes = 1\n")
    assert "results is AiChefResultsTable, too" in " ".join(run("cost", "--workload", workload).err.split())
    path.write_text("[tables.result]\nitems = 1\nitem_bytes = 1\n")
    assert "Did you mean results?" in run("cost", "--workload", workload).err


def test_what_is_advised_is_done_by_its_commands(run: Run, project: Path, workload: str, tmp_path: Path) -> None:
    """The commands as they are shown, on the template as it is: then it costs so much less, and the check finds no error."""
    template = tmp_path / "template.yaml"
    template.write_text((project / TEMPLATE).read_text(encoding="utf-8"), encoding="utf-8")
    words = ("cost", str(template), "--workload", workload, "--output", "json")
    before = json.loads(run(*words).out)
    [advice, *_] = before["advice"]

    shown = run("cost", str(template), "--workload", workload).out
    for command in advice["commands"]:
        assert command in shown
        done = run(*shlex.split(command)[1:], "--template", str(template))
        assert done.code == 0, done.err
    after = json.loads(run(*words).out)

    assert advice["sure"] in ("likely", "possible") and advice["because"]
    assert Decimal(before["usd"]) - Decimal(after["usd"]) == Decimal(advice["usd"]) > 50
    assert "error[" not in run("check", str(template), "--no-cfn-lint").out


@pytest.mark.parametrize("columns", ["80", "140"])
def test_long_and_korean_names_stay_in_their_columns(run: Run, tmp_path: Path, columns: str) -> None:
    name = "요리-결과-" + "아주-긴-이름-" * 12
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 500, "WriteCapacityUnits": 500},
        },
    }
    template, told = tmp_path / "t.json", tmp_path / "w.toml"
    template.write_text(json.dumps({"Resources": {"T" + "x" * 200: table}}), encoding="utf-8")
    told.write_text(
        f"[tables.T{'x' * 200}]\nitems = 1000\nitem_bytes = 500\n[[tables.T{'x' * 200}.patterns]]\n"
        f'name = "{name}"\noperation = "put"\nper_second = 3\n',
        encoding="utf-8",
    )

    shown = run("cost", str(template), "--workload", str(told), env={"COLUMNS": columns}).out

    assert shown
    for line in shown.splitlines():
        assert width(line) <= int(columns) or "tablewright " in line or "x" * 60 in line, line


def test_a_project_keeps_prices_of_its_own(run: Run, project: Path, workload: str, tmp_path: Path) -> None:
    """AWS's price list over HTTP, in two pages, as pricing:GetProducts answers."""
    with _price_list() as endpoint:
        done = run(
            "cost", "prices", "refresh", "us-east-1", "--endpoint-url", endpoint, "--project", str(tmp_path), env=_KEYS
        )
    assert done.code == 0, done.err
    kept = tmp_path / "tablewright-prices.json"
    assert "on-demand.standard.write: 0.625 -> 0.5" in done.out and str(kept) in done.out

    found = json.loads(run("cost", "--workload", workload, "--prices", str(kept), "--output", "json").out)
    assert found["prices"] == "2026-11-20" and found["price_list"] == str(kept)
    writes = [line for line in found["lines"] if line["price"] == "on-demand.standard.write"]
    assert all(Decimal(line["usd"]) == Decimal(line["quantity"]) / 2_000_000 for line in writes) and writes
    dates = {price["name"]: price["date"] for price in found["prices_used"]}
    assert dates["on-demand.standard.write"] == "2026-11-20" and dates["storage.standard"] == "2026-08-21"
    head = run("cost", "--workload", workload, "--prices", str(kept)).out.splitlines()[1]
    assert "list prices of 2026-11-20 (some of 2026-08-21)" in head

    listed = json.loads(run("cost", "prices", "--project", str(tmp_path), "--output", "json").out)
    assert any("AWS's price list, published 2026-11-20" in price["sources"] for price in listed["prices"])
    kept.write_text("{}", encoding="utf-8")
    assert "error[prices-unreadable]" in run("cost", "--workload", workload, "--prices", str(kept)).err


_KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}


@contextmanager
def _price_list() -> Iterator[str]:
    pages: list[dict[str, object]] = [
        {"PriceList": [product("ReadRequestUnits", ("0.000000125", "Inf"), region="us-east-1")], "NextToken": "more"},
        {"PriceList": [product("WriteRequestUnits", ("0.0000005", "Inf"), region="us-east-1")]},
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
            page = pages["NextToken" in asked] if asked["ServiceCode"] == "AmazonDynamoDB" else {}
            told = json.dumps({"FormatVersion": "aws_v1", **page}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_each_price_is_listed_with_its_date_and_source(run: Run) -> None:
    shown = run("cost", "prices", "--region", "us-east-1").out
    assert "on-demand.standard.write  0.625 a million request units" in shown
    assert "2026-08-21 unverified" in shown and "Sources" in shown
    assert "error[no-prices]" in run("cost", "prices", "--region", "eu-west-1").err


def test_the_difference_of_two_templates_is_a_comment(run: Run, project: Path, workload: str, tmp_path: Path) -> None:
    narrow = tmp_path / "narrow.yaml"
    text = (project / TEMPLATE).read_text(encoding="utf-8")
    narrow.write_text(text.replace("ProjectionType: ALL", "ProjectionType: KEYS_ONLY"), encoding="utf-8")

    page = run("cost", str(narrow), "--against", TEMPLATE, "--workload", workload, "--output", "markdown").out

    assert page.startswith("### Cost: -45.49 USD a month")
    assert "| `ai-chef-results/sessionId-index: writes` | -41.06 |" in page


def test_a_region_without_prices_and_a_table_that_is_not_there_are_refused(
    run: Run, workload: str, tmp_path: Path
) -> None:
    assert "error[no-prices]" in run("cost", "--workload", workload, "--region", "eu-west-1").err
    unasked = run("cost", "--measured", "--region", "eu-west-1", "--profile", "of-no-account").err
    assert "error[no-prices]" in unasked, "before CloudWatch is asked, which bills it"
    assert unasked.rstrip().endswith("tablewright cost prices refresh eu-west-1")
    other = tmp_path / "other.toml"
    other.write_text("[tables.nowhere]\nitems = 3\n", encoding="utf-8")
    refused = run("cost", "--workload", str(other))
    assert refused.code == 2 and "nowhere" in refused.err


def test_it_is_measured_from_what_runs(home: Path, run: Run, client: Client) -> None:
    assert run("deploy", "--local", "--yes").code == 0
    dynamodb = client("dynamodb")
    for number in range(30):
        dynamodb.put_item(TableName="ai-chef-sessions", Item={"sessionId": {"S": str(number)}})

    found = json.loads(run("cost", "--measured", "--local", "--output", "json").out)

    assert found["workload"].startswith("metrics of 14 days")
    measured = [line for line in found["lines"] if line["pattern"] == "as measured" and line["what"] == "writes"]
    assert measured and all(Decimal(line["usd"]) > 0 for line in measured)
    fine = json.loads(run("cost", "--measured", "--by-minute", "--since", "1d", "--local", "--output", "json").out)
    assert fine["usd"] != found["usd"] and any("minute" in way["note"] for way in fine["options"]["ai-chef-sessions"])
    assert "error[contradictory-options]" in run("cost", "--by-minute").err
    # An hour is no ground to change the way of billing on.
    assert found["advice"] == [] and any("less than a week" in each for each in found["assumptions"])
    assert all(way["commands"] == [] for ways in found["options"].values() for way in ways)


@pytest.mark.slow
def test_a_week_of_metrics_is_ground_enough(home: Path, run: Run, client: Client, tmp_path: Path) -> None:
    """A table with far too many units, used for a week: the command fits the template, and the deployment of it goes through."""
    (tmp_path / "tablewright.toml").write_text('stack = "wide"\ntemplate = "t.yaml"\n', encoding="utf-8")
    (tmp_path / "t.yaml").write_text(WIDE, encoding="utf-8")
    assert run("deploy", "--local", "--yes", cwd=tmp_path).code == 0
    dynamodb = client("dynamodb")
    endpoint = dynamodb.meta.endpoint_url
    for number in range(10):
        dynamodb.put_item(TableName="wide", Item={"id": {"S": str(number)}})
    control.advance(endpoint, minutes=7 * 1440)

    found = json.loads(run("cost", "--measured", "--local", "--output", "json", cwd=tmp_path).out)

    [advice] = found["advice"]
    assert advice["sure"] == "likely" and Decimal(advice["usd"]) > 30
    assert advice["commands"] == ["tablewright set billing wide on-demand"]
    assert run(*shlex.split(advice["commands"][0])[1:], cwd=tmp_path).code == 0
    assert run("deploy", "--local", "--yes", cwd=tmp_path).code == 0
    assert dynamodb.describe_table(TableName="wide")["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


WIDE = """\
Resources:
  Wide:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: wide
      BillingMode: PROVISIONED
      ProvisionedThroughput: {ReadCapacityUnits: 60, WriteCapacityUnits: 60}
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def test_one_of_a_unit_is_named_in_the_singular_and_how_to_give_a_workload_is_said(run: Run, project: Path) -> None:
    one = project / "one-alarm.yaml"
    alarm = "Namespace: AWS/DynamoDB, MetricName: ReadThrottleEvents, Statistic: Sum, Period: 60, Threshold: 1"
    rest = "EvaluationPeriods: 1, ComparisonOperator: GreaterThanThreshold, Dimensions: [{Name: TableName, Value: t}]"
    table = (
        "{AttributeDefinitions: [{AttributeName: a, AttributeType: S}], KeySchema: [{AttributeName: a, KeyType: HASH}]}"
    )
    one.write_text(
        f"Resources:\n  A: {{Type: 'AWS::CloudWatch::Alarm', Properties: {{{alarm}, {rest}}}}}\n"
        f"  T:\n    Type: AWS::DynamoDB::Table\n    Properties: {table}\n",
        encoding="utf-8",
    )
    shown = " ".join(run("cost", str(one), "--region", "us-east-1", env={"COLUMNS": "60"}).out.split())
    assert "1 metric of alarms" in shown
    assert "(--measured, --workload FILE)" in shown
