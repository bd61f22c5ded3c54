"""The guide's own project, deployed as its user would: what stands is what the guide says, put right where it could not work."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tablewright.local import process
from tests.faces.conftest import EXAMPLE, ROOT, Client
from tests.faces.shell import Ran, environment, in_process

Run = Callable[..., Ran]
GUIDE = ROOT / "tests/cases/guide/dynamodb-schema.yaml"
STACK = "ai-chef-dynamodb"


@pytest.fixture(scope="module")
def deployed(run: Run) -> Ran:
    """The example, deployed once."""
    ran = run("deploy", "--local")
    assert ran.code == 0, ran.err
    return ran


@pytest.fixture(scope="module")
def guide(run: Run, client: Client) -> Any:
    """CloudFormation in a region in which the guide's template stands exactly as it is written."""
    ran = run("deploy", str(GUIDE), "--stack", STACK, "--local", "--region", "eu-west-1")
    assert ran.code == 0, ran.err
    return client("cloudformation", "eu-west-1")


def test_a_second_deployment_has_nothing_to_do(deployed: Ran, run: Run) -> None:
    again = run("deploy", "--local")
    assert again.code == 0
    assert "is deployed already" in again.out
    assert "Nothing is to be done" in again.out


def test_everything_stands_as_the_guide_says(deployed: Ran, client: Client) -> None:
    stack = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    dynamodb = client("dynamodb")
    for name in ("ai-chef-sessions", "ai-chef-results"):
        table = dynamodb.describe_table(TableName=name)["Table"]
        assert table["TableStatus"] == "ACTIVE"
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert table["DeletionProtectionEnabled"] is True
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        tags = dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        own = {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}
        assert own == {"Environment": "production", "Service": "ai-chef"}
    results = dynamodb.describe_table(TableName="ai-chef-results")["Table"]
    assert results["KeySchema"] == [{"AttributeName": "resultId", "KeyType": "HASH"}]
    (index,) = results["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["IndexStatus"]) == ("sessionId-index", "ACTIVE")
    assert index["KeySchema"] == [{"AttributeName": "sessionId", "KeyType": "HASH"}]
    assert index["Projection"]["ProjectionType"] == "ALL"
    ttl = dynamodb.describe_time_to_live(TableName="ai-chef-sessions")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "TTL"}
    group = client("logs").describe_log_groups(logGroupNamePrefix="/aws/dynamodb/ai-chef-tables")["logGroups"][0]
    assert group["retentionInDays"] == 7


def test_every_name_output_and_export_of_the_guide_is_kept(deployed: Ran, guide: Any, client: Client) -> None:
    ours = client("cloudformation")

    def physical(cloudformation: Any) -> dict[str, tuple[str, str]]:
        found = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        return {r["LogicalResourceId"]: (r["ResourceType"], r["PhysicalResourceId"]) for r in found}

    def outputs(cloudformation: Any) -> dict[str, tuple[str, str, str]]:
        found = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
        return {
            o["OutputKey"]: (o["OutputValue"].replace("eu-west-1", "us-east-1"), o["Description"], o["ExportName"])
            for o in found
        }

    assert physical(guide).items() <= physical(ours).items()
    assert outputs(guide) == outputs(ours)
    assert len(outputs(ours)) == 4


def test_the_guide_s_alarm_keeps_its_numbers_and_looks_at_metrics_that_exist(deployed: Ran, client: Client) -> None:
    alarms = client("cloudwatch").describe_alarms(AlarmNamePrefix="AI-Chef-DynamoDB-")["MetricAlarms"]
    by_name = {alarm["AlarmName"]: alarm for alarm in alarms}
    watched = {
        "AI-Chef-DynamoDB-SessionsTable-Errors": {"TableName": "ai-chef-sessions"},
        "AI-Chef-DynamoDB-ResultsTable-Errors": {"TableName": "ai-chef-results"},
        "AI-Chef-DynamoDB-ResultsTable-sessionId-index-Errors": {
            "TableName": "ai-chef-results",
            "GlobalSecondaryIndexName": "sessionId-index",
        },
    }
    assert by_name.keys() == watched.keys()
    for name, dimensions in watched.items():
        alarm = by_name[name]
        assert alarm["Threshold"] == 5
        assert alarm["EvaluationPeriods"] == 1
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert len(alarm["AlarmActions"]) == 1
        assert alarm["AlarmActions"] == alarm["OKActions"]
        queries = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
        assert {query["Metric"]["MetricName"] for query in queries} == {"ReadThrottleEvents", "WriteThrottleEvents"}
        for query in queries:
            assert (query["Period"], query["Stat"]) == (300, "Sum")
            assert {d["Name"]: d["Value"] for d in query["Metric"]["Dimensions"]} == dimensions


