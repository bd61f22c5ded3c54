"""Alarms: what never fires, and what cannot be made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.fixing import drop_dimensions, name_table, throttle_math
from tablewright.lint.resource import Resource
from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import blocks, dig, is_off, is_whole, number, text
from tablewright.lint.watching import NAMESPACE, Watch, all_watches, table_watched, watches
from tablewright.model.metrics import DIMENSIONS, INDEX, METRICS, T
from tablewright.model.quotas import ALARM_METRICS
from tablewright.template.resolve import Block, Rows, Text, pieces

ALARM = "AWS::CloudWatch::Alarm"


@rule("TW-ALM-001", "alarm-without-data", ERROR)
def alarm_without_data(stack: Stack) -> Iterator[Problem]:
    """An alarm on a metric under dimensions that it is never published with

    What it finds: an alarm on a metric of AWS/DynamoDB with a set of dimensions under which that metric does not exist,
        such as ThrottledRequests, SystemErrors or SuccessfulRequestLatency with TableName alone.
    Why it matters: to CloudWatch every set of dimensions is a metric of its own, and this one never has data. The alarm
        deploys, stays OK or INSUFFICIENT_DATA for ever, and looks as if all were well.
    Instead: for throttling, ReadThrottleEvents and WriteThrottleEvents with TableName (and GlobalSecondaryIndexName for
        an index); for SystemErrors and SuccessfulRequestLatency one metric for each Operation, or a Metrics Insights
        query over them.
    When to ignore: never; the alarm cannot fire.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions".
    """
    for watch in _of_dynamodb(stack):
        metric = METRICS.get(watch.metric or "")
        if metric is None or watch.dimensions is None or watch.metric == "UserErrors":
            continue
        given = frozenset(watch.dimensions)
        if not given <= DIMENSIONS or given in metric.dimensions or _index_alone(given):
            continue
        table = table_watched(stack, watch)
        of = f" of {table.called}" if table is not None else ""
        yield Problem(
            watch.position,
            f"{watch.metric}{of} is never published with {_set(given)}: this alarm never has data",
            _remedy(watch, table.logical_id if table is not None else ""),
            watch.alarm.logical_id,
            throttle_math(stack, watch),
        )


def _index_alone(given: frozenset[str]) -> bool:
    """An index without its table is another rule's finding."""
    return INDEX in given and T not in given


def _set(names: frozenset[str]) -> str:
    order = [T, INDEX, *sorted(names - {T, INDEX})]
    listed = [name for name in order if name in names]
    return " and ".join(listed) + (" alone" if len(listed) == 1 else "") if listed else "no dimensions"


def _remedy(watch: Watch, table: str) -> str:
    value = f"!Ref {table}" if table else "the table"
    if watch.metric == "ThrottledRequests":
        return (
            f"Alarm on the sum of ReadThrottleEvents and WriteThrottleEvents with TableName: {value}: "
            "metric math reads + writes."
        )
    metric = METRICS[watch.metric or ""]
    sets = " or ".join(_set(one) for one in metric.dimensions)
    if any("Operation" in one for one in metric.dimensions):
        return f"{watch.metric} exists with {sets}: name the Operation (GetItem, Query …), one metric for each that you use."
    return f"{watch.metric} exists with {sets}."


@rule("TW-ALM-002", "user-errors-by-table", ERROR)
def user_errors_by_table(stack: Stack) -> Iterator[Problem]:
    """UserErrors has no table

    What it finds: an alarm on UserErrors with any dimension.
    Why it matters: UserErrors is counted for the whole account and region; with TableName it never has data.
    Instead: UserErrors without dimensions; for one table, the errors that your program counts itself.
    When to ignore: never; the alarm cannot fire.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions" (UserErrors).
    """
    for watch in _of_dynamodb(stack):
        if watch.metric == "UserErrors" and watch.dimensions and set(watch.dimensions) <= DIMENSIONS:
            yield Problem(
                watch.position,
                f"UserErrors is of the whole account; with {_set(frozenset(watch.dimensions))} it never has data",
                "Remove Dimensions.",
                watch.alarm.logical_id,
                drop_dimensions(stack, watch),
            )


