"""Reading what watches the tables: alarms over CloudWatch's API, log groups over CloudWatch Logs'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tablewright.aws.clock import utc
from tablewright.aws.session import Session
from tablewright.model.observed import AlarmState, LogGroupState, MetricQuery, Series, Traffic, Watched

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import (
        CompositeAlarmTypeDef,
        DescribeAlarmsInputTypeDef,
        DimensionTypeDef,
        GetMetricDataInputTypeDef,
        MetricAlarmTypeDef,
        MetricDataQueryTypeDef,
        MetricDataResultTypeDef,
        MetricTypeDef,
    )
    from mypy_boto3_logs.type_defs import DescribeLogGroupsRequestTypeDef

__all__ = ["CloudWatchObservations"]

_NAMES_A_CALL = 100
"""DescribeAlarms takes at most 100 names (CloudWatch API reference)."""
_QUERIES_A_CALL = 500
"""GetMetricData takes at most 500 queries (CloudWatch API reference)."""
_PERIOD_S = 60
"""DynamoDB publishes these metrics by the minute."""


class CloudWatchObservations:
    """Alarms and log groups of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def alarms(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        """The alarms of these names, metric and composite ones, in the names' order; a name that none has is left out."""
        found: dict[str, AlarmState] = {}
        wanted = list(dict.fromkeys(names))
        for start in range(0, len(wanted), _NAMES_A_CALL):
            request: DescribeAlarmsInputTypeDef = {
                "AlarmNames": wanted[start : start + _NAMES_A_CALL],
                "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
                "MaxRecords": _NAMES_A_CALL,
            }
            while True:
                with self._session.translated("cloudwatch"):
                    answer = self._session.cloudwatch.describe_alarms(**request)
                    states = [
                        *(_metric_alarm(a) for a in answer.get("MetricAlarms", [])),
                        *(_composite_alarm(a) for a in answer.get("CompositeAlarms", [])),
                    ]
                found |= {state.name: state for state in states}
                token = answer.get("NextToken")
                if not token:
                    break
                request["NextToken"] = token
        return tuple(found[name] for name in wanted if name in found)

    def log_group(self, name: str) -> LogGroupState | None:
        """The log group of exactly this name; None if there is none."""
        request: DescribeLogGroupsRequestTypeDef = {"logGroupNamePrefix": name}
        while True:
            with self._session.translated("logs"):
                answer = self._session.logs.describe_log_groups(**request)
                for group in answer["logGroups"]:
                    if group["logGroupName"] == name:
                        return LogGroupState(
                            name=name,
                            retention_days=group.get("retentionInDays"),
                            stored_bytes=group.get("storedBytes", 0),
                        )
            token = answer.get("nextToken")
            if not token:
                return None
            request["nextToken"] = token

    def traffic(
        self, subjects: Sequence[tuple[str, str | None]], *, since: datetime, until: datetime
    ) -> tuple[Traffic, ...]:
        """What was asked of each (table, index or None) in the span, in the subjects' order; times are rounded to minutes.

        A metric without data counts as zero: CloudWatch keeps none for silence. AWS bills GetMetricData by the metric, four
        for each subject here.
        """
        sums: dict[str, float] = {}
        queries = [_query(number, subject, name) for number, subject in enumerate(subjects) for name in _TRAFFIC]
        for result in self._metric_data(queries, since, until):
            sums[result["Id"]] = sums.get(result["Id"], 0.0) + sum(result.get("Values", []))
        return tuple(_traffic(number, subject, since, until, sums) for number, subject in enumerate(subjects))

    def series(self, queries: Sequence[MetricQuery], *, since: datetime, until: datetime) -> tuple[Series, ...]:
        """What was published of each in the span, in the queries' order. AWS bills GetMetricData by the metric.

        CloudWatch keeps values of a minute for 15 days, of five minutes for 63, of an hour for 455.
        """
        found: dict[str, dict[int, float]] = {}
        asked = [_metric_query(number, query) for number, query in enumerate(queries)]
        for result in self._metric_data(asked, since, until):
            points = found.setdefault(result["Id"], {})
            stamps = (int(utc(at).timestamp()) for at in result.get("Timestamps", []))
            points.update(zip(stamps, result.get("Values", []), strict=True))
        return tuple(
            Series(query, tuple(sorted(found.get(f"m{number}", {}).items()))) for number, query in enumerate(queries)
        )

    def _metric_data(
        self, queries: Sequence[MetricDataQueryTypeDef], since: datetime, until: datetime
    ) -> Iterator[MetricDataResultTypeDef]:
        """Every result of every page; one metric may come in several."""
        for start in range(0, len(queries), _QUERIES_A_CALL):
            request: GetMetricDataInputTypeDef = {
                "MetricDataQueries": queries[start : start + _QUERIES_A_CALL],
                "StartTime": since,
                "EndTime": until,
            }
            while True:
                with self._session.translated("cloudwatch"):
                    answer = self._session.cloudwatch.get_metric_data(**request)
                    results = answer["MetricDataResults"]
                yield from results
                token = answer.get("NextToken")
                if not token:
                    break
                request["NextToken"] = token


def _metric_query(number: int, query: MetricQuery) -> MetricDataQueryTypeDef:
    dimensions: list[DimensionTypeDef] = [{"Name": name, "Value": value} for name, value in query.dimensions.items()]
    metric: MetricTypeDef = {"Namespace": query.namespace, "MetricName": query.metric, "Dimensions": dimensions}
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": query.period, "Stat": query.statistic}}


_TRAFFIC = {
    "reads": "ConsumedReadCapacityUnits",
    "writes": "ConsumedWriteCapacityUnits",
    "throttled_reads": "ReadThrottleEvents",
    "throttled_writes": "WriteThrottleEvents",
}


def _query(number: int, subject: tuple[str, str | None], name: str) -> MetricDataQueryTypeDef:
    table, index = subject
    dimensions: list[DimensionTypeDef] = [{"Name": "TableName", "Value": table}]
    if index is not None:
        dimensions.append({"Name": "GlobalSecondaryIndexName", "Value": index})
    metric: MetricTypeDef = {"Namespace": "AWS/DynamoDB", "MetricName": _TRAFFIC[name], "Dimensions": dimensions}
    return {"Id": f"{name}_{number}", "MetricStat": {"Metric": metric, "Period": _PERIOD_S, "Stat": "Sum"}}


def _traffic(
    number: int, subject: tuple[str, str | None], since: datetime, until: datetime, sums: Mapping[str, float]
) -> Traffic:
    table, index = subject
    return Traffic(
        table=table,
        index=index,
        since=since,
        until=until,
        read_units=sums.get(f"reads_{number}", 0.0),
        write_units=sums.get(f"writes_{number}", 0.0),
        throttled_reads=round(sums.get(f"throttled_reads_{number}", 0.0)),
        throttled_writes=round(sums.get(f"throttled_writes_{number}", 0.0)),
    )


def _metric_alarm(answer: MetricAlarmTypeDef) -> AlarmState:
    dimensions = _dimensions(answer.get("Dimensions", []))
    watches: list[Watched] = []
    if answer.get("MetricName"):
        statistic = answer.get("Statistic") or answer.get("ExtendedStatistic") or ""
        watches.append(Watched(answer.get("Namespace", ""), answer["MetricName"], dimensions, statistic))
    for query in answer.get("Metrics", []):
        stat = query.get("MetricStat")
        if stat is not None:
            metric = stat["Metric"]
            watches.append(
                Watched(
                    namespace=metric.get("Namespace", ""),
                    metric=metric.get("MetricName", ""),
                    dimensions=_dimensions(metric.get("Dimensions", [])),
                    statistic=stat.get("Stat", ""),
                )
            )
    periods = [q["MetricStat"]["Period"] for q in answer.get("Metrics", []) if "MetricStat" in q]
    changed = answer.get("StateUpdatedTimestamp")
    return AlarmState(
        name=answer["AlarmName"],
        state=answer["StateValue"],
        reason=answer.get("StateReason", ""),
        metric=answer.get("MetricName", ""),
        dimensions=dimensions,
        actions=tuple(answer.get("AlarmActions", [])),
        changed_at=utc(changed) if changed else None,
        watches=tuple(watches),
        threshold=answer.get("Threshold"),
        comparison=answer.get("ComparisonOperator", ""),
        period=answer.get("Period") or (periods[0] if periods else None),
        evaluation_periods=answer.get("EvaluationPeriods"),
        missing_data=answer.get("TreatMissingData") or "missing",
        actions_enabled=answer.get("ActionsEnabled", True),
    )


def _composite_alarm(answer: CompositeAlarmTypeDef) -> AlarmState:
    changed = answer.get("StateUpdatedTimestamp")
    return AlarmState(
        name=answer["AlarmName"],
        state=answer["StateValue"],
        reason=answer.get("StateReason", ""),
        metric="",
        dimensions={},
        actions=tuple(answer.get("AlarmActions", [])),
        changed_at=utc(changed) if changed else None,
        rule=answer.get("AlarmRule", ""),
        actions_enabled=answer.get("ActionsEnabled", True),
    )


def _dimensions(answer: Iterable[DimensionTypeDef]) -> Mapping[str, str]:
    return {d["Name"]: d["Value"] for d in answer}
