"""What one deployment reads while another moves the stack: no single answer of AWS is taken for the whole truth."""

from __future__ import annotations

from tablewright.account import open_account
from tablewright.events import Ending
from tablewright.model.whereabouts import Credentials
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import Answer, between
from tests.rehearsals.deploying import STACK, client, end, log_group, opened, run, status, table, template
from tests.waiting import SOON, until


def test_a_shell_that_another_run_fills_between_two_reads_is_followed(aws: EmbeddedAws, account: str) -> None:
    body = template(table(), log_group())
    cloudformation = client(aws, account, "cloudformation")
    cloudformation.create_change_set(
        StackName=STACK, ChangeSetName="tablewright-other", ChangeSetType="CREATE", TemplateBody=body
    )
    cloudformation.get_waiter("change_set_create_complete").wait(
        StackName=STACK, ChangeSetName="tablewright-other", WaiterConfig=SOON
    )

    def another_run_executes(operation: str, number: int) -> Answer | None:
        if (
            operation in ("ListStackResources", "DescribeStackResources")
            and status(aws, account) == "REVIEW_IN_PROGRESS"
        ):
            cloudformation.execute_change_set(StackName=STACK, ChangeSetName="tablewright-other")
            until(lambda: cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"])
        return None

    with between(aws.endpoint, another_run_executes) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        finished = end(run(through, body))
    assert finished.ending in (Ending.DONE, Ending.NOTHING_TO_DO), finished
    assert status(aws, account) == "CREATE_COMPLETE"


def test_what_another_deploys_after_nothing_was_found_to_change_is_seen(aws: EmbeddedAws, account: str) -> None:
    """CloudFormation found no change in the stack as it was, which says nothing of what it became since."""
    body = template(table())
    cloudformation = client(aws, account, "cloudformation")
    assert end(run(opened(aws, account), body)).ending is Ending.DONE

    def rule(operation: str, number: int) -> Answer | None:
        if operation == "DeleteChangeSet" and gate.seen.count(operation) == 1:
            cloudformation.update_stack(StackName=STACK, TemplateBody=template(table(), log_group()))
            cloudformation.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig=SOON)
        return None

    with between(aws.endpoint, rule) as gate:
        through = open_account(
            region="us-east-1", endpoint_url=gate.endpoint, credentials=Credentials(account, "local")
        )
        last = end(run(through, f"# a comment\n{body}"))
    assert last.ending is Ending.DONE, last
    assert cloudformation.get_template(StackName=STACK)["TemplateBody"] == f"# a comment\n{body}"
