"""What one deployment reads while another moves the stack: no single answer of AWS is taken for the whole truth."""

from __future__ import annotations

from tablewright.account import open_account
from tablewright.events import Ending
from tablewright.model.whereabouts import Credentials
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import Answer, between
from tests.rehearsals.deploying import STACK, client, end, log_group, run, status, table, template
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
