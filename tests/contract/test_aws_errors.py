"""AWS's refusals become ours: real boto3 against servers that answer as AWS does.

The messages are those that the services' API references and their users report; ``canned`` serves them.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from botocore.exceptions import EndpointConnectionError

from tablewright.account import open_account
from tablewright.aws import session as session_module
from tablewright.aws.errors import Caller, translate
from tablewright.errors import Failed, MustWait, TablewrightError, UsageError
from tablewright.model.table import Holds
from tablewright.ports import Account
from tests.contract.canned import Answer, CannedAws, json_answer, json_error, query_error, serving, xml_answer

pytestmark = pytest.mark.embedded("how tablewright reads refusals, against servers that answer as AWS does")

Answers = Callable[..., tuple[Account, CannedAws]]

STACK_ARN = "arn:aws:cloudformation:us-east-1:123456789012:stack/orders/*"
DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/dev/ann is not authorized to perform: cloudformation:DescribeStacks on "
    f"resource: {STACK_ARN} because no identity-based policy allows the cloudformation:DescribeStacks action"
)
EXPIRED = "The security token included in the request is expired"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """An account whose AWS gives the answers of the test; one attempt a call unless asked for more."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with ExitStack() as stack:

        def start(
            answer: Answer | Callable[[str, dict[str, str]], Answer], attempts: int = 1
        ) -> tuple[Account, CannedAws]:
            monkeypatch.setenv("AWS_MAX_ATTEMPTS", str(attempts))
            canned = stack.enter_context(serving(answer if callable(answer) else lambda *_: answer))
            return open_account(region="us-east-1", endpoint_url=canned.endpoint), canned

        yield start


def _refusal(question: Callable[[], object]) -> TablewrightError:
    with pytest.raises(TablewrightError) as caught:
        question()
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "Stack with id orders does not exist",
        "Stack [orders] does not exist",
        "Stack with id arn:aws:cloudformation:us-east-1:123456789012:stack/orders/1d2e does not exist",
    ],
)
def test_only_cloudformations_own_words_mean_no_stack(answering: Answers, text: str) -> None:
    account, _ = answering(query_error("ValidationError", text))
    assert account.stacks.describe("orders") is None
    assert account.stacks.resources("orders") == ()
    assert list(account.stacks.events("orders")) == []
    assert account.change_sets.of("orders") == ()


@pytest.mark.parametrize(
    ("code", "text", "status", "ours"),
    [
        ("ValidationError", "Template format error: unsupported structure.", 400, "template-refused"),
        ("ValidationError", "Circular dependency between resources: [A, B]", 400, "template-refused"),
        ("ValidationError", "Parameter 'Stage' failed to satisfy constraint: letters", 400, "parameters-refused"),
        ("ValidationError", "Parameter 'Stage' must be one of AllowedValues", 400, "parameters-refused"),
        ("ValidationError", "1 validation error: Parameter 'x' failed to satisfy constraint", 400, "aws-validation"),
        ("ValidationError", "1 validation error detected: Value 'a b' at 'stackName' failed", 400, "aws-validation"),
        ("ValidationError", "Role arn:aws:iam::1:role/x is invalid or cannot be assumed", 400, "service-role-refused"),
        ("ValidationError", "Resource X in Stack with id orders does not exist in this account", 400, "aws-validation"),
        ("AccessDenied", DENIED, 403, "access-denied"),
        ("ExpiredToken", EXPIRED, 403, "credentials-expired"),
        ("ExpiredTokenException", EXPIRED, 400, "credentials-expired"),
        ("RequestExpired", "Request has expired.", 400, "credentials-expired"),
        ("InvalidClientTokenId", "The security token included in the request is invalid", 403, "credentials-invalid"),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            400,
            "credentials-invalid",
        ),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", 403, "credentials-invalid"),
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20261122T100000Z is now earlier than 20261122T101500Z (20261122T103000Z - 15 min.)",
            403,
            "clock-skewed",
        ),
        ("Throttling", "Rate exceeded", 400, "throttled"),
        ("ServiceUnavailable", "Service is unavailable", 503, "aws-unavailable"),
        ("InternalFailure", "An internal error occurred", 500, "aws-unavailable"),
        ("OptInRequired", "The AWS Access Key Id needs a subscription for the service", 403, "service-not-enabled"),
        ("SomethingNew", "A sentence that nobody has read before", 400, "aws-error"),
    ],
)
def test_no_other_refusal_is_taken_for_absence(
    answering: Answers, code: str, text: str, status: int, ours: str
) -> None:
    account, _ = answering(query_error(code, text, status))
    for question in (
        lambda: account.stacks.describe("orders"),
        lambda: account.stacks.resources("orders"),
        lambda: list(account.stacks.events("orders")),
        lambda: account.change_sets.of("orders"),
        lambda: account.change_sets.describe("arn:aws:cloudformation:us-east-1:123456789012:changeSet/x/1"),
    ):
        refusal = _refusal(question)
        assert refusal.code == ours
        assert refusal.text == text
        assert text in refusal.detail


