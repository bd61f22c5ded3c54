"""The last hour's traffic on the status screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tablewright.cli.faces.marks import UNICODE
from tablewright.cli.faces.status_tables import table_lines
from tablewright.model.observed import Traffic
from tests.faces.reports import healthy


@pytest.mark.parametrize(
    ("throttled", "words"),
    [(0, "12 read units, 1 write unit"), (3, "12 read units, 1 write unit, 3 throttled requests")],
)
def test_a_table_shows_what_was_asked_of_it(throttled: int, words: str) -> None:
    report = healthy()
    asked = Traffic("t", None, report.at, report.at, read_units=11.6, write_units=1.0, throttled_reads=throttled)
    of_index = Traffic("t", "i", report.at, report.at, read_units=500.0)
    shown = table_lines([replace(report.tables[0], traffic=(of_index, asked))], frozenset(), 100, UNICODE)
    lines = ["".join(text for text, _ in line).split() for line in shown]
    assert ["last", "hour", *words.split()] in lines


def test_traffic_that_was_not_read_is_not_shown_as_none() -> None:
    shown = table_lines(healthy().tables, frozenset(), 100, UNICODE)
    assert not any("last hour" in "".join(text for text, _ in line) for line in shown)
