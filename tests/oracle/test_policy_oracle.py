"""Our evaluator and iam-simulate answer alike, but where AWS's documentation says otherwise than iam-simulate does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tablewright.access.decide import decide
from tests.cases.policy_cases import FOLDERS, policies_of, read_case, request_of
from tests.oracle.iam_simulate import ask, installed
from tests.oracle.random_policies import random_case

pytestmark = pytest.mark.slow

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Disagreement:
    """A rule that the two read differently, the documentation's word on it, and which cases it can concern."""

    name: str
    documented: str
    concerns: Callable[[Document], bool]


@pytest.fixture(scope="module")
def oracle() -> Path:
    folder = installed()
    if folder is None:
        pytest.skip("needs Node.js and the npm registry")
    return folder


def _statements(case: Document) -> Iterator[tuple[Document, Document]]:
    listed = [*case.get("identity", []), *case.get("session", []), *case.get("resource_control", [])]
    listed += [case[key] for key in ("resource_policy", "boundary") if key in case]
    listed += [policy for level in case.get("service_control", []) for policy in level]
    for policy in listed:
        written = policy["Statement"]
        for statement in written if isinstance(written, list) else [written]:
            yield policy, statement


def _conditions(case: Document) -> Iterator[tuple[str, str, list[str]]]:
    for _, statement in _statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                yield operator, key, values if isinstance(values, list) else [str(values)]


def _old_version_with_variables(case: Document) -> bool:
    return any(
        policy.get("Version") != "2012-10-17" and "${" in json.dumps(statement)
        for policy, statement in _statements(case)
    )


def _variable_without_value(case: Document) -> bool:
    context = set(request_of(case["request"]).keys())
    for _, statement in _statements(case):
        negated = "NotResource" in statement or any("Not" in operator for operator in statement.get("Condition", {}))
        named = re.findall(r"\$\{([^{}*?$,]+)\}", json.dumps(statement))
        if negated and any(name.lower() not in context for name in named):
            return True
    return False


def _any_value_if_exists(case: Document) -> bool:
    context = {key.lower() for key in case["request"].get("context", {})}
    return any(
        operator.startswith("ForAnyValue:") and operator.endswith("IfExists") and key.lower() not in context
        for operator, key, _ in _conditions(case)
    )


def _null_of_an_empty_value(case: Document) -> bool:
    empty = {key.lower() for key, value in case["request"].get("context", {}).items() if value in ([], [""], "")}
    return any(operator == "Null" and key.lower() in empty for operator, key, _ in _conditions(case))


def _empty_text_in_a_set(case: Document) -> bool:
    empty = {key.lower() for key, value in case["request"].get("context", {}).items() if value == [""]}
    return any(":" in operator and key.lower() in empty for operator, key, _ in _conditions(case))


def _session_named_by_the_resource(case: Document) -> bool:
    caller = case["request"]["caller"]
    return "session" in case and ":sts:" in caller and caller in json.dumps(case.get("resource_policy", {}))


def _everyone_named_and_a_session_policy(case: Document) -> bool:
    written = json.dumps(case.get("resource_policy", {}))
    everyone = (
        '"Principal": "*"' in written or '"NotPrincipal"' in written or re.search(r'"AWS": (\[[^]]*)?"\*"', written)
    )
    return "session" in case and bool(everyone)


def _star_beyond_a_colon(case: Document) -> bool:
    return any(
        re.search(r'"arn:aws:dynamodb:\*:table/', json.dumps(s.get("Resource", ""))) for _, s in _statements(case)
    )


def _root_user(case: Document) -> bool:
    return str(case["request"]["caller"]).endswith(":root")


def _service_under_control_policies(case: Document) -> bool:
    return str(case["request"]["caller"]).endswith(".amazonaws.com") and "service_control" in case


def _federated_keys(case: Document) -> bool:
    providers = ("www.amazon.com:", "graph.facebook.com:", "cognito-identity.", "token.actions.")
    return any(key.startswith(providers) for key in case["request"].get("context", {}))


def _single_valued_key_with_several(case: Document) -> bool:
    context = case["request"].get("context", {})
    return any(key.startswith("aws:PrincipalTag/") and isinstance(value, list) for key, value in context.items())


def _escapes(case: Document) -> bool:
    return any("${$}" in json.dumps(statement) for _, statement in _statements(case))


def _not_base64(case: Document) -> bool:
    return any(
        operator == "BinaryEquals" and len(value) % 4 for operator, _, values in _conditions(case) for value in values
    )


