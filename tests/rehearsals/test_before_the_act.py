"""What a recovery deletes is looked at right before, whatever came between; and what it cannot see counts as full."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tablewright.account import open_account
from tablewright.deploy.looking.run import owned_tables
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.run import deploy
from tablewright.events import Ending, Event, Noted
from tablewright.local import control
from tablewright.model.whereabouts import Credentials
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import DENIED_BY_POLICY, between
from tests.rehearsals.deploying import (
    STACK,
    broken,
    client,
    end,
    items,
    log_group,
    opened,
    put,
    run,
    status,
    table,
    template,
)
from tests.rehearsals.test_guard_beyond import ENCRYPTED, key, nested
from tests.rehearsals.test_recovering import PROTECTED, created, settled


@pytest.fixture
def failing(aws: EmbeddedAws) -> Iterator[list[str]]:
    faults: list[str] = []
    yield faults
    there = {fault["id"] for fault in control.faults(aws.endpoint)}
    for name in faults:
        if name in there:
            control.remove_faults(aws.endpoint, name)


def answered_late(aws: EmbeddedAws, account: str, body: str, name: str) -> list[Event]:
    """A deployment whose question a person answers with yes, after somebody wrote to the table."""
    design = read_design(body, stack=STACK, path="template.yaml")
    seen: list[Event] = []
    filled = False
    for event in deploy(design, opened(aws, account), options=DeployOptions(interactive=True)):
        seen.append(event)
        if isinstance(event, Noted) and event.asks and not filled:
            put(aws, account, name)
            filled = True
    return seen


def test_a_table_filled_while_a_person_thinks_is_not_rolled_back(aws: EmbeddedAws, account: str) -> None:
    assert created(aws, account, template(table(), broken()), DisableRollback=True) == "CREATE_FAILED"
    events = answered_late(aws, account, template(table(), log_group()), "orders")
    assert (end(events).ending, end(events).code) == (Ending.REFUSED, "stack-holds-data"), end(events)
    assert items(aws, account, "orders") == 1 and status(aws, account) == "CREATE_FAILED"


@pytest.mark.slow
def test_a_table_filled_while_a_person_thinks_is_not_deleted_with_its_stack(aws: EmbeddedAws, account: str) -> None:
    assert created(aws, account, template(table(extra=PROTECTED, policy="RetainExceptOnCreate"), broken())) == (
        "ROLLBACK_FAILED"
    )
    client(aws, account, "dynamodb").update_table(TableName="orders", DeletionProtectionEnabled=False)
    good = template(table(extra=PROTECTED, policy="RetainExceptOnCreate"), log_group())
    events = answered_late(aws, account, good, "orders")
    assert (end(events).ending, end(events).code) == (Ending.REFUSED, "stack-holds-data"), end(events)
    assert items(aws, account, "orders") == 1 and status(aws, account) == "ROLLBACK_FAILED"


def stuck(aws: EmbeddedAws, account: str, failing: list[str], body: str, better: str) -> str:
    """A stack of its own name (by which faults go) whose update's rollback got stuck over the log group."""
    stack = f"stuck-{account}"
    assert end(run(opened(aws, account), body, stack=stack)).ending is Ending.DONE
    failing.append(control.add_fault(aws.endpoint, "fail-resource", stack=stack, verb="restore", resource="Log"))
    client(aws, account, "cloudformation").update_stack(StackName=stack, TemplateBody=better)
    assert settled(aws, account, stack) == "UPDATE_ROLLBACK_FAILED"
    control.remove_faults(aws.endpoint, failing.pop())
    return stack


@pytest.mark.slow
def test_a_stuck_rollback_whose_resources_are_denied_is_not_gone_on_with(
    aws: EmbeddedAws, account: str, failing: list[str]
) -> None:
    better = template(log_group(days=14), table(), broken())
    stack = stuck(aws, account, failing, template(log_group()), better)
    put(aws, account, "orders")
    denied = (403, "AccessDenied", DENIED_BY_POLICY.format(action="cloudformation:ListStackResources"))
    with between(aws.endpoint, lambda asked, _: denied if asked == "ListStackResources" else None) as gate:
        account_between = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        events = run(account_between, template(log_group()), stack=stack)
    assert (end(events).ending, end(events).code) == (Ending.REFUSED, "situation-unreadable"), end(events)
    assert items(aws, account, "orders") == 1


def test_what_an_update_put_in_the_place_of_a_table_is_looked_at_too(
    aws: EmbeddedAws, account: str, failing: list[str]
) -> None:
    body = template(log_group(), table())
    better = template(log_group(days=14), table(name="orders-2"), broken())
    stack = stuck(aws, account, failing, body, better)
    assert "orders-2" in client(aws, account, "dynamodb").list_tables()["TableNames"]
    put(aws, account, "orders-2")
    events = run(opened(aws, account), body, stack=stack)
    assert (end(events).ending, end(events).code) == (Ending.REFUSED, "stack-holds-data"), end(events)
    assert items(aws, account, "orders-2") == 1


@pytest.mark.slow
def test_a_table_that_an_update_brought_into_a_nested_stack_is_looked_at(aws: EmbeddedAws, account: str) -> None:
    inside = log_group("Inside", "/inside")
    first = template(log_group(), nested(aws, account, "one.yaml", template(inside)))
    assert end(run(opened(aws, account), first)).ending is Ending.DONE
    grown = nested(aws, account, "two.yaml", template(inside, table()))
    better = template(log_group(), grown, broken(after="Inner"))
    client(aws, account, "cloudformation").update_stack(StackName=STACK, TemplateBody=better, DisableRollback=True)
    assert settled(aws, account) == "UPDATE_FAILED"
    put(aws, account, "orders")
    events = run(opened(aws, account), first)
    assert (end(events).ending, end(events).code) == (Ending.REFUSED, "stack-holds-data"), end(events)
    assert items(aws, account, "orders") == 1


