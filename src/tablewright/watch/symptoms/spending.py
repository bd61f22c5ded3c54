"""Money that is spent faster than before."""

from __future__ import annotations

import math
from decimal import Decimal
from statistics import median

from tablewright.cost.prices import prices
from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.series import Series
from tablewright.model.table import OnDemand, Table
from tablewright.watch.observation import Observation, Subject
from tablewright.watch.symptom import Answer, Unknown, amount, counted, symptom

_DAY = 86_400
_TIMES = 2
_LEAST_USD = Decimal(1)
"""A surge that would cost less than this a month is not named."""
_LEAST_DAYS = 3


@symptom("cost-surge", "A day costs far more than the days before")
def cost_surge(seen: Observation, table: Table) -> Answer:
    """The last 24 hours consumed, or provisioned, at least twice the money of a usual day.

    Signal: units of the last 24 hours at list price against the median of the days before (three at least, of two weeks):
    twice as much or more, and at least a dollar a month more.
    Evidence: money then and usually, which of reads, writes, table and indexes grew, whether Scans did it.
    Remedy: a maximum on demand as a ceiling, a narrower projection, Query instead of Scan, another billing mode.
    Source: DynamoDB developer guide, "Evaluate your table capacity mode"; the price list's date is shown.
    """
    listed = prices()
    if seen.region not in listed.regions:
        yield Unknown(f"the price list of {listed.date} has no prices for {seen.region}")
        return
    on_demand = isinstance(table.billing, OnDemand)
    table_class = "infrequent-access" if table.table_class == "STANDARD_INFREQUENT_ACCESS" else "standard"
    rows: list[tuple[Decimal, Decimal, float, float, Subject, str]] = []
    days = _days(seen, table)
    if days < _LEAST_DAYS:
        yield Unknown(f"{counted(days, 'earlier day')} known, {_LEAST_DAYS} needed to tell what is usual")
        return
    for subject in seen.subjects(table):
        for side in ("Read", "Write"):
            if on_demand:
                each = listed.price(seen.region, f"on-demand.{table_class}.{side.lower()}").usd / 1_000_000
                blocks = _blocks(subject.past(f"Consumed{side}CapacityUnits"), seen, days)
            else:
                each = listed.price(seen.region, f"provisioned.{table_class}.{side.lower()}").usd
                blocks = _blocks(subject.past(f"Provisioned{side}CapacityUnits", "Maximum"), seen, days)
            now, before = blocks[0], median(blocks[1:])
            rows.append((Decimal(now) * each, Decimal(before) * each, now, before, subject, side))
    today = sum((row[0] for row in rows), Decimal(0))
    usually = sum((row[1] for row in rows), Decimal(0))
    if today < _TIMES * usually or (today - usually) * 30 < _LEAST_USD:
        return
    worst = max(rows, key=lambda row: row[0] - row[1])
    _, _, now, before, subject, side = worst
    what = "consumed" if on_demand else "provisioned"
    where = f"index {subject.index}" if subject.index else "the table"
    evidence = [
        Evidence(
            f"{today:.2f} USD in the last 24 hours, {usually:.2f} USD on a usual day of the {days} before "
            f"(list prices of {listed.date}, without storage)",
            "price list",
        ),
        Evidence(
            f"{side.lower()}s of {where} grew most: {amount(now)} units {what} against {amount(before)}",
            f"{'Consumed' if on_demand else 'Provisioned'}{side}CapacityUnits",
        ),
    ]
    if on_demand and side == "Read":
        pages = Subject(seen, table, None).by_operation("SuccessfulRequestLatency", "Scan", "SampleCount").total
        if pages:
            evidence.append(Evidence(f"{amount(pages)} pages were scanned in the span", "SuccessfulRequestLatency"))
    remedies = []
    if on_demand:
        remedies.append(
            Remedy("Find out who sends it: CloudTrail's data events name the callers, where they are recorded.")
        )
        units = {each: _ceiling(Subject(seen, table, None), each) for each in ("Read", "Write")}
        remedies.append(
            Remedy(
                "Set a maximum, so that a runaway caller is refused instead of paid for. These are three times the "
                "busiest hour of the days before: look at the peaks that you want to serve.",
                f"tablewright set throughput {table.name} --read {units['Read']} --write {units['Write']} --diff",
            )
        )
    else:
        remedies.append(
            Remedy("Lower the units or auto scaling's maximum again, if the load that raised them is over.")
        )
    if subject.index:
        remedies.append(
            Remedy("Project fewer attributes into the index: every copy of an attribute is written and stored.")
        )
    yield Diagnosis(
        problem="cost-surge",
        table=table.name,
        index=None,
        sure=Sure.LIKELY,
        cause=f"{side}s of {where} cost {_ratio(today, usually)} a usual day.",
        evidence=tuple(evidence),
        remedies=tuple(remedies),
        plots=(subject.id(f"Consumed{side}CapacityUnits"),),
    )


def _ceiling(subject: Subject, side: str) -> int:
    """Three times the units a second of the busiest hour before the last 24, ten at least."""
    before = subject.past(f"Consumed{side}CapacityUnits").between(0, subject.seen.until.timestamp() - _DAY)
    return max(10, math.ceil(3 * before.highest / before.period))


def _ratio(today: Decimal, usually: Decimal) -> str:
    return f"{today / usually:.1f} times" if usually else "far more than"


def _days(seen: Observation, table: Table) -> int:
    """Whole days before the last one that the table has been there and the history covers."""
    since = max(seen.history_since, table.created_at)
    return max(0, int((seen.until - since).total_seconds() // _DAY) - 1)


def _blocks(series: Series, seen: Observation, days: int) -> list[float]:
    """The sums of the last 24 hours, then of each 24 hours before, newest first. A day without data is none."""
    blocks = [0.0] * (days + 1)
    end = seen.until.timestamp()
    for at, value in zip(series.times, series.values, strict=True):
        block = int((end - at - 1) // _DAY)
        if 0 <= block <= days:
            blocks[block] += value
    return blocks
