"""The parts of a diagnosis that need no AWS: reasons in an exception's text, items under TTL, which series are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.model.series import Asked, MetricId, Series, SeriesId, SeriesSet
from tablewright.watch.reasons import explain
from tablewright.watch.symptom import SYMPTOMS
from tablewright.watch.symptoms.expiry import kind_of
from tablewright.watch.wanted import close_up, period_for, recent

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"


@pytest.mark.parametrize("kind", ["Table", "Index"])
@pytest.mark.parametrize("side", ["Read", "Write"])
@pytest.mark.parametrize(
    "cause", ["ProvisionedThroughput", "AccountLimit", "KeyRangeThroughput", "MaxOnDemandThroughput"]
)
def test_all_sixteen_reasons_are_explained(kind: str, side: str, cause: str) -> None:
    arn = f"{ARN}/index/byUser" if kind == "Index" else ARN
    text = f"botocore.errorfactory.ThrottlingException: ... {{'reason': '{kind}{side}{cause}Exceeded', 'resource': '{arn}'}}"

    [explained] = explain(text)

    assert explained.table == "orders"
    assert explained.subject == ("orders/byUser" if kind == "Index" else "orders")
    assert side.lower() in explained.meaning
    assert explained.problem in SYMPTOMS
    assert (explained.problem == "index-back-pressure") == (kind == "Index" and side == "Write")


@given(st.text())
def test_any_text_is_explained_or_left_alone(text: str) -> None:
    for explained in explain(text):
        assert explained.reason in text


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "absent"),
        ({"S": "2026-01-01"}, "text"),
        ({"N": "not a number"}, "text"),
        ({"N": str(int(NOW.timestamp() * 1000))}, "milliseconds"),
        ({"N": str(int(NOW.timestamp()) - 6 * 365 * 86_400)}, "too-old"),
        ({"N": str(int(NOW.timestamp()) - 3 * 86_400)}, "late"),
        ({"N": str(int(NOW.timestamp()) - 3600)}, "expired"),
        ({"N": str(int(NOW.timestamp()) + 3600)}, "future"),
        ({"N": "1.7E9"}, "late"),
    ],
)
def test_what_an_attribute_means_for_ttl(value: dict[str, str] | None, kind: str) -> None:
    item = {"pk": {"S": "a"}, **({"expiresAt": value} if value else {})}

    assert kind_of(item, "expiresAt", NOW) == kind


def _series(name: str, *values: float, period: int = 300) -> Series:
    begin = int(NOW.timestamp())
    times = tuple(begin + number * period for number in range(len(values)))
    return Series(SeriesId(MetricId.of(name, TableName="orders"), "Sum"), period, times, values)


def test_a_quiet_day_is_not_read_again_by_the_minute() -> None:
    quiet = SeriesSet.of([_series("ConsumedReadCapacityUnits", 5, 6, 7)], 300)

    assert close_up(quiet, 300) is None


def test_only_the_hour_around_the_worst_is_read_by_the_minute() -> None:
    shown = SeriesSet.of(
        [
            _series("WriteThrottleEvents", 0, 40, 0),
            _series("ConsumedWriteCapacityUnits", 5, 6, 7),
            _series("SuccessfulRequestLatency", 5, 6, 7),
        ],
        300,
    )

    fine = close_up(shown, 300)

    assert fine is not None
    asked, since, until = fine
    assert {each.id.metric.name for each in asked} == {"WriteThrottleEvents", "ConsumedWriteCapacityUnits"}
    assert all(each.period == 60 for each in asked)
    assert until - since == timedelta(hours=1) and since < NOW + timedelta(minutes=5) < until


def test_a_day_of_thirty_tables_is_read_by_five_minutes() -> None:
    assert period_for(timedelta(hours=24)) == 300
    listed = [MetricId.of("SuccessfulRequestLatency", TableName="t", Operation="GetItem"), MetricId.of("ReturnedBytes")]

    assert recent(listed, 300) == tuple(Asked(SeriesId(listed[0], each), 300) for each in ("p50", "p99", "SampleCount"))


def test_every_symptom_is_documented() -> None:
    for symptom in SYMPTOMS.values():
        for part in ("Signal:", "Evidence:", "Remedy:", "Source:"):
            assert part in symptom.text, (symptom.code, part)