def _variable_after_a_wildcard_account(case: Document) -> bool:
    return any(":*:${" in json.dumps(statement.get("Resource", "")) for _, statement in _statements(case))


def _epoch_seconds(case: Document) -> bool:
    return any(
        operator.startswith("Date") and any(re.fullmatch(r"\d{9,}", value) for value in values)
        for operator, _, values in _conditions(case)
    )


def _not_resource_without_a_resource(case: Document) -> bool:
    return case["request"]["resource"] == "*" and any("NotResource" in statement for _, statement in _statements(case))


def _address_of_another_version(case: Document) -> bool:
    said = case["request"].get("context", {}).get("aws:SourceIp", "")
    return any(
        operator.startswith("NotIpAddress") and any((":" in value) != (":" in said) for value in values)
        for operator, _, values in _conditions(case)
    )


def _role_among_all_but(case: Document) -> bool:
    allows = [s for _, s in _statements(case) if "NotPrincipal" in s and s["Effect"] == "Allow"]
    return bool(allows) and ":role/" in case["request"]["caller"] and "boundary" in case


DISAGREEMENTS = (
    Disagreement("old-version", "Version element: without 2012-10-17, ${…} is text.", _old_version_with_variables),
    Disagreement("no-value", "Variables with no value: negated operators match them.", _variable_without_value),
    Disagreement("any-value-if-exists", "IfExists: true where the key is missing.", _any_value_if_exists),
    Disagreement("null-of-empty", "Null: false means that the value is not null.", _null_of_an_empty_value),
    Disagreement("empty-text", "Set operators: an empty text is a null data set.", _empty_text_in_a_set),
    Disagreement("session-named", "A session named by the resource is not limited.", _session_named_by_the_resource),
    Disagreement(
        "everyone-named", "Principal * is not limited by a session policy.", _everyone_named_and_a_session_policy
    ),
    Disagreement("star-and-colon", "Resource: a * that ends a segment goes on.", _star_beyond_a_colon),
    Disagreement("root-user", "The root user has full access by default.", _root_user),
    Disagreement("service-control", "SCPs bind users and roles, not services.", _service_under_control_policies),
    Disagreement("federated-keys", "Keys of identity providers are in the context.", _federated_keys),
    Disagreement(
        "single-valued", "A tag has one value: the case asks what no request has.", _single_valued_key_with_several
    ),
    Disagreement("dollar", "Special characters: ${$} is a dollar sign.", _escapes),
    Disagreement("not-base64", "BinaryEquals compares bytes.", _not_base64),
    Disagreement("epoch", "Date operators: epoch (UNIX) time, which counts seconds.", _epoch_seconds),
    Disagreement("no-resource", "NotResource: everything but what is listed.", _not_resource_without_a_resource),
    Disagreement("ip-version", "NotIpAddress: every address but those.", _address_of_another_version),
    Disagreement("all-but", "A role acts as a session, which NotPrincipal grants to directly.", _role_among_all_but),
    Disagreement("queue", "A documented example: one's own queue.", _variable_after_a_wildcard_account),
)


def _compare(oracle: Path, cases: list[Document]) -> tuple[Counter[str], list[Document]]:
    """How often they agree or differ by each rule, and the cases that no rule explains."""
    counted: Counter[str] = Counter()
    unexplained: list[Document] = []
    for case, theirs in zip(cases, ask(oracle, cases), strict=True):
        ours = decide(request_of(case["request"]), policies_of(case)).effect.value
        if theirs is None:
            counted["refused"] += 1
        elif ours == theirs:
            counted[ours] += 1
        else:
            rule = next((each.name for each in DISAGREEMENTS if each.concerns(case)), "")
            counted[f"differ: {rule}"] += 1
            if not rule:
                unexplained.append({"ours": ours, "theirs": theirs, **case})
    return counted, unexplained


def test_the_documented_cases(oracle: Path) -> None:
    counted, unexplained = _compare(oracle, [read_case(folder).document for folder in FOLDERS])
    print(dict(counted))
    assert not unexplained, json.dumps(unexplained[:3], indent=1)
    assert sum(counted[end] for end in ("allowed", "explicitly denied", "implicitly denied")) > 500


def test_ten_thousand_random_policies(oracle: Path) -> None:
    chance = Random(20261122)
    counted, unexplained = _compare(oracle, [random_case(chance) for _ in range(10_000)])
    print(dict(counted))
    assert not unexplained, f"{len(unexplained)}: " + json.dumps(unexplained[:2], indent=1)
    assert counted["refused"] == 0
    assert min(counted[end] for end in ("allowed", "explicitly denied", "implicitly denied")) > 800
