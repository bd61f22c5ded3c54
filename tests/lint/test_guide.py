"""Every defect of the guide's template, script, workflow, policies and code, as it is written, is found at its line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tablewright.lint.check import Report
from tablewright.lint.options import Options
from tablewright.lint.run import Asked, check_sources, gather
from tablewright.model.finding import Severity

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "tests/cases/guide"

SCHEMA, SCRIPT, WORKFLOW = "dynamodb-schema.yaml", "deploy-dynamodb.sh", ".github/workflows/deploy-dynamodb.yml"
DEFECTS: list[tuple[str, str, str, str]] = [
    # what is wrong, the rule that says it, the file, the beginning of the line
    ("the alarm has no data", "TW-ALM-001", SCHEMA, "MetricName: 'ThrottledRequests'"),
    ("the alarm tells nobody", "TW-ALM-005", SCHEMA, "SessionsTableErrorAlarm:"),
    ("the second table has no alarm", "TW-ALM-016", SCHEMA, "AiChefResultsTable:"),
    ("the index has no alarm", "TW-ALM-006", SCHEMA, "- IndexName: sessionId-index"),
    ("the alarm says errors and counts throttling", "TW-ALM-017", SCHEMA, "AlarmName:"),
    ("system errors are not watched", "TW-ALM-011", SCHEMA, "AiChefSessionsTable:"),
    ("the alarm's name is written out", "TW-ALM-014", SCHEMA, "AlarmName:"),
    ("the log group is a decoy", "TW-ALM-012", SCHEMA, "LogGroupName:"),
    ("the sessions are deleted with the stack", "TW-SAF-001", SCHEMA, "AiChefSessionsTable:"),
    ("the results are deleted with the stack", "TW-SAF-001", SCHEMA, "AiChefResultsTable:"),
    ("the sessions are not protected", "TW-SAF-002", SCHEMA, "AiChefSessionsTable:"),
    ("the results are not protected", "TW-SAF-002", SCHEMA, "AiChefResultsTable:"),
    ("the sessions' name is written out", "TW-SAF-014", SCHEMA, "TableName: ai-chef-sessions"),
    ("the results' name is written out", "TW-SAF-014", SCHEMA, "TableName: ai-chef-results"),
    ("TTL is a reserved word", "TW-TTL-002", SCHEMA, "AttributeName: TTL"),
    ("results outlive sessions", "TW-TTL-005", SCHEMA, "AiChefResultsTable:"),
    ("the index gives no order", "TW-IDX-013", SCHEMA, "- IndexName: sessionId-index"),
    ("the index copies everything", "TW-IDX-007", SCHEMA, "ProjectionType: ALL"),
    ("an item collection would do", "TW-KEY-010", SCHEMA, "- IndexName: sessionId-index"),
    ("nothing caps what is spent", "TW-CAP-007", SCHEMA, "BillingMode: PAY_PER_REQUEST"),
    ("the recovery period is not said", "TW-SAF-006", SCHEMA, "PointInTimeRecoverySpecification:"),
    ("there is no backup plan", "TW-SAF-007", SCHEMA, "AiChefSessionsTable:"),
    ("the key is not chosen", "TW-SAF-008", SCHEMA, "AiChefSessionsTable:"),
    ("nothing shows hot keys", "TW-ALM-013", SCHEMA, "AiChefSessionsTable:"),
    ("production is written out", "TW-OPS-002", SCHEMA, "Value: production"),
    ("exports tie stacks together", "TW-OPS-003", SCHEMA, "SessionsTableName:"),
    ("the new table lacks a policy", "TW-SAF-001", "new-table.yaml", "NewTable:"),
    ("the new table lacks protection", "TW-SAF-002", "new-table.yaml", "NewTable:"),
    ("the new table lacks recovery", "TW-SAF-005", "new-table.yaml", "NewTable:"),
    ("the new alarm lacks most of it", "TW-ALM-004", "new-table-alarm.yaml", "NewTableErrorAlarm:"),
    ("the throttle alarm lacks much of it", "TW-ALM-004", "throttle-alarm.yaml", "ThrottleAlarm:"),
    ("the resource type does not exist", "TW-IAM-001", "resource-policy.yaml", "Type: AWS::DynamoDB::ResourcePolicy"),
    ("the role is written out", "TW-IAM-016", "resource-policy.yaml", "AWS: !Sub"),
    ("the class is called cheaper", "TW-CLS-003", "table-class.yaml", "TableClass:"),
    ("TTL is a reserved word here, too", "TW-TTL-002", "ttl.yaml", "AttributeName: TTL"),
    ("braces begin a mapping", "TW-TPL-001", "index.yaml", "- IndexName: {attribute}-index"),
    ("a placeholder is no name", "TW-KEY-003", "table.yaml", "TableName: ai-chef-{table-name}"),
    ("the failure branch is dead", "TW-OPS-005", SCRIPT, "if [ $? -ne 0 ]; then"),
    ("every error reads as no stack", "TW-OPS-010", SCRIPT, "--output text 2>/dev/null"),
    ("the stack is deleted by its status", "TW-OPS-011", SCRIPT, "aws cloudformation delete-stack"),
    ("other states are not handled", "TW-OPS-012", SCRIPT, 'if [ "$STACK_STATUS"'),
    ("the capability is not needed", "TW-OPS-004", SCRIPT, "--capabilities CAPABILITY_IAM"),
    ("nobody sees the changes", "TW-OPS-013", SCRIPT, "aws cloudformation deploy"),
    ("it works from one directory", "TW-OPS-014", SCRIPT, "--template-file dynamodb-schema.yaml"),
    ("variables are not quoted", "TW-OPS-015", SCRIPT, "--stack-name ${STACK_NAME}"),
    ("nothing says which account", "TW-OPS-020", SCRIPT, "aws cloudformation deploy"),
    ("the newest events are not the cause", "TW-OPS-016", SCRIPT, "aws cloudformation describe-stack-events"),
    ("success is said, not read back", "TW-OPS-017", SCRIPT, 'echo "✅ DynamoDB Tables deployed successfully!"'),
    ("any branch deploys", "TW-OPS-006", WORKFLOW, "push:"),
    ("the workflow can have no role", "TW-OPS-007", WORKFLOW, "on:"),
    ("nobody may query the index", "TW-IAM-017", "iam-policy.json", '"dynamodb:GetItem"'),
    ("the wildcard reaches further", "TW-IAM-006", "iam-policy.json", '"Resource"'),
    ("region and account are placeholders", "TW-IAM-008", "iam-policy.json", '"Resource"'),
    ("there are no conditions", "TW-IAM-018", "iam-policy.json", '"Resource"'),
    ("the metrics are of a fixed day", "TW-OPS-018", "debug.sh", "--start-time 2025-01-01"),
    ("recovery is not looked at", "TW-OPS-019", "debug.sh", "aws dynamodb list-backups"),
    ("one page is copied", "TW-OPS-008", "migrate.py", "response = old_table.scan()"),
    ("a function is not there", "TW-OPS-021", "migrate.py", "transformed_item = transform_item(item)"),
    ("newer rows are overwritten", "TW-OPS-023", "migrate.py", "new_table.put_item"),
]


@cache
def _report() -> Report:
    names = sorted(path for path in GUIDE.rglob("*") if path.is_file())
    return check_sources(gather([str(name) for name in names]), Asked(Options(), generic=False))


@pytest.mark.parametrize(("what", "rule", "file", "line"), DEFECTS, ids=lambda value: str(value)[:60])
def test_a_defect_is_found_at_its_line(what: str, rule: str, file: str, line: str) -> None:
    path = GUIDE / file
    lines = path.read_text(encoding="utf-8").splitlines()
    places = [lines[one.line - 1].strip() for one in _report().findings if one.rule == rule and one.path == str(path)]
    assert any(place.startswith(line) for place in places), places


def test_the_alarm_is_an_error_and_nothing_is_a_traceback() -> None:
    errors = {finding.rule for finding in _report().findings if finding.severity is Severity.ERROR}
    assert {"TW-ALM-001", "TW-ALM-004", "TW-OPS-005", "TW-OPS-006", "TW-IAM-001", "TW-IAM-008", "TW-OPS-008"} <= errors
    assert "TW-TPL-006" not in {finding.rule for finding in _report().findings}


def test_the_example_is_clean_at_warning_and_says_what_it_ignores() -> None:
    example = ROOT / "examples/ai-chef"
    report = check_sources(gather([str(example)]), Asked(Options()))
    assert {file.kind for file in report.files} == {"template", "script", "workflow"}
    assert not [finding for finding in report.open if finding.severity is not Severity.INFO]
    ignored = [finding for finding in report.findings if finding.ignored]
    assert [finding.rule for finding in ignored] == ["TW-IDX-013"]
    assert all(len(finding.ignored.split()) > 5 for finding in ignored)


def test_what_is_said_of_a_policy_outside_a_template_can_be_done_there() -> None:
    [found] = [finding for finding in _report().findings if finding.rule == "TW-IAM-008"]
    assert found.message == "'region' and 'account' in the ARN are placeholders: they match nothing"
    assert "!Sub" not in found.instead and "policy generate" in found.instead


def test_what_cannot_be_read_is_found_in_a_folder_as_well() -> None:
    report = check_sources(gather([str(GUIDE)]), Asked(Options(), generic=False))
    found = [Path(finding.path).name for finding in report.findings if finding.rule == "TW-TPL-001"]
    assert found == ["index.yaml"]
