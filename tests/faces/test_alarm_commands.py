"""add alarm and add dashboard on the example's project: what they write, say and refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.faces.shell import Ran, in_process

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/ai-chef"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(EXAMPLE, tmp_path / "chef")
    yield tmp_path / "chef"


def template(project: Path) -> Path:
    return project / "backend/infrastructure/dynamodb-schema.yaml"


def ran(project: Path, *words: str) -> Ran:
    return in_process(*words, cwd=project)


def done(project: Path, *words: str) -> str:
    found = ran(project, *words)
    assert found.code == 0, found.err
    return " ".join(found.out.split())


def test_listing_says_what_why_and_the_cost_and_changes_nothing(project: Path) -> None:
    before = template(project).read_bytes()
    said = done(project, "add", "alarm", "--set", "recommended", "--list")
    assert "10 alarms would be added" in said
    assert "hot-partition > 10 events a minute for 5 minutes SessionsHotPartitionAlarm" in said
    assert "Threshold assumed, not measured: AWS documents single-digit milliseconds" in said
    assert "watched already ai-chef-sessions: throttled-reads, throttled-writes" in said
    assert "replication-latency of ai-chef-sessions, ai-chef-results: it has no replicas" in said
    assert "cost: $3.90 a month for 39 metrics (list price of us-east-1, 2026-08-21" in said
    assert template(project).read_bytes() == before


def test_the_set_is_written_once_and_taken_out_to_the_byte(project: Path) -> None:
    before = template(project).read_bytes()
    said = done(project, "add", "alarm", "--set", "recommended", "--email", "ops@example.com", "--composite")
    assert "10 alarms added" in said and "over them: SessionsAlarms, ResultsAlarms" in said
    assert "AWS mails ops@example.com a link once it is deployed" in said
    text = template(project).read_text()
    design = {one.logical_id: one.type for one in read_design(text, stack="s").resources}
    assert design["OpsAlarmEmail"] == "AWS::SNS::Subscription"
    # The topic hangs on a condition, so what is subscribed to it does too.
    subscription = text[text.index("  OpsAlarmEmail:") :]
    assert subscription.index("Condition: CreatesAlarmTopic") < subscription.index("Protocol: email")
    assert "no alarm to add" in done(project, "add", "alarm", "--set", "recommended")
    assert in_process("check", str(template(project)), "--no-cfn-lint").code == 0
    added = [name for name in design if name.endswith("Alarm") and not name.endswith("ErrorAlarm")]
    assert len(added) == 10
    done(project, "remove", "alarm", *added)
    done(project, "remove", "email", "ops@example.com")
    assert template(project).read_bytes() == before


def test_alarms_join_a_composite_alarm_and_leave_it(project: Path) -> None:
    done(project, "add", "alarm", "results", "--kind", "latency", "--kind", "hot-partition", "--composite")
    first = template(project).read_bytes()
    said = done(project, "add", "alarm", "results", "--set", "recommended", "--composite")
    assert "over them: ResultsAlarms" in said and "composite alarm" not in said  # none is paid for twice
    rule = next(line for line in template(project).read_text().splitlines() if "AlarmRule:" in line)
    assert rule.count("ALARM(") == 6 and rule.count(" OR ") == 5
    done(project, "remove", "alarm", "--of", "results", "--index", "sessionId-index", "--diff")
    names = ["ResultsAccountLimitAlarm", "ResultsSystemErrorsAlarm", "ResultsSessionIdIndexAccountLimitAlarm"]
    done(project, "remove", "alarm", *names)
    assert template(project).read_bytes() == first


def test_a_table_goes_with_its_alarms_and_the_one_over_them(project: Path) -> None:
    before = template(project).read_bytes()
    done(project, "add", "table", "orders", "--key", "orderId")
    done(project, "add", "index", "orders", "userId")
    done(project, "add", "alarm", "orders", "--set", "recommended", "--composite")
    done(project, "remove", "index", "orders", "userId-index")
    done(project, "remove", "table", "orders", "--never-deployed")
    assert template(project).read_bytes() == before


def test_json_names_every_alarm_and_every_reason(project: Path) -> None:
    body = json.loads(ran(project, "add", "alarm", "results", "--set", "recommended", "--diff", "--output", "json").out)
    assert body["written"] is False and body["changed"] is True and body["cost"]["usd_a_month"] == "2.1"
    latency = next(one for one in body["alarms"] if one["kind"] == "latency")
    assert (latency["threshold"], latency["period"], latency["periods"]) == (10, 60, 10)
    assert latency["operations"] == ["GetItem", "PutItem", "UpdateItem", "DeleteItem"]
    assert {one["kind"] for one in body["left_out"]} >= {"throttled-reads", "kinesis-lag"}


def test_one_kind_with_its_threshold(project: Path) -> None:
    said = done(project, "add", "alarm", "sessions", "--kind", "conditional-checks", "--threshold", "100", "--no-topic")
    assert "> 100 requests a minute for 5 minutes SessionsConditionalChecksAlarm" in said
    assert "the alarms tell nobody" in said and "TW-ALM-005" in said
    assert "Threshold as given." in template(project).read_text()


@pytest.mark.slow
def test_thresholds_are_measured_where_the_stack_is(aws: EmbeddedAws, account: str, project: Path) -> None:
    where = ("--endpoint-url", aws.endpoint, "--region", "us-east-1")
    env = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}
    words = ("add", "alarm", "sessions", "--kind", "latency", "--measured", "1", *where)
    missing = in_process(*words, cwd=project, env=env)
    assert missing.code == 2 and "error[no-such-stack]" in missing.err
    assert in_process("deploy", "--yes", *where, cwd=project, env=env).code == 0
    dynamodb = aws.client("dynamodb", account=account)
    for _ in range(3):
        dynamodb.get_item(TableName="ai-chef-sessions", Key={"sessionId": {"S": "a"}})
    found = in_process(*words, "--list", cwd=project, env=env)
    assert found.code == 0, found.err
    assert "Threshold from the day before" in " ".join(found.out.split()) and "SessionsLatencyAlarm" in found.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "alarm"), "Name a table for one alarm on its throttles, or say --set recommended"),
        (("add", "alarm", "nope", "--set", "recommended"), "has no table nope"),
        (("add", "alarm", "results", "--index", "nope", "--list"), "no index nope with metrics of its own"),
        (("add", "alarm", "--set", "recommended", "--kind", "latency"), "Give --set or --kind, not both"),
        (("add", "alarm", "--set", "recommended", "--threshold", "5"), "--threshold is for one kind"),
        (("add", "alarm", "--set", "recommended", "--topic", "AlarmTopic"), "exists only under CreatesAlarmTopic"),
        (("add", "alarm", "--set", "recommended", "--topic", "Nope"), "neither the ARN of an SNS topic"),
        (("add", "alarm", "--set", "recommended", "--email", "ops"), "is no email address"),
        (("add", "alarm", "--composite", "--no-topic"), "--no-topic tells nobody"),
        (("add", "dashboard", "--name", "AlarmTopic"), "was not made by this command"),
        (("add", "dashboard", "--name", "no-good"), "letters and digits only"),
        (("add", "dashboard", "--table", "nope"), "has no table nope"),
        (("remove", "dashboard"), "has no dashboard TablesDashboard"),
        (("remove", "topic", "AlarmTopic"), "refer to AlarmTopic"),
        (("remove", "email", "nobody@example.com"), "subscribes nobody@example.com"),
        (("remove", "alarm"), "Name alarms, or a table with --of"),
        (("remove", "alarm", "Nope"), "has no Nope in Resources"),
    ],
)
def test_what_cannot_be_is_said_and_the_file_is_untouched(project: Path, words: tuple[str, ...], says: str) -> None:
    before = template(project).read_bytes()
    found = ran(project, *words)
    assert found.code == 2, found.out
    assert says in " ".join(found.err.split())
    assert template(project).read_bytes() == before


def test_a_dashboard_follows_what_there_is(project: Path) -> None:
    before = template(project).read_bytes()
    assert "dashboard TablesDashboard written" in done(project, "add", "dashboard")
    assert "it says so already" in done(project, "add", "dashboard")
    in_use = ran(project, "remove", "alarm", "ResultsTableErrorAlarm")
    assert in_use.code == 2 and "tablewright remove dashboard TablesDashboard" in in_use.err
    done(project, "add", "alarm", "sessions", "--kind", "latency")
    assert "dashboard TablesDashboard written" in done(project, "add", "dashboard")
    assert '"${SessionsLatencyAlarm.Arn}"' in template(project).read_text()
    done(project, "remove", "dashboard")
    done(project, "remove", "alarm", "SessionsLatencyAlarm")
    assert template(project).read_bytes() == before