def test_waiting_is_told_from_failing(answering: Answers) -> None:
    kinds = {
        "ExpiredToken": MustWait,
        "Throttling": MustWait,
        "ServiceUnavailable": MustWait,
        "AccessDenied": Failed,
        "InvalidClientTokenId": Failed,
        "SomethingNew": Failed,
    }
    for code, kind in kinds.items():
        account, _ = answering(query_error(code, "words"))
        assert type(_refusal(lambda account=account: account.stacks.describe("orders"))) is kind  # type: ignore[misc]


def test_a_denial_names_action_resource_and_the_statement_that_would_allow_it(answering: Answers) -> None:
    account, _ = answering(query_error("AccessDenied", DENIED, 403))
    refusal = _refusal(lambda: account.stacks.describe("orders"))
    statement = refusal.detail.splitlines()[-1]
    assert json.loads(statement) == {
        "Effect": "Allow",
        "Action": "cloudformation:DescribeStacks",
        "Resource": STACK_ARN,
    }


def test_a_denial_without_words_still_names_the_action(answering: Answers) -> None:
    account, _ = answering(json_error("AccessDeniedException", ""))
    refusal = _refusal(lambda: account.tables.describe("orders"))
    assert '"dynamodb:DescribeTable"' in refusal.detail


def test_an_explicit_deny_is_not_answered_with_an_allow(answering: Answers) -> None:
    text = (
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: dynamodb:Scan on resource: "
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders with an explicit deny in a service control policy"
    )
    account, _ = answering(json_error("AccessDeniedException", text))
    refusal = _refusal(lambda: account.tables.expiring("orders", "TTL", now=account.clock.now()))
    assert "service control policy must lift it for dynamodb:Scan" in refusal.detail
    assert '"Allow"' not in refusal.detail


def test_credentials_that_expire_in_the_middle_are_said_after_what_was_read(answering: Answers) -> None:
    page = (
        "<StackEvents><member><EventId>e1</EventId><StackId>arn:x</StackId><StackName>orders</StackName>"
        "<LogicalResourceId>T</LogicalResourceId><ResourceType>AWS::DynamoDB::Table</ResourceType>"
        "<ResourceStatus>CREATE_COMPLETE</ResourceStatus><Timestamp>2026-11-22T10:00:00.000Z</Timestamp></member>"
        "</StackEvents><NextToken>more</NextToken>"
    )
    account, canned = answering(
        lambda _, form: (
            query_error("ExpiredToken", EXPIRED, 403)
            if "NextToken" in form
            else xml_answer("DescribeStackEvents", page)
        )
    )
    events = account.stacks.events("orders")
    assert next(events).id == "e1"
    assert canned.asked == ["DescribeStackEvents"], "the next page is not asked for before it is wanted"
    refusal = _refusal(lambda: next(events))
    assert refusal.code == "credentials-expired"
    assert isinstance(refusal, MustWait)
    assert "run the same command again" in refusal.detail


def test_throttling_is_retried_before_it_is_said(answering: Answers) -> None:
    answers = iter(
        [query_error("Throttling", "Rate exceeded"), query_error("ValidationError", "Stack [x] does not exist")]
    )
    account, canned = answering(lambda *_: next(answers), attempts=2)
    assert account.stacks.describe("x") is None
    assert len(canned.asked) == 2


