"""The guard: what would lose data is refused unless the table is named, by evidence and never by DescribeTable's counts."""

from __future__ import annotations

import json
import time

import pytest

from tablewright.account import open_account
from tablewright.events import ChangesFound, Ending, Event, Noted
from tablewright.model.whereabouts import Credentials
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import Answer, between
from tests.rehearsals.deploying import STACK, end, items, log_group, opened, pending, put, run, status, table, template

TTL = "TimeToLiveSpecification: {AttributeName: %s, Enabled: true}"
PITR = "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true%s}"
STREAM = "StreamSpecification: {StreamViewType: NEW_IMAGE}"


def refused(events: list[Event], *, kind: str, name: str = "orders") -> None:
    last = end(events)
    assert (last.ending, last.code) == (Ending.REFUSED, "data-loss"), last
    assert [(loss.kind, loss.table) for loss in last.losses] == [(kind, name)]
    assert last.hint is not None and f"--allow-data-loss {name}" in last.hint
    assert not any(isinstance(e, ChangesFound) for e in events)


def test_a_table_with_items_is_not_removed_although_its_item_count_is_zero(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(), log_group()))
    put(aws, account, "orders")
    refused(run(opened(aws, account), template(log_group())), kind="table-removed")
    assert items(aws, account, "orders") == 1
    assert pending(aws, account) == []
    assert status(aws, account) == "CREATE_COMPLETE"


def test_the_wrong_name_a_wildcard_or_yes_do_not_open_the_guard(
    aws: EmbeddedAws, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(opened(aws, account), template(table(), log_group()))
    put(aws, account, "orders")
    for name in ("TABLEWRIGHT_ALLOW_DATA_LOSS", "ALLOW_DATA_LOSS"):
        monkeypatch.setenv(name, "orders")
    for names in (set(), {"*"}, {"order*"}, {"Orders"}, {"ORDERS"}, {"orders "}, {STACK}):
        events = run(opened(aws, account), template(log_group()), allow_data_loss=frozenset(names), interactive=True)
        refused(events, kind="table-removed")
        assert [name in end(events).detail for name in names] == ["names no table" in end(events).detail] * len(names)
    assert items(aws, account, "orders") == 1


def test_the_exact_name_opens_the_guard(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(), log_group()))
    put(aws, account, "orders")
    events = run(opened(aws, account), template(log_group()), allow_data_loss=frozenset({"orders", "ordres"}))
    assert end(events).ending is Ending.DONE, end(events)
    warned = [event.text for event in events if isinstance(event, Noted) and event.level == "warning"]
    assert "--allow-data-loss ordres names no table that would lose anything." in warned
    found = next(e for e in events if isinstance(e, ChangesFound))
    assert [(loss.table, loss.allowed) for loss in found.losses] == [("orders", True)]
    assert aws.client("dynamodb", account=account).list_tables()["TableNames"] == []


def test_an_empty_table_may_go(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(), log_group()))
    assert end(run(opened(aws, account), template(log_group()))).ending is Ending.DONE


def test_items_that_come_while_a_person_decides_are_seen(aws: EmbeddedAws, account: str) -> None:
    from tablewright.deploy.options import DeployOptions
    from tablewright.deploy.run import deploy
    from tablewright.template.read import read_design

    run(opened(aws, account), template(table(), log_group()))
    design = read_design(template(log_group()), stack=STACK, path="template.yaml")
    events: list[Event] = []
    for event in deploy(design, opened(aws, account), options=DeployOptions(interactive=True)):
        if isinstance(event, ChangesFound):
            put(aws, account, "orders")
        events.append(event)
    assert end(events).code == "data-loss"
    assert items(aws, account, "orders") == 1 and pending(aws, account) == []


def test_declining_leaves_everything_as_it_was(aws: EmbeddedAws, account: str) -> None:
    from tablewright.deploy.options import DeployOptions
    from tablewright.deploy.run import deploy
    from tablewright.template.read import read_design

    design = read_design(template(table()), stack=STACK, path="template.yaml")
    going = deploy(design, opened(aws, account), options=DeployOptions(interactive=True))
    for event in going:
        if isinstance(event, ChangesFound):
            going.close()  # type: ignore[attr-defined]
            break
    assert status(aws, account) == ""


def test_a_replaced_table_is_guarded(aws: EmbeddedAws, account: str) -> None:
    unnamed = table(name="x").replace("      TableName: x\n", "")
    run(opened(aws, account), template(unnamed))
    client = aws.client("dynamodb", account=account)
    name = client.list_tables()["TableNames"][0]
    put(aws, account, name)
    replaced = template(unnamed.replace("AttributeName: id,", "AttributeName: other,"))
    refused(run(opened(aws, account), replaced), kind="table-replaced", name=name)
    assert items(aws, account, name) == 1
    events = run(opened(aws, account), replaced, allow_data_loss=frozenset({name}))
    assert end(events).ending is Ending.DONE, end(events)


