"""A finding's own line is shown with what it means underlined, in any script, and cut only with a sign."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.findings import report_lines
from tablewright.cli.faces.marks import ASCII, UNICODE, Marks
from tablewright.lint.check import FileReport, Report
from tablewright.model.finding import Finding, Severity

LONG = "한국어 설명이 아주 길게 이어지는 줄입니다 " * 6


def _excerpt(line: str, token: str, columns: int, marks: Marks = UNICODE) -> tuple[str, str]:
    column = line.index(token) + 1
    finding = Finding("TW-TPL-001", "name", Severity.ERROR, "message", "t.yaml", 1, column)
    report = Report((FileReport("t.yaml", "template", line + "\n", (finding,)),))
    drawn = [
        "".join(text for text, _ in one) for one in report_lines(report, columns, marks, everything=True, mending="")
    ]
    at = next(number for number, text in enumerate(drawn) if text.lstrip().startswith("1 | "))
    return drawn[at], drawn[at + 1]


@pytest.mark.parametrize("columns", [60, 100, 200])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("before", "after"),
    [("  # 이름은 ", ""), (LONG, ""), (LONG, LONG), ("", LONG), ("    Description: '", " 🍲 끝'")],
    ids=["short", "far", "amid", "first", "quoted"],
)
def test_the_signs_stand_below_what_they_mean(
    before: str, after: str, form: Literal["NFC", "NFD"], columns: int
) -> None:
    line = unicodedata.normalize(form, f"{before}TTL {after}") if after or before else "TTL"
    shown, signs = _excerpt(line, "TTL", columns)
    begin = width(signs[: signs.index("^")])
    assert signs.count("^") == 3
    assert width(shown[: shown.index("TTL")]) == begin
    assert width(shown) <= columns
    assert width(signs) <= columns


@pytest.mark.parametrize("marks", [UNICODE, ASCII])
def test_a_line_that_is_cut_says_so_at_either_end(marks: Marks) -> None:
    shown, _ = _excerpt(f"{LONG}TTL {LONG}", "TTL", 80, marks)
    content = shown.partition("| ")[2]
    assert content.startswith(marks.elided)
    assert content.endswith(marks.elided)


def test_a_plain_value_is_underlined_whole() -> None:
    line = "  Type: AWS::DynamoDB::ResourcePolicy"
    shown, signs = _excerpt(line, "AWS::", 100)
    assert signs.count("^") == len("AWS::DynamoDB::ResourcePolicy")
    assert signs.index("^") == shown.index("AWS::")


def test_a_key_is_underlined_without_its_colon() -> None:
    assert _excerpt("  SessionsTable:", "SessionsTable", 100)[1].count("^") == len("SessionsTable")
    assert _excerpt("  Enabled: true", "Enabled", 100)[1].count("^") == len("Enabled")
