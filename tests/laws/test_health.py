"""Laws of judging what stands: pure, over made-up reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.deploy.status import ROWS, Row
from tablewright.model.observed import AlarmState, LogGroupState, Traffic, Watched
from tablewright.model.report import (
    ATTENTION,
    UNHEALTHY,
    AlarmReport,
    LogGroupReport,
    Operation,
    StackReport,
    TableReport,
)
from tablewright.model.stack import Stack, StackEvent, StackResource
from tablewright.model.table import Index, Key, OnDemand, PointInTimeRecovery, Table, TimeToLive
from tablewright.model.whereabouts import Whereabouts
from tablewright.survey.dimensions import DIMENSIONS, dead_alarm
from tablewright.survey.health import findings
from tablewright.survey.operation import operation_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Whereabouts("123456789012", "arn:aws:iam::123456789012:user/ann", "us-east-1", "aws")
TABLE = Table(
    name="orders",
    arn="arn:aws:dynamodb:us-east-1:123456789012:table/orders",
    id="1",
    status="ACTIVE",
    keys=(Key("id", "S", "HASH"),),
    billing=OnDemand(),
    created_at=NOW,
    deletion_protection=True,
    ttl=TimeToLive("ENABLED", "TTL"),
    recovery=PointInTimeRecovery(True),
    backups=(),
)
RESOURCE = StackResource("Orders", "orders", "AWS::DynamoDB::Table", "CREATE_COMPLETE")


def _stack(status: str, reason: str = "") -> Stack:
    return Stack(id="arn:stack/1", name="orders", status=status, created_at=NOW, reason=reason)


def _report(status: str | None = "CREATE_COMPLETE", *tables: TableReport, **more: object) -> StackReport:
    stack = None if status is None else _stack(status)
    report = StackReport(name="orders", at=NOW, whereabouts=HERE, stack=stack, tables=tables)
    return replace(report, **more)  # type: ignore[arg-type]


def _table(**changes: object) -> TableReport:
    return TableReport("Orders", "orders", RESOURCE, table=replace(TABLE, **changes))  # type: ignore[arg-type]


def _alarm(watched: Watched, **changes: object) -> AlarmState:
    alarm = AlarmState(
        "alarm", "OK", "", watched.metric, watched.dimensions, ("arn:aws:sns:x",), NOW, watches=(watched,)
    )
    return replace(alarm, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.status)
def test_a_status_is_healthy_exactly_if_its_row_says_so(row: Row) -> None:
    unhealthy = {f.code for f in findings(_report(row.status)) if f.level == UNHEALTHY}
    gone = {"stack-deleted"} if row.status == "DELETE_COMPLETE" else set()
    assert unhealthy == (gone if row.healthy else {"stack-status"})


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1).filter(lambda s: s not in {r.status for r in ROWS}))
def test_a_status_that_nobody_knows_is_never_fine(status: str) -> None:
    assert any(f.level == UNHEALTHY for f in findings(_report(status)))


def test_a_sound_stack_has_no_findings() -> None:
    group = LogGroupReport("Group", "/g", LogGroupState("/g", 7, 0))
    alarm = AlarmReport(
        "Alarm", "alarm", _alarm(Watched("AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "orders"}))
    )
    assert findings(_report("CREATE_COMPLETE", _table(), alarms=(alarm,), log_groups=(group,))) == ()


@pytest.mark.parametrize(
    ("table", "level", "code"),
    [
        (_table(status="UPDATING"), ATTENTION, "table-status"),
        (_table(status="INACCESSIBLE_ENCRYPTION_CREDENTIALS"), UNHEALTHY, "table-status"),
        (_table(status="ARCHIVED"), UNHEALTHY, "table-status"),
        (
            _table(indexes=(Index("i", "global", (), "ALL", status="CREATING", backfilling=True),)),
            ATTENTION,
            "index-status",
        ),
        (_table(indexes=(Index("i", "global", (), "ALL", status="SOMETHING_NEW"),)), UNHEALTHY, "index-status"),
        (_table(ttl=TimeToLive("ENABLING", "TTL")), ATTENTION, "ttl-changing"),
        (_table(recovery=PointInTimeRecovery(False)), ATTENTION, "recovery-off"),
        (_table(recovery=None, unknown={"recovery": "denied"}), ATTENTION, "table-part-unread"),
        (_table(deletion_protection=False), ATTENTION, "deletion-protection-off"),
        (TableReport("Orders", "orders", RESOURCE), UNHEALTHY, "table-missing"),
        (TableReport("Orders", "orders", RESOURCE, unread="denied"), ATTENTION, "table-unread"),
        (TableReport("Orders", "orders", RESOURCE, table=TABLE, owned=False), ATTENTION, "table-orphaned"),
    ],
)
def test_each_thing_that_can_be_wrong_with_a_table(table: TableReport, level: str, code: str) -> None:
    (finding,) = findings(_report("CREATE_COMPLETE", table))
    assert (finding.level, finding.code, finding.subject) == (level, code, "Orders")


def test_throttling_is_said_of_the_index_that_it_was_on() -> None:
    calm = Traffic("orders", None, NOW, NOW, read_units=5.0)
    busy = Traffic("orders", "by-who", NOW, NOW, throttled_writes=3)
    (finding,) = findings(_report("CREATE_COMPLETE", replace(_table(), traffic=(calm, busy))))
    assert (finding.level, finding.code) == (ATTENTION, "throttled")
    assert "0 reads and 3 writes of index by-who of orders" in finding.text


def test_a_part_that_the_whole_report_calls_unread_is_not_said_again() -> None:
    table = _table(unknown={"backups": "too many"})
    found = findings(_report("CREATE_COMPLETE", table, unread={"backups": "too many"}))
    assert [f.code for f in found] == ["section-unread"]


def test_a_table_that_the_stack_let_go_of_and_that_is_gone_is_nobodys_worry() -> None:
    assert findings(_report("UPDATE_COMPLETE", TableReport("Orders", "orders", RESOURCE, owned=False))) == ()


def test_what_does_not_work_comes_first() -> None:
    found = findings(
        _report("UPDATE_ROLLBACK_COMPLETE", _table(deletion_protection=False), TableReport("B", "b", RESOURCE))
    )
    assert [f.level for f in found] == [UNHEALTHY, UNHEALTHY, ATTENTION]


@given(st.sampled_from(sorted(DIMENSIONS)), st.data())
def test_an_alarm_under_a_metrics_own_dimensions_is_never_called_dead(metric: str, data: st.DataObject) -> None:
    names = data.draw(st.sampled_from(DIMENSIONS[metric]))
    alarm = _alarm(Watched("AWS/DynamoDB", metric, dict.fromkeys(names, "x")))
    assert dead_alarm(alarm, {}) == ""


@given(
    st.sampled_from(sorted(DIMENSIONS)),
    st.sets(st.sampled_from(["TableName", "Operation", "GlobalSecondaryIndexName"])),
)
def test_an_alarm_under_other_dimensions_is_called_dead(metric: str, names: set[str]) -> None:
    alarm = _alarm(Watched("AWS/DynamoDB", metric, dict.fromkeys(names, "x")))
    assert (dead_alarm(alarm, {}) == "") == (frozenset(names) in DIMENSIONS[metric])


@pytest.mark.parametrize(
    "watched",
    [
        Watched("AWS/DynamoDB", "AMetricOfTomorrow", {"TableName": "orders"}),
        Watched("My/Own", "ThrottledRequests", {"TableName": "orders"}),
    ],
)
def test_what_is_not_known_is_not_called_dead(watched: Watched) -> None:
    assert dead_alarm(_alarm(watched), {}) == ""


def test_an_alarm_on_an_index_that_the_table_lacks_is_dead() -> None:
    watched = Watched(
        "AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "orders", "GlobalSecondaryIndexName": "by-who"}
    )
    assert dead_alarm(_alarm(watched), {"orders": ["by-who"]}) == ""
    assert dead_alarm(_alarm(watched), {"other": []}) == "", "another table's indexes say nothing"
    assert "no index by-who" in dead_alarm(_alarm(watched), {"orders": ["other"]})


def test_an_alarm_of_several_metrics_is_dead_only_if_all_are() -> None:
    dead = Watched("AWS/DynamoDB", "ThrottledRequests", {"TableName": "orders"})
    live = Watched("AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "orders"})
    assert dead_alarm(replace(_alarm(dead), watches=(dead, live)), {}) == ""
    assert dead_alarm(replace(_alarm(dead), watches=(dead, dead)), {})
    assert dead_alarm(replace(_alarm(dead), watches=()), {}) == "", "a composite alarm watches no metric"


def _event(number: int, status: str, logical_id: str = "orders", reason: str = "") -> StackEvent:
    of_stack = logical_id == "orders"
    return StackEvent(
        id=str(number),
        at=NOW.replace(minute=number),
        stack_id="arn:stack/1",
        logical_id=logical_id,
        physical_id="arn:stack/1" if of_stack else logical_id,
        type="AWS::CloudFormation::Stack" if of_stack else "AWS::DynamoDB::Table",
        status=status,
        reason=reason,
    )


def test_the_last_operation_ends_where_its_last_event_is() -> None:
    events = [_event(1, "CREATE_IN_PROGRESS"), _event(2, "CREATE_COMPLETE"), _event(3, "UPDATE_IN_PROGRESS")]
    events += [_event(4, "UPDATE_FAILED", "Orders", "No."), _event(5, "UPDATE_ROLLBACK_COMPLETE")]
    operation = operation_of(_stack("UPDATE_ROLLBACK_COMPLETE"), reversed(events))
    assert operation is not None
    assert (operation.verb, operation.failed) == ("update", True)
    assert (operation.began_at, operation.ended_at) == (NOW.replace(minute=3), NOW.replace(minute=5))
    assert operation.cause is not None
    assert operation.cause.text == "No."
    assert operation.command == "tablewright deploy --stack orders"


def test_a_running_operation_has_no_end() -> None:
    operation = operation_of(_stack("CREATE_IN_PROGRESS"), [_event(1, "CREATE_IN_PROGRESS")])
    assert operation == Operation("create", "CREATE_IN_PROGRESS", NOW.replace(minute=1), None, failed=False)


def test_a_stack_that_waits_for_its_first_change_set_has_had_no_operation() -> None:
    assert operation_of(_stack("REVIEW_IN_PROGRESS"), [_event(1, "REVIEW_IN_PROGRESS")]) is None


def test_a_failure_without_events_has_the_stacks_own_reason() -> None:
    stack = _stack("ROLLBACK_FAILED", "The following resource(s) failed to delete: [Orders].")
    operation = operation_of(stack, [_event(2, "ROLLBACK_FAILED"), _event(1, "CREATE_IN_PROGRESS")])
    assert operation is not None
    assert operation.cause is not None
    assert operation.cause.text == stack.reason
