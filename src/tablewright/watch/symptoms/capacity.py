"""Capacity that is paid for and not used: units, and whole indexes."""

from __future__ import annotations

import math
from datetime import timedelta

from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.series import Series
from tablewright.model.table import Provisioned, Table
from tablewright.watch.observation import Observation, Subject
from tablewright.watch.symptom import Answer, Unknown, amount, counted, symptom
from tablewright.watch.wanted import HISTORY

_LOW = 0.30
"""Below this share of use, billing on demand costs no more: break-even is at 28.9 % with the prices of November 2024."""
_PEAK = 0.60
_SMALL = 5
"""Fewer units are not worth a word."""
_LEAST_HOURS = 24


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def _shares(consumed: Series, provisioned: Series) -> list[float]:
    """Use by hour as a share of what was provisioned then; an hour without consumption is none."""
    used = consumed.by_time()
    return [
        used.get(at, 0.0) / consumed.period / units
        for at, units in zip(provisioned.times, provisioned.values, strict=True)
        if units
    ]


@symptom("over-provisioned", "Far more units are provisioned than used")
def over_provisioned(seen: Observation, table: Table) -> Answer:
    """Provisioned units that are hardly ever used.

    Signal: for two weeks (a day at least), 99 % of the hours used less than 30 % of the units, and the busiest moments of the
    span that is looked at less than 60 %. Tables and indexes with 5 units or fewer are left alone.
    Evidence: use in the busiest hour and the 99th percentile, units, auto scaling and its minimum.
    Remedy: fewer units or a lower minimum; auto scaling; on demand below 28.9 % of use.
    Source: DynamoDB developer guide, "Evaluate your provisioned capacity for right-sized provisioning".
    """
    if not isinstance(table.billing, Provisioned):
        return
    short: dict[int, list[str]] = {}
    for subject in seen.subjects(table):
        for side in ("Read", "Write"):
            provisioned = subject.past(f"Provisioned{side}CapacityUnits", "Maximum")
            units = subject.provisioned(side)
            if not provisioned or units is None or len(provisioned.values) < _LEAST_HOURS:
                of = f"{side.lower()} units" + (f" of index {subject.index}" if subject.index else "")
                short.setdefault(len(provisioned.values), []).append(of)
                continue
            if units <= _SMALL:
                continue
            consumed = subject.past(f"Consumed{side}CapacityUnits")
            shares = _shares(consumed, provisioned)
            usual, busiest = _percentile(shares, 0.99), max(shares, default=0.0)
            now = subject.consumed_peak(side) / units
            if usual >= _LOW or now >= _PEAK or busiest >= _PEAK:
                continue
            peak = max(consumed.highest / consumed.period if consumed else 0.0, subject.consumed_peak(side))
            yield _diagnosis(subject, side, units, usual, max(now, busiest), peak, len(shares))
    for hours, which in short.items():
        yield Unknown(f"{', '.join(which)}: known for {counted(hours, 'hour')}, {_LEAST_HOURS} are needed")


def _diagnosis(
    subject: Subject, side: str, units: float, usual: float, busiest: float, peak: float, hours: int
) -> Diagnosis:
    table, index = subject.table, subject.index
    flag = f" --index {index}" if index else ""
    enough = max(1, math.ceil(peak / 0.7))
    other = "Write" if side == "Read" else "Read"
    kept = math.ceil(subject.provisioned(other) or 1)
    wanted = {side.lower(): enough, other.lower(): kept}
    evidence = [
        Evidence(
            f"99 % of {hours:,} hours used at most {usual:.0%} of {amount(units)} {side.lower()} units a second, the busiest "
            f"moment {busiest:.0%}",
            f"Consumed{side}CapacityUnits",
        )
    ]
    scaling = subject.scaling(side)
    remedies = []
    if scaling is not None:
        evidence.append(
            Evidence(
                f"auto scaling keeps at least {scaling.minimum} units, and {amount(units)} are set",
                "DescribeScalableTargets",
            )
        )
        remedies.append(Remedy(f"Lower the minimum of auto scaling from {scaling.minimum} towards {enough}."))
    else:
        remedies.append(
            Remedy(
                f"Provision what the busiest moment needs at 70 % of use: {enough} {side.lower()} units.",
                f"tablewright set throughput {table.name}{flag} --read {wanted['read']} --write {wanted['write']}",
            )
        )
        remedies.append(
            Remedy(
                "Let the units follow the use.",
                f"tablewright add autoscaling {table.name}{flag} --min {enough} --max {math.ceil(units)}",
            )
        )
    remedies.append(
        Remedy("Pay by request: cheaper below 28.9 % of use.", f"tablewright set billing {table.name} on-demand")
    )
    return Diagnosis(
        problem="over-provisioned",
        table=table.name,
        index=index,
        sure=Sure.LIKELY if hours >= 7 * 24 else Sure.POSSIBLE,
        cause=f"{side} capacity is provisioned for far more than is asked for.",
        evidence=tuple(evidence),
        remedies=tuple(remedies),
        plots=(
            subject.id(f"Consumed{side}CapacityUnits"),
            subject.id(f"Provisioned{side}CapacityUnits", "Maximum"),
        ),
    )


@symptom("unused-index", "An index is written and never read")
def unused_index(seen: Observation, table: Table) -> Answer:
    """A global index that is kept up to date and that nobody reads.

    Signal: for 14 days ConsumedReadCapacityUnits of the index is zero while its ConsumedWriteCapacityUnits is not.
    Evidence: units written, size, days without a read.
    Remedy: look for who might still query it (code, policies, monthly jobs), then remove it: one index an update.
    Source: DynamoDB developer guide, "Identify your unused resources".
    """
    indexes = [each for each in table.indexes if each.kind == "global"]
    if not indexes:
        return
    age = seen.until - table.created_at
    if age < HISTORY or seen.until - seen.history_since < HISTORY - timedelta(hours=1):
        yield Unknown(f"the table is {counted(age.days, 'day')} old; an index is judged by {HISTORY.days} days")
        return
    for index in indexes:
        subject = Subject(seen, table, index.name)
        reads, writes = subject.past("ConsumedReadCapacityUnits"), subject.past("ConsumedWriteCapacityUnits")
        if reads.total:
            continue
        if not writes.total:
            continue  # neither read nor written: it costs storage only, and an idle table says nothing
        since = writes.times[0]
        days = (seen.until.timestamp() - since) / 86_400
        if days < HISTORY.days / 2:
            yield Unknown(f"{table.name}/{index.name} has been written for {days:.0f} days only; it may be new")
            continue
        yield Diagnosis(
            problem="unused-index",
            table=table.name,
            index=index.name,
            sure=Sure.LIKELY,
            cause=f"Nothing has read the index for {HISTORY.days} days, and every write to it is paid for.",
            evidence=(
                Evidence(f"no read unit in {HISTORY.days} days", "ConsumedReadCapacityUnits"),
                Evidence(f"{amount(writes.total)} write units in the same time", "ConsumedWriteCapacityUnits"),
                Evidence(f"{index.size_bytes:,} bytes stored (as of some hours ago)", "DescribeTable"),
            ),
            remedies=(
                Remedy("Ask who might still query it: code, policies, jobs that run once a month or a quarter."),
                Remedy("Remove it.", f"tablewright remove index {table.name} {index.name}"),
            ),
            plots=(subject.id("ConsumedWriteCapacityUnits"),),
        )
