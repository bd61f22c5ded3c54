"""DynamoDB's data operations between client and data plane: faults, throttles, metering, and what is published of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.dataplane import Response
from tablewright.local.faults.datapath import Fault, Faults
from tablewright.local.faults.effects import broken_after, struck
from tablewright.local.load import answers
from tablewright.local.load.governor import Governor, Grant
from tablewright.local.load.keyreports import KeyReports
from tablewright.local.load.meter import Consumption, Outcome, consumptions
from tablewright.local.load.plan import Plan, Touch, plan_of
from tablewright.local.load.plane_hooks import Page, Seen
from tablewright.local.load.plane_view import PlaneView
from tablewright.local.load.sizes import Item, Sizes, item_size
from tablewright.local.load.tables import Scope, Table
from tablewright.local.load.telemetry import Telemetry
from tablewright.local.load.throughput import Refusal
from tablewright.local.operation import Operation, Request

__all__ = ["DataPath", "Perform"]

Perform = Callable[[Request], Awaitable[Response]]
_COUNT = re.compile(rb'"Count": (\d+), "ScannedCount": \d+')
_CONDITION = "ConditionalCheckFailedException"
_CANCELLED = "TransactionCanceledException"
_LEVELS = ("TOTAL", "INDEXES")
_TRANSACTION_BYTES = 4 * 1024 * 1024
_LEAST_MS = 1.0
"""What a request is said to have taken while time is held."""


class DataPath:
    """Takes a data operation through."""

    def __init__(
        self,
        view: PlaneView,
        clock: Clock,
        governor: Governor,
        telemetry: Telemetry,
        reports: KeyReports,
        faults: Faults,
    ) -> None:
        self._view = view
        self._clock = clock
        self._governor = governor
        self._telemetry = telemetry
        self._reports = reports
        self._faults = faults

    async def around(self, request: Request, operation: Operation, scope: Scope, perform: Perform) -> Response:
        """Perform a request as far as its tables' throughput allows."""
        began = self._clock.stopwatch()
        plan, data, tables = self._planned(request, operation, scope)
        if self._faults.any:
            fault = self._faults.strike(operation.name, list(tables))
            if fault is not None:
                broken = await self._struck(fault, plan, tables, operation, scope)
                if broken is not None:
                    return broken
                if fault.effect == "delay" and self._clock.held:
                    began -= fault.seconds
                performed = await self._through(request, operation, plan, data, tables, scope, perform, began)
                return broken_after(fault, performed)
        return await self._through(request, operation, plan, data, tables, scope, perform, began)

    async def _through(
        self,
        request: Request,
        operation: Operation,
        plan: Plan | None,
        data: dict[str, Any],
        tables: dict[str, Table],
        scope: Scope,
        perform: Perform,
        began: float,
    ) -> Response:
        if plan is None or any(touch.table not in tables for touch in plan.touches) or _too_large(plan):
            response = await perform(request)
            if response.status == 400:
                self._telemetry.user_error(scope, self._clock.now())
            return response
        now = self._clock.now()
        sizes = Sizes()
        existing = [self._found(plan, tables[touch.table], touch) for touch in plan.touches]
        grants: list[Grant] = []
        refused: list[list[Refusal]] = []
        short = False
        for touch, item in zip(plan.touches, existing, strict=True):
            answer = self._governor.admit(touch, tables[touch.table], item, sizes, now)
            if isinstance(answer, Grant):
                grants.append(answer)
                refused.append([])
            else:
                refused.append(answer)
                short = True
        if short:
            self._note_throttles(plan, tables, refused, now)
            if plan.shape != "batch" or not grants:
                for grant in grants:
                    self._governor.release(grant, now, begun=False)
                self._telemetry.throttled_request(scope, list(tables), operation.name, now)
                return (
                    answers.throttled([each for member in refused for each in member])
                    if plan.shape not in ("transaction",)
                    else answers.transaction_throttled(refused)
                )
            return await self._in_part(
                request, plan, data, tables, existing, grants, refused, sizes, scope, perform, began
            )
        self._governor.begin(grants, now)
        names = _named(plan, data)
        with self._view.watching(request.body, data) as seen:
            response = await perform(request)
        return self._settled(plan, data, tables, existing, grants, seen, response, sizes, scope, began, names)

    def _planned(
        self, request: Request, operation: Operation, scope: Scope
    ) -> tuple[Plan | None, dict[str, Any], dict[str, Table]]:
        try:
            data = json.loads(request.body)
        except ValueError:
            return None, {}, {}
        plan = plan_of(operation.name, data) if isinstance(data, dict) else None
        if plan is None:
            return None, {}, {}
        tables: dict[str, Table] = {}
        for name in {touch.table for touch in plan.touches}:
            table = self._view.table(scope, name)
            if table is not None:
                tables[name] = table
        return plan, data, tables

    def _found(self, plan: Plan, table: Table, touch: Touch) -> Item | None:
        """The item that a touch finds, where its cost depends on it: a read's, or a write's that moves in global indexes."""
        if not touch.write or touch.check or (table.index_settings and touch.item is None):
            return self._existing(table, touch)
        return None

    def _existing(self, table: Table, touch: Touch) -> Item | None:
        if touch.key is None or touch.index:
            return None
        try:
            found: Item | None = self._view.item(table, touch.key)
        except (AttributeError, TypeError, ValueError):
            return None
        return found

    async def _struck(
        self, fault: Fault, plan: Plan | None, tables: dict[str, Table], operation: Operation, scope: Scope
    ) -> Response | None:
        """What a fault makes of the request; None lets it go on."""
        if fault.effect == "delay":
            await asyncio.sleep(fault.seconds)
            return None
        now = self._clock.now()
        if fault.effect == "throttle" and plan is not None and tables:
            table = tables[fault.table] if fault.table in tables else next(iter(tables.values()))
            write = any(touch.write for touch in plan.touches)
            cause = "KeyRangeThroughput" if table.settings.on_demand else "ProvisionedThroughput"
            refusal = Refusal(table.arn, "", write, cause, table.settings.on_demand)
            self._note_throttles(plan, tables, [[refusal]] * len(plan.touches), now)
            self._telemetry.throttled_request(scope, list(tables), operation.name, now)
            if plan.shape == "transaction":
                return answers.transaction_throttled([[refusal]] * len(plan.touches))
            return answers.throttled([refusal])
        if fault.effect == "error":
            self._telemetry.system_error(scope, list(tables), operation.name, now)
        return struck(fault)

    def _note_throttles(
        self, plan: Plan, tables: dict[str, Table], refused: Sequence[Sequence[Refusal]], now: float
    ) -> None:
        for touch, refusals in zip(plan.touches, refused, strict=True):
            if not refusals:
                continue
            table = tables[touch.table]
            self._telemetry.throttled(table, refusals, now)
            for index in {each.index for each in refusals}:
                if self._insights(table, index):
                    held = touch.key if not index or touch.item is not None else self._existing(table, touch)
                    self._reports.count(table, index, held, throttled=True, weight=1.0, now=now)

    def _insights(self, table: Table, index: str) -> str:
        """The mode of contributor insights of a table or index, or "" when they are off."""
        held = self._view.insights(table, index)
        if held is None or str(held.get("ContributorInsightsStatus")) not in ("ENABLING", "ENABLED"):
            return ""
        return str(held.get("ContributorInsightsMode") or "ACCESSED_AND_THROTTLED_KEYS")

    async def _in_part(
        self,
        request: Request,
        plan: Plan,
        data: dict[str, Any],
        tables: dict[str, Table],
        existing: Sequence[Item | None],
        grants: list[Grant],
        refused: Sequence[Sequence[Refusal]],
        sizes: Sizes,
        scope: Scope,
        perform: Perform,
        began: float,
    ) -> Response:
        """A batch of which some entries are throttled: the rest is performed, and they are handed back."""
        self._governor.begin(grants, self._clock.now())
        kept = [number for number, refusals in enumerate(refused) if not refusals]
        rest = replace(plan, touches=tuple(plan.touches[number] for number in kept))
        items: dict[str, Any] = {}
        for touch in rest.touches:
            name, entry = touch.entry
            if plan.operation == "BatchGetItem":
                items.setdefault(name, {**data["RequestItems"][name], "Keys": []})["Keys"].append(entry)
            else:
                items.setdefault(name, []).append(entry)
        smaller = {**data, "RequestItems": items}
        body = json.dumps(smaller).encode()
        with self._view.watching(body, json.loads(body)) as seen:
            response = await perform(replace(request, body=body))
        settled = self._settled(
            rest,
            smaller,
            tables,
            [existing[number] for number in kept],
            grants,
            seen,
            response,
            sizes,
            scope,
            began,
            _named(rest, smaller),
        )
        if not settled.ok:
            return settled
        back = [touch for touch, refusals in zip(plan.touches, refused, strict=True) if refusals]
        return answers.handed_back(plan.operation, settled, data, back)

    def _settled(
        self,
        plan: Plan,
        data: dict[str, Any],
        tables: dict[str, Table],
        existing: Sequence[Item | None],
        grants: Sequence[Grant],
        seen: Seen,
        response: Response,
        sizes: Sizes,
        scope: Scope,
        began: float,
        named: Sequence[str],
    ) -> Response:
        """Charge and publish what a performed request consumed, and say it in the answer when that was asked for."""
        now = self._clock.now()
        outcome = self._outcome(plan, tables, response, scope, now)
        if outcome is None:
            for grant in grants:
                self._governor.release(grant, now)
            return response
        if plan.operation == "ExecuteStatement" and not seen.writes and not seen.pages:
            items = json.loads(response.body or b"{}").get("Items") or []
            seen.pages.append(Page(plan.touches[0].table, "", items, sum(map(item_size, items))))
        if outcome != "done":
            # A refused request changed nothing, so what it found is still there.
            existing = [self._existing(tables[touch.table], touch) for touch in plan.touches]
        consumed = consumptions(plan, tables, existing, seen, outcome, data, sizes)
        counting = [name for name, table in tables.items() if self._view.has_insights(table)]
        for grant, each in zip(grants, consumed, strict=True):
            self._governor.settle(grant, each.charge, each.image, now)
            if each.touch.table in counting:
                self._count_keys(each, now)
        self._telemetry.consumed(consumed, now)
        if outcome != "done":
            return response
        names = list(tables)
        milliseconds = round((self._clock.stopwatch() - began) * 1000, 1) or _LEAST_MS
        self._telemetry.succeeded(scope, names, plan.operation, milliseconds, now)
        if plan.shape == "page":
            counted = _COUNT.search(response.body, max(response.body.rfind(b'"Count": '), 0))
            if counted:
                self._telemetry.returned_items(scope, names[0], plan.operation, int(counted[1]), now)
        if data.get("ReturnConsumedCapacity") in _LEVELS and self._rewrites(plan, tables):
            return answers.with_capacity(plan, response, data, consumed, named)
        return response

    @staticmethod
    def _rewrites(plan: Plan, tables: dict[str, Table]) -> bool:
        """Whether the capacity in the answer is ours: not of PartiQL reads, nor of tables with vector indexes."""
        if plan.shape == "statement":
            return False
        return all(table.metered for table in tables.values())

    def _outcome(
        self, plan: Plan, tables: dict[str, Table], response: Response, scope: Scope, now: float
    ) -> Outcome | None:
        """How the data plane answered; None when it refused before doing anything."""
        if response.ok:
            return "done"
        if response.status >= 500:
            self._telemetry.system_error(scope, list(tables), plan.operation, now)
            return None
        try:
            body = json.loads(response.body)
        except ValueError:
            body = {}
        code = str(body.get("__type", "")).rpartition("#")[2]
        if code == _CONDITION:
            self._telemetry.condition_failed(scope, next(iter(tables)), now)
            return "condition"
        if code == _CANCELLED:
            reasons = body.get("CancellationReasons") or []
            failed = [number for number, each in enumerate(reasons) if each.get("Code") == "ConditionalCheckFailed"]
            for number in failed:
                if number < len(plan.touches):
                    self._telemetry.condition_failed(scope, plan.touches[number].table, now)
            if failed and plan.shape == "transaction":
                return "cancelled"
            return None
        self._telemetry.user_error(scope, now)
        return None

    def _count_keys(self, consumed: Consumption, now: float) -> None:
        table, touch = consumed.table, consumed.touch
        held = touch.key if touch.key is not None else consumed.image
        if held is not None and self._insights(table, "") == "ACCESSED_AND_THROTTLED_KEYS":
            self._reports.count(table, "", held, throttled=False, weight=consumed.charge.table, now=now)
        for name, units in consumed.charge.indexes.items():
            if name in table.index_settings and self._insights(table, name) == "ACCESSED_AND_THROTTLED_KEYS":
                image = consumed.image if consumed.image is not None else touch.key
                self._reports.count(table, name, image, throttled=False, weight=units, now=now)


def _too_large(plan: Plan) -> bool:
    """Whether a transaction is refused for its size, which comes before throttling."""
    if plan.operation != "TransactWriteItems":
        return False
    return sum(item_size(touch.item) for touch in plan.touches) > _TRANSACTION_BYTES


def _named(plan: Plan, data: dict[str, Any]) -> list[str]:
    """The tables as the request named them (a name or an ARN), touch by touch: answers repeat that."""
    if data.get("ReturnConsumedCapacity") not in _LEVELS or plan.shape == "statement":
        return []
    if plan.shape == "batch":
        return [str(touch.entry[0]) for touch in plan.touches]
    if plan.shape == "transaction":
        return [str(next(iter(member.values()))["TableName"]) for member in data["TransactItems"]]
    return [str(data["TableName"])]
