"""What tables cost, on a screen, for a program and for a pull request."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.faces.conftest import Client
from tests.faces.shell import Ran

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
    assert "tablewright set throughput ai-chef-results --index sessionId-index" in shown.out


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
    # An hour is no ground to change the way of billing on.
    assert all(way["command"] is None for ways in found["options"].values() for way in ways)
