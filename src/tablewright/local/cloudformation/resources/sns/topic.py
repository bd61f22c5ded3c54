"""AWS::SNS::Topic, Subscription and TopicPolicy."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing
from tablewright.local.cloudformation.resources.kind import Kind, merged_tags, tag_list
from tablewright.local.cloudformation.resources.protocol import HandlerError, Handling, Properties
from tablewright.local.cloudformation.resources.values import boolean
from tablewright.local.services import ServiceError


def _attributes(properties: Properties) -> dict[str, str]:
    """Topic attributes that the properties give, as the API names and writes them."""
    found: dict[str, str] = {}
    for name in ("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "FifoThroughputScope"):
        if name in properties:
            found[name] = str(properties[name])
    for name in ("FifoTopic", "ContentBasedDeduplication"):
        if name in properties:
            found[name] = "true" if boolean(properties[name]) else "false"
    for name in ("ArchivePolicy", "DataProtectionPolicy"):
        if name in properties:
            found[name] = json.dumps(properties[name])
    return found


def topic_arn(handling: Handling, name: str) -> str:
    return f"arn:aws:sns:{handling.region}:{handling.account}:{name}"


class Topic(Kind):
    """A topic; its physical ID is its ARN."""

    name: ClassVar[str] = "AWS::SNS::Topic"
    name_property: ClassVar[str] = "TopicName"
    name_limit: ClassVar[int] = 256
    attributes: ClassVar[frozenset[str]] = frozenset({"TopicArn", "TopicName"})
    replaced: ClassVar[frozenset[str]] = frozenset({"TopicName", "FifoTopic"})
    unserved: ClassVar[frozenset[str]] = frozenset({"DeliveryStatusLogging", "MaximumMessageSize"})
    unread: ClassVar[frozenset[str]] = frozenset(
        {
            "Tags",
            "Subscription",
            "FifoTopic",
            "ContentBasedDeduplication",
            "DataProtectionPolicy",
            "DeliveryStatusLogging",
            "SignatureVersion",
            "TracingConfig",
            "ArchivePolicy",
            "FifoThroughputScope",
        }
    )

    def planned_name(self, stack_name: str, logical_id: str, properties: Properties) -> str:
        name = super().planned_name(stack_name, logical_id, properties)
        fifo = boolean(properties.get("FifoTopic")) and not properties.get("TopicName")
        return f"{name}.fifo" if fifo else name

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        arn = topic_arn(handling, name)
        params: dict[str, Any] = {"Name": name, "Tags": tag_list(merged_tags(handling.tags, properties))}
        if attributes := _attributes(properties):
            params["Attributes"] = attributes
        # CreateTopic gives an existing topic back; CloudFormation looks first.
        if await self._describe(handling, arn) is not None and not handling.was_called("sns", "CreateTopic", params):
            raise exists_already(self.name, arn)
        made = await handling.call("sns", "CreateTopic", params)
        arn = str(made["TopicArn"])
        handling.made(arn)
        for subscription in properties.get("Subscription") or []:
            await self._subscribe(handling, arn, subscription)
        return {"TopicArn": arn, "TopicName": name}

    async def _subscribe(self, handling: Handling, arn: str, subscription: dict[str, Any]) -> None:
        params = {"TopicArn": arn, "Protocol": subscription["Protocol"], "Endpoint": subscription["Endpoint"]}
        await handling.call("sns", "Subscribe", params)

    async def _describe(self, handling: Handling, arn: str) -> dict[str, Any] | None:
        try:
            found = await handling.call("sns", "GetTopicAttributes", {"TopicArn": arn})
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        return dict(found.get("Attributes") or {})

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        old, new = _attributes(before), _attributes(after)
        for name in {**old, **new}:
            if old.get(name) != new.get(name):
                params = {"TopicArn": physical_id, "AttributeName": name, "AttributeValue": new.get(name, "")}
                await handling.call("sns", "SetTopicAttributes", params)
        for subscription in after.get("Subscription") or []:
            if subscription not in (before.get("Subscription") or []):
                await self._subscribe(handling, physical_id, subscription)
        await self._unsubscribe(handling, physical_id, before, after)
        wanted = merged_tags(handling.tags, after)
        tags = (await handling.call("sns", "ListTagsForResource", {"ResourceArn": physical_id})).get("Tags") or []
        now = {str(tag["Key"]): str(tag["Value"]) for tag in tags}
        dropped = [key for key in now if key not in wanted]
        added = {key: value for key, value in wanted.items() if now.get(key) != value}
        if dropped:
            await handling.call("sns", "UntagResource", {"ResourceArn": physical_id, "TagKeys": dropped})
        if added:
            await handling.call("sns", "TagResource", {"ResourceArn": physical_id, "Tags": tag_list(added)})
        return {"TopicArn": physical_id, "TopicName": physical_id.rsplit(":", 1)[1]}

    async def _unsubscribe(self, handling: Handling, arn: str, before: Properties, after: Properties) -> None:
        kept = [(s["Protocol"], s["Endpoint"]) for s in after.get("Subscription") or []]
        gone = {(s["Protocol"], s["Endpoint"]) for s in before.get("Subscription") or []} - set(kept)
        if not gone:
            return
        found = await handling.call("sns", "ListSubscriptionsByTopic", {"TopicArn": arn})
        for subscription in found.get("Subscriptions") or []:
            if (subscription["Protocol"], subscription["Endpoint"]) in gone:
                await handling.call("sns", "Unsubscribe", {"SubscriptionArn": subscription["SubscriptionArn"]})

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        await handling.call("sns", "DeleteTopic", {"TopicArn": physical_id})

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        arn = physical_id if physical_id.startswith("arn:") else topic_arn(handling, physical_id)
        attributes = await self._describe(handling, arn)
        if attributes is None:
            return None
        name = arn.rsplit(":", 1)[1]
        found: dict[str, Any] = {"TopicName": name}
        for key in ("DisplayName", "KmsMasterKeyId"):
            if attributes.get(key):
                found[key] = attributes[key]
        return found, {"TopicArn": arn, "TopicName": name}


PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
"""Source: SNS API reference, Subscribe."""


class Subscription(Kind):
    """One endpoint of a topic; its physical ID is the subscription's ARN."""

    name: ClassVar[str] = "AWS::SNS::Subscription"
    attributes: ClassVar[frozenset[str]] = frozenset({"Arn"})
    replaced: ClassVar[frozenset[str]] = frozenset({"TopicArn", "Protocol", "Endpoint"})
    unserved: ClassVar[frozenset[str]] = frozenset({"ReplayPolicy", "SubscriptionRoleArn"})
    unread: ClassVar[frozenset[str]] = frozenset(
        {"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy", "Region"}
    )

    _SETTINGS = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy")

    def _settings(self, properties: Properties) -> dict[str, str]:
        found = {}
        for name in self._SETTINGS:
            if name in properties:
                value = properties[name]
                if isinstance(value, bool):
                    value = "true" if value else "false"
                found[name] = value if isinstance(value, str) else json.dumps(value)
        return found

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        protocol = str(properties.get("Protocol"))
        if protocol not in PROTOCOLS:
            words = f"Invalid parameter: Does not support this protocol string: {protocol}"
            raise HandlerError("InvalidRequest", words)
        params: dict[str, Any] = {
            "TopicArn": properties.get("TopicArn"),
            "Protocol": properties.get("Protocol"),
            "ReturnSubscriptionArn": True,
        }
        if "Endpoint" in properties:
            params["Endpoint"] = properties["Endpoint"]
        if settings := self._settings(properties):
            params["Attributes"] = settings
        arn = str((await handling.call("sns", "Subscribe", params))["SubscriptionArn"])
        handling.made(arn)
        return {"Arn": arn}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        old, new = self._settings(before), self._settings(after)
        for name in {**old, **new}:
            if old.get(name) != new.get(name):
                params = {
                    "SubscriptionArn": physical_id,
                    "AttributeName": name,
                    "AttributeValue": new.get(name, "{}" if name.endswith("Policy") else ""),
                }
                await handling.call("sns", "SetSubscriptionAttributes", params)
        return {"Arn": physical_id}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("sns", "Unsubscribe", {"SubscriptionArn": physical_id})
        except ServiceError as error:
            if not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            found = await handling.call("sns", "GetSubscriptionAttributes", {"SubscriptionArn": physical_id})
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        attributes = found.get("Attributes") or {}
        names = ("TopicArn", "Protocol", "Endpoint")
        return {name: attributes[name] for name in names if name in attributes}, {"Arn": physical_id}


