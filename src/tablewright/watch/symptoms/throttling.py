"""Throttling, by the cause that DynamoDB itself gives."""

from __future__ import annotations

import math

from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.quotas import PARTITION_READS, PARTITION_WRITES
from tablewright.model.series import MetricId
from tablewright.model.table import OnDemand, Table
from tablewright.watch.observation import CAUSES, Observation, Subject
from tablewright.watch.symptom import Answer, amount, counted, symptom, when

SIDES = ("Read", "Write")
_NEAR = 0.8
"""From this share of what is provisioned on, requests were refused for the sum of them, not for one partition."""


def _events(subject: Subject, side: str, cause: str) -> Evidence:
    series = subject.throttled(side, cause)
    fine = subject.finest(f"{side}{cause}ThrottleEvents")
    span = "minute" if fine.period == 60 else f"{fine.period // 60} minutes"
    return Evidence(
        f"{counted(series.total, f'{side.lower()} event')} refused; the worst {span} began {when(fine.peak_at)} "
        f"with {amount(fine.highest)}",
        series.id.metric.name,
        fine.peak_at,
    )


def _use(subject: Subject, side: str) -> list[Evidence]:
    """What was consumed at most, against what is provisioned."""
    peak, has = subject.consumed_peak(side), subject.provisioned(side)
    source = f"Consumed{side}CapacityUnits"
    if has is None:
        return [Evidence(f"at most {amount(peak)} {side.lower()} units a second were consumed", source)]
    share = f" ({peak / has:.0%})" if has else ""
    text = f"at most {amount(peak)} of {amount(has)} provisioned {side.lower()} units a second were consumed{share}"
    return [Evidence(text, source)]


def _scaled(subject: Subject, side: str) -> Evidence:
    scaling = subject.scaling(side)
    if scaling is None:
        return Evidence("no auto scaling is set for it", "DescribeScalableTargets")
    target = f" at {scaling.target_percent:.0f} %" if scaling.target_percent else ""
    state = ", suspended" if scaling.suspended else ""
    return Evidence(
        f"auto scaling between {scaling.minimum} and {scaling.maximum} units{target}{state}", "DescribeScalableTargets"
    )


def _units_for(subject: Subject, side: str) -> int:
    """Units for all that was asked at the worst moment, at 70 % use. A refused event counts as one unit at least."""
    refused = subject.finest(f"{side}ThrottleEvents")
    asked = subject.consumed_peak(side) + (refused.highest / refused.period if refused else 0.0)
    return max(1, math.ceil(asked / 0.7))


def _more_units(subject: Subject, side: str) -> Remedy:
    table = subject.table.name
    wanted = {each: subject.provisioned(each) or 1 for each in SIDES}
    wanted[side] = max(_units_for(subject, side), math.ceil(wanted[side] * 1.5))
    index = f" --index {subject.index}" if subject.index else ""
    command = (
        f"tablewright set throughput {table}{index} --read {math.ceil(wanted['Read'])} "
        f"--write {math.ceil(wanted['Write'])}"
    )
    return Remedy(f"Provision what was asked for at the worst moment, with room: {math.ceil(wanted[side])}.", command)


def _diagnosis(
    problem: str,
    subject: Subject,
    side: str,
    cause: str,
    words: str,
    evidence: list[Evidence],
    remedies: list[Remedy],
    sure: Sure = Sure.CERTAIN,
) -> Diagnosis:
    return Diagnosis(
        problem=problem,
        table=subject.table.name,
        index=subject.index,
        sure=sure,
        cause=words,
        evidence=tuple(evidence),
        remedies=tuple(remedies),
        plots=(subject.id(f"{side}{cause}ThrottleEvents"), subject.id(f"Consumed{side}CapacityUnits")),
    )


@symptom("provisioned-throttling", "Provisioned capacity is exceeded")
def provisioned_throttling(seen: Observation, table: Table) -> Answer:
    """Requests are refused because more units are asked for than the table or index has.

    Signal: {Read,Write}ProvisionedThroughputThrottleEvents above zero (of an index: reads only, its writes are
    index-back-pressure). Where no cause is published: {Read,Write}ThrottleEvents while at least 80 % of the units are used.
    Evidence: events and their worst minute, units consumed against provisioned, auto scaling.
    Remedy: more units, auto scaling, or billing on demand.
    Source: DynamoDB developer guide, "Diagnosing throttling"; "Burst and adaptive capacity".
    """
    for subject in seen.subjects(table):
        for side in SIDES:
            if subject.index and side == "Write":
                continue
            cause, sure = "ProvisionedThroughput", Sure.CERTAIN
            has = subject.provisioned(side)
            if not subject.throttled(side, cause).total:
                cause, sure = "", Sure.LIKELY
                if not has or not subject.unexplained(side) or subject.consumed_peak(side) < _NEAR * has:
                    continue
            peak = subject.consumed_peak(side)
            short = bool(has) and peak < _NEAR * (has or 0)
            words = (
                f"More {side.lower()} units are asked for in short bursts than are provisioned: over a minute the use looks low."
                if short
                else f"More {side.lower()} units are asked for than are provisioned."
            )
            remedies = [_more_units(subject, side)]
            if subject.scaling(side) is None:
                index = f" --index {subject.index}" if subject.index else ""
                least, most = math.ceil(has or 1), max(10, _units_for(subject, side) * 2)
                remedies.append(
                    Remedy(
                        "Let the units follow the use. Scaling out takes minutes: bursts shorter than that are refused still.",
                        f"tablewright add autoscaling {table.name}{index} --min {least} --max {most}",
                    )
                )
            remedies.append(
                Remedy(
                    "Pay by request, without units to run out of.", f"tablewright set billing {table.name} on-demand"
                )
            )
            yield _diagnosis(
                "provisioned-throttling",
                subject,
                side,
                cause,
                words,
                [_events(subject, side, cause), *_use(subject, side), _scaled(subject, side)],
                remedies,
                sure,
            )


