"""The wrong place, the wrong owner, an older commit; credentials that expire; what may not be read; large templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tablewright.account import open_account
from tablewright.deploy.options import Commit, DeployOptions, Expected
from tablewright.deploy.preview.run import preview
from tablewright.deploy.run import deploy
from tablewright.errors import UsageError
from tablewright.events import Ending, Finished, Noted, Planned, ResourceMoved
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import DENIED_BY_POLICY, EXPIRED, Answer, between
from tests.rehearsals.deploying import STACK, end, log_group, opened, run, status, table, template
from tests.waiting import SOON

READING = {"GetCallerIdentity", "DescribeStacks", "GetTemplate", "DescribeTable", "ListStackResources", "ListTagsOfResource",
           "DescribeTimeToLive", "DescribeContinuousBackups", "ListChangeSets", "DescribeStackEvents"}  # fmt: skip
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def through(endpoint: str, account: str) -> Account:
    return open_account(region="us-east-1", endpoint_url=endpoint, credentials=Credentials(account, "local"))


def refused(aws: EmbeddedAws, account: str, body: str, **options: Any) -> Finished:
    """The end of a run that must be refused with nothing but reading calls made."""
    with between(aws.endpoint) as gate:
        if "expected" in options and options["expected"].endpoint == "here":
            options["expected"] = Expected(endpoint=gate.endpoint, any_endpoint=False)
        last = end(run(through(gate.endpoint, account), body, **options))
        assert last.ending is Ending.REFUSED, last
        assert set(gate.seen) <= READING, gate.seen
    return last


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        (Expected(account="999999999999"), "wrong-account"),
        (Expected(partition="aws-cn"), "wrong-partition"),
        (Expected(region="eu-west-1"), "wrong-region"),
        (Expected(any_endpoint=False), "unexpected-endpoint"),
        (Expected(endpoint="http://127.0.0.1:1", any_endpoint=False), "unexpected-endpoint"),
    ],
)
def test_the_wrong_place_is_refused_before_anything_is_changed(
    aws: EmbeddedAws, account: str, expected: Expected, code: str
) -> None:
    assert refused(aws, account, template(table()), expected=expected).code == code
    assert status(aws, account) == ""


def test_an_endpoint_that_nobody_named_is_refused_although_it_cannot_be_reached(account: str) -> None:
    nowhere = through("http://127.0.0.1:9", account)
    for expected in (Expected(any_endpoint=False), Expected(endpoint="http://127.0.0.1:1", any_endpoint=False)):
        last = end(run(nowhere, template(table()), expected=expected))
        assert (last.ending, last.code) == (Ending.REFUSED, "unexpected-endpoint")
        design = read_design(template(table()), stack=STACK, path="template.yaml")
        last = end(list(preview(design, nowhere, options=DeployOptions(expected=expected))))
        assert (last.ending, last.code) == (Ending.REFUSED, "unexpected-endpoint")
    last = end(run(nowhere, template(table())))
    assert (last.ending, last.code) == (Ending.FAILED, "endpoint-unreachable") and "AWS_ENDPOINT_URL" in last.detail


def test_the_right_place_passes(aws: EmbeddedAws, account: str) -> None:
    expected = Expected(account, "aws", "us-east-1", aws.endpoint + "/", any_endpoint=False)
    assert end(run(opened(aws, account), template(table()), expected=expected)).ending is Ending.DONE


@pytest.mark.parametrize("tool", ["cdk", "sam"])
def test_a_stack_of_another_tool_is_refused(aws: EmbeddedAws, account: str, tool: str) -> None:
    theirs = template(table())
    tags = []
    if tool == "cdk":
        theirs = theirs.replace("    Properties:", "    Metadata: {'aws:cdk:path': 'App/Orders'}\n    Properties:")
    else:
        tags = [{"Key": "lambda:createdBy", "Value": "SAM"}]
    client = aws.client("cloudformation", account=account)
    client.create_stack(StackName=STACK, TemplateBody=theirs, Tags=tags)
    client.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig=SOON)
    last = refused(aws, account, template(table(), log_group()))
    assert last.code == "owned-by-another-tool" and ("CDK" in last.detail or "SAM" in last.detail)


def test_an_older_commit_over_a_newer_one_is_refused(aws: EmbeddedAws, account: str) -> None:
    newer = Commit("b" * 40, MONDAY)
    assert end(run(opened(aws, account), template(table()), commit=newer)).ending is Ending.DONE
    stack = aws.client("cloudformation", account=account).describe_stacks(StackName=STACK)["Stacks"][0]
    assert {"Key": "tablewright:commit", "Value": "b" * 40} in stack["Tags"]
    older = Commit("a" * 40, MONDAY - timedelta(days=1))
    assert refused(aws, account, template(table(), log_group()), commit=older).code == "older-commit"
    again = end(run(opened(aws, account), template(table()), commit=Commit("c" * 40, MONDAY + timedelta(days=1))))
    assert again.ending is Ending.NOTHING_TO_DO, "a commit that changes nothing is no update"


@pytest.mark.parametrize("at", [3, 9, 14])
def test_credentials_that_expire_in_the_middle_end_with_the_words_to_go_on(
    aws: EmbeddedAws, account: str, at: int
) -> None:
    body = template(table(index="owner"), log_group())

    def expire(operation: str, number: int) -> Answer | None:
        return EXPIRED if number >= at else None

    with between(aws.endpoint, expire) as gate:
        last = end(run(through(gate.endpoint, account), body))
    assert (last.ending, last.code) == (Ending.MUST_WAIT, "credentials-expired")
    assert last.hint is not None and "run the same command again" in last.detail
    done = end(run(opened(aws, account), body))
    assert done.ending in (Ending.DONE, Ending.NOTHING_TO_DO), done
    assert status(aws, account) == "CREATE_COMPLETE"


def test_events_that_may_not_be_read_do_not_hide_the_outcome(aws: EmbeddedAws, account: str) -> None:
    def deny(operation: str, number: int) -> Answer | None:
        action = DENIED_BY_POLICY.format(action="cloudformation:DescribeStackEvents")
        return (403, "AccessDenied", action) if operation == "DescribeStackEvents" else None

    with between(aws.endpoint, deny) as gate:
        events = run(through(gate.endpoint, account), template(table()))
        assert end(events).ending is Ending.DONE
        assert not any(isinstance(e, ResourceMoved) for e in events)
        assert any(isinstance(e, Noted) and "DescribeStackEvents" in e.text for e in events)


def test_a_denied_look_at_the_stack_is_never_no_stack(aws: EmbeddedAws, account: str) -> None:
    def deny(operation: str, number: int) -> Answer | None:
        action = DENIED_BY_POLICY.format(action="cloudformation:DescribeStacks")
        return (403, "AccessDenied", action) if operation == "DescribeStacks" else None

    with between(aws.endpoint, deny) as gate:
        last = end(run(through(gate.endpoint, account), template(table())))
        assert (last.ending, last.code) == (Ending.FAILED, "access-denied")
        assert set(gate.seen) <= READING


def test_a_plan_that_may_make_no_change_set_says_what_it_could_not_know(aws: EmbeddedAws, account: str) -> None:
    def deny(operation: str, number: int) -> Answer | None:
        action = DENIED_BY_POLICY.format(action="cloudformation:CreateChangeSet")
        return (403, "AccessDenied", action) if operation == "CreateChangeSet" else None

    with between(aws.endpoint, deny) as gate:
        design = read_design(template(table()), stack=STACK, path="template.yaml")
        events = list(preview(design, through(gate.endpoint, account)))
    planned = next(e for e in events if isinstance(e, Planned))
    assert any("making a change set is denied" in text for text in planned.unknown)
    assert end(events).ending is Ending.DONE


def test_a_scan_that_is_denied_counts_as_items(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(), log_group()))

    def deny(operation: str, number: int) -> Answer | None:
        action = DENIED_BY_POLICY.format(action="dynamodb:Scan")
        return (400, "AccessDeniedException", action) if operation == "Scan" else None

    with between(aws.endpoint, deny) as gate:
        last = end(run(through(gate.endpoint, account), template(log_group())))
    assert (last.ending, last.code) == (Ending.REFUSED, "data-loss")
    assert "Whether it holds items is not known" in last.detail


def test_throttling_in_passing_is_waited_out(aws: EmbeddedAws, account: str) -> None:
    def throttle(operation: str, number: int) -> Answer | None:
        return (400, "Throttling", "Rate exceeded") if operation == "DescribeStackEvents" and number % 2 else None

    with between(aws.endpoint, throttle) as gate:
        assert end(run(through(gate.endpoint, account), template(table()))).ending is Ending.DONE


def padded(kilobytes: int) -> str:
    return template(table()) + "Metadata:\n" + "".join(f"  N{n}: {'x' * 990}\n" for n in range(kilobytes))


def test_a_large_template_needs_a_bucket_and_goes_through_it(aws: EmbeddedAws, account: str) -> None:
    body = padded(300)
    design = read_design(body, stack=STACK, path="template.yaml")
    with pytest.raises(UsageError) as raised:
        list(deploy(design, opened(aws, account)))
    assert raised.value.code == "template-needs-bucket"
    assert raised.value.hint == f"tablewright deploy template.yaml --stack {STACK} --s3-bucket BUCKET"
    with pytest.raises(UsageError) as raised:
        run(opened(aws, account), body, again="tablewright deploy --local")
    assert raised.value.hint == "tablewright deploy --local --s3-bucket BUCKET"  # never at another place
    assert status(aws, account) == ""
    aws.client("s3", account=account).create_bucket(Bucket=f"templates-{account}")
    assert end(run(opened(aws, account), body, bucket=f"templates-{account}")).ending is Ending.DONE
    assert end(run(opened(aws, account), body)).ending is Ending.NOTHING_TO_DO


def test_a_template_beyond_a_megabyte_is_refused(aws: EmbeddedAws, account: str) -> None:
    body = template(table()) + "# " + "x" * 1_048_576
    with pytest.raises(UsageError) as raised:
        run(opened(aws, account), body, bucket="b")
    assert raised.value.code == "template-too-large"


def test_termination_protection_is_set_and_left(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table()), termination_protection=True)
    client = aws.client("cloudformation", account=account)
    assert client.describe_stacks(StackName=STACK)["Stacks"][0]["EnableTerminationProtection"] is True
    assert end(run(opened(aws, account), template(table()))).ending is Ending.NOTHING_TO_DO
    assert client.describe_stacks(StackName=STACK)["Stacks"][0]["EnableTerminationProtection"] is True
    assert end(run(opened(aws, account), template(table()), termination_protection=False)).ending is Ending.DONE
    assert client.describe_stacks(StackName=STACK)["Stacks"][0]["EnableTerminationProtection"] is False


def test_a_parameter_without_a_value_is_said_before_anything_is_made(aws: EmbeddedAws, account: str) -> None:
    body = "Parameters: {Stage: {Type: String}}\n" + template(table())
    with pytest.raises(UsageError) as raised:
        list(deploy(read_design(body, stack=STACK, path="t.yaml"), opened(aws, account), options=DeployOptions()))
    assert raised.value.code == "missing-parameter" and "Stage" in raised.value.detail
    assert status(aws, account) == ""