@rule("TW-ALM-003", "unknown-metric", ERROR)
def unknown_metric(stack: Stack) -> Iterator[Problem]:
    """A metric or dimension that DynamoDB does not have

    What it finds: an alarm on a metric of AWS/DynamoDB, or with a dimension, that is not documented.
    Why it matters: CloudWatch takes any name. The alarm deploys and never has data.
    Instead: the documented name; case matters.
    When to ignore: the metric is newer than this version of tablewright.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions".
    """
    from difflib import get_close_matches

    for watch in _of_dynamodb(stack):
        if watch.metric is not None and watch.metric not in METRICS:
            near = get_close_matches(watch.metric, METRICS, 1)
            yield Problem(
                watch.position,
                f"DynamoDB publishes no metric {watch.metric}",
                f"Did you mean {near[0]}?" if near else "",
                watch.alarm.logical_id,
            )
            continue
        for name, value in (watch.dimensions or {}).items():
            if name not in DIMENSIONS:
                near = get_close_matches(name, DIMENSIONS, 1)
                yield Problem(
                    value.position,
                    f"No metric of DynamoDB has a dimension {name}",
                    f"Did you mean {near[0]}?" if near else "",
                    watch.alarm.logical_id,
                )


@rule("TW-ALM-004", "alarm-incomplete", ERROR)
def alarm_incomplete(stack: Stack) -> Iterator[Problem]:
    """An alarm that cannot be made, or cannot work

    What it finds: an alarm with MetricName and without Namespace, Period or a statistic; without ComparisonOperator or
        EvaluationPeriods; with neither Threshold nor ThresholdMetricId; or without Dimensions where its metric has no
        set without.
    Why it matters: the schema asks for little of it; PutMetricAlarm refuses the alarm and the stack rolls back, or the
        alarm has no data. Metric math, Metrics Insights, anomaly detection and the account's own metrics are fine
        without Dimensions.
    Instead: all of Namespace, MetricName, Dimensions, Statistic, Period, EvaluationPeriods, Threshold and
        ComparisonOperator.
    When to ignore: never; it fails or cannot fire.
    Source: CloudWatch API reference, PutMetricAlarm.
    """
    for alarm in stack.of(ALARM):
        props = alarm.properties
        if not props.whole:
            continue
        metric, namespace = text(props.get("MetricName")), props.get("Namespace")
        ours = text(namespace) == NAMESPACE or (namespace is None and metric in METRICS)
        if not ours and not any(watch.is_dynamodb for watch in watches(alarm)):
            continue
        missing = [key for key in ("ComparisonOperator", "EvaluationPeriods") if props.get(key) is None]
        if props.get("Threshold") is None and props.get("ThresholdMetricId") is None:
            missing.append("Threshold")
        if props.get("MetricName") is not None and props.get("Metrics") is None:
            missing += [key for key in ("Namespace", "Period") if props.get(key) is None]
            if props.get("Statistic") is None and props.get("ExtendedStatistic") is None:
                missing.append("Statistic")
            known = METRICS.get(metric or "")
            if props.get("Dimensions") is None and known is not None and frozenset() not in known.dimensions:
                missing.append("Dimensions")
        if missing:
            yield Problem(
                alarm.position,
                f"{alarm.logical_id} has no {_and(missing)}",
                f"Add {_and(missing)}.",
                alarm.logical_id,
            )


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@rule("TW-ALM-005", "alarm-tells-nobody", WARNING)
def alarm_tells_nobody(stack: Stack) -> Iterator[Problem]:
    """An alarm without actions

    What it finds: an alarm on DynamoDB without AlarmActions, or with ActionsEnabled false. An alarm that a composite
        alarm of the template names is left out: that one acts.
    Why it matters: it turns red on a page that nobody looks at.
    Instead: AlarmActions, and OKActions to hear the end of it, with an SNS topic.
    When to ignore: something else reads the alarm's state (EventBridge, a dashboard that is watched).
    Source: CloudWatch user guide, "Using Amazon CloudWatch alarms".
    """
    rules = " ".join(
        str(piece) for composite in stack.of("AWS::CloudWatch::CompositeAlarm") for piece in _words(composite)
    )
    for alarm in stack.of(ALARM):
        props = alarm.properties
        if not props.whole or not any(watch.is_dynamodb or _by_name(watch) for watch in watches(alarm)):
            continue
        actions = props.get("AlarmActions")
        name = text(props.get("AlarmName"))
        silent = actions is None or (isinstance(actions, Rows) and actions.whole and not actions.items)
        disabled = props.get("ActionsEnabled") is not None and is_off(props.get("ActionsEnabled"))
        in_composite = alarm.logical_id in rules or (name is not None and name in rules)
        if (silent or disabled) and not in_composite:
            said = "has no AlarmActions" if silent else "has ActionsEnabled false"
            yield Problem(
                alarm.position,
                f"{alarm.logical_id} {said}: nobody is told",
                "Add AlarmActions and OKActions with the ARN of an SNS topic.",
                alarm.logical_id,
            )