@symptom("hot-partition", "One partition is asked for too much")
def hot_partition(seen: Observation, table: Table) -> Answer:
    """One key, or few that share a partition, is asked for more than a partition gives.

    Signal: {Read,Write}KeyRangeThroughputThrottleEvents above zero. Where no cause is published: throttle events while
    less than 80 % of the units are used, or on demand.
    Evidence: events and their worst minute, units of the whole table meanwhile, the busiest keys and their share.
    Remedy: spread the key (a suffix by write, a calculated one by read), cache its reads, warm throughput before a planned peak.
    Source: DynamoDB developer guide, "Designing partition keys to distribute your workload" (3,000 read and 1,000 write units
    a second of one partition).
    """
    for subject in seen.subjects(table):
        for side in SIDES:
            if subject.index and side == "Write":
                continue
            cause, sure = "KeyRangeThroughput", Sure.CERTAIN
            if not subject.throttled(side, cause).total:
                if not subject.unexplained(side):
                    continue
                has = subject.provisioned(side)
                if has and subject.consumed_peak(side) >= _NEAR * has:
                    continue
                cause, sure = "", Sure.POSSIBLE
            most = PARTITION_READS.value if side == "Read" else PARTITION_WRITES.value
            evidence = [_events(subject, side, cause), *_use(subject, side), *_hot_keys(subject, seen)]
            remedies = [
                Remedy(
                    f"Spread the busiest keys over several: one partition gives {most:,} {side.lower()} units a second, "
                    "and one key never gets more than one partition."
                ),
            ]
            if side == "Read":
                remedies.append(Remedy("Keep what is read over and over in a cache (DAX, or the application's own)."))
            if subject.keys() is None:
                remedies.append(
                    Remedy(
                        "Turn on contributor insights to see which keys (they are billed by event, and show key values).",
                        f"tablewright set insights {table.name} on",
                    )
                )
            yield _diagnosis(
                "hot-partition",
                subject,
                side,
                cause,
                f"One partition of the {'index' if subject.index else 'table'} is asked for more than {most:,} "
                f"{side.lower()} units a second.",
                evidence,
                remedies,
                sure,
            )


def _hot_keys(subject: Subject, seen: Observation) -> list[Evidence]:
    keys = subject.keys()
    if keys is None:
        name = f"insights:{subject.table.name}" + (f"/{subject.index}" if subject.index else "")
        why = seen.unread.get(name, "contributor insights are off, so the keys are not known")
        return [Evidence(why, "DescribeContributorInsights")]
    found = []
    for words, some in (("refused most", keys.throttled), ("asked for most", keys.accessed)):
        if some:
            shown = ", ".join(f"{' / '.join(each.key)} ({each.share:.0%})" for each in some[:3])
            found.append(Evidence(f"the keys {words}: {shown}", "GetInsightRuleReport"))
    return found or [Evidence("contributor insights counted nothing in the span", "GetInsightRuleReport")]


