"""The fence: a Deny of every write in a table's own policy, put into the policy's text and cut out of it again; pure.

On AWS an explicit Deny wins over every Allow, so the fence holds for whoever writes, whatever else is allowed; tablewright's own
principal is excepted, and control-plane calls are not named, so the fence can always be taken down by whoever put it up. Its
condition on aws:CurrentTime makes it lapse by itself at the deadline. That DynamoDB evaluates this condition in a table's policy
follows from the IAM User Guide ("AWS global condition context keys") and has not been tried on AWS: unverified.

The statement is the first of the policy, put there as text: cutting it out gives back the very bytes that were there before,
without knowing them, as long as AWS gives back the text that it was sent (the API reference does not say so: unverified; where it
writes the JSON another way, what is left still says the same).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from tablewright.errors import Refused

__all__ = ["MOST_BYTES", "SID", "Fence", "excepted", "fenced", "found", "lifted", "same_policy"]

SID = "TablewrightFence"
_AROUND = "TablewrightFenceAround"
"""The Sid where the policy's one statement stood without a list around it."""
_ALONE = "TablewrightFenceAlone"
"""The Sid where there was no policy."""
_SIDS = re.compile(rf"({SID}|{_AROUND}|{_ALONE})(?:By([0-9a-zA-Z]+))?")
"""A fence's Sid tells whose it is: a table has one fence, and two migrations must not take it for their own."""

MOST_BYTES = 20 * 1024
"""The most that a table's policy may have (Developer Guide, "Resource-based policy considerations")."""

_WRITES = (
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PartiQLDelete",
)
"""Every write of an item; those of a transaction are authorized as the writes that it is made of."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SESSION = re.compile(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.+")
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence as it stands in a policy: until when it holds, whom it excepts, and whose it is ("" where it does not say)."""

    deadline: datetime
    excepted: tuple[str, ...]
    owner: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it denies anything at ``now`` (AWS's time)."""
        return now < self.deadline


def excepted(caller_arn: str) -> tuple[str, ...]:
    """The values of aws:PrincipalArn for a caller as GetCallerIdentity names it: for a session its role, whatever its path."""
    session = _SESSION.fullmatch(caller_arn)
    if session is None:
        return (caller_arn,)
    partition, account, role = session.groups()
    return (f"arn:{partition}:iam::{account}:role/{role}", f"arn:{partition}:iam::{account}:role/*/{role}")


def fenced(policy: str | None, table_arn: str, principals: tuple[str, ...], deadline: datetime, owner: str = "") -> str:
    """The policy with a fence in it; one that has a fence already gets this one instead. Raises Refused where it has no room.

    ``owner``: letters and digits by which a migration knows its fence again.
    """
    by = f"By{owner}" if owner else ""
    without = lifted(policy)
    if without is None:
        text = f'{{"Version":"2012-10-17","Statement":[{_statement(_ALONE + by, table_arn, principals, deadline)}]}}'
    else:
        begin, end = _statements(without)
        if without[begin] == "[":
            rest = without[begin + 1 :]
            comma = "" if _SPACE.sub("", rest, count=1).startswith("]") else ","
            text = without[: begin + 1] + _statement(SID + by, table_arn, principals, deadline) + comma + rest
        else:
            around = _statement(_AROUND + by, table_arn, principals, deadline)
            text = f"{without[:begin]}[{around},{without[begin:end]}]{without[end:]}"
    if len(text.encode()) > MOST_BYTES:
        raise Refused(
            "policy-has-no-room",
            "The table's policy has no room for the fence",
            f"With the statement that holds the writers back, the policy of {table_arn} would have {len(text.encode()):,} bytes, "
            f"and AWS takes {MOST_BYTES:,}. Shorten the policy, or give commands that hold your writers (--hook fence=… and "
            "--hook unfence=…).",
        )
    return text


def lifted(policy: str | None) -> str | None:
    """The policy without the fence: the very text that was there before it; None where the fence was all of it."""
    if policy is None:
        return None
    begin, end = _statements(policy)
    if policy[begin] != "[":
        return policy
    place = _first(policy, begin)
    if place is None:
        return policy
    at, after, statement = place
    named = _named(statement)
    if named is None:
        return policy
    sid = named[0]
    comma = _skip(policy, after)
    if policy[comma] != ",":
        return None if sid == _ALONE else policy[:at] + policy[after:]
    if sid == _AROUND and len(json.loads(policy)["Statement"]) == 2:
        inner = _skip(policy, comma + 1)
        _, inner_end = _DECODER.raw_decode(policy, inner)
        return policy[:begin] + policy[inner:inner_end] + policy[end:]
    return policy[:at] + policy[comma + 1 :]


def found(policy: str | None) -> Fence | None:
    """The fence that stands in a policy, lapsed or not."""
    if policy is None:
        return None
    begin, _ = _statements(policy)
    place = _first(policy, begin) if policy[begin] == "[" else None
    named = _named(place[2]) if place is not None else None
    if place is None or named is None:
        return None
    condition: Any = place[2].get("Condition", {})
    deadline = condition["DateLessThan"]["aws:CurrentTime"]
    principals = condition["ArnNotLike"]["aws:PrincipalArn"]
    deadline = deadline[0] if isinstance(deadline, list) else deadline
    return Fence(
        datetime.strptime(deadline, _TIME).replace(tzinfo=UTC),
        tuple(principals) if isinstance(principals, list) else (principals,),
        named[1],
    )


def _named(statement: dict[str, object]) -> tuple[str, str] | None:
    """(which kind of fence, whose) a statement is by its Sid; None for any other."""
    sid = _SIDS.fullmatch(str(statement.get("Sid", "")))
    return (sid[1], sid[2] or "") if sid is not None else None


def same_policy(one: str | None, other: str | None) -> bool:
    """Whether two texts say the same."""
    return (None if one is None else json.loads(one)) == (None if other is None else json.loads(other))


def _statement(sid: str, table_arn: str, principals: tuple[str, ...], deadline: datetime) -> str:
    told = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(_WRITES),
        "Resource": table_arn,
        "Condition": {
            "ArnNotLike": {"aws:PrincipalArn": list(principals)},
            "DateLessThan": {"aws:CurrentTime": deadline.astimezone(UTC).strftime(_TIME)},
        },
    }
    return json.dumps(told, separators=(",", ":"))


def _statements(policy: str) -> tuple[int, int]:
    """Where the value of the top-level Statement begins and ends in the text. Raises ValueError for what is no policy."""
    at = _skip(policy, 0)
    if policy[at : at + 1] != "{":
        raise ValueError("a policy is a JSON object")
    at = _skip(policy, at + 1)
    while policy[at] == '"':
        name, at = scanstring(policy, at + 1, True)
        at = _skip(policy, _skip(policy, at) + 1)  # behind the colon
        _, end = _DECODER.raw_decode(policy, at)
        if name == "Statement":
            return at, end
        at = _skip(policy, end)
        if policy[at] == ",":
            at = _skip(policy, at + 1)
    raise ValueError("the policy has no Statement")


def _first(policy: str, begin: int) -> tuple[int, int, dict[str, object]] | None:
    """(begin, end, value) of the first statement in the list that begins at ``begin``; None for an empty list."""
    at = _skip(policy, begin + 1)
    if policy[at] == "]":
        return None
    value, end = _DECODER.raw_decode(policy, at)
    return (at, end, value) if isinstance(value, dict) else None


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    assert space is not None
    return space.end()
