"""What the engine asks of a resource type, and what it gives to one.

A type is one small module: it says which properties cannot change in place, and drives the service's own API for the rest.
Handlers are written as straight code; a restart runs them again from the top, and calls that were made already answer from
the log (see `handling`), so a handler decides from its arguments and from what the service says, never from its memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

Properties = Mapping[str, Any]


class Recreation(StrEnum):
    """CloudFormation's RequiresRecreation."""

    NEVER = "Never"
    CONDITIONALLY = "Conditionally"
    ALWAYS = "Always"


class HandlerError(Exception):
    """A handler's failure: its HandlerErrorCode and message. Source of codes: CloudFormation CLI guide, "Handler error codes"."""

    def __init__(self, code: str, message: str, *, plain: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.plain = plain
        """CloudFormation's own words about its own types: no handler is named in the status reason."""


class Handling(Protocol):
    """One handler's run: who it works for, and the only way to reach a service."""

    @property
    def stack_name(self) -> str: ...

    @property
    def logical_id(self) -> str: ...

    @property
    def verb(self) -> str:
        """What is done: create, update, delete, restore (an update rolled back) and so on."""
        ...

    @property
    def account(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the stack, CloudFormation's own (`aws:cloudformation:*`) among them."""
        ...

    @property
    def tags_changed(self) -> bool:
        """Whether the stack's tags are others than when the resource was last touched."""
        ...

    def in_region(self, region: str) -> Handling:
        """The same, with calls that go to another region."""
        ...

    def was_called(self, service: str, operation: str, params: Mapping[str, object]) -> bool:
        """Whether this very handler's run made that call already, before a restart."""
        ...

    async def call(self, service: str, operation: str, params: Mapping[str, object]) -> dict[str, Any]:
        """One API call. Raises ServiceError."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait in AWS's time."""
        ...

    def made(self, physical_id: str) -> None:
        """The physical resource exists from now on, and is the stack's."""
        ...


class ResourceType(Protocol):
    """One `AWS::Service::Thing`."""

    @property
    def name(self) -> str: ...

    @property
    def name_property(self) -> str:
        """The property with which a template gives a custom name ("" when the type has none)."""
        ...

    @property
    def attributes(self) -> frozenset[str]:
        """What Fn::GetAtt may ask for."""
        ...

    @property
    def unread(self) -> frozenset[str]:
        """Properties that `read` cannot tell."""
        ...

    def unimitated(self, properties: Properties) -> list[str]:
        """Properties given that nothing here would come of: better a failure than a resource without them."""
        ...

    def planned_name(self, stack_name: str, logical_id: str, properties: Properties) -> str:
        """The name to create under: the custom one, or a generated one."""
        ...

    def recreation(self, path: tuple[str | int, ...], before: Properties, after: Properties) -> Recreation:
        """Whether a change at `path` (property name first) needs a new physical resource."""
        ...

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        """Make it, wait until it is stable, and return its attributes. Calls `handling.made` as soon as it exists."""
        ...

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        """Bring it from whatever it is to `after`; `before` tells which properties the template dropped."""
        ...

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        """Remove it and wait until it is gone. Not being there is success."""
        ...

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Its properties and attributes as they really are, or None when it does not exist."""
        ...
