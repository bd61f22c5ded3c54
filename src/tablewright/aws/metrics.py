"""Metrics over time from CloudWatch, the busiest keys from contributor insights, and how auto scaling is set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tablewright.aws.session import Session
from tablewright.errors import TablewrightError
from tablewright.model.series import (
    DYNAMODB,
    Asked,
    KeyShare,
    MetricId,
    Reading,
    ScalingSetting,
    Series,
    SeriesId,
    SeriesSet,
    TopKeys,
)

__all__ = ["CloudWatchMetrics"]

_QUERIES_A_CALL = 500
"""GetMetricData takes at most 500 queries (CloudWatch API reference)."""
_POINTS_A_CALL = 100_800
"""GetMetricData returns at most 100,800 data points a call (CloudWatch API reference)."""
_LISTED_BY_TABLE = 5
"""Up to so many tables, ListMetrics is asked for each; above, for the whole namespace at once."""
_TOP = 10
_LONGEST_REPORT = timedelta(hours=24)
"""An insights report covers at most a day (GetInsightRuleReport, CloudWatch API reference)."""


class CloudWatchMetrics:
    """The metrics of one account and region."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def listed(self, tables: Sequence[str]) -> tuple[MetricId, ...]:
        """The metrics of these tables, and the account's own, that had data in the last two weeks."""
        wanted = set(tables)
        found: dict[MetricId, None] = {}
        if len(wanted) <= _LISTED_BY_TABLE:
            asked: list[dict[str, Any]] = [{"Dimensions": [{"Name": "TableName", "Value": t}]} for t in sorted(wanted)]
            asked.append({"MetricName": "UserErrors"})
        else:
            asked = [{}]
        for request in asked:
            for page in self._pages("cloudwatch", "list_metrics", {"Namespace": DYNAMODB, **request}, "NextToken"):
                for metric in page["Metrics"]:
                    each = MetricId(
                        metric["MetricName"],
                        tuple(sorted((d["Name"], d["Value"]) for d in metric["Dimensions"])),
                        metric["Namespace"],
                    )
                    if each.table in wanted or not each.dimensions:
                        found[each] = None
        return tuple(found)

    def series(self, asked: Sequence[Asked], *, since: datetime, until: datetime) -> Reading:
        """The series of these metrics; as many in a call as its limits on queries and on data points allow."""
        gathered: dict[SeriesId, dict[int, float]] = {each.id: {} for each in asked}
        calls = points = 0
        for some in _portions(asked, until - since):
            queries = [_query(f"m{number}", each) for number, each in enumerate(some)]
            request = {
                "MetricDataQueries": queries,
                "StartTime": since,
                "EndTime": until,
                "ScanBy": "TimestampAscending",
                "MaxDatapoints": _POINTS_A_CALL,
            }
            for page in self._pages("cloudwatch", "get_metric_data", request, "NextToken"):
                calls += 1
                for result in page["MetricDataResults"]:
                    into = gathered[some[int(result["Id"][1:])].id]
                    points += len(result["Values"])
                    for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                        into[int(at.timestamp())] = value
        periods = {each.id: each.period for each in asked}
        series = []
        for each, values in gathered.items():
            times = tuple(sorted(values))
            series.append(Series(each, periods[each], times, tuple(values[t] for t in times)))
        return Reading(
            SeriesSet.of(series, min(periods.values(), default=60)), calls=calls, metrics=len(asked), points=points
        )

    def top_keys(self, table: str, index: str | None, *, since: datetime, until: datetime) -> TopKeys | None:
        """The busiest keys by the rules of a table or index, of a day at most; None while insights are off.

        The rules of keys with a sort key name single items, those of the partition key alone whole partitions: the
        latter are read, because a partition is what gets hot.
        """
        request = {"TableName": table, **({"IndexName": index} if index else {})}
        with self._session.translated("dynamodb"):
            described: Mapping[str, Any] = self._session.client("dynamodb").describe_contributor_insights(**request)
        if described.get("ContributorInsightsStatus") not in ("ENABLED", "ENABLING"):
            return None
        rules = described.get("ContributorInsightsRuleList", [])
        since = max(since, until - _LONGEST_REPORT)
        shares = {
            kind: self._shares(rule, since, until) for kind in ("PKC", "PKT") for rule in rules if f"-{kind}-" in rule
        }
        return TopKeys(
            accessed=shares.get("PKC", ()),
            throttled=shares.get("PKT", ()),
            mode=described.get("ContributorInsightsMode", ""),
        )

    def scaling(self, tables: Sequence[str]) -> tuple[ScalingSetting, ...]:
        """The scalable targets of the tables and of their indexes, with the target of their tracking policies."""
        wanted = set(tables)
        found: list[ScalingSetting] = []
        targets: dict[tuple[str, str], float] = {}
        for page in self._pages(
            "application-autoscaling", "describe_scaling_policies", {"ServiceNamespace": "dynamodb"}, "NextToken"
        ):
            for policy in page["ScalingPolicies"]:
                tracked = policy.get("TargetTrackingScalingPolicyConfiguration")
                if tracked:
                    targets[policy["ResourceId"], policy["ScalableDimension"]] = tracked["TargetValue"]
        for page in self._pages(
            "application-autoscaling", "describe_scalable_targets", {"ServiceNamespace": "dynamodb"}, "NextToken"
        ):
            for target in page["ScalableTargets"]:
                resource, dimension = target["ResourceId"], target["ScalableDimension"]
                if resource.split("/")[1] not in wanted:
                    continue
                suspended = target.get("SuspendedState", {})
                found.append(
                    ScalingSetting(
                        resource=resource,
                        dimension=dimension,
                        minimum=target["MinCapacity"],
                        maximum=target["MaxCapacity"],
                        target_percent=targets.get((resource, dimension)),
                        suspended=bool(suspended.get("DynamicScalingOutSuspended")),
                    )
                )
        return tuple(found)

    def samples(self, table: str, attribute: str) -> tuple[Mapping[str, object], ...]:
        """The keys and one attribute of the items on one page of a Scan (1 MB at most), eventually consistent."""
        with self._session.translated("dynamodb"):
            described = self._session.dynamodb.describe_table(TableName=table)["Table"]
            names = [key["AttributeName"] for key in described["KeySchema"]]
            asked = list(dict.fromkeys([*names, attribute]))
            answer = self._session.dynamodb.scan(
                TableName=table,
                ProjectionExpression=", ".join(f"#a{number}" for number in range(len(asked))),
                ExpressionAttributeNames={f"#a{number}": name for number, name in enumerate(asked)},
            )
        return tuple(answer["Items"])

    def _shares(self, rule: str, since: datetime, until: datetime) -> tuple[KeyShare, ...]:
        try:
            with self._session.translated("cloudwatch"):
                report = self._session.cloudwatch.get_insight_rule_report(
                    RuleName=rule,
                    StartTime=since,
                    EndTime=until,
                    Period=3600,
                    MaxContributorCount=_TOP,
                    OrderBy="Sum",
                )
        except TablewrightError as error:
            if error.code == "not-found":
                return ()
            raise
        whole = report.get("AggregateValue") or 0.0
        return tuple(
            KeyShare(
                tuple(each["Keys"]),
                each["ApproximateAggregateValue"],
                min(1.0, each["ApproximateAggregateValue"] / whole) if whole else 0.0,
            )
            for each in report.get("Contributors", [])
        )

    def _pages(
        self, service: str, operation: str, request: Mapping[str, Any], token: str
    ) -> Iterator[Mapping[str, Any]]:
        asked = dict(request)
        while True:
            with self._session.translated(service):
                page: Mapping[str, Any] = getattr(self._session.client(service), operation)(**asked)
            yield page
            if not page.get(token):
                return
            asked[token] = page[token]


def _portions(asked: Sequence[Asked], span: timedelta) -> Iterator[Sequence[Asked]]:
    """The queries in portions that stay within what one call may ask for and give back."""
    some: list[Asked] = []
    points = 0
    for each in asked:
        expected = int(span.total_seconds() // each.period) + 1
        if some and (len(some) == _QUERIES_A_CALL or points + expected > _POINTS_A_CALL):
            yield some
            some, points = [], 0
        some.append(each)
        points += expected
    if some:
        yield some


def _query(name: str, asked: Asked) -> dict[str, Any]:
    metric = asked.id.metric
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": each, "Value": value} for each, value in metric.dimensions],
            },
            "Period": asked.period,
            "Stat": asked.id.statistic,
        },
    }