class TopicPolicy(Kind):
    """The access policy of one or more topics."""

    name: ClassVar[str] = "AWS::SNS::TopicPolicy"
    attributes: ClassVar[frozenset[str]] = frozenset({"Id"})
    unread: ClassVar[frozenset[str]] = frozenset({"PolicyDocument", "Topics"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        await self._put(handling, list(properties.get("Topics") or []), properties)
        handling.made(name)
        return {"Id": name}

    async def _put(self, handling: Handling, topics: list[str], properties: Properties) -> None:
        policy = properties.get("PolicyDocument")
        text = policy if isinstance(policy, str) else json.dumps(policy)
        for arn in topics:
            params = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": text}
            await handling.call("sns", "SetTopicAttributes", params)

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        await self._reset(handling, [arn for arn in before.get("Topics") or [] if arn not in after.get("Topics", [])])
        await self._put(handling, list(after.get("Topics") or []), after)
        return {"Id": physical_id}

    async def _reset(self, handling: Handling, topics: list[str]) -> None:
        """Back to the policy that SNS gives a topic: its owner may do everything."""
        for arn in topics:
            statement = {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "SNS:*",
                "Resource": arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": handling.account}},
            }
            policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
            params = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": json.dumps(policy)}
            try:
                await handling.call("sns", "SetTopicAttributes", params)
            except ServiceError as error:
                if not is_missing(error):
                    raise

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        await self._reset(handling, list(properties.get("Topics") or []))

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return {}, {"Id": physical_id}
