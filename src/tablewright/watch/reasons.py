"""The throttling reasons that an exception carries, explained.

DynamoDB puts ``ThrottlingReasons`` into ProvisionedThroughputExceededException, ThrottlingException and
RequestLimitExceeded: each has a reason of the form {Table|Index}{Read|Write}{cause}Exceeded and the ARN of what refused
(developer guide, "Throttling reasons").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Explained", "explain"]

_REASON = re.compile(
    r"\b(Table|Index)(Read|Write)"
    r"(ProvisionedThroughput|AccountLimit|KeyRangeThroughput|MaxOnDemandThroughput)Exceeded\b"
)
_ARN = re.compile(
    r"arn:aws[a-z-]*:dynamodb:(?P<region>[a-z0-9-]*):(?P<account>\d*):table/(?P<table>[A-Za-z0-9_.-]+)"
    r"(?:/index/(?P<index>[A-Za-z0-9_.-]+))?"
)
_PROBLEMS = {
    "ProvisionedThroughput": "provisioned-throttling",
    "AccountLimit": "account-limit",
    "KeyRangeThroughput": "hot-partition",
    "MaxOnDemandThroughput": "on-demand-ceiling",
}
_MEANINGS = {
    "ProvisionedThroughput": "more {side} units were asked for than are provisioned",
    "AccountLimit": "the account's quota on {side} units was reached",
    "KeyRangeThroughput": "one partition was asked for more {side} units than a partition gives",
    "MaxOnDemandThroughput": "the maximum that is set for {side}s on demand was reached",
}
_HELP = {
    "ProvisionedThroughput": "Provision more units, let auto scaling do it, or bill on demand.",
    "AccountLimit": "Ask for a higher quota in Service Quotas, or spread the load.",
    "KeyRangeThroughput": "Spread the busiest keys over several values; a cache takes reads off them.",
    "MaxOnDemandThroughput": "Raise the maximum if this traffic is wanted; keep it if it is there to cap the cost.",
}
_ERRORS = {
    "ProvisionedThroughputExceededException": "A table or index refused the request for its throughput.",
    "ThrottlingException": "The request was throttled; the text names no reason. Control-plane calls are throttled by rate too.",
    "RequestLimitExceeded": "The account's quota on throughput was reached; the text names no reason.",
    "TransactionConflictException": "Another transaction held one of the items; retry with backoff.",
    "TransactionCanceledException": "A transaction was cancelled: CancellationReasons in the text name each member's reason.",
    "ConditionalCheckFailedException": "The condition of a write did not hold: no problem of the table, and paid for.",
    "ProvisionedThroughputExceeded": "A table or index refused the request for its throughput.",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """One reason in an exception's text: what refused, what it means, what helps, and the problem of ``diagnose`` it is."""

    reason: str
    subject: str
    table: str
    meaning: str
    remedy: str
    problem: str = ""


def explain(text: str) -> tuple[Explained, ...]:
    """The throttling reasons in an exception's text, in their order; () when it holds none that is known.

    The resource of a reason is the ARN nearest behind it, or the nearest before where none follows.
    """
    arns = list(_ARN.finditer(text))
    found: list[Explained] = []
    for match in _REASON.finditer(text):
        kind, side, cause = match.groups()
        arn = next((each for each in arns if each.start() >= match.end()), arns[-1] if arns else None)
        table = arn["table"] if arn else ""
        index = arn["index"] if arn else None
        subject = f"{table}/{index}" if index else table
        problem = "index-back-pressure" if kind == "Index" and side == "Write" else _PROBLEMS[cause]
        meaning = _MEANINGS[cause].format(side=side.lower())
        where = (
            f"index {index}" if index else "an index" if kind == "Index" else f"table {table}" if table else "the table"
        )
        words = f"Of {where}, {meaning}."
        if problem == "index-back-pressure":
            words += " The refused operation was a write to the table: its index could not take it."
        each = Explained(match.group(0), subject, table, words, _HELP[cause], problem)
        if each not in found:
            found.append(each)
    if not found:
        for name, meaning in _ERRORS.items():
            if re.search(rf"\b{name}\b", text):
                return (Explained(name, "", arns[0]["table"] if arns else "", meaning, "", ""),)
    return tuple(found)
