"""A diagnosis on a screen and as a page: the longest names overflow neither, and Korean stays what it is."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.diagnosis_pages import html_page, markdown_page
from tablewright.cli.faces.diagnosis_screen import diagnosis_lines
from tablewright.cli.faces.marks import ASCII, UNICODE, Marks
from tablewright.model.diagnosis import Diagnosis, DiagnosisReport, Evidence, Remedy, Sure
from tests.faces.test_terminal import BLACK, WHITE, contrast

TABLE, INDEX = "t" * 255, "i" * 255
UNTIL = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DECOMPOSED = unicodedata.normalize("NFD", "만료시각")


def _report() -> DiagnosisReport:
    found = Diagnosis(
        "stale-ttl",
        TABLE,
        INDEX,
        Sure.POSSIBLE,
        f"No item that was read has {DECOMPOSED}, the attribute that TTL looks at <b>🍲</b>.",
        (Evidence("12 of 12 items read lack the attribute", "Scan (one page)"),),
        (Remedy("Have the writers put 만료시각.", "tablewright items scan abc --where '만료시각 exists'"),),
    )
    return DiagnosisReport((TABLE,), UNTIL - timedelta(days=1), UNTIL, "us-east-1", (found,), (), 1, 1, 1)


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_only_commands_are_wider_than_the_screen(columns: int, marks: Marks) -> None:
    lines = ["".join(text for text, _ in line) for line in diagnosis_lines(_report(), columns, marks, explain=False)]
    assert all(width(line) <= columns for line in lines if not line.startswith("      tablewright"))
    together = "".join("".join(lines).split())
    assert f"{TABLE}/{INDEX}" in together
    assert "(possible)" in together


def test_a_page_says_its_encoding_first_and_keeps_the_text() -> None:
    page = html_page(_report())
    assert page.index('<meta charset="utf-8">') < 100
    assert DECOMPOSED in page and "만료시각 exists" in page
    assert "&lt;b&gt;🍲" in page
    assert page.encode().decode() == page
    assert not re.search(r"(src|href)=|@import|url\(|https?://", page)
    assert DECOMPOSED in markdown_page(_report())


def test_a_page_can_be_read_by_day_and_by_night_and_scrolls_for_no_name() -> None:
    page = html_page(_report())
    assert "color-scheme:light dark" in page
    assert "overflow-wrap:anywhere" in page
    day, night = re.findall(r"light-dark\(#(\w{6}),#(\w{6})\)", page)[0]
    assert contrast(_rgb(day), WHITE) > 4.5
    assert contrast(_rgb(night), (0x12, 0x12, 0x12)) > 4.5
    [bars] = re.findall(r"rect\{fill:#(\w{6})\}", page)
    assert min(contrast(_rgb(bars), WHITE), contrast(_rgb(bars), BLACK)) > 3  # WCAG 2.2, 1.4.11: graphics


def _rgb(text: str) -> tuple[int, int, int]:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
