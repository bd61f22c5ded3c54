"""Reading policies: whatever is in the file, the answer is a policy or an error in words; and writing reads back alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.access.decide import Policies, decide
from tablewright.access.glob import fence, like, matches
from tablewright.access.policy import as_json
from tablewright.access.read import policy_of, read_policy
from tablewright.access.request import Request, caller
from tablewright.errors import UsageError

_KEYS = st.sampled_from(
    [
        "Version",
        "Statement",
        "Effect",
        "Action",
        "Resource",
        "Condition",
        "Principal",
        "Sid",
        "StringEquals",
        "AWS",
        "x",
    ]
) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_a_policy_or_an_error_in_words(document: Any) -> None:
    try:
        policy = policy_of(document, "policy.json")
    except UsageError as error:
        assert error.detail.startswith("policy.json") and error.detail.endswith(".")
        return
    assert policy_of(json.loads(as_json(policy))).statements == policy.statements


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_an_error_in_words(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_policy(text, "policy.json")
    assert "policy.json" in caught.value.detail


BROKEN = [
    ('{"Version": "2012-10-17",', "policy-not-json", "line 1"),
    ('{"Statement": []', "policy-not-json", "line 1"),
    ("[]", "policy-malformed", "a policy is an object"),
    ('{"Version": "2012-10-17"}', "policy-malformed", "it has no Statement"),
    ('{"Version": "2013-01-01", "Statement": []}', "policy-malformed", "the current one is 2012-10-17"),
    ('{"Statment": []}', "policy-malformed", "did you mean Statement?"),
    ('{"Statement": {"Action": "s3:*"}}', "policy-malformed", "it is Allow or Deny"),
    ('{"Statement": {"Effect": "allow", "Action": "s3:*"}}', "policy-malformed", "written exactly so"),
    ('{"Statement": {"Effect": "Allow"}}', "policy-malformed", "it has no Action"),
    ('{"Statement": {"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*"}}', "policy-malformed", "one of them"),
    ('{"Statement": {"Effect": "Allow", "Action": "GetItem"}}', "policy-malformed", "service:Name"),
    ('{"Statement": {"Effect": "Allow", "Action": "*:GetItem"}}', "policy-malformed", "wildcards go after it"),
    ('{"Statement": {"Effect": "Allow", "Action": []}}', "policy-malformed", "the list is empty"),
    ('{"Statement": {"Effect": "Allow", "Action": 1}}', "policy-malformed", "text is expected"),
    ('{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "s3:*"}}', "policy-malformed", "stands twice"),
    (
        '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Condition": {"StringEqual": {"a": "b"}}}}',
        "policy-malformed",
        "did you mean StringEquals?",
    ),
    (
        '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Condition": {"Null": {"a": "maybe"}}}}',
        "policy-malformed",
        "Null compares with true",
    ),
    (
        '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Principal": {"Aws": "1"}}}',
        "policy-malformed",
        "did you mean AWS?",
    ),
    (
        '{"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:*"}, {"Sid": "A", "Effect": "Allow", "Action": "s3:*"}]}',
        "policy-malformed",
        "the Sid A",
    ),
    ("[" * 100_000, "policy-malformed", "nested deeper"),
]


@pytest.mark.parametrize(("text", "code", "says"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_policy_says_where_and_what(text: str, code: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_policy(text, "policy.json")
    assert caught.value.code == code
    assert says in caught.value.detail


def test_an_answer_of_iam_saved_as_it_was_is_read() -> None:
    inner = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    saved = json.dumps({"RoleName": "App", "PolicyName": "p", "PolicyDocument": inner})
    assert read_policy(saved).statements == read_policy(json.dumps(inner)).statements


def _slow(pattern: str, text: str) -> bool:
    """Matching by definition: try every split."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_slow(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _slow(pattern[1:], text[1:])


@given(st.text("ab*?:", max_size=7), st.text("ab:", max_size=8))
def test_wildcards_match_by_definition(pattern: str, text: str) -> None:
    assert matches(like(pattern), text) is _slow(pattern, text)


@given(st.text("ab*?:", max_size=9), st.text("ab:", max_size=9))
def test_fencing_only_narrows(pattern: str, text: str) -> None:
    if matches(fence(like(pattern)), text):
        assert matches(like(pattern), text)


@given(st.integers(5, 12))
def test_many_stars_come_to_an_end(stars: int) -> None:
    """By trying each way to match, which grows exponentially with the stars, this would not end."""
    assert not matches(like("a*" * stars + "b"), "a" * 2000)


@given(st.permutations(["Allow", "Deny", "Allow"]))
def test_the_order_of_statements_does_not_matter(effects: list[str]) -> None:
    statements = [{"Effect": effect, "Action": "dynamodb:*", "Resource": "*"} for effect in effects]
    policy = policy_of({"Version": "2012-10-17", "Statement": statements})
    request = Request("dynamodb:GetItem", "*", caller("arn:aws:iam::111122223333:user/a"))
    assert decide(request, Policies(identity=(policy,))).effect.value == "explicitly denied"