def test_a_program_puts_gets_and_queries_the_index(deployed: Ran, client: Client) -> None:
    dynamodb = client("dynamodb")
    item = {"resultId": {"S": "r-1"}, "sessionId": {"S": "s-1"}, "dish": {"S": "김치찌개"}}
    dynamodb.put_item(TableName="ai-chef-results", Item=item)
    assert dynamodb.get_item(TableName="ai-chef-results", Key={"resultId": {"S": "r-1"}})["Item"] == item
    found = dynamodb.query(
        TableName="ai-chef-results",
        IndexName="sessionId-index",
        KeyConditionExpression="sessionId = :s",
        ExpressionAttributeValues={":s": {"S": "s-1"}},
    )
    assert found["Items"] == [item]


def test_a_second_environment_lives_beside_the_first(deployed: Ran, run: Run, client: Client) -> None:
    ran = run("deploy", "--local", "--env", "staging")
    assert ran.code == 0, ran.err
    assert "ai-chef-sessions-staging" in ran.out
    exports = {e["Name"]: e["Value"] for e in client("cloudformation").list_exports()["Exports"]}
    assert exports["ai-chef-dynamodb-SessionsTable"] == "ai-chef-sessions"
    assert exports["ai-chef-dynamodb-staging-SessionsTable"] == "ai-chef-sessions-staging"
    resources = client("cloudformation").list_stack_resources(StackName="ai-chef-dynamodb-staging")
    for resource in resources["StackResourceSummaries"]:
        assert resource["PhysicalResourceId"].endswith("-staging")


