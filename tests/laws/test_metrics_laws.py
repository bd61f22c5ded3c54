"""Metric math, statistics, Metrics Insights and alarm judgement, as pure functions."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.local.journal import Journal
from tablewright.local.metrics import insights
from tablewright.local.metrics.alarms import Rule, State, judge
from tablewright.local.metrics.math import Span, Value, evaluate
from tablewright.local.metrics.math_text import MathError, parse
from tablewright.local.metrics.reading import Reader, span_of
from tablewright.local.metrics.sample import Key, Sample, dimensions_of
from tablewright.local.metrics.statistics import statistic
from tablewright.local.metrics.store import SampleStore

_SPAN = Span((0.0, 60.0, 120.0), 60)
_KNOWN: dict[str, Value] = {"m1": {0.0: 1.0, 60.0: 4.0}, "m2": {60.0: 2.0, 120.0: 6.0}, "e1": 5.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m1 + m2", {0.0: 1.0, 60.0: 6.0, 120.0: 6.0}),  # a missing value is 0
        ("m1 < m2", {0.0: 0.0, 60.0: 0.0, 120.0: 1.0}),
        ("m1 * 2 - 1", {0.0: 1.0, 60.0: 7.0}),
        ("-m1 ^ 2", {0.0: -1.0, 60.0: -16.0}),
        ("2 + 3 * 4", 14.0),
        ("(2 + 3) * 4", 20.0),
        ("m1 / 0", {}),
        ("m1 > 2 AND m1 < 9", {0.0: 0.0, 60.0: 1.0}),
        ("SUM([m1, m2])", {0.0: 1.0, 60.0: 6.0, 120.0: 6.0}),
        ("SUM(METRICS())", {0.0: 1.0, 60.0: 6.0, 120.0: 6.0}),
        ('SUM(METRICS("2"))', {60.0: 2.0, 120.0: 6.0}),
        ("SUM(m1)", 5.0),
        ("MAX(m1) + MIN(m2)", 6.0),
        ("AVG(m1)", 2.5),
        ("FILL(m1, 0)", {0.0: 1.0, 60.0: 4.0, 120.0: 0.0}),
        ("FILL(m1, REPEAT)", {0.0: 1.0, 60.0: 4.0, 120.0: 4.0}),
        ("FILL(m1, 0) + FILL(m2, 0)", {0.0: 1.0, 60.0: 6.0, 120.0: 6.0}),
        ("IF(m1 > 2, m1, 0)", {0.0: 0.0, 60.0: 4.0}),
        ("IF(m1 > 2, m1)", {60.0: 4.0}),
        ("RATE(m1)", {60.0: 0.05}),
        ("DIFF(m1)", {60.0: 3.0}),
        ("RUNNING_SUM(m1)", {0.0: 1.0, 60.0: 5.0}),
        ("m1 / PERIOD(m1)", {0.0: 1 / 60, 60.0: 4 / 60}),
        ("100 * (m2 / (e1 * PERIOD(m2)))", {60.0: pytest.approx(200 / 300), 120.0: pytest.approx(2)}),
        ("TIME_SERIES(3)", {0.0: 3.0, 60.0: 3.0, 120.0: 3.0}),
        ("DATAPOINT_COUNT(m1)", 2.0),
        ("FIRST(m1) + LAST(m1)", 5.0),
        ("CEIL(m1 / 3)", {0.0: 1.0, 60.0: 2.0}),
        ("MAX([m1, m2])", {0.0: 1.0, 60.0: 4.0, 120.0: 6.0}),
        ("SORT([m1, m2], MAX, DESC, 1)", [("m2", {60.0: 2.0, 120.0: 6.0})]),
        ("[m1, m2] * 2", [("m1", {0.0: 2.0, 60.0: 8.0}), ("m2", {60.0: 4.0, 120.0: 12.0})]),
    ],
)
def test_metric_math(text: str, value: Any) -> None:
    assert evaluate(parse(text), _KNOWN, _SPAN, ("m1", "m2")) == value


@pytest.mark.parametrize(
    "text", ["", "m1 +", "nowhere", "m1 m2", "FOO(m1)", "[m1] + [m2]", "m1 + $", "(" * 99, "FILL(m1)"]
)
def test_bad_math_is_refused_in_words(text: str) -> None:
    with pytest.raises(MathError):
        evaluate(parse(text), _KNOWN, _SPAN)


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (lambda: evaluate(parse(text), _KNOWN, _SPAN), lambda: insights.parse_query(text)):
        with contextlib.suppress(MathError, insights.QueryError):
            read()


def _sample(*values: float) -> Sample:
    sample = Sample(0.0, "Count")
    for value in values:
        sample.add(value)
    return sample


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
@settings(deadline=None)
def test_basic_statistics_are_those_of_the_values(values: list[float]) -> None:
    sample = _sample(*values)

    assert statistic([sample], "SampleCount") == len(values)
    assert statistic([sample], "Sum") == pytest.approx(math.fsum(values), abs=1e-6)
    assert statistic([sample], "Minimum") == min(values) and statistic([sample], "Maximum") == max(values)
    assert statistic([sample], "p0") == min(values) and statistic([sample], "p100") == max(values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p50", 50.5),
        ("p99", 99.01),
        ("p10.5", 11.395),
        ("tm90", 45.5),
        ("TM(10%:90%)", pytest.approx(50.5)),
        ("TC(:10)", 10.0),
        ("TS(99:)", 199.0),
        ("PR(:25)", 25.0),
        ("IQM", pytest.approx(50.5)),
        ("wm100", 50.5),
    ],
)
def test_percentiles_and_trimmed_statistics(name: str, value: float) -> None:
    assert statistic([_sample(*range(1, 101))], name) == pytest.approx(value)


def test_a_statistic_set_has_percentiles_only_when_it_is_one_value() -> None:
    assert statistic([Sample(0.0, "Count", 3.0, 6.0, 1.0, 3.0)], "p90") is None
    assert statistic([Sample(0.0, "Count", 3.0, 6.0, 2.0, 2.0)], "p90") == 2.0


_SHAPES = {"X": 10.0, "0": 0.0, "-": None}


@pytest.mark.parametrize(
    ("points", "to_alarm", "missing", "ignore", "breaching", "not_breaching"),
    [
        # Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data": 3 of 3, then 2 of 3.
        ("0-X-X", 3, "OK", "OK", "OK", "OK"),
        ("----0", 3, "OK", "OK", "OK", "OK"),
        ("-----", 3, "INSUFFICIENT_DATA", "current", "ALARM", "OK"),
        ("0XX-X", 3, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("--X--", 3, "ALARM", "current", "ALARM", "OK"),
        ("0-X-X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("00X0X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0-X--", 2, "OK", "OK", "ALARM", "OK"),
        ("----0", 2, "OK", "OK", "ALARM", "OK"),
        ("---X-", 2, "ALARM", "current", "ALARM", "OK"),
    ],
)
@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_missing_data_as_in_the_documented_tables(
    points: str, to_alarm: int, missing: str, ignore: str, breaching: str, not_breaching: str, current: State
) -> None:
    series = [(60.0 * place, _SHAPES[shape]) for place, shape in enumerate(points)]
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    for treatment, state in expected.items():
        rule = Rule("GreaterThanThreshold", 5.0, 3, to_alarm, treatment)
        assert judge(rule, series, current).state == (current if state == "current" else state), treatment


def test_the_reason_is_in_cloudwatchs_words() -> None:
    rule = Rule("GreaterThanThreshold", 5.0, 1, 1, "notBreaching")

    assert judge(rule, [(0.0, None), (60.0, None), (1735689600.0, 6.0)], "OK").reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [6.0 (01/01/25 00:00:00)] was greater than the threshold (5.0) "
        "(minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert judge(rule, [(0.0, None)], "ALARM").reason == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."
    )


_SCOPE = ("000000000000", "us-east-1")


def _store(journal: Journal) -> SampleStore:
    store = SampleStore(journal)
    for minute in range(3):
        for table, value in (("A", 1.0), ("B", 5.0)):
            for operation in ("PutItem", "GetItem"):
                dims = dimensions_of([("TableName", table), ("Operation", operation)])
                store.publish(_SCOPE, "ThrottledRequests", dims, "Count", value, 60.0 * minute + 1)
    return store


_QUERIES = {
    'SELECT SUM(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", TableName, Operation)': [("ThrottledRequests", 12.0)],
    "SELECT SUM(ThrottledRequests) FROM SCHEMA(\"AWS/DynamoDB\",Operation,TableName) WHERE TableName='A'": [
        ("ThrottledRequests", 2.0)
    ],
    'SELECT MAX(ThrottledRequests) FROM "AWS/DynamoDB" GROUP BY TableName ORDER BY SUM() DESC LIMIT 1': [("B", 5.0)],
    'select count(ThrottledRequests) from SCHEMA("AWS/DynamoDB", TableName, Operation) '
    "where Operation != 'GetItem' group by TableName, Operation order by max() asc": [
        ("A PutItem", 1.0),
        ("B PutItem", 1.0),
    ],
    'SELECT AVG(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", TableName)': [],
}


@pytest.mark.parametrize("text", _QUERIES)
def test_metrics_insights(text: str) -> None:
    reader = Reader([_store(Journal())], _SCOPE)

    found = reader.select(insights.parse_query(text), span_of(0.0, 180.0, 60))

    assert [(label, series[60.0]) for label, series in found] == _QUERIES[text]


def test_published_samples_survive_a_restart() -> None:
    journal = Journal()
    store = _store(journal)
    store.roll(600.0)
    again = SampleStore(Journal())
    again._journal.restore(journal.state())
    key: Key = ("AWS/DynamoDB", "ThrottledRequests", dimensions_of([("TableName", "B"), ("Operation", "PutItem")]))

    assert again.samples(_SCOPE, key) == store.samples(_SCOPE, key)
    assert [sample.at for sample in again.samples(_SCOPE, key)] == [0.0, 60.0, 120.0]
    assert len(list(again.keys(_SCOPE))) == 4


def test_samples_are_forgotten_after_fifteen_days() -> None:
    journal = Journal()
    store = _store(journal)
    list(store.keys(_SCOPE))
    dims = dimensions_of([("TableName", "A")])
    store.publish(_SCOPE, "ReadThrottleEvents", dims, "Count", 1.0, 16 * 86400.0)
    store.roll(16 * 86400.0 + 61)

    assert [key[1] for key in store.keys(_SCOPE)] == ["ReadThrottleEvents"]
    assert [text for text, _ in journal.items("metrics")] == [str(16 * 86400)]


def test_many_values_stay_bounded_and_percentiles_close() -> None:
    sample = _sample(*(1 + number / 7 for number in range(20_000)))

    assert sample.values is not None and len(sample.values) <= 1000
    assert statistic([sample], "p90") == pytest.approx(0.9 * 20_000 / 7, rel=0.05)
