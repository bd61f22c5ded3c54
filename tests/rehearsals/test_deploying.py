"""A stack deployed, left alone, updated, broken and mended, over HTTP on the embedded AWS."""

from __future__ import annotations

from pathlib import Path

from tablewright.events import ChangesFound, Ending, Failure, Noted, OperationStarted, ResourceMoved, StepStarted
from tablewright.local import control
from tests.conftest import EmbeddedAws
from tests.rehearsals.deploying import (
    STACK,
    broken,
    end,
    items,
    log_group,
    opened,
    pending,
    put,
    run,
    status,
    table,
    template,
)
from tests.waiting import SOON

EXAMPLE = Path(__file__).parents[2] / "examples/ai-chef/backend/infrastructure/dynamodb-schema.yaml"
GUIDE = Path(__file__).parents[1] / "cases/guide/dynamodb-schema.yaml"


def test_a_new_stack_is_created_and_a_second_run_says_why_there_is_nothing_to_do(
    aws: EmbeddedAws, account: str
) -> None:
    body = EXAMPLE.read_text()
    first = end(run(opened(aws, account), body))
    assert first.ending is Ending.DONE
    assert {o.key for o in first.outputs} == {
        "SessionsTableName",
        "ResultsTableName",
        "SessionsTableArn",
        "ResultsTableArn",
    }
    events = run(opened(aws, account), body)
    again = end(events)
    assert again.ending is Ending.NOTHING_TO_DO
    assert "the deployed template, parameters and tags are the same" in again.detail
    assert not [e for e in events if isinstance(e, StepStarted)]
    assert pending(aws, account) == []


def test_the_guides_template_as_written_deploys(aws: EmbeddedAws, account: str) -> None:
    assert end(run(opened(aws, account), GUIDE.read_text())).ending is Ending.DONE


def test_two_environments_live_in_one_account(aws: EmbeddedAws, account: str) -> None:
    body = EXAMPLE.read_text()
    for environment in ("production", "staging"):
        done = end(run(opened(aws, account), body, stack=f"s-{environment}", parameters={"Environment": environment}))
        assert done.ending is Ending.DONE, done
    names = aws.client("dynamodb", account=account).list_tables()["TableNames"]
    assert names == ["ai-chef-results", "ai-chef-results-staging", "ai-chef-sessions", "ai-chef-sessions-staging"]


def test_a_value_that_is_not_given_stays_as_deployed(aws: EmbeddedAws, account: str) -> None:
    body = EXAMPLE.read_text()
    run(opened(aws, account), body, parameters={"Environment": "staging"})
    again = end(run(opened(aws, account), body))
    assert again.ending is Ending.NOTHING_TO_DO


def test_an_update_is_made_and_followed(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(), log_group(days=7)))
    events = run(opened(aws, account), template(table(), log_group(days=14)))
    assert end(events).ending is Ending.DONE
    assert next(e for e in events if isinstance(e, ChangesFound)).change_set.changes[0].logical_id == "Log"
    assert {e.event.status for e in events if isinstance(e, ResourceMoved) and e.event.logical_id == "Log"} >= {
        "UPDATE_COMPLETE"
    }
    assert status(aws, account) == "UPDATE_COMPLETE"


