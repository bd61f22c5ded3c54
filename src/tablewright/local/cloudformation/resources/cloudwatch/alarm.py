"""AWS::CloudWatch::Alarm and AWS::CloudWatch::CompositeAlarm."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already
from tablewright.local.cloudformation.resources.kind import Kind, given, merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import Handling, Properties
from tablewright.local.cloudformation.resources.values import boolean, number

_COPIED = (
    "AlarmDescription",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Unit",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "ThresholdMetricId",
)
_WHOLE = ("Period", "EvaluationPeriods", "DatapointsToAlarm")


async def find_alarm(handling: Handling, name: str, kind: str) -> dict[str, Any] | None:
    """The alarm of that name as DescribeAlarms gives it, whichever of the two types it is."""
    params: dict[str, object] = {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    found = await handling.call("cloudwatch", "DescribeAlarms", params)
    alarms = (found.get("MetricAlarms") or []) + (found.get("CompositeAlarms") or []) if not kind else found.get(kind)
    return dict(alarms[0]) if alarms else None


async def replace_tags(handling: Handling, arn: str, wanted: dict[str, str]) -> None:
    found = await handling.call("cloudwatch", "ListTagsForResource", {"ResourceARN": arn})
    now = {str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags") or []}
    dropped = [key for key in now if key not in wanted and not key.startswith("aws:")]
    added = {key: value for key, value in wanted.items() if now.get(key) != value and not key.startswith("aws:")}
    if dropped:
        await handling.call("cloudwatch", "UntagResource", {"ResourceARN": arn, "TagKeys": dropped})
    if added:
        await handling.call("cloudwatch", "TagResource", {"ResourceARN": arn, "Tags": tag_list(added)})


def own_tags(handling: Handling, properties: Properties) -> dict[str, str]:
    """CloudWatch does not show CloudFormation's own tags."""
    return {k: v for k, v in merged_tags(handling.tags, properties).items() if not k.startswith("aws:")}


class Alarm(Kind):
    """One metric, or metric math over several."""

    name: ClassVar[str] = "AWS::CloudWatch::Alarm"
    name_property: ClassVar[str] = "AlarmName"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    replaced: ClassVar[frozenset[str]] = frozenset({"AlarmName"})
    unread: ClassVar[frozenset[str]] = frozenset({"Tags"})
    unserved: ClassVar[frozenset[str]] = frozenset(
        {"ActionConfiguration", "EvaluationCriteria", "EvaluationInterval", "EvaluationWindow", "WarmUpConfiguration"}
    )

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params = self._request(name, properties)
        if tags := own_tags(handling, properties):
            params["Tags"] = tag_list(tags)
        # PutMetricAlarm overwrites; CloudFormation looks first.
        if await find_alarm(handling, name, "") is not None and not handling.was_called(
            "cloudwatch", "PutMetricAlarm", params
        ):
            raise exists_already(self.name, name)
        await handling.call("cloudwatch", "PutMetricAlarm", params)
        handling.made(name)
        return await self._attributes(handling, name)

    def _request(self, name: str, properties: Properties) -> dict[str, Any]:
        params = {"AlarmName": name, **given(properties, _COPIED)}
        if "ActionsEnabled" in properties:
            params["ActionsEnabled"] = boolean(properties["ActionsEnabled"])
        if "Threshold" in properties:
            params["Threshold"] = float(properties["Threshold"])
        for key in _WHOLE:
            if key in properties:
                params[key] = number(properties[key])
        if "Metrics" in properties:
            params["Metrics"] = [_query(query) for query in properties["Metrics"]]
        return params

    async def _attributes(self, handling: Handling, name: str) -> dict[str, Any]:
        alarm = await find_alarm(handling, name, "MetricAlarms")
        return {"Arn": str(alarm["AlarmArn"])} if alarm else {}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        await handling.call("cloudwatch", "PutMetricAlarm", self._request(physical_id, after))
        attributes = await self._attributes(handling, physical_id)
        if before.get("Tags") != after.get("Tags") or handling.tags_changed:
            await replace_tags(handling, attributes["Arn"], own_tags(handling, after))
        return attributes

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        if await find_alarm(handling, physical_id, "") is not None:
            await handling.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [physical_id]})

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        alarm = await find_alarm(handling, physical_id, "MetricAlarms")
        if alarm is None:
            return None
        names = (*_COPIED, *_WHOLE, "AlarmName", "ActionsEnabled", "Threshold", "Metrics")
        return {key: alarm[key] for key in names if alarm.get(key) not in (None, [])}, {"Arn": str(alarm["AlarmArn"])}


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """One entry of Metrics, with the numbers and booleans that the API wants."""
    entry = dict(query)
    if "ReturnData" in entry:
        entry["ReturnData"] = boolean(entry["ReturnData"])
    if "Period" in entry:
        entry["Period"] = number(entry["Period"])
    if "MetricStat" in entry:
        stat = dict(entry["MetricStat"])
        stat["Period"] = number(stat["Period"])
        entry["MetricStat"] = stat
    return entry


class CompositeAlarm(Kind):
    """An alarm over the states of other alarms."""

    name: ClassVar[str] = "AWS::CloudWatch::CompositeAlarm"
    name_property: ClassVar[str] = "AlarmName"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    replaced: ClassVar[frozenset[str]] = frozenset({"AlarmName"})
    unread: ClassVar[frozenset[str]] = frozenset({"Tags"})

    unserved: ClassVar[frozenset[str]] = frozenset({"ActionConfiguration"})

    _MEMBERS = (
        "AlarmRule",
        "AlarmDescription",
        "OKActions",
        "AlarmActions",
        "InsufficientDataActions",
        "ActionsSuppressor",
    )
    _NUMBERS = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")

    def _request(self, name: str, properties: Properties) -> dict[str, Any]:
        params = {"AlarmName": name, **given(properties, self._MEMBERS)}
        for key in self._NUMBERS:
            if key in properties:
                params[key] = number(properties[key])
        if "ActionsEnabled" in properties:
            params["ActionsEnabled"] = boolean(properties["ActionsEnabled"])
        return params

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params = self._request(name, properties)
        if tags := own_tags(handling, properties):
            params["Tags"] = tag_list(tags)
        if await find_alarm(handling, name, "") is not None and not handling.was_called(
            "cloudwatch", "PutCompositeAlarm", params
        ):
            raise exists_already(self.name, name)
        await handling.call("cloudwatch", "PutCompositeAlarm", params)
        handling.made(name)
        return await self._attributes(handling, name)

    async def _attributes(self, handling: Handling, name: str) -> dict[str, Any]:
        alarm = await find_alarm(handling, name, "CompositeAlarms")
        return {"Arn": str(alarm["AlarmArn"])} if alarm else {}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        await handling.call("cloudwatch", "PutCompositeAlarm", self._request(physical_id, after))
        attributes = await self._attributes(handling, physical_id)
        if before.get("Tags") != after.get("Tags") or handling.tags_changed:
            await replace_tags(handling, attributes["Arn"], own_tags(handling, after))
        return attributes

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        if await find_alarm(handling, physical_id, "") is not None:
            await handling.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [physical_id]})

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        alarm = await find_alarm(handling, physical_id, "CompositeAlarms")
        if alarm is None:
            return None
        names = (*self._MEMBERS, *self._NUMBERS, "AlarmName", "ActionsEnabled")
        return {key: alarm[key] for key in names if alarm.get(key) not in (None, [])}, {"Arn": str(alarm["AlarmArn"])}