@pytest.mark.parametrize(
    ("answer", "ours"),
    [
        (Answer(200, "<html><body>Please sign in</body></html>", "text/html"), "endpoint-answers-strangely"),
        (Answer(200, "not xml at all", "text/plain"), "endpoint-answers-strangely"),
        (Answer(404, "<html>Not Found</html>", "text/html"), "endpoint-answers-strangely"),
        (Answer(502, "<html>Bad Gateway</html>", "text/html"), "aws-unavailable"),
        (Answer(200, "", "text/xml"), "endpoint-answers-strangely"),
        (Answer(hang_up=True), "endpoint-unreachable"),
    ],
)
def test_garbage_is_neither_success_nor_absence(answering: Answers, answer: Answer, ours: str) -> None:
    account, _ = answering(answer)
    assert _refusal(lambda: account.stacks.describe("orders")).code == ours


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"Table": {}}', "<html>", ""])
def test_an_answer_that_lacks_what_it_must_have_is_garbage(answering: Answers, body: str) -> None:
    account, _ = answering(Answer(200, body, "application/x-amz-json-1.0"))
    assert _refusal(lambda: account.tables.describe("orders")).code == "endpoint-answers-strangely"
    assert account.tables.contents("orders").holds is Holds.UNKNOWN


def test_an_unreachable_endpoint_is_said_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as taken:  # bound and not listening: nothing else can answer there
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        account = open_account(region="us-east-1", endpoint_url=endpoint)
        refusal = _refusal(lambda: account.stacks.describe("orders"))
    assert refusal.code == "endpoint-unreachable"
    assert endpoint in refusal.detail


