"""Stacks that cannot be updated as they stand: what is recovered, what is refused, and what it says."""

from __future__ import annotations

from typing import Any

from tablewright.events import Ending, Looked, Noted, StepStarted
from tests.conftest import EmbeddedAws
from tests.rehearsals.deploying import STACK, broken, end, items, log_group, opened, put, run, status, table, template
from tests.waiting import SOON, until

PROTECTED = "DeletionProtectionEnabled: true"


def created(aws: EmbeddedAws, account: str, body: str, **options: Any) -> str:
    """Create a stack without tablewright and wait until nothing moves; its status."""
    client = aws.client("cloudformation", account=account)
    client.create_stack(StackName=STACK, TemplateBody=body, **options)
    return settled(aws, account)


def settled(aws: EmbeddedAws, account: str, stack: str = STACK) -> str:
    now = status(aws, account, stack)

    def still() -> bool:
        nonlocal now
        now = status(aws, account, stack)
        return not now.endswith("_IN_PROGRESS")

    until(still)
    return now


def test_a_failed_creation_without_rollback_is_rolled_back_and_made_anew(aws: EmbeddedAws, account: str) -> None:
    assert created(aws, account, template(table(), broken()), DisableRollback=True) == "CREATE_FAILED"
    events = run(opened(aws, account), template(table(), log_group()))
    assert end(events).ending is Ending.DONE, end(events)
    assert status(aws, account) == "CREATE_COMPLETE"


def test_a_failed_creation_without_rollback_that_holds_items_is_refused(aws: EmbeddedAws, account: str) -> None:
    assert created(aws, account, template(table(), broken()), DisableRollback=True) == "CREATE_FAILED"
    put(aws, account, "orders")
    refused = end(run(opened(aws, account), template(table(), log_group())))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "stack-holds-data")
    assert "orders" in refused.detail and items(aws, account, "orders") == 1
    assert status(aws, account) == "CREATE_FAILED"


def test_a_creation_whose_rollback_met_deletion_protection_is_finished_and_the_table_taken_in(
    aws: EmbeddedAws, account: str
) -> None:
    body = template(table(extra=PROTECTED, policy="RetainExceptOnCreate"), broken())
    assert created(aws, account, body) == "ROLLBACK_FAILED"
    good = template(table(extra=PROTECTED, policy="RetainExceptOnCreate"), log_group())
    events = run(opened(aws, account), good)
    assert end(events).ending is Ending.DONE, end(events)
    looks = [line for e in events if isinstance(e, Looked) for line in e.details]
    assert any("table orders (Orders), owned by the stack: holds no items" in line for line in looks)


def test_a_rollback_that_failed_over_a_table_with_items_is_refused(aws: EmbeddedAws, account: str) -> None:
    assert created(aws, account, template(table(extra=PROTECTED), broken())) == "ROLLBACK_FAILED"
    put(aws, account, "orders")
    events = run(opened(aws, account), template(table(extra=PROTECTED), log_group()))
    refused = end(events)
    assert (refused.ending, refused.code) == (Ending.REFUSED, "stack-holds-data")
    assert not any(isinstance(e, Noted) and e.text in refused.detail for e in events), "said once, by the end"
    assert not any(isinstance(e, Noted) and refused.detail in e.text for e in events), "said once, by the end"
    assert items(aws, account, "orders") == 1 and status(aws, account) == "ROLLBACK_FAILED"


def test_a_deletion_that_met_a_protected_empty_table_leaves_it_behind(aws: EmbeddedAws, account: str) -> None:
    body = template(table(extra=PROTECTED), log_group())
    assert end(run(opened(aws, account), body)).ending is Ending.DONE
    aws.client("cloudformation", account=account).delete_stack(StackName=STACK)
    assert settled(aws, account) == "DELETE_FAILED"
    refused = end(run(opened(aws, account), body))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "cannot-take-in"), refused
    assert status(aws, account) == "DELETE_FAILED", "refused before anything is deleted"
    kept = template(table(extra=PROTECTED, policy="RetainExceptOnCreate"), log_group())
    done = end(run(opened(aws, account), kept))
    assert done.ending is Ending.DONE, done


def test_a_deletion_that_failed_over_a_table_with_items_is_refused(aws: EmbeddedAws, account: str) -> None:
    body = template(table(extra=PROTECTED), log_group())
    run(opened(aws, account), body)
    put(aws, account, "orders")
    aws.client("cloudformation", account=account).delete_stack(StackName=STACK)
    assert settled(aws, account) == "DELETE_FAILED"
    refused = end(run(opened(aws, account), body))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "stack-holds-data")
    assert "--retain-resources" in refused.detail and items(aws, account, "orders") == 1