def test_the_script_deploys_from_any_directory(deployed: Ran, home: Path, project: Path, tmp_path: Path) -> None:
    program = tmp_path / "tablewright"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tablewright "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "TABLEWRIGHT_LOCAL_HOME": str(home)}
    script = project / "backend/infrastructure/deploy-dynamodb.sh"
    done = subprocess.run(
        [str(script), "--local"],
        cwd=tmp_path,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "is deployed already" in done.stdout
    failing = subprocess.run(
        [str(script), "--frobnicate"], env=environment(env), capture_output=True, text=True, timeout=60, check=False
    )
    assert failing.returncode == 2


def test_a_broken_table_is_rolled_back_and_mended_it_deploys_without_a_hand_on_it(
    deployed: Ran, run: Run, project: Path, client: Client
) -> None:
    template = project / "backend/infrastructure/dynamodb-schema.yaml"
    good = template.read_text(encoding="utf-8")
    keys = "      KeySchema:\n        - AttributeName: resultId"
    defined = f"        - AttributeName: sessionId\n          AttributeType: S\n{keys}"
    assert defined in good
    mended = project / "mended.yaml"
    mended.write_text(good.replace(defined, keys), encoding="utf-8")
    words = ("deploy", "mended.yaml", "--stack", "mended", "--local", "--parameters", "Environment=mended")
    failed = run(*words)
    assert failed.code == 1
    assert failed.err.index("Root cause: AiChefResultsTable") < failed.err.index("error[deployment-failed]")
    # The first table is protected, so the stack could not be rolled back whole: it is kept, and taken in again when empty.
    client("dynamodb").put_item(TableName="ai-chef-sessions-mended", Item={"sessionId": {"S": "kept"}})
    mended.write_text(good, encoding="utf-8")
    done = run(*words)
    assert done.code == 3  # It holds an item now: nothing deletes its stack by itself.
    assert "ai-chef-sessions-mended (AiChefSessionsTable) holds items" in done.err
    client("dynamodb").delete_item(TableName="ai-chef-sessions-mended", Key={"sessionId": {"S": "kept"}})
    done = run(*words)
    assert done.code == 0, done.err
    report = json.loads(run("status", "mended", "--local", "--output", "json").out)
    assert report["healthy"] is True
    for table in report["tables"]:
        assert table["table"]["recovery"]["enabled"] is True
        assert table["table"]["deletion_protection"] is True


def test_status_says_healthy_in_words_and_as_json(deployed: Ran, run: Run) -> None:
    ran = run("status", "--local", "--fail-on-unhealthy")
    assert ran.code == 0, ran.err
    assert "healthy" in ran.out
    report = json.loads(run("status", "--local", "--output", "json").out)
    assert report["healthy"] is True
    assert {table["name"] for table in report["tables"]} == {"ai-chef-sessions", "ai-chef-results"}
    assert report["stack"]["status"] == "CREATE_COMPLETE"
    assert not [finding for finding in report["findings"] if finding["code"] == "alarm-dead"]


def test_status_finds_what_the_guide_s_template_leaves_undone(guide: Any, run: Run) -> None:
    ran = run("status", STACK, "--local", "--region", "eu-west-1", "--output", "json")
    found = {finding["code"] for finding in json.loads(ran.out)["findings"]}
    assert {"alarm-dead", "alarm-tells-nobody", "deletion-protection-off"} <= found


def test_events_are_json_lines(run: Run, deployed: Ran) -> None:
    ran = run("deploy", "--local", "--output", "json")
    assert ran.code == 0
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert events[0]["event"] == "started"
    assert events[0]["whereabouts"]["endpoint"].startswith("http://127.0.0.1:")
    assert events[-1]["event"] == "finished"
    assert events[-1]["ending"] == "nothing-to-do"
    assert ran.err == ""


def test_the_workflow_keeps_the_guide_s_triggers_and_deploys_only_production_from_main() -> None:
    text = (EXAMPLE / ".github/workflows/deploy-dynamodb.yml").read_text(encoding="utf-8")
    for path in (
        "backend/infrastructure/dynamodb-schema.yaml",
        "backend/infrastructure/deploy-dynamodb.sh",
        ".github/workflows/deploy-dynamodb.yml",
    ):
        assert f"      - '{path}'\n" in text
        assert (EXAMPLE / path).exists()
    for part in (
        "workflow_dispatch:",
        "pull_request:",
        "command: plan",
        "command: deploy",
        "queue: max",
        "branches: [main]",
        "id-token: write",
        "contents: read",
        "concurrency:",
        "cancel-in-progress: false",
        "environment: production",
        "timeout-minutes: 60",
        "github.ref == 'refs/heads/main'",
    ):
        assert part in text
    assert os.access(EXAMPLE / "backend/infrastructure/deploy-dynamodb.sh", os.X_OK)


def _commands(page: str) -> list[str]:
    """The commands of the page's table of the guide's sections, from top to bottom."""
    rows = [
        line for line in (EXAMPLE / page).read_text(encoding="utf-8").splitlines() if "](../../docs/guides/" in line
    ]
    return [command for row in rows for command in re.findall(r"`(tablewright [^`]+)`", row.split(" | ")[1])]


_ASKS = {"plan", "deploy", "why", "status", "watch", "diagnose", "cost", "backup", "migrate", "policy"}
"""The commands that reach AWS, by their first word."""


def test_both_pages_have_the_same_commands_for_the_guide() -> None:
    assert _commands("README.md") == _commands("README.ko.md")
    assert len(_commands("README.md")) > 20


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md"])
def test_every_command_for_a_section_of_the_guide_works(
    page: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In the order of the table, each on what the ones before it made, in a copy of the example."""
    project, home = tmp_path / "ai-chef", tmp_path_factory.mktemp("state")
    shutil.copytree(EXAMPLE, project)
    env = {"TABLEWRIGHT_LOCAL_HOME": str(home)}
    try:
        for command in _commands(page):
            words = shlex.split(command)[1:]
            words += ["--local"] if words[0] in _ASKS else []
            words += ["--yes"] if words[0] == "deploy" or words[:2] == ["migrate", "run"] else []
            ran = in_process(*words, cwd=project, env=env)
            judged = words[0] in ("check", "diagnose")  # They may find something; that is no failure of theirs.
            assert ran.code == 0 or (judged and ran.code == 1 and ran.out), f"{command}\n{ran.out}\n{ran.err}"
            assert "Traceback" not in ran.err
    finally:
        process.stop(home)


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_a_project_that_was_made_by_the_guide_goes_on_with_its_stack(
    page: str, tmp_path: Path, guide: Any, home: Path
) -> None:
    text = (EXAMPLE / page).read_text(encoding="utf-8")
    [block] = [one for one in re.findall(r"```bash\n(.*?)```", text, flags=re.S) if "--from" in one]
    files = ROOT / "tests/cases/guide"
    infrastructure, workflows = tmp_path / "backend/infrastructure", tmp_path / ".github/workflows"
    for folder, source in (
        (infrastructure, files / "dynamodb-schema.yaml"),
        (infrastructure, files / "deploy-dynamodb.sh"),
        (workflows, files / ".github/workflows/deploy-dynamodb.yml"),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder)
    told = ""
    for command in block.splitlines():
        words = shlex.split(command)[1:]
        words += ["--local", "--region", "eu-west-1"] if words[0] == "plan" else []
        ran = in_process(*words, cwd=tmp_path, env={"TABLEWRIGHT_LOCAL_HOME": str(home)})
        allowed = {"--fix": 1, "--diff": 3}.get(words[-1], 0)  # warnings are left; files that stand there differ
        assert ran.code in (0, allowed), f"{command}\n{ran.out}\n{ran.err}"
        told = ran.out
    assert "stack ai-chef-dynamodb is CREATE_COMPLETE" in told
    assert "~ modify  SessionsTableErrorAlarm" in told and "ThrottledRequests → (none)" in told
    assert "would take 1 step" in told and "remove" not in told