def _by_name(watch: Watch) -> bool:
    return watch.namespace is None and watch.metric in METRICS


def _words(composite: Resource) -> list[object]:
    rule_ = composite.properties.get("AlarmRule")
    return [*pieces(rule_.node, composite.scope)] if rule_ is not None else []


@rule("TW-ALM-007", "alarm-on-missing-index", ERROR)
def alarm_on_missing_index(stack: Stack) -> Iterator[Problem]:
    """An alarm on an index that is not there

    What it finds: an alarm with GlobalSecondaryIndexName and without TableName, or with an index that its table does
        not have.
    Why it matters: an index's metrics are published with both names; the alarm never has data.
    Instead: TableName and GlobalSecondaryIndexName together, with the index's own name.
    When to ignore: never; the alarm cannot fire.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions".
    """
    for watch in _of_dynamodb(stack):
        named = (watch.dimensions or {}).get(INDEX)
        if named is None or watch.dimensions is None:
            continue
        if T not in watch.dimensions:
            owners = [table for table in stack.tables if text(named) in {text(index.name) for index in table.globals}]
            owner = owners[0] if len(owners) == 1 else None
            add = f"Add TableName: !Ref {owner.logical_id}." if owner else "Add the dimension TableName."
            fix = name_table(stack, watch, owner.logical_id) if owner else None
            yield Problem(
                named.position,
                f"{text(named) or 'The index'} is watched without its table: this alarm never has data",
                add,
                watch.alarm.logical_id,
                fix,
            )
            continue
        table = table_watched(stack, watch)
        if table is None or not table.indexes_known or not isinstance(named, Text):
            continue
        names = [text(index.name) for index in table.globals]
        if None not in names and named.text not in names:
            has = f"It has {', '.join(str(name) for name in names)}." if names else "It has none."
            yield Problem(
                named.position, f"{table.called} has no global index {named.text}", has, watch.alarm.logical_id
            )


@rule("TW-ALM-008", "statistic-without-meaning", WARNING)
def statistic_without_meaning(stack: Stack) -> Iterator[Problem]:
    """A statistic that says nothing about its metric

    What it finds: an alarm with a statistic that is not among those documented as useful for its metric: the Average of
        throttle events or of errors, a percentile of a count.
    Why it matters: every count is published as ones, so its average is 1 whatever happens, and the threshold is never
        met, or always.
    Instead: Sum for counts; Average or a percentile for latency.
    When to ignore: you know what the published values look like.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions" (valid statistics).
    """
    for watch in _of_dynamodb(stack):
        metric, statistic = METRICS.get(watch.metric or ""), watch.statistic
        if metric is None or not isinstance(statistic, Text):
            continue
        name = statistic.text
        percentile = name[:1] in "pPtT" and name[1:2].isdigit()
        valid = metric.percentiles if percentile else name in metric.statistics
        known = percentile or name in ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
        if known and not valid:
            yield Problem(
                statistic.position,
                f"{name} of {watch.metric} says nothing; its statistics are {', '.join(metric.statistics)}",
                f"Write Statistic: {'Sum' if 'Sum' in metric.statistics else metric.statistics[0]}.",
                watch.alarm.logical_id,
            )


