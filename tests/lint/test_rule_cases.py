"""Every rule finds what its bad cases hold, at its line, and nothing in its good ones."""

from __future__ import annotations

import pytest

from tablewright.lint.reserved import RESERVED
from tablewright.lint.rule import FAMILIES, SECTIONS, rules
from tests.lint.cases import Case, cases

CASES = cases()
OF_THE_CHECK_ITSELF = {"TW-TPL-006"}
"""Reported when a rule fails: shown in test_failing_rules, since no file may make one fail."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.folder.name}")
def test_case(case: Case) -> None:
    report = case.report()
    assert not [finding for finding in report.findings if finding.rule == "TW-TPL-006"]
    found = [finding for finding in report.open if finding.rule == case.rule]
    if not case.is_bad:
        assert not found
        return
    expected = case.read("expected.json")
    assert [(one.path, one.line) for one in found] == [(one["file"], one["line"]) for one in expected]
    for finding, one in zip(found, expected, strict=True):
        assert finding.severity.value == one.get("severity", finding.severity.value)
        assert finding.message
        assert finding.instead


def test_every_rule_has_good_and_bad_cases() -> None:
    kinds = {(case.rule, case.is_bad) for case in CASES}
    wanted = {(rule, bad) for rule in rules() if rule not in OF_THE_CHECK_ITSELF for bad in (True, False)}
    assert kinds == wanted


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_a_rule_is_documented_in_the_fixed_sections(rule: object) -> None:
    from tablewright.lint.rule import Rule

    assert isinstance(rule, Rule)
    assert rule.title and not rule.title.endswith(".")
    assert all(rule.section(section) for section in SECTIONS)
    assert rule.family in FAMILIES
    assert rule.id not in RESERVED


def test_names_and_ids_are_each_given_once() -> None:
    names = [rule.name for rule in rules().values()]
    assert len(set(names)) == len(names)
