"""No false alarm: templates as the documentation's patterns have them, and nothing that an expert would call wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tablewright.lint.check import Report
from tablewright.lint.options import Options
from tablewright.lint.run import Asked, check_sources, gather
from tablewright.model.finding import Severity

CLEAN = Path(__file__).resolve().parents[1] / "cases" / "clean"
OTHERS = Path(__file__).resolve().parents[1] / "cases"


def _loud(report: Report) -> list[str]:
    return [
        f"{Path(one.path).name}:{one.line} {one.rule} {one.message}"
        for one in report.open
        if one.severity is not Severity.INFO
    ]


def test_there_are_enough() -> None:
    assert len(list(CLEAN.iterdir())) >= 60


@pytest.mark.parametrize("path", sorted(CLEAN.iterdir()), ids=lambda path: path.name)
def test_our_rules_have_nothing_to_say(path: Path) -> None:
    report = check_sources(gather([str(path)]), Asked(Options(), generic=False))
    assert [file.kind for file in report.files] == ["template"]
    assert not _loud(report)


def test_they_are_silent_together_too() -> None:
    assert not _loud(check_sources(gather([str(CLEAN)]), Asked(Options(), generic=False)))


@pytest.mark.slow
def test_cfn_lint_has_nothing_to_say_either() -> None:
    assert not _loud(check_sources(gather([str(CLEAN)]), Asked(Options())))


def test_no_rule_fails_on_any_template_of_the_tests() -> None:
    found = check_sources(gather([str(OTHERS)]), Asked(Options(), generic=False)).findings
    assert not [one for one in found if one.rule == "TW-TPL-006"]
