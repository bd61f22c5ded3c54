"""The settings of a table that have calls of their own: TTL, point-in-time recovery, insights, Kinesis, resource policy, tags.

Each function brings one setting from what DynamoDB says it is to what the properties want, and makes no call when they agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tablewright.local.cloudformation.resources.dynamodb import shape
from tablewright.local.cloudformation.resources.failures import handler_error, is_missing
from tablewright.local.cloudformation.resources.kind import merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import HandlerError, Handling, Properties
from tablewright.local.services import ServiceError

OTHER_TTL_ATTRIBUTE = "TimeToLive is active on a different AttributeName: current AttributeName is {}"

_IN_FORCE = ("ENABLED", "ENABLING")


async def time_to_live(handling: Handling, name: str, before: Properties, after: Properties) -> None:
    described = await handling.call("dynamodb", "DescribeTimeToLive", {"TableName": name})
    now = described.get("TimeToLiveDescription") or {}
    active = str(now.get("AttributeName") or "") if now.get("TimeToLiveStatus") in _IN_FORCE else ""
    wanted = after.get("TimeToLiveSpecification")
    if wanted is None:
        # Dropping the block is not a way to turn TTL off.
        if active and before.get("TimeToLiveSpecification") is not None:
            raise HandlerError("InvalidRequest", shape.TTL_NAME_MISSING)
        return
    enabled, attribute = shape.truthy(wanted.get("Enabled")), str(wanted.get("AttributeName") or "")
    if enabled == bool(active) and (not enabled or attribute == active):
        return
    if not attribute:
        raise HandlerError("InvalidRequest", shape.TTL_NAME_MISSING)
    if active and attribute != active:
        refusal = ServiceError("ValidationException", OTHER_TTL_ATTRIBUTE.format(active))
        raise handler_error("dynamodb", refusal)
    specification = {"AttributeName": attribute, "Enabled": enabled}
    await handling.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification})


async def point_in_time_recovery(handling: Handling, name: str, before: Properties, after: Properties) -> None:
    wanted = after.get("PointInTimeRecoverySpecification")
    if wanted is None and before.get("PointInTimeRecoverySpecification") is None:
        return
    described = await handling.call("dynamodb", "DescribeContinuousBackups", {"TableName": name})
    now = (described.get("ContinuousBackupsDescription") or {}).get("PointInTimeRecoveryDescription") or {}
    enabled = shape.truthy((wanted or {}).get("PointInTimeRecoveryEnabled"))
    days = (wanted or {}).get("RecoveryPeriodInDays")
    same_days = days is None or now.get("RecoveryPeriodInDays") in (None, int(days))
    if enabled == (now.get("PointInTimeRecoveryStatus") == "ENABLED") and (not enabled or same_days):
        changed = (before.get("PointInTimeRecoverySpecification") or {}).get("RecoveryPeriodInDays") != days
        if not (enabled and changed):
            return
    specification: dict[str, Any] = {"PointInTimeRecoveryEnabled": enabled}
    if enabled and days is not None:
        specification["RecoveryPeriodInDays"] = int(days)
    await handling.call(
        "dynamodb",
        "UpdateContinuousBackups",
        {"TableName": name, "PointInTimeRecoverySpecification": specification},
    )


async def contributor_insights(handling: Handling, name: str, before: Properties, after: Properties) -> None:
    old = {"": before, **shape.indexes(before)}
    new = {"": after, **shape.indexes(after)}
    for index, properties in new.items():
        declared = properties.get("ContributorInsightsSpecification")
        previous = (old.get(index) or {}).get("ContributorInsightsSpecification")
        if declared == previous:
            continue
        enabled = shape.truthy((declared or {}).get("Enabled"))
        if not enabled and not shape.truthy((previous or {}).get("Enabled")):
            continue
        where: dict[str, Any] = {"TableName": name, **({"IndexName": index} if index else {})}
        mode = (declared or {}).get("Mode")
        live = await handling.call("dynamodb", "DescribeContributorInsights", where)
        stands = live.get("ContributorInsightsStatus") in ("ENABLED", "ENABLING")
        if stands == enabled and (not enabled or mode in (None, live.get("ContributorInsightsMode"))):
            # It is so already: an update that is rolled back may not have come this far.
            continue
        params: dict[str, Any] = {**where, "ContributorInsightsAction": "ENABLE" if enabled else "DISABLE"}
        if enabled and mode:
            params["ContributorInsightsMode"] = mode
        await handling.call("dynamodb", "UpdateContributorInsights", params)


async def kinesis(handling: Handling, name: str, before: Properties, after: Properties) -> None:
    old, new = before.get("KinesisStreamSpecification"), after.get("KinesisStreamSpecification")
    if old == new:
        return
    described = await handling.call("dynamodb", "DescribeKinesisStreamingDestination", {"TableName": name})
    destinations = described.get("KinesisDataStreamDestinations") or []
    # As they are: an update that is rolled back may not have come this far.
    live = {str(each["StreamArn"]) for each in destinations if each.get("DestinationStatus") in ("ACTIVE", "ENABLING")}
    if old is not None and old["StreamArn"] in live and (new is None or new["StreamArn"] != old["StreamArn"]):
        params = {"TableName": name, "StreamArn": old["StreamArn"]}
        await handling.call("dynamodb", "DisableKinesisStreamingDestination", params)
    if new is None:
        return
    precision = new.get("ApproximateCreationDateTimePrecision")
    params = {"TableName": name, "StreamArn": new["StreamArn"]}
    if new["StreamArn"] in live:
        if not precision or (old is not None and old.get("ApproximateCreationDateTimePrecision") == precision):
            return
        update = {"UpdateKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": precision}}
        await handling.call("dynamodb", "UpdateKinesisStreamingDestination", {**params, **update})
        return
    if precision:
        params["EnableKinesisStreamingConfiguration"] = {"ApproximateCreationDateTimePrecision": precision}
    await handling.call("dynamodb", "EnableKinesisStreamingDestination", params)


async def resource_policy(handling: Handling, arn: str, before: Properties, after: Properties) -> None:
    old, new = before.get("ResourcePolicy"), after.get("ResourcePolicy")
    if old == new:
        return
    if new is None:
        try:
            await handling.call("dynamodb", "DeleteResourcePolicy", {"ResourceArn": arn})
        except ServiceError as error:
            if error.code != "PolicyNotFoundException" and not is_missing(error):
                raise
        return
    await handling.call(
        "dynamodb", "PutResourcePolicy", {"ResourceArn": arn, "Policy": json.dumps(new["PolicyDocument"])}
    )


async def of_stream(handling: Handling, table: Mapping[str, Any], before: Properties, after: Properties) -> None:
    """The stream's own policy and tags; a stream that is off, or was made anew, has lost its old one."""
    old, new = ((one.get("StreamSpecification") or {}) for one in (before, after))
    if not (table.get("StreamSpecification") or {}).get("StreamEnabled"):
        return
    kept = old if old.get("StreamViewType") == new.get("StreamViewType") else {}
    await resource_policy(handling, str(table["LatestStreamArn"]), kept, new)
    if kept.get("Tags") or new.get("Tags"):
        await tags(handling, str(table["LatestStreamArn"]), merged_tags({}, new))


async def tags(handling: Handling, arn: str, wanted: Mapping[str, str]) -> None:
    found = await handling.call("dynamodb", "ListTagsOfResource", {"ResourceArn": arn})
    now = {str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags") or []}
    dropped = [key for key in now if key not in wanted]
    added = {key: value for key, value in wanted.items() if now.get(key) != value}
    if dropped:
        await handling.call("dynamodb", "UntagResource", {"ResourceArn": arn, "TagKeys": dropped})
    if added:
        await handling.call("dynamodb", "TagResource", {"ResourceArn": arn, "Tags": tag_list(added)})
