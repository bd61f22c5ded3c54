"""What nobody watches, and what looks watched and is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tablewright.lint.rule import INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import blocks, is_off, text
from tablewright.lint.watching import all_watches, table_watched, watches
from tablewright.model.listed import listed
from tablewright.model.metrics import INDEX, THROTTLE_METRICS, T
from tablewright.template.resolve import Block, Open, Text

_ERRORS = re.compile(r"error|fault|fail", re.IGNORECASE)


@dataclass(frozen=True)
class Coverage:
    """Which tables and indexes the alarms of a template look at; ``everything`` where that cannot be told apart."""

    tables: frozenset[str]
    indexes: frozenset[tuple[str, str]]
    everything: bool

    @property
    def any(self) -> bool:
        """Whether an alarm looks at a table of this template."""
        return bool(self.tables)


def coverage(stack: Stack) -> Coverage:
    """What the alarms of a template look at."""
    tables, indexes = set[str](), set[tuple[str, str]]()
    everything = stack.hidden
    for alarm in stack.of("AWS::CloudWatch::Alarm"):
        everything = everything or not alarm.properties.whole
        for query in blocks(alarm.properties.get("Metrics")):
            everything = everything or "AWS/DynamoDB" in (text(query.get("Expression")) or "")
    for watch in all_watches(stack):
        if not watch.is_dynamodb and watch.namespace is not None:
            continue
        if watch.dimensions is None:
            everything = True
            continue
        if T not in watch.dimensions:
            continue
        table = table_watched(stack, watch)
        if table is None:
            everything = everything or isinstance(watch.dimensions[T], Open)
            continue
        tables.add(table.logical_id)
        index = watch.dimensions.get(INDEX)
        if isinstance(index, Text):
            indexes.add((table.logical_id, index.text))
        elif index is not None:
            indexes.update((table.logical_id, text(one.name) or "") for one in table.globals)
    return Coverage(frozenset(tables), frozenset(indexes), everything)


@rule("TW-ALM-006", "index-without-alarm", WARNING)
def index_without_alarm(stack: Stack) -> Iterator[Problem]:
    """The alarms leave an index out

    What it finds: a global index that no alarm looks at, in a template whose alarms look at tables.
    Why it matters: a table's metrics leave its indexes out. An index that throttles writes throttles its table, and no
        alarm on the table says which index, or that it is one.
    Instead: ReadThrottleEvents and WriteThrottleEvents with TableName and GlobalSecondaryIndexName.
    When to ignore: the index is watched elsewhere.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions"; AWS's recommended alarms.
    """
    found = coverage(stack)
    if found.everything or not found.any:
        return
    for table in stack.tables:
        for index in table.globals:
            name = text(index.name)
            if name is not None and (table.logical_id, name) not in found.indexes:
                yield Problem(
                    index.position,
                    f"No alarm looks at {name}; the metrics of {table.called} leave it out",
                    f"Alarm on ReadThrottleEvents and WriteThrottleEvents with TableName: !Ref {table.logical_id} and "
                    f"GlobalSecondaryIndexName: {name}.",
                    table.logical_id,
                )


@rule("TW-ALM-016", "table-without-alarm", WARNING)
def table_without_alarm(stack: Stack) -> Iterator[Problem]:
    """The alarms leave a table out

    What it finds: a table that no alarm looks at, in a template whose alarms look at other tables.
    Why it matters: the reader of the alarms believes that the stack is watched.
    Instead: the same alarms for each table.
    When to ignore: the table does not matter enough to wake anyone.
    Source: AWS's recommended alarms for DynamoDB.
    """
    found = coverage(stack)
    if found.everything or not found.any:
        return
    for table in stack.tables:
        if table.logical_id not in found.tables:
            watched = listed(sorted(found.tables), 3)
            yield Problem(
                table.position,
                f"No alarm looks at {table.called}, though alarms look at {watched}",
                f"Alarm on ReadThrottleEvents and WriteThrottleEvents with TableName: !Ref {table.logical_id}.",
                table.logical_id,
            )


@rule("TW-ALM-011", "recommended-alarms-missing", INFO)
def recommended_alarms_missing(stack: Stack) -> Iterator[Problem]:
    """Not all of AWS's recommended alarms

    What it finds: a table without an alarm on read throttling, on write throttling or on SystemErrors in the template.
    Why it matters: these are the failures that DynamoDB itself reports; without them the first to notice are the users.
    Instead: ReadThrottleEvents and WriteThrottleEvents by table and index, SystemErrors by operation, latency by
        operation; `tablewright add alarm --set recommended` writes them.
    When to ignore: alarms stand in another template.
    Source: CloudWatch user guide, "Recommended alarms" (DynamoDB).
    """
    if stack.hidden:
        return
    seen: dict[str, set[str]] = {}
    for watch in all_watches(stack):
        table = table_watched(stack, watch)
        if table is None and watch.dimensions is None:
            return
        if table is not None and watch.metric is not None:
            seen.setdefault(table.logical_id, set()).add(watch.metric)
    for table in stack.tables:
        metrics = seen.get(table.logical_id, set())
        lacking = []
        if not any(name.startswith("Read") for name in metrics & THROTTLE_METRICS):
            lacking.append("throttled reads")
        if not any(name.startswith("Write") for name in metrics & THROTTLE_METRICS):
            lacking.append("throttled writes")
        if "SystemErrors" not in metrics:
            lacking.append("SystemErrors")
        if lacking:
            yield Problem(
                table.position, f"No alarm looks at {', '.join(lacking)} of {table.called}", resource=table.logical_id
            )


@rule("TW-ALM-012", "decoy-log-group", INFO)
def decoy_log_group(stack: Stack) -> Iterator[Problem]:
    """A log group that DynamoDB never writes to

    What it finds: a log group named /aws/dynamodb/….
    Why it matters: the name promises logs of the tables. DynamoDB writes none; it stays empty unless a program of yours
        writes to it.
    Instead: CloudTrail, with data events for the tables, logs who called what. Imports from S3 log to
        /aws-dynamodb/imports.
    When to ignore: your own program writes there.
    Source: Amazon DynamoDB developer guide, "Logging DynamoDB operations by using AWS CloudTrail".
    """
    for group in stack.of("AWS::Logs::LogGroup"):
        name = group.properties.get("LogGroupName")
        if isinstance(name, Text) and name.text.startswith("/aws/dynamodb/"):
            yield Problem(name.position, f"DynamoDB writes nothing to {name.text}", resource=group.logical_id)


@rule("TW-ALM-013", "no-contributor-insights", INFO)
def no_contributor_insights(stack: Stack) -> Iterator[Problem]:
    """Nothing says which keys are hot

    What it finds: a table without Contributor Insights.
    Why it matters: when a partition is hot, only Contributor Insights says which key it is, and only from when it is
        on.
    Instead: ContributorInsightsSpecification: Enabled: true, Mode: THROTTLED_KEYS, which costs only while something is
        throttled.
    When to ignore: keys are personal data: Contributor Insights shows them in clear.
    Source: Amazon DynamoDB developer guide, "Analyzing data access using CloudWatch Contributor Insights".
    """
    for table in stack.tables:
        if not table.is_global and table.get("ContributorInsightsSpecification") is None:
            yield Problem(
                table.position, f"When {table.called} throttles, nothing says by which key", resource=table.logical_id
            )
        elif is_off(table.get("ContributorInsightsSpecification", "Enabled")) and isinstance(
            table.get("ContributorInsightsSpecification"), Block
        ):
            yield Problem(
                table.where("ContributorInsightsSpecification"),
                f"Contributor Insights of {table.called} is off",
                resource=table.logical_id,
            )


@rule("TW-ALM-017", "alarm-says-errors", INFO)
def alarm_says_errors(stack: Stack) -> Iterator[Problem]:
    """An alarm that says errors and counts throttling

    What it finds: an alarm whose name speaks of errors and whose metrics all count throttling.
    Why it matters: whoever is woken looks for the wrong thing; and errors (SystemErrors) are watched by nobody.
    Instead: say throttles in the name, and alarm on SystemErrors by operation besides.
    When to ignore: the name is known and stays.
    Source: Amazon DynamoDB developer guide, "DynamoDB metrics and dimensions".
    """
    for alarm in stack.of("AWS::CloudWatch::Alarm"):
        name = alarm.properties.get("AlarmName")
        shown = text(name) or alarm.logical_id
        metrics = {watch.metric for watch in watches(alarm) if watch.is_dynamodb or watch.namespace is None}
        throttles = THROTTLE_METRICS | {"ThrottledRequests"}
        if metrics and _ERRORS.search(shown) and metrics <= throttles:
            yield Problem(
                name.position if isinstance(name, Text) else alarm.position,
                f"{shown} speaks of errors, and counts throttling",
                resource=alarm.logical_id,
            )