def test_a_change_of_a_comment_is_no_change_and_says_so(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    done = end(run(opened(aws, account), "# hello\n" + template(table())))
    assert done.ending is Ending.NOTHING_TO_DO
    assert "CloudFormation finds no change" in done.detail
    assert pending(aws, account) == []


def test_an_added_index_is_waited_for(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    done = end(run(opened(aws, account), template(table(index="owner"))))
    assert done.ending is Ending.DONE, done
    described = aws.client("dynamodb", account=account).describe_table(TableName="orders")["Table"]
    assert described["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"


def test_a_broken_creation_gives_its_cause_and_mended_it_deploys(aws: EmbeddedAws, account: str) -> None:
    events = run(opened(aws, account), template(table(), broken()))
    failed = end(events)
    assert failed.ending is Ending.FAILED
    assert failed.cause is not None and failed.cause.logical_id == "Bad"
    assert [e.cause.logical_id for e in events if isinstance(e, Failure)] == ["Bad"]
    assert status(aws, account) == "ROLLBACK_COMPLETE"
    mended = run(opened(aws, account), template(table(), log_group(days=7)))
    assert end(mended).ending is Ending.DONE
    kinds = [e.kind for e in mended if isinstance(e, StepStarted)]
    assert kinds == ["recover", "create"]
    said = [type(e) for e in mended]
    assert said.index(Failure) < said.index(OperationStarted), "the cause is kept before the shell is deleted"
    assert status(aws, account) == "CREATE_COMPLETE"


def test_a_broken_update_is_rolled_back_and_mended_it_deploys(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()))
    put(aws, account, "orders")
    failed = end(run(opened(aws, account), template(table(), broken())))
    assert failed.ending is Ending.FAILED and failed.cause is not None and failed.cause.logical_id == "Bad"
    assert status(aws, account) == "UPDATE_ROLLBACK_COMPLETE"
    assert end(run(opened(aws, account), template(table(), log_group()))).ending is Ending.DONE
    assert items(aws, account, "orders") == 1


def test_a_table_that_exists_is_taken_in_with_its_items(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(policy="Retain")), stack="old")
    put(aws, account, "orders")
    cloudformation = aws.client("cloudformation", account=account)
    cloudformation.delete_stack(StackName="old")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="old", WaiterConfig=SOON)
    events = run(opened(aws, account), template(table(policy="RetainExceptOnCreate"), log_group()))
    assert end(events).ending is Ending.DONE, end(events)
    assert any(isinstance(e, Noted) and "taken into the stack" in e.text for e in events)
    assert items(aws, account, "orders") == 1


def test_a_table_that_survived_a_rolled_back_creation_is_taken_in_again(aws: EmbeddedAws, account: str) -> None:
    failed = end(
        run(
            opened(aws, account),
            template(table(policy="Retain"), broken()),
        )
    )
    assert failed.ending is Ending.FAILED
    assert status(aws, account) == "ROLLBACK_COMPLETE"
    put(aws, account, "orders")
    done = end(run(opened(aws, account), template(table(policy="Retain"), log_group())))
    assert done.ending is Ending.DONE, done
    assert items(aws, account, "orders") == 1


def test_a_survivor_that_cannot_be_taken_in_refuses_before_the_shell_is_deleted(aws: EmbeddedAws, account: str) -> None:
    body = template(table(policy="Retain"), broken())
    run(opened(aws, account), body)
    put(aws, account, "orders")
    for other in (template(table(policy=None)), template(table(policy="Retain", key="other"))):
        refused = end(run(opened(aws, account), other))
        assert (refused.ending, refused.code) == (Ending.REFUSED, "cannot-take-in"), refused
        assert status(aws, account) == "ROLLBACK_COMPLETE"
    assert items(aws, account, "orders") == 1


def test_a_name_that_is_taken_by_a_stranger_is_refused_before_anything_is_made(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(policy="Retain")), stack="other")
    refused = end(run(opened(aws, account), template(table(policy="Retain"))))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "cannot-take-in")
    assert "stack other" in refused.detail
    assert status(aws, account) == ""


def test_somebody_elses_pending_change_set_is_respected(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("cloudformation", account=account)
    client.create_change_set(
        StackName=STACK, ChangeSetName="review-me", ChangeSetType="CREATE", TemplateBody=template(table())
    )
    client.get_waiter("change_set_create_complete").wait(StackName=STACK, ChangeSetName="review-me", WaiterConfig=SOON)
    refused = end(run(opened(aws, account), template(table())))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "foreign-change-set")
    assert "review-me" in refused.detail
    client.delete_change_set(StackName=STACK, ChangeSetName="review-me")
    assert end(run(opened(aws, account), template(table()))).ending is Ending.DONE


def test_a_cause_that_is_told_leads_to_the_next_run_not_to_itself(aws: EmbeddedAws, account: str) -> None:
    wish = {
        "stack": "unheard-of",
        "resource": "Log",
        "verb": "create",
        "reason": "nobody has seen these words",
        "count": 1,
    }
    with control.fault(aws.endpoint, "fail-resource", **wish):
        failed = end(run(opened(aws, account), template(log_group()), stack="unheard-of"))
    assert failed.code == "deployment-failed"
    assert failed.cause is not None and "nobody has seen these words" in failed.cause.text
    assert failed.hint == "tablewright deploy template.yaml --stack unheard-of"