@symptom("on-demand-ceiling", "The table's own maximum is reached")
def on_demand_ceiling(seen: Observation, table: Table) -> Answer:
    """Requests are refused because the table is on demand with a maximum, and the maximum is reached.

    Signal: {Read,Write}MaxOnDemandThroughputThrottleEvents above zero.
    Evidence: events and their worst minute, units consumed, the maximum that is set.
    Remedy: raise the maximum, or keep it as the ceiling on cost that it is.
    Source: DynamoDB developer guide, "Maximum throughput for on-demand tables".
    """
    cause = "MaxOnDemandThroughput"
    for subject in seen.subjects(table):
        for side in SIDES:
            if not subject.throttled(side, cause).total or (subject.index and side == "Write"):
                continue
            most = subject.series(f"OnDemandMax{side}RequestUnits", "Maximum").highest
            if not most and isinstance(table.billing, OnDemand) and subject.index is None:
                most = float((table.billing.max_read if side == "Read" else table.billing.max_write) or 0)
            evidence = [_events(subject, side, cause), *_use(subject, side)]
            if most:
                evidence.append(
                    Evidence(
                        f"the maximum is {amount(most)} {side.lower()} units a second", f"OnDemandMax{side}RequestUnits"
                    )
                )
            index = f" --index {subject.index}" if subject.index else ""
            wanted = max(_units_for(subject, side), math.ceil(most * 2))
            other = "write" if side == "Read" else "read"
            kept = math.ceil(
                subject.series(f"OnDemandMax{other.title()}RequestUnits", "Maximum").highest or max(wanted, 1)
            )
            units = {side.lower(): wanted, other: kept}
            yield _diagnosis(
                "on-demand-ceiling",
                subject,
                side,
                cause,
                f"The maximum that is set for {side.lower()}s on demand is reached.",
                evidence,
                [
                    Remedy(
                        "Raise the maximum, if this traffic is wanted.",
                        f"tablewright set throughput {table.name}{index} --read {units['read']} --write {units['write']}",
                    ),
                    Remedy("Leave it, if it is there to cap what the table may cost."),
                ],
            )


@symptom("account-limit", "A quota of the account is reached")
def account_limit(seen: Observation, table: Table) -> Answer:
    """Requests are refused because a table-level or account-level quota is reached.

    Signal: {Read,Write}AccountLimitThrottleEvents above zero. Writes to indexes are published under the table.
    Evidence: events and their worst minute, units consumed, the quota as DynamoDB publishes it.
    Remedy: a quota increase; spreading over tables or accounts.
    Source: DynamoDB developer guide, "Quotas"; "Throttling reasons".
    """
    cause = "AccountLimit"
    for subject in seen.subjects(table):
        for side in SIDES:
            if not subject.throttled(side, cause).total:
                continue
            quota = seen.recent.get(MetricId.of(f"AccountMaxTableLevel{side}s"), "Maximum").highest
            evidence = [_events(subject, side, cause), *_use(subject, side)]
            if quota:
                evidence.append(
                    Evidence(
                        f"the quota of one table is {amount(quota)} {side.lower()} units a second",
                        f"AccountMaxTableLevel{side}s",
                    )
                )
            yield _diagnosis(
                "account-limit",
                subject,
                side,
                cause,
                f"The account's quota on {side.lower()} units a second of one table is reached.",
                evidence,
                [
                    Remedy(f"Ask for a higher quota in Service Quotas: table-level {side.lower()} throughput limit."),
                    Remedy("Spread the load over time, tables or accounts."),
                ],
            )


@symptom("index-back-pressure", "An index holds up the table's writes")
def index_back_pressure(seen: Observation, table: Table) -> Answer:
    """Writes to the table are refused because one of its global indexes cannot take them.

    Signal: WriteThrottleEvents above zero under an index: the refused operation is a write to the table, though its reason
    names the index. Reads refused on an index never hurt the table.
    Evidence: events of the index and their worst minute, its units against the table's, the cause that is published, the keys.
    Remedy: units of the index at least those of the table, a narrower projection, an index key with more values.
    Source: DynamoDB developer guide, "Global secondary index write throttling and back pressure mitigation".
    """
    base = Subject(seen, table, None)
    for subject in seen.subjects(table):
        if subject.index is None:
            continue
        causes = [cause for cause in CAUSES if subject.throttled("Write", cause).total]
        events = subject.throttled("Write")
        if not events.total and not causes:
            continue
        cause = "" if events.total else causes[0]
        evidence = [_events(subject, "Write", cause), *_use(subject, "Write")]
        remedies = []
        own, whole = subject.provisioned("Write"), base.provisioned("Write")
        if own is not None and whole is not None:
            evidence.append(
                Evidence(
                    f"the index has {amount(own)} write units a second, its table {amount(whole)}",
                    "ProvisionedWriteCapacityUnits",
                )
            )
            read = math.ceil(subject.provisioned("Read") or 1)
            write = math.ceil(max(whole, _units_for(subject, "Write")))
            remedies.append(
                Remedy(
                    "Give the index at least the write units of its table.",
                    f"tablewright set throughput {table.name} --index {subject.index} --read {read} --write {write}",
                )
            )
        if "KeyRangeThroughput" in causes:
            evidence += _hot_keys(subject, seen)
            remedies.append(
                Remedy("Use an index key with more values, or spread its busiest over several: one partition is full.")
            )
        remedies.append(
            Remedy(
                "Project fewer attributes, so that fewer writes reach it. An index cannot change: make a new one beside it."
            )
        )
        named = f" ({', '.join(causes)})" if causes else ""
        yield _diagnosis(
            "index-back-pressure",
            subject,
            "Write",
            cause,
            f"Writes to {table.name} are refused because its index {subject.index} cannot take them{named}.",
            evidence,
            remedies,
        )
