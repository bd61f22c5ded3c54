"""AWS::CloudWatch::Dashboard."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tablewright.local.cloudformation.resources.failures import exists_already, is_missing
from tablewright.local.cloudformation.resources.kind import Kind
from tablewright.local.cloudformation.resources.protocol import HandlerError, Handling, Properties
from tablewright.local.services import ServiceError

_MISSING = frozenset({"ResourceNotFound", "DashboardNotFoundError"})


class Dashboard(Kind):
    name: ClassVar[str] = "AWS::CloudWatch::Dashboard"
    name_property: ClassVar[str] = "DashboardName"
    replaced: ClassVar[frozenset[str]] = frozenset({"DashboardName"})
    unread: ClassVar[frozenset[str]] = frozenset({"DashboardBody"})
    unserved: ClassVar[frozenset[str]] = frozenset({"Tags"})

    async def create(self, handling: Handling, name: str, properties: Properties) -> dict[str, Any]:
        params = self._request(name, properties)
        found = await self.read(handling, name)
        # PutDashboard overwrites; CloudFormation looks first.
        if found is not None and not handling.was_called("cloudwatch", "PutDashboard", params):
            raise exists_already(self.name, name)
        await self._put(handling, params)
        handling.made(name)
        return {}

    def _request(self, name: str, properties: Properties) -> dict[str, Any]:
        body = properties.get("DashboardBody", "")
        return {"DashboardName": name, "DashboardBody": body if isinstance(body, str) else json.dumps(body)}

    async def _put(self, handling: Handling, params: dict[str, Any]) -> None:
        answer = await handling.call("cloudwatch", "PutDashboard", params)
        errors = [m["Message"] for m in answer.get("DashboardValidationMessages") or []]
        if errors and "error" in " ".join(errors).lower():
            raise HandlerError("InvalidRequest", "; ".join(errors))

    async def update(
        self, handling: Handling, physical_id: str, before: Properties, after: Properties
    ) -> dict[str, Any]:
        await self._put(handling, self._request(physical_id, after))
        return {}

    async def delete(self, handling: Handling, physical_id: str, properties: Properties) -> None:
        try:
            await handling.call("cloudwatch", "DeleteDashboards", {"DashboardNames": [physical_id]})
        except ServiceError as error:
            if error.code not in _MISSING and not is_missing(error):
                raise

    async def read(self, handling: Handling, physical_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        try:
            found = await handling.call("cloudwatch", "GetDashboard", {"DashboardName": physical_id})
        except ServiceError as error:
            if error.code in _MISSING or is_missing(error):
                return None
            raise
        return {"DashboardName": physical_id, "DashboardBody": found["DashboardBody"]}, {}
