"""One run of a handler: service calls that a restart does not repeat, waits that a stop interrupts.

Every change-making call carries an origin made of the operation, the resource, what is done to it and the call's own content.
The log keeps origins, so after a restart the handler runs from its top and each call that was made answers from the log.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.services import Services

_READS = ("Describe", "Get", "List", "Head", "Lookup")


class Stopped(Exception):
    """The operation was stopped before this handler's next call: a sibling failed, or the update was cancelled."""


@dataclass(slots=True)
class Run:
    """The Handling that the engine gives to a resource type (see `resources.protocol.Handling`)."""

    services: Services
    clock: Clock
    stack_name: str
    logical_id: str
    account: str
    region: str
    tags: Mapping[str, str]
    tags_changed: bool
    origin: str
    resumed: bool
    stopping: Callable[[], bool]
    on_made: Callable[[str], None]
    verb: str = ""
    service: str = ""
    """The service called last, for the words of an error."""
    _calls: Counter[str] = field(default_factory=Counter)

    async def call(self, service: str, operation: str, params: Mapping[str, object]) -> dict[str, Any]:
        self.service = service
        where = {"account": self.account, "region": self.region}
        if operation.startswith(_READS):
            return await self.services.call(service, operation, params, **where)
        content = self._content(service, operation, params)
        self._calls[content] += 1
        origin = f"{self.origin}:{content}:{self._calls[content]}"
        if self.resumed:
            known = self.services.outcome(origin)
            if known is not None:
                return known
        if self.stopping():
            raise Stopped
        return await self.services.call(service, operation, params, **where, origin=origin)

    def was_called(self, service: str, operation: str, params: Mapping[str, object]) -> bool:
        if not self.resumed:
            return False
        origin = f"{self.origin}:{self._content(service, operation, params)}:1"
        return self.services.outcome(origin) is not None

    def _content(self, service: str, operation: str, params: Mapping[str, object]) -> str:
        text = json.dumps(params, sort_keys=True, default=str)
        return f"{service}.{operation}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    async def sleep(self, seconds: float) -> None:
        if self.stopping():
            raise Stopped
        await self.clock.sleep(seconds)
        if self.stopping():
            raise Stopped

    def in_region(self, region: str) -> Run:
        """The same run, its calls made in another region."""
        return replace(self, region=region, origin=f"{self.origin}:{region}", _calls=Counter())

    def again(self) -> None:
        """Before another try: what this run called successfully is not called a second time."""
        self.resumed = True
        self._calls.clear()

    def made(self, physical_id: str) -> None:
        self.on_made(physical_id)
