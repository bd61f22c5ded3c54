"""Laws of the fence: cutting it out gives back the bytes that were there, it holds whom it is meant to hold, and it lapses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.access.decide import Policies, decide
from tablewright.access.read import read_policy
from tablewright.access.request import Request, caller
from tablewright.errors import Refused
from tablewright.migrate.live.fence import excepted, fenced, found, lifted, same_policy

ARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/sessions"
ROLE = "arn:aws:iam::111122223333:role/migrator"
TOOL = "arn:aws:sts::111122223333:assumed-role/migrator/me"
APP = "arn:aws:sts::111122223333:assumed-role/app/x"
DEADLINE = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": st.sampled_from(["*", {"AWS": ROLE}]),
        "Action": st.sampled_from(["dynamodb:GetItem", ["dynamodb:Query", "dynamodb:Scan"]]),
        "Resource": st.just(ARN),
    },
    optional={"Sid": st.text(st.characters(codec="utf-8"), max_size=8)},
)
policies = st.builds(
    lambda body, indent, spaced: json.dumps(
        body, indent=indent, separators=(", ", " : ") if spaced else None, ensure_ascii=spaced
    ),
    st.fixed_dictionaries(
        {"Version": st.just("2012-10-17"), "Statement": st.one_of(statements, st.lists(statements, max_size=3))},
        optional={"Id": st.text(max_size=5)},
    ).map(lambda body: dict(sorted(body.items(), reverse=len(str(body)) % 2 == 0))),
    st.sampled_from([None, 0, 2, "\t"]),
    st.booleans(),
)


@settings(max_examples=40)
@given(st.none() | policies, st.sampled_from(["", "0a1b"]))
def test_what_is_cut_out_leaves_the_very_bytes(policy: str | None, owner: str) -> None:
    text = fenced(policy, ARN, excepted(TOOL), DEADLINE, owner)
    assert lifted(text) == policy
    fence = found(text)
    assert fence is not None and fence.owner == owner and found(policy) is None


@settings(max_examples=40)
@given(st.none() | policies)
def test_a_fence_is_renewed_in_its_place(policy: str | None) -> None:
    text = fenced(policy, ARN, excepted(TOOL), DEADLINE)
    later = fenced(text, ARN, excepted(TOOL), DEADLINE + timedelta(hours=1))
    fence = found(later)
    assert fence is not None and fence.deadline == DEADLINE + timedelta(hours=1)
    assert lifted(later) == policy


@settings(max_examples=40)
@given(policies)
def test_a_policy_that_was_written_anew_still_says_the_same(policy: str) -> None:
    """AWS may give back the JSON in another form than it was sent."""
    anew = json.dumps(json.loads(fenced(policy, ARN, excepted(TOOL), DEADLINE)), indent=1)
    assert same_policy(lifted(anew), policy)


def _may(policy: str, action: str, who: str, when: datetime) -> bool:
    """As the project's own evaluator decides it, for callers that their own policies allow everything."""
    allow = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}}'
    context = {"aws:CurrentTime": (when.strftime("%Y-%m-%dT%H:%M:%SZ"),)}
    request = Request(f"dynamodb:{action}", ARN, caller(who), context=context)
    return decide(request, Policies(identity=(read_policy(allow),), resource=read_policy(policy))).allowed


@pytest.mark.parametrize("action", ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert"])
def test_writers_are_held_until_the_deadline(action: str) -> None:
    policy = fenced(None, ARN, excepted(TOOL), DEADLINE)
    before, after = DEADLINE - timedelta(seconds=1), DEADLINE + timedelta(seconds=1)
    assert not _may(policy, action, APP, before)
    assert _may(policy, action, APP, after)
    assert _may(policy, action, TOOL, before)


@pytest.mark.parametrize(
    "action", ["GetItem", "Scan", "GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy"]
)
def test_readers_and_whoever_takes_it_down_are_not_held(action: str) -> None:
    policy = fenced(None, ARN, excepted(TOOL), DEADLINE)
    assert _may(policy, action, APP, DEADLINE - timedelta(seconds=1))


def test_a_role_with_a_path_is_excepted_too() -> None:
    assert excepted(TOOL) == (ROLE, "arn:aws:iam::111122223333:role/*/migrator")
    assert excepted("arn:aws:iam::111122223333:user/me") == ("arn:aws:iam::111122223333:user/me",)


def test_a_policy_without_room_is_refused() -> None:
    full = json.dumps({"Version": "2012-10-17", "Statement": [], "Id": "x" * 20_300})
    with pytest.raises(Refused, match="no room"):
        fenced(full, ARN, excepted(TOOL), DEADLINE)