@rule("TW-ALM-009", "dead-metric", INFO)
def dead_metric(stack: Stack) -> Iterator[Problem]:
    """A metric that is always zero now

    What it finds: an alarm on OnlineIndexThrottleEvents or OnlineIndexConsumedWriteCapacity.
    Why it matters: both are documented to show 0 while an index is built; the alarm never fires.
    Instead: OnlineIndexPercentageProgress to follow a new index; WriteThrottleEvents for its table.
    When to ignore: never; it has no effect.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions".
    """
    for watch in _of_dynamodb(stack):
        metric = METRICS.get(watch.metric or "")
        if metric is not None and metric.dead:
            yield Problem(watch.position, f"{watch.metric} is always 0 now", resource=watch.alarm.logical_id)


@rule("TW-ALM-010", "missing-data-of-sparse-metric", INFO)
def missing_data_of_sparse_metric(stack: Stack) -> Iterator[Problem]:
    """A count that is silent when there is nothing to count

    What it finds: an alarm on a count that DynamoDB publishes only when it is not zero, without TreatMissingData
        notBreaching.
    Why it matters: after one throttled minute the metric falls silent, and by default (missing) the alarm keeps its
        state or goes to INSUFFICIENT_DATA: it does not return to OK by itself.
    Instead: TreatMissingData: notBreaching.
    When to ignore: the expression fills the gaps: FILL(m, 0).
    Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data"; AWS's recommended alarms.
    """
    for alarm in stack.of(ALARM):
        props = alarm.properties
        treated = props.get("TreatMissingData")
        if not props.whole or (treated is not None and text(treated) in (None, "notBreaching")):
            continue
        if (text(props.get("ComparisonOperator")) or "").startswith("LessThan"):
            continue  # it rings for the silence itself
        found = [watch for watch in watches(alarm) if watch.is_dynamodb]
        if not found or not all(METRICS[w.metric].sparse for w in found if w.metric in METRICS):
            continue
        expressions = [text(query.get("Expression")) or "" for query in blocks(props.get("Metrics"))]
        if any(watch.metric in METRICS for watch in found) and not any("FILL" in one for one in expressions):
            yield Problem(
                props.at("TreatMissingData") if treated is not None else alarm.position,
                f"{alarm.logical_id} watches a count that is silent at zero, and does not say notBreaching",
                "Write TreatMissingData: notBreaching.",
                alarm.logical_id,
            )


@rule("TW-ALM-014", "alarm-name-written-out", INFO)
def alarm_name_written_out(stack: Stack) -> Iterator[Problem]:
    """The alarm has a name of its own

    What it finds: an alarm on DynamoDB whose AlarmName is written out as text.
    Why it matters: alarm names are shared by a whole account and region: a second stack or environment takes over or
        meets the same alarm. A new name means a new alarm.
    Instead: no AlarmName, or one with ${AWS::StackName} in it.
    When to ignore: people and programs know the alarm by its name.
    Source: Template reference, Alarm (AlarmName).
    """
    for alarm in stack.of(ALARM):
        name = alarm.properties.get("AlarmName")
        if not isinstance(name, Text) or not name.literal:
            continue
        if any(watch.is_dynamodb or _by_name(watch) for watch in watches(alarm)):
            yield Problem(
                name.position,
                f"{name.text} can stand once in an account and region",
                f"Write AlarmName: !Sub '${{AWS::StackName}}-{name.text}', or leave it out.",
                alarm.logical_id,
            )