def test_an_index_on_a_new_attribute_is_no_loss(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    put(aws, account, "orders")
    assert end(run(opened(aws, account), template(table(index="owner")))).ending is Ending.DONE


def test_a_table_that_leaves_by_retain_is_said_to_be_orphaned(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(policy="Retain"), log_group()))
    put(aws, account, "orders")
    events = run(opened(aws, account), template(log_group()))
    assert end(events).ending is Ending.DONE, end(events)
    assert any(isinstance(e, Noted) and "owned by no stack" in e.text for e in events)
    assert items(aws, account, "orders") == 1


@pytest.mark.parametrize("flag", [frozenset(), frozenset({"orders"})])
def test_retain_added_and_the_table_removed_in_one_edit_is_refused_with_the_two_steps(
    aws: EmbeddedAws, account: str, flag: frozenset[str]
) -> None:
    run(opened(aws, account), template(table("Orders"), log_group()))
    put(aws, account, "orders")
    edited = "Conditions:\n  Never: !Equals [a, b]\n" + template(
        table("Orders", policy="Retain").replace(
            "Type: AWS::DynamoDB::Table", "Type: AWS::DynamoDB::Table\n    Condition: Never"
        ),
        log_group(),
    )
    last = end(run(opened(aws, account), edited, allow_data_loss=flag))
    assert (last.ending, last.code) == (Ending.REFUSED, "retain-and-remove-at-once")
    assert "two steps" in last.detail
    assert items(aws, account, "orders") == 1


def test_ttl_that_would_expire_items_at_once_is_guarded_with_a_count(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    client = aws.client("dynamodb", account=account)
    for number, seconds in enumerate((-60, -10, 7200)):
        client.put_item(
            TableName="orders", Item={"id": {"S": str(number)}, "end": {"N": str(int(time.time()) + seconds)}}
        )
    body = template(table(extra=TTL % "end"))
    events = run(opened(aws, account), body)
    refused(events, kind="ttl-enabled")
    assert "Of all 3 items, 2 would expire at once" in end(events).detail
    done = end(run(opened(aws, account), body, allow_data_loss=frozenset({"orders"})))
    assert done.ending is Ending.DONE, done


def test_ttl_moved_to_another_attribute_is_guarded(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(extra=TTL % "end")))
    client = aws.client("dynamodb", account=account)
    client.put_item(TableName="orders", Item={"id": {"S": "1"}, "last": {"N": str(int(time.time()) - 60)}})
    body = template(table(extra=TTL % "last"))
    refused(run(opened(aws, account), body), kind="ttl-moved")
    named = end(run(opened(aws, account), body, allow_data_loss=frozenset({"orders"})))
    # The guard is open; DynamoDB itself moves TTL in two steps only, and says so.
    assert named.ending is Ending.FAILED and named.cause is not None
    assert "TimeToLive is active on a different AttributeName" in named.cause.text


def test_ttl_on_an_attribute_that_expires_nothing_passes(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    put(aws, account, "orders")
    assert end(run(opened(aws, account), template(table(extra=TTL % "end")))).ending is Ending.DONE


def test_point_in_time_recovery_switched_off_is_guarded(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(extra=PITR % "")))
    refused(run(opened(aws, account), template(table())), kind="recovery-disabled")
    off = (PITR % "").replace("true", "false")
    refused(run(opened(aws, account), template(table(extra=off))), kind="recovery-disabled")
    done = end(run(opened(aws, account), template(table(extra=off)), allow_data_loss=frozenset({"orders"})))
    assert done.ending is Ending.DONE, done


def test_a_shorter_recovery_period_is_guarded(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(extra=PITR % "")))
    refused(
        run(opened(aws, account), template(table(extra=PITR % ", RecoveryPeriodInDays: 7"))), kind="recovery-shortened"
    )


def test_a_stream_that_is_read_is_guarded_and_one_that_nobody_reads_may_go(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(extra=STREAM)))
    mapping = {"UUID": "1", "FunctionArn": f"arn:aws:lambda:us-east-1:{account}:function:reader"}
    readers = [mapping]

    def lambdas(operation: str, number: int) -> Answer | None:
        listing = "event-source-mappings" in operation
        return (200, "", json.dumps({"EventSourceMappings": readers})) if listing else None

    with between(aws.endpoint, lambdas) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        read = run(through, template(table()))
        refused(read, kind="stream-removed")
        assert "function:reader" in end(read).detail
        readers.clear()
        done = end(run(through, template(table())))
    assert done.ending is Ending.DONE, done


def test_a_stream_whose_readers_cannot_be_listed_is_guarded(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(extra=STREAM)))
    denied = (403, "AccessDeniedException", "not authorized to perform: lambda:ListEventSourceMappings")
    with between(aws.endpoint, lambda operation, number: denied if "event-source" in operation else None) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        refused(run(through, template(table())), kind="stream-removed")
    done = end(run(opened(aws, account), template(table()), allow_data_loss=frozenset({"orders"})))
    assert done.ending is Ending.DONE, done