def test_a_silent_endpoint_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "READ_TIMEOUT_S", 0.2)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        account = open_account(region="us-east-1", endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        refusal = _refusal(lambda: account.stacks.describe("orders"))
    assert refusal.code == "endpoint-silent"
    assert "DescribeStacks" in refusal.detail or "cloudformation" in refusal.detail


def test_an_unreachable_region_that_nobody_knows_names_the_nearest() -> None:
    url = "https://cloudformation.ap-northest-2.amazonaws.com/"
    refusal = translate(EndpointConnectionError(endpoint_url=url), Caller(region="ap-northest-2"), "cloudformation")
    assert refusal.code == "endpoint-unreachable"
    assert "Did you mean ap-northeast-2?" in refusal.detail
    known = translate(EndpointConnectionError(endpoint_url=url), Caller(region="ap-northeast-2"), "cloudformation")
    assert "Did you mean" not in known.detail


@pytest.mark.parametrize(
    ("endpoint", "ours"), [("http://aws.invalid:80", "proxy-unreachable"), ("https://127.0.0.1:{port}", "tls-refused")]
)
def test_what_stands_between_is_told_from_aws(
    answering: Answers, monkeypatch: pytest.MonkeyPatch, endpoint: str, ours: str
) -> None:
    _, canned = answering(json_answer({}))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    url = endpoint.format(port=canned.endpoint.rsplit(":", 1)[1])
    account = open_account(region="us-east-1", endpoint_url=url)
    assert _refusal(lambda: account.stacks.describe("orders")).code == ours


@pytest.mark.parametrize(
    "answer",
    [
        json_error("AccessDeniedException", "User: x is not authorized to perform: dynamodb:Scan on resource: y"),
        json_error(
            "ProvisionedThroughputExceededException", "The level of configured provisioned throughput was exceeded"
        ),
        json_error("InternalServerError", "The request processing has failed", 500),
        json_error("ExpiredTokenException", EXPIRED),
        json_error("UnknownOperationException", ""),
    ],
)
def test_a_table_that_cannot_be_scanned_is_unknown_with_the_reason(answering: Answers, answer: Answer) -> None:
    account, _ = answering(answer)
    contents = account.tables.contents("orders")
    assert contents.holds is Holds.UNKNOWN
    assert not contents.is_empty
    assert contents.reason


def test_an_empty_page_with_a_key_says_nothing_yet(answering: Answers) -> None:
    pages = iter(
        [
            json_answer({"Count": 0, "ScannedCount": 100, "LastEvaluatedKey": {"id": {"S": "a"}}}),
            json_answer({"Count": 0, "ScannedCount": 100, "LastEvaluatedKey": {"id": {"S": "b"}}}),
            json_answer({"Count": 3, "ScannedCount": 3}),
        ]
    )
    account, canned = answering(lambda *_: next(pages))
    contents = account.tables.contents("orders")
    assert (contents.holds, contents.seen) == (Holds.ITEMS, 3)
    assert [r.get("ConsistentRead") for r in canned.requests] == ["True"] * 3
    assert "'b'" in canned.requests[2]["ExclusiveStartKey"]


def test_a_scan_that_fails_after_empty_pages_is_unknown(answering: Answers) -> None:
    pages = iter(
        [
            json_answer({"Count": 0, "ScannedCount": 9, "LastEvaluatedKey": {"id": {"S": "a"}}}),
            json_error("ThrottlingException", "Rate exceeded"),
        ]
    )
    account, _ = answering(lambda *_: next(pages))
    assert account.tables.contents("orders").holds is Holds.UNKNOWN


def test_a_table_that_is_being_restored_is_not_called_empty(answering: Answers) -> None:
    table = {
        "TableName": "orders",
        "TableStatus": "CREATING",
        "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "CreationDateTime": 1700000000,
    }
    account, _ = answering(
        lambda operation, _: (
            json_answer({"Table": table})
            if operation == "DescribeTable"
            else json_error("ResourceNotFoundException", "Requested resource not found")
        )
    )
    contents = account.tables.contents("orders")
    assert contents.holds is Holds.UNKNOWN
    assert "CREATING" in contents.reason


def test_a_denied_part_of_a_table_is_unknown_and_the_rest_is_shown(answering: Answers) -> None:
    table = {
        "TableName": "orders",
        "TableStatus": "ACTIVE",
        "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "CreationDateTime": 1700000000,
    }
    answers = {
        "DescribeTable": json_answer({"Table": table}),
        "DescribeTimeToLive": json_error("AccessDeniedException", "not allowed"),
        "DescribeContinuousBackups": json_error("ThrottlingException", "Rate exceeded"),
        "ListTagsOfResource": json_answer({"Tags": [{"Key": "Service", "Value": "chef"}]}),
    }
    account, canned = answering(lambda operation, _: answers[operation])
    found = account.tables.describe("orders")
    assert found is not None
    assert (found.ttl, found.recovery, found.tags) == (None, None, {"Service": "chef"})
    assert set(found.unknown) == {"ttl", "recovery"}
    assert "not allowed" in found.unknown["ttl"]
    canned.asked.clear()
    assert account.tables.describe("orders", settings=False) is not None
    assert canned.asked == ["DescribeTable"]


def test_credentials_that_expire_while_a_table_is_read_are_not_a_missing_part(answering: Answers) -> None:
    answers = {"DescribeTable": json_error("ExpiredTokenException", EXPIRED)}
    account, _ = answering(lambda operation, _: answers[operation])
    assert _refusal(lambda: account.tables.describe("orders")).code == "credentials-expired"


def test_a_request_that_boto3_refuses_is_an_error_of_ours(answering: Answers) -> None:
    account, _ = answering(json_answer({}))
    refusal = _refusal(lambda: account.observations.log_group(""))
    assert refusal.code == "request-invalid"


def test_problems_of_a_change_set_never_fail(answering: Answers) -> None:
    for answer in (query_error("AccessDenied", DENIED, 403), query_error("InvalidAction", "Could not find operation")):
        account, _ = answering(answer)
        assert account.change_sets.problems("arn:aws:cloudformation:us-east-1:123456789012:changeSet/x/1") == ()


def test_usage_errors_are_told_apart(answering: Answers) -> None:
    text = "1 validation error detected: Value '...' at 'templateBody' failed to satisfy constraint: Member must have length "
    account, _ = answering(query_error("ValidationError", text + "less than or equal to 51200"))
    refusal = _refusal(lambda: account.stacks.template("orders"))
    assert isinstance(refusal, UsageError)
    assert refusal.code == "template-too-large"