def test_a_failed_update_without_rollback_is_rolled_back_and_done(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    put(aws, account, "orders")
    client = aws.client("cloudformation", account=account)
    client.update_stack(StackName=STACK, TemplateBody=template(table(), broken()), DisableRollback=True)
    assert settled(aws, account) == "UPDATE_FAILED"
    events = run(opened(aws, account), template(table(), log_group()))
    assert end(events).ending is Ending.DONE, end(events)
    assert [e.kind for e in events if isinstance(e, StepStarted)] == ["recover", "update"]
    assert items(aws, account, "orders") == 1


def test_a_failed_update_whose_new_table_holds_items_is_refused(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    client = aws.client("cloudformation", account=account)
    body = template(table(), table("Two", "two-tables"), broken(after="Two"))
    client.update_stack(StackName=STACK, TemplateBody=body, DisableRollback=True)
    assert settled(aws, account) == "UPDATE_FAILED"
    put(aws, account, "two-tables")
    refused = end(run(opened(aws, account), template(table(), log_group())))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "stack-holds-data"), refused
    assert "two-tables" in refused.detail and items(aws, account, "two-tables") == 1


def test_a_deletion_in_progress_is_followed_and_the_stack_made_anew(aws: EmbeddedAws, account: str) -> None:
    body = template(*[table(f"T{n}", f"table-{n}") for n in range(4)], log_group())
    run(opened(aws, account), body)
    aws.client("cloudformation", account=account).delete_stack(StackName=STACK)
    events = run(opened(aws, account), body)
    assert end(events).ending is Ending.DONE, end(events)
    assert status(aws, account) == "CREATE_COMPLETE"


def test_a_rolled_back_update_is_said_and_updated_again(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    run(opened(aws, account), template(table(), broken()))
    assert status(aws, account) == "UPDATE_ROLLBACK_COMPLETE"
    events = run(opened(aws, account), template(table(), log_group()))
    assert end(events).ending is Ending.DONE
    first = next(e for e in events if isinstance(e, Looked))
    assert "stands as before" in first.summary
    assert not any(isinstance(e, Noted) and "remedy" in e.text for e in events)


def test_a_dead_shell_that_is_protected_goes_only_when_the_protection_does(aws: EmbeddedAws, account: str) -> None:
    body = template(table(), broken())
    assert created(aws, account, body, EnableTerminationProtection=True) == "ROLLBACK_COMPLETE"
    good = template(table(), log_group())
    refused = end(run(opened(aws, account), good))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "termination-protected"), refused
    done = end(run(opened(aws, account), good, termination_protection=False))
    assert done.ending is Ending.DONE, done


def test_the_values_of_a_dead_shell_are_not_kept(aws: EmbeddedAws, account: str) -> None:
    head = "Parameters: {Stage: {Type: String, Default: dev}}\n"
    tables = table(name="!Sub 'orders-${Stage}'")
    run(opened(aws, account), head + template(tables, broken()), parameters={"Stage": "prod"})
    assert status(aws, account) == "ROLLBACK_COMPLETE"
    assert end(run(opened(aws, account), head + template(tables))).ending is Ending.DONE
    assert aws.client("dynamodb", account=account).list_tables()["TableNames"] == ["orders-dev"]


def test_the_values_of_a_pending_shell_are_not_kept(aws: EmbeddedAws, account: str) -> None:
    body = "Parameters: {Stage: {Type: String, Default: dev}}\n" + template(table(name="!Sub 'orders-${Stage}'"))
    parameters = [{"ParameterKey": "Stage", "ParameterValue": "prod"}]
    client = aws.client("cloudformation", account=account)
    client.create_change_set(
        StackName=STACK,
        ChangeSetName="tablewright-1-2",
        ChangeSetType="CREATE",
        TemplateBody=body,
        Parameters=parameters,
    )
    client.get_waiter("change_set_create_complete").wait(
        StackName=STACK, ChangeSetName="tablewright-1-2", WaiterConfig=SOON
    )
    assert end(run(opened(aws, account), body)).ending is Ending.DONE
    assert aws.client("dynamodb", account=account).list_tables()["TableNames"] == ["orders-dev"]