@pytest.mark.slow
def test_the_tables_of_stacks_nested_deeply_are_found(aws: EmbeddedAws, account: str) -> None:
    body = template(table(), log_group())
    for depth in range(7):
        body = template(nested(aws, account, f"{depth}.yaml", body))
    assert end(run(opened(aws, account), body)).ending is Ending.DONE
    assert owned_tables(opened(aws, account), STACK) == ("orders",)


@pytest.mark.parametrize("first", ["the creation", "an update"])
def test_a_table_that_an_earlier_failure_left_is_looked_at(aws: EmbeddedAws, account: str, first: str) -> None:
    """Rolling back goes to where the stack last stood, over every operation that failed with rollback switched off."""
    cloudformation = client(aws, account, "cloudformation")
    failing = template(log_group(), table(), broken())
    if first == "the creation":
        assert created(aws, account, failing, DisableRollback=True) == "CREATE_FAILED"
    else:
        assert end(run(opened(aws, account), template(log_group()))).ending is Ending.DONE
        cloudformation.update_stack(StackName=STACK, TemplateBody=failing, DisableRollback=True)
        assert settled(aws, account) == "UPDATE_FAILED"
    put(aws, account, "orders")
    cloudformation.update_stack(
        StackName=STACK, TemplateBody=template(log_group(days=14), table(), broken()), DisableRollback=True
    )
    assert settled(aws, account) == "UPDATE_FAILED"
    last = end(run(opened(aws, account), template(log_group())))
    assert (last.ending, last.code) == (Ending.REFUSED, "stack-holds-data"), last
    assert items(aws, account, "orders") == 1 and status(aws, account) == "UPDATE_FAILED"


@pytest.mark.slow
def test_a_nested_table_that_an_earlier_failure_left_is_looked_at(aws: EmbeddedAws, account: str) -> None:
    inside = log_group("Inside", "/inside")
    first = template(log_group(), nested(aws, account, "one.yaml", template(inside)))
    assert end(run(opened(aws, account), first)).ending is Ending.DONE
    grown = nested(aws, account, "two.yaml", template(inside, table()))
    cloudformation = client(aws, account, "cloudformation")
    for days in (7, 14):
        better = template(log_group(days=days), grown, broken(after="Inner"))
        cloudformation.update_stack(StackName=STACK, TemplateBody=better, DisableRollback=True)
        assert settled(aws, account) == "UPDATE_FAILED"
    put(aws, account, "orders")
    last = end(run(opened(aws, account), first))
    assert (last.ending, last.code) == (Ending.REFUSED, "stack-holds-data"), last
    assert items(aws, account, "orders") == 1


@pytest.mark.slow
@pytest.mark.parametrize("made_by", ["the creation", "the failed update", "an update before"])
def test_a_stack_whose_key_a_table_elsewhere_needs_is_not_rolled_back(
    aws: EmbeddedAws, account: str, made_by: str
) -> None:
    """Rolling an update back takes away what it made: a key that stood before it stays, and so do the tables under it."""
    cloudformation = client(aws, account, "cloudformation")
    failing, good = template(log_group(), key(), table(), broken()), template(log_group(), key(), table())
    if made_by == "the creation":
        assert created(aws, account, failing, DisableRollback=True) == "CREATE_FAILED"
    else:
        first = template(log_group(), *([key()] if made_by == "an update before" else []))
        assert end(run(opened(aws, account), first)).ending is Ending.DONE
        cloudformation.update_stack(StackName=STACK, TemplateBody=failing, DisableRollback=True)
        assert settled(aws, account) == "UPDATE_FAILED"
    (found,) = client(aws, account, "kms").list_keys()["Keys"]
    elsewhere = table("Elsewhere", "elsewhere", extra=(ENCRYPTED % "X").replace("!GetAtt X.Arn", found["KeyArn"]))
    assert end(run(opened(aws, account), template(elsewhere), stack="other")).ending is Ending.DONE
    put(aws, account, "elsewhere")
    before = status(aws, account)
    last = end(run(opened(aws, account), good))
    if made_by == "an update before":
        assert last.ending is Ending.DONE, last
        assert client(aws, account, "kms").describe_key(KeyId=found["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"
        return
    assert (last.ending, last.code) == (Ending.REFUSED, "key-in-use"), last
    assert "elsewhere holds items" in last.detail and status(aws, account) == before


@pytest.mark.slow
def test_what_a_rollback_sets_back_is_said_before_it(aws: EmbeddedAws, account: str) -> None:
    on = "TimeToLiveSpecification: {AttributeName: end, Enabled: true}"
    assert end(run(opened(aws, account), template(log_group(), table(extra=on)))).ending is Ending.DONE
    put(aws, account, "orders")
    off = table(extra=on.replace("true", "false"))
    client(aws, account, "cloudformation").update_stack(
        StackName=STACK, TemplateBody=template(log_group(), off, broken()), DisableRollback=True
    )
    assert settled(aws, account) == "UPDATE_FAILED"
    events = run(opened(aws, account), template(log_group(), table(extra=on)))
    assert end(events).ending is Ending.DONE, end(events)
    (said,) = [e.text for e in events if isinstance(e, Noted) and e.text.startswith("UPDATE_FAILED: ")]
    assert "sets the settings of orders back" in said and "where TTL was on then" in said
