"""Types without a service behind them: they are recorded in the stack and nowhere else."""

from __future__ import annotations

from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.kind import Kind
from tablewright.local.cloudformation.resources.protocol import Handling, Properties


class Record(Kind):
    """Stands in the stack under a generated physical ID; every change happens in place."""

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        handling.made(name)
        return self.shown(handling, name)

    def shown(self, handling: Handling, name: str) -> dict[str, Any]:
        return {}

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        return self.shown(handling, physical_id)

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        return None

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return {}, self.shown(handling, physical_id)


class WaitConditionHandle(Record):
    """A handle that nothing signals: it is there because templates use it as a resource that does nothing."""

    name: ClassVar[str] = "AWS::CloudFormation::WaitConditionHandle"


class EventSourceMapping(Record):
    """The link from a stream to a function, as a record: there is no consumer behind it."""

    name: ClassVar[str] = "AWS::Lambda::EventSourceMapping"
    attributes: ClassVar[frozenset[str]] = frozenset({"Id", "EventSourceMappingArn"})
    replaced: ClassVar[frozenset[str]] = frozenset(
        {
            "EventSourceArn",
            "StartingPosition",
            "StartingPositionTimestamp",
            "SelfManagedEventSource",
            "AmazonManagedKafkaEventSourceConfig",
            "SelfManagedKafkaEventSourceConfig",
        }
    )

    def shown(self, handling: Handling, name: str) -> dict[str, Any]:
        arn = f"arn:aws:lambda:{handling.region}:{handling.account}:event-source-mapping:{name}"
        return {"Id": name, "EventSourceMappingArn": arn}


class Placeholder(Record):
    """A resource of a type that is not imitated: it has a name and answers Ref and GetAtt, and nothing is rehearsed about it.

    Only there when a deployment asks for it by the capability `SKIP_UNIMITATED`.
    """

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]

    def planned_name(self, stack_name: str, logical_id: str, properties: Properties) -> str:
        return f"{PREFIX}{logical_id}"

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        handling.made(name)
        return {}


PREFIX = "not-rehearsed-"
SKIP_UNIMITATED = "TABLEWRIGHT_SKIP_UNIMITATED"
"""Among a request's Capabilities: types that are not imitated become placeholders. AWS has no such capability."""


def placeholder_attribute(logical_id: str, attribute: str) -> str:
    """What GetAtt of a placeholder gives."""
    return f"{PREFIX}{logical_id}-{attribute}"
