"""Which AWS operation a request asks for, and whether it can change anything.

Clients speak five protocols to one port: JSON (X-Amz-Target), Query (Action in a form), Smithy RPC v2 CBOR (the path names
the operation), REST for S3 and Backup, and presigned URLs. The service comes from what the protocol itself says, and only
then from the credential scope, because that is what an unsigned client lacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

__all__ = ["INSIDE", "SERVICES", "Operation", "Request", "access_key", "changes", "region_of", "which"]

INSIDE = "x-tablewright-inside"
"""A header of requests that the embedded CloudFormation makes: what it does in a way of its own is not held against it."""

SERVICES = (
    "application-autoscaling",
    "backup",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "iam",
    "kinesis",
    "kms",
    "logs",
    "resourcegroupstaggingapi",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
)
"""What the embedded AWS offers, by botocore's names: the services whose every change can be logged and replayed."""

_TARGETS = {
    "anyscalefrontendservice": "application-autoscaling",
    "dynamodb_20120810": "dynamodb",
    "dynamodbstreams_20120810": "dynamodbstreams",
    "logs_20140328": "logs",
    "graniteserviceversion20100801": "cloudwatch",
    "amazonsqs": "sqs",
    "amazonssm": "ssm",
    "trentservice": "kms",
    "kinesis_20131202": "kinesis",
    "secretsmanager": "secretsmanager",
    "resourcegroupstaggingapi_20170126": "resourcegroupstaggingapi",
}
_SCOPES = {
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
    **{name: name for name in SERVICES},
}
_VERSIONS = {
    "2010-05-15": "cloudformation",
    "2010-08-01": "cloudwatch",
    "2010-03-31": "sns",
    "2012-11-05": "sqs",
    "2010-05-08": "iam",
    "2011-06-15": "sts",
}
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(?:\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")
_RPC_PATH = re.compile(r"^/service/([A-Za-z0-9_]+)/operation/([A-Za-z0-9_]+)/?$")
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: header names in lower case, the path as it was sent, the query without its "?"."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Operation:
    """The service (botocore's name, or "" when none could be told) and the operation's name ("" in REST's method and path)."""

    service: str
    name: str


def _scope(request: Request) -> tuple[str, str, str]:
    """(access key, region, service) of the signature, each "" when absent."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if found is None and "X-Amz-Credential" in request.query:
        credential = parse_qs(request.query).get("X-Amz-Credential", [""])[0]
        found = _CREDENTIAL.search(f"Credential={credential}")
    return ("", "", "") if found is None else (found[1], found[2], found[3])


def access_key(request: Request) -> str:
    """The access key id that signed the request, or ""."""
    return _scope(request)[0]


def region_of(request: Request) -> str:
    """The region of the request's signature; us-east-1 when it is not signed."""
    return _scope(request)[1] or DEFAULT_REGION


def which(request: Request) -> Operation:
    """The operation that `request` asks for."""
    target = request.headers.get("x-amz-target", "")
    if "." in target:
        prefix, _, name = target.rpartition(".")
        return Operation(_TARGETS.get(prefix.lower(), _by_scope(request)), name)
    rpc = _RPC_PATH.match(request.path)
    if rpc is not None:
        return Operation(_TARGETS.get(rpc[1].lower(), ""), rpc[2])
    if not _is_form(request) and "Action=" not in request.query:
        scope = _scope(request)[2]
        return Operation(_SCOPES.get(scope, "") if scope else "s3", "")
    form = query_form(request)
    action = form.get("Action", "")
    if not action:
        return Operation(_by_scope(request) or "s3", "")
    return Operation(_by_scope(request) or _VERSIONS.get(form.get("Version", ""), ""), action)


def _by_scope(request: Request) -> str:
    return _SCOPES.get(_scope(request)[2], "")


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def query_form(request: Request) -> dict[str, str]:
    """The parameters of a Query request, from its URL and its form body."""
    values = parse_qs(request.query, keep_blank_values=True)
    if request.body and _is_form(request):
        values.update(parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return {name: found[0] for name, found in values.items()}


_READ_PREFIXES = (
    "BatchGet",
    "Check",
    "Describe",
    "Estimate",
    "Filter",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Simulate",
    "TransactGet",
    "Validate",
    "Verify",
)
_READS = frozenset({("kms", name) for name in ("Decrypt", "Encrypt", "Sign", "GenerateDataKey", "GenerateRandom")})
_REST = frozenset({"backup", "s3"})
_CHANGES = frozenset(
    {
        # They finish a pending job when asked about it, and keep the time.
        ("dynamodb", "DescribeExport"),
        ("dynamodb", "DescribeImport"),
        ("logs", "GetQueryResults"),
        ("kinesis", "GetShardIterator"),
        ("kinesis", "GetRecords"),
        ("kms", "GetParametersForImport"),
        ("sts", "GetSessionToken"),
        ("sts", "GetFederationToken"),
        ("iam", "GetCredentialReport"),
        ("iam", "GetServiceLinkedRoleDeletionStatus"),
    }
)
_STATEMENTS = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})
_SELECT = re.compile(r"\s*select\b", re.IGNORECASE)


def changes(request: Request, operation: Operation) -> bool:
    """Whether the request may change state. An operation that isn't known to only read is taken to change."""
    service, name = operation.service, operation.name
    if service in _REST and not name:
        return not (request.method in ("GET", "HEAD", "OPTIONS") or "select-type" in request.query)
    if (service, name) in _CHANGES:
        return True
    if service == "dynamodb" and name in _STATEMENTS:
        return not _only_selects(request.body)
    return not (name.startswith(_READ_PREFIXES) or (service, name) in _READS)


def _only_selects(body: bytes) -> bool:
    try:
        data = json.loads(body)
        statements = data.get("Statements") or data.get("TransactStatements") or [data]
        return all(_SELECT.match(each["Statement"]) is not None for each in statements)
    except (ValueError, AttributeError, KeyError, TypeError):
        return False