@rule("TW-ALM-015", "too-many-metrics", ERROR)
def too_many_metrics(stack: Stack) -> Iterator[Problem]:
    """An alarm over more metrics than CloudWatch takes

    What it finds: an alarm whose metric math reads more than ten metrics.
    Why it matters: ten is a hard limit: PutMetricAlarm refuses the alarm. It is met by summing SystemErrors over the
        operations.
    Instead: two alarms under a composite alarm, or one Metrics Insights query (SELECT SUM(SystemErrors) FROM
        SCHEMA(…)).
    When to ignore: never; the deployment fails.
    Source: CloudWatch user guide, alarm quotas (10 metrics an alarm).
    """
    for alarm in stack.of(ALARM):
        queries = alarm.properties.get("Metrics")
        if not isinstance(queries, Rows) or not is_whole(queries):
            continue
        count = sum(1 for query in queries.items if isinstance(query, Block) and query.get("MetricStat") is not None)
        if count > ALARM_METRICS.value and any(watch.is_dynamodb for watch in watches(alarm)):
            yield Problem(
                alarm.properties.at("Metrics"),
                f"{alarm.logical_id} reads {count} metrics; {ALARM_METRICS.value} are allowed",
                resource=alarm.logical_id,
            )


@rule("TW-ALM-019", "alarm-waits-for-late-minutes", WARNING)
def alarm_waits_for_late_minutes(stack: Stack) -> Iterator[Problem]:
    """An alarm whose newest minute is always filled

    What it finds: metric math over periods of a minute that fills gaps with a constant within the threshold (FILL(m, 0)),
        in an alarm that wants each of its evaluation periods beyond it.
    Why it matters: DynamoDB's metrics are published a minute or two late. When the alarm is judged, the newest minute is
        always the filled one: it is never beyond the threshold, and the alarm stays OK however long it lasts.
    Instead: leave FILL out, since arithmetic counts a missing value as 0; or more EvaluationPeriods than
        DatapointsToAlarm, by two: five of seven minutes.
    When to ignore: the metrics are there before the alarm is judged.
    Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics" (FILL in alarms).
    """
    for alarm in stack.of(ALARM):
        props = alarm.properties
        evaluated = number(props.get("EvaluationPeriods"))
        wanted = number(props.get("DatapointsToAlarm")) if props.get("DatapointsToAlarm") is not None else evaluated
        threshold = number(props.get("Threshold"))
        greater = (text(props.get("ComparisonOperator")) or "").startswith("Greater")
        if not props.whole or evaluated is None or wanted != evaluated or threshold is None or not greater:
            continue
        queries = list(blocks(props.get("Metrics")))
        periods = [number(dig(query, "MetricStat", "Period")) for query in queries if query.get("MetricStat")]
        ours = any(watch.is_dynamodb for watch in watches(alarm))
        if not ours or not periods or any(period is None or period > 60 for period in periods):
            continue
        expressions = [text(query.get("Expression")) or "" for query in queries]
        filled = [float(found[1]) for one in expressions for found in _FILLED.finditer(one)]
        if filled and max(filled) <= threshold:
            yield Problem(
                props.at("DatapointsToAlarm") if "DatapointsToAlarm" in props.fields else props.at("EvaluationPeriods"),
                f"{alarm.logical_id} fills the newest minute, which is not published yet, and wants it beyond the threshold",
                f"Leave FILL out, or write EvaluationPeriods: {int(evaluated) + 2} and DatapointsToAlarm: {int(evaluated)}.",
                alarm.logical_id,
            )


_FILLED = re.compile(r"FILL\(\s*\w+\s*,\s*([0-9.]+)\s*\)", re.IGNORECASE)


def _of_dynamodb(stack: Stack) -> Iterator[Watch]:
    """The metrics of AWS/DynamoDB that alarms look at; without a namespace, those that only DynamoDB has."""
    for watch in all_watches(stack):
        if watch.is_dynamodb:
            yield watch
