"""Reading what watches the tables: alarms over CloudWatch's API, log groups over CloudWatch Logs'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tablewright.aws.clock import utc
from tablewright.aws.session import Session
from tablewright.model.observed import AlarmState, LogGroupState, Watched

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import (
        CompositeAlarmTypeDef,
        DescribeAlarmsInputTypeDef,
        DimensionTypeDef,
        MetricAlarmTypeDef,
    )
    from mypy_boto3_logs.type_defs import DescribeLogGroupsRequestTypeDef

__all__ = ["CloudWatchObservations"]

_NAMES_A_CALL = 100
"""DescribeAlarms takes at most 100 names (CloudWatch API reference)."""


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
