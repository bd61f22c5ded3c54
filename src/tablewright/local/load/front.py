"""What stands between the embedded AWS's clients and the ledger, to make it feel load.

Every request, a client's or the CloudFormation engine's, passes `around`. Replaying the log after a restart does not: what was
performed once is neither throttled nor metered again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from tablewright.local.budgets import Budgets, Lag
from tablewright.local.clock import Clock
from tablewright.local.dataplane import Response
from tablewright.local.faults.datapath import Faults
from tablewright.local.faults.effects import broken_after, struck
from tablewright.local.journal import Journal
from tablewright.local.load import cloudwatch
from tablewright.local.load.answers import dynamodb_error, json_answer
from tablewright.local.load.datapath import DataPath, Perform
from tablewright.local.load.denials import Caller, asked_for, denied
from tablewright.local.load.gauges import Gauges
from tablewright.local.load.governor import Governor
from tablewright.local.load.indexes import IndexTimes
from tablewright.local.load.keyreports import KeyReports
from tablewright.local.load.limits import TableQuota
from tablewright.local.load.plan import DATA_OPERATIONS, table_name
from tablewright.local.load.plane_view import PlaneView
from tablewright.local.load.scaling import AutoScaling
from tablewright.local.load.shards import Shards
from tablewright.local.load.stored import fill, stored
from tablewright.local.load.tables import Scope
from tablewright.local.load.telemetry import Telemetry
from tablewright.local.metrics.evaluator import AlarmEvaluator
from tablewright.local.metrics.store import SampleStore
from tablewright.local.operation import INSIDE, Operation, Request, access_key
from tablewright.local.wal import LogFailed

__all__ = ["Front"]

_log = logging.getLogger("tablewright.local")

Submit = Callable[[Request, Operation, str, str], Awaitable[Response]]
Sweep = Callable[[], Awaitable[None]]
"""Deletes what time-to-live says has expired by now."""
_SETTINGS = ("load-settings", "throttling")
_CLOCK = ("clock", "ahead")
_MINUTE = 60
_SAVE_EVERY_S = 1.0
_SPLIT_AFTER_INSTANT_S = 1.0
_LOOKS_AT_ALARMS = frozenset({"DescribeAlarms", "DescribeAlarmHistory", "DescribeAlarmsForMetric"})
_CONSUMER = "stream-consumer"


class Front:
    """Meters, throttles, publishes, and lets time pass."""

    def __init__(
        self, module: Callable[[str], Any], journal: Journal, clock: Clock, submit: Submit, sweep: Sweep
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._submit = submit
        self._sweep = sweep
        self._view = PlaneView(module)
        self._store = SampleStore(journal)
        self._gauges = Gauges(journal)
        self._telemetry = Telemetry(self._store)
        self._reports = KeyReports()
        self.faults = Faults(journal)
        instant = clock.profile == "instant"
        self._governor = Governor(_SPLIT_AFTER_INSTANT_S) if instant else Governor()
        kept = journal.get(*_SETTINGS) or {}
        self._governor.enabled = kept.get("enabled", True)
        self._set_quota(TableQuota(**kept.get("quota", {})))
        self._data = DataPath(self._view, clock, self._governor, self._telemetry, self._reports, self.faults)
        self._indexes = IndexTimes(journal, clock)
        self._budgets, self._lag = Budgets(journal, clock), Lag(journal, clock)
        self._sources = (self._store, self._view, self._gauges)
        self._alarms = AlarmEvaluator(self._view.alarms, self._sources, self._set_alarm_state)
        self._scaling = AutoScaling(journal, clock, self._view, self._store, self._update_table)
        self._fresh: set[Scope] = set()
        self._shards = Shards(journal, self._view)
        ahead = (journal.get(*_CLOCK) or {}).get("seconds", 0.0)
        clock.advance(ahead - clock.ahead)

    # ---------------------------------------------------------------- requests

    async def around(
        self, request: Request, operation: Operation, account: str, region: str, perform: Perform
    ) -> Response:
        """Answer a request, performing it on the way unless something keeps it from that."""
        scope = (account, region)
        if operation.service == "dynamodb":
            if operation.name in DATA_OPERATIONS:
                refused = self._denied(request, operation, scope) or self._index_unread(request, operation, scope)
                return refused or await self._data.around(request, operation, scope, perform)
            return await self._control(request, operation, scope, perform)
        if operation.service == "cloudwatch":
            return await self._cloudwatch(request, operation, scope, perform)
        if operation.service == "dynamodbstreams":
            return await self._stream(request, operation, scope, perform)
        if operation.service == "application-autoscaling":
            answer = self._scaling.answer(operation.name, request.body, scope)
            await self._journal.flush()
            return answer
        return await perform(request)

    def _denied(self, request: Request, operation: Operation, scope: Scope) -> Response | None:
        """What a table's own policy denies (``denials``)."""
        if not self._view.has_policies():
            return None
        caller = Caller(self._view.caller(scope, access_key(request)), scope[0], self._clock.now())
        for action, name, index in asked_for(operation.name, _read(request)):
            table = self._view.table(scope, name)
            policy = self._view.policy(table) if table is not None else ""
            if table is not None and policy and denied(policy, action, table.arn_of(index), caller):
                self._telemetry.user_error(scope, self._clock.now())
                words = f"User: {caller.arn} is not authorized to perform: dynamodb:{action} on resource: {table.arn_of(index)}"
                return dynamodb_error(
                    "AccessDeniedException", f"{words} with an explicit deny in a resource-based policy"
                )
        return None

    def _index_unread(self, request: Request, operation: Operation, scope: Scope) -> Response | None:
        if not self._indexes.any or operation.name not in ("Query", "Scan"):
            return None
        asked = _read(request)
        refused = self._indexes.read_refused(
            scope, table_name(asked.get("TableName")), str(asked.get("IndexName") or "")
        )
        if refused is None:
            return None
        self._telemetry.user_error(scope, self._clock.now())
        return dynamodb_error(*refused)

    async def _control(self, request: Request, operation: Operation, scope: Scope, perform: Perform) -> Response:
        """DynamoDB's other operations: they may change tables, and they show how far changes are."""
        asked = _read(request)
        name = table_name(asked.get("TableName"))
        refused = None
        if operation.name == "UpdateTable":
            refused = self._indexes.update_refused(scope, name, asked)
            if refused is None and INSIDE not in request.headers:
                refused = self._replica_refused(scope, name, asked)
        elif operation.name == "DeleteTable":
            refused = self._indexes.delete_refused(scope, name) or self._source_refused(scope, name)
        limited = operation.name in ("UpdateTable", "UpdateTimeToLive")
        found = self._view.table(scope, name) if limited else None
        drawn = self._budgets.drawn(operation.name, self._view.description(found), asked) if found is not None else []
        if drawn and refused is None:
            refused = self._budgets.refused(scope, name, drawn)
        if refused is not None:
            self._telemetry.user_error(scope, self._clock.now())
            return dynamodb_error(*refused)
        before = self._view.table(scope, name) if operation.name == "UpdateTable" else None
        held = self._view.description(before) if before is not None else {}
        items = int(held.get("ItemCount") or 0)
        old = {index["IndexName"]: dict(index) for index in held.get("GlobalSecondaryIndexes") or ()}
        response = await perform(request)
        if operation.name.startswith(("Describe", "List")):
            return self._shown(response, scope) if operation.name == "DescribeTable" else response
        self._view.changed(scope)
        if drawn and response.ok:
            self._budgets.spend(scope, name, drawn)
            await self._journal.flush()
        if not response.ok:
            if response.status == 400:
                self._telemetry.user_error(scope, self._clock.now())
            return response
        if before is not None and _made_replicas(asked):
            self._budgets.copied_from(scope, name)
            await self._journal.flush()
        if before is not None:
            self._indexes.begun(scope, asked, before, items, old)
            return self._shown(response, scope)
        if operation.name == "DeleteTable":
            self._indexes.dropped(scope, name)
            self._budgets.forget(scope, name)
        return response

    def _replica_refused(self, scope: Scope, name: str, asked: Mapping[str, Any]) -> tuple[str, str] | None:
        found = self._view.table(scope, name) if _made_replicas(asked) else None
        words = self._scaling.replica_refused(scope, self._view.description(found)) if found is not None else ""
        return ("ValidationException", words) if words else None

    def _source_refused(self, scope: Scope, name: str) -> tuple[str, str] | None:
        found = self._view.table(scope, name)
        others = self._view.other_replicas(found) if found is not None else []
        return self._budgets.source_refused(scope, name, others)

    def _shown(self, response: Response, scope: Scope) -> Response:
        if not response.ok:
            return response
        body = json.loads(response.body)
        description = body.get("Table") or body.get("TableDescription") or {}
        counted = self._counted(scope, description)
        late = self._lag.shown(scope, description)
        changed = self._indexes.shown(scope, description) or late or counted
        return json_answer(response.status, body) if changed else response

    def _counted(self, scope: Scope, description: dict[str, Any]) -> bool:
        """Put what the table really holds into its description; the data plane takes 200 bytes for every item."""
        table = self._view.table(scope, str(description.get("TableName", "")))
        if table is None or not description.get("ItemCount"):
            return False
        return fill(description, stored(table, self._view.description(table)["items"]))

    async def _cloudwatch(self, request: Request, operation: Operation, scope: Scope, perform: Perform) -> Response:
        if operation.name in cloudwatch.OPERATIONS:
            now = self._clock.now()
            self._store.roll(now)
            self._gauges.observe(self._view.tables(), now)
            return cloudwatch.answer(operation.name, request.body, scope, self._sources, self._view, self._reports)
        looks = self._clock.profile == "instant" and operation.name in _LOOKS_AT_ALARMS
        if looks and (self._store.changed(scope) or scope in self._fresh):
            # Whoever looks sees what the data says already; on AWS it takes up to a minute.
            self._fresh.discard(scope)
            await self._alarms.evaluate(self._clock.now(), scope)
        response = await perform(request)
        if operation.name == "PutMetricData":
            self._fresh.add(scope)
        return response

    async def _stream(self, request: Request, operation: Operation, scope: Scope, perform: Perform) -> Response:
        began, asked = time.perf_counter(), _read(request)
        name = operation.name
        _, token = self._shards.read(str(asked.get("ShardIterator", "")))
        arn = str(asked.get("StreamArn") or (self._view.iterator_of(token)[0] if name == "GetRecords" else ""))
        table, _, label = arn.partition(":table/")[2].partition("/stream/")
        fault = self.faults.strike(name, [table]) if self.faults.any else None
        if fault is not None and fault.effect == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault is not None:
            broken = struck(fault)
            if broken is not None:
                return broken
        response = await self._on_shard(request, name, asked, perform)
        if response.ok and name == "GetRecords" and table:
            records = json.loads(response.body).get("Records") or []
            size = sum(int((each.get("dynamodb") or {}).get("SizeBytes") or 0) for each in records)
            spent = round((time.perf_counter() - began) * 1000, 1)
            self._telemetry.stream_read(scope, table, label, size, len(records), spent, self._clock.now())
        return broken_after(fault, response) if fault is not None else response

    async def _on_shard(self, request: Request, name: str, asked: dict[str, Any], perform: Perform) -> Response:
        """Perform a stream request, with the shards that rolls have made of the data plane's one."""
        plain, number, left = asked, 0, None
        if name == "GetShardIterator":
            plain, number = self._shards.iterator_asked(asked)
        elif name == "GetRecords":
            plain, left = self._shards.records_asked(asked)
        elif name == "DescribeStream":
            kept = ("ExclusiveStartShardId", "Limit", "ShardFilter")
            plain = {key: value for key, value in asked.items() if key not in kept}
        if name == "DescribeStream" and not self._shards.rolled(str(asked.get("StreamArn", ""))):
            plain = asked
        sent = request if plain == asked else replace(request, body=json.dumps(plain).encode())
        response = await perform(sent)
        if not response.ok or name not in ("GetShardIterator", "GetRecords", "DescribeStream"):
            return response
        body = json.loads(response.body)
        if name == "GetShardIterator":
            body["ShardIterator"] = self._shards.iterator_given(body["ShardIterator"], asked, number)
        elif name == "GetRecords":
            self._shards.records_given(body, asked, left)
        elif not self._shards.described(body, asked):
            return response
        return json_answer(response.status, body)

    async def roll(self, account: str, region: str, table: str) -> str | None:
        """Close the open shard of a table's stream; returns its child's id, or None when there is no stream."""
        child = self._shards.roll((account, region), table, self._clock.now())
        await self._journal.flush()
        return child

    async def consume(self, account: str, region: str, table: str, function: str, lag: float) -> None:
        """Simulate a function that reads a table's stream `lag` seconds late; below 0 ends it."""
        key = json.dumps([account, region, function])
        self._journal.put(_CONSUMER, key, {"table": table, "lag": lag} if lag >= 0 else None)
        await self._journal.flush()

    def _publish_consumers(self, now: float) -> None:
        """The IteratorAge of simulated consumers: the age of the oldest record that one took up in the minute that ended."""
        for key, consumer in self._journal.items(_CONSUMER):
            account, region, function = json.loads(key)
            lag = float(consumer["lag"])
            times = self._view.stream_times((account, region), consumer["table"])
            if any(now - lag - _MINUTE <= at <= now - lag for at in times):
                self._telemetry.iterator_age((account, region), function, lag * 1000, now)

    def expired(self, account: str, region: str, table: str, count: int) -> None:
        """Items were deleted by TTL."""
        if count:
            self._telemetry.expired((account, region), table, count, self._clock.now())

    # -------------------------------------------------------------------- time

    async def tick(self) -> None:
        """A minute has passed: publish, judge alarms, scale."""
        now = self._clock.now()
        self._store.roll(now)
        tables = self._view.tables()
        self._gauges.observe(tables, now)
        self._governor.forget({table.arn for table in tables})
        for scope, table, index, percent in self._indexes.progress():
            self._telemetry.index_progress(scope, table, index, percent, now)
        self._publish_consumers(now)
        await self._alarms.evaluate(now)
        await self._scaling.scale(now)

    async def run(self) -> None:
        """Keep what is published, and tick at every minute of the embedded clock, until cancelled."""
        minute = self._clock.now() // _MINUTE
        while True:
            await asyncio.sleep(_SAVE_EVERY_S)
            try:
                self._store.save()
                if self._clock.now() // _MINUTE > minute:
                    await self.tick()
                    minute = self._clock.now() // _MINUTE
            except (LogFailed, OSError) as problem:
                # The gateway stops the process for it; requests say so.
                _log.warning("load is no longer published: %s", problem)
                return

    def close(self) -> None:
        """Keep what was published last."""
        with contextlib.suppress(LogFailed, OSError):
            self._store.save()

    async def advance(self, seconds: float) -> float:
        """Let embedded time pass at once, minute by minute; returns the time afterwards, when what expired by then is gone."""
        left = seconds
        while left > 0:
            step = min(left, _MINUTE - self._clock.now() % _MINUTE)
            self._clock.advance(step)
            left -= step
            if self._clock.now() % _MINUTE < step:
                await self.tick()
            await asyncio.sleep(0)
        await self._sweep()
        self._journal.put(*_CLOCK, {"seconds": self._clock.ahead})
        await self._journal.flush()
        return self._clock.now()

    # ------------------------------------------------------------------- admin

    async def flush(self) -> None:
        """Return when everything that was kept is durable."""
        await self._journal.flush()

    def settings(self) -> dict[str, Any]:
        """What can be set."""
        return {"throttling": self._governor.enabled, "table_quota": asdict(self._governor.quota)}

    async def set(self, *, throttling: bool | None = None, quota: TableQuota | None = None) -> None:
        """Turn throttling on or off (metering goes on), or change the quota on one table; what is None stays."""
        if throttling is not None:
            self._governor.enabled = throttling
        if quota is not None:
            self._set_quota(quota)
        self._journal.put(*_SETTINGS, {"enabled": self._governor.enabled, "quota": asdict(self._governor.quota)})
        await self._journal.flush()

    def _set_quota(self, quota: TableQuota) -> None:
        self._governor.set_quota(quota)
        self._gauges.quota = quota

    # ------------------------------------------------------------ calls inside

    async def _set_alarm_state(self, scope: Scope, asked: dict[str, Any]) -> Response:
        headers = {
            "host": "localhost",
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "GraniteServiceVersion20100801.SetAlarmState",
        }
        request = Request("POST", "/", "", headers, json.dumps(asked).encode())
        return await self._submit(request, Operation("cloudwatch", "SetAlarmState"), *scope)

    async def _update_table(self, scope: Scope, asked: dict[str, Any]) -> Response:
        headers = {
            "host": "localhost",
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "DynamoDB_20120810.UpdateTable",
        }
        request = Request("POST", "/", "", headers, json.dumps(asked).encode())
        operation = Operation("dynamodb", "UpdateTable")

        async def perform(each: Request) -> Response:
            return await self._submit(each, operation, *scope)

        return await self._control(request, operation, scope, perform)


def _made_replicas(asked: Mapping[str, Any]) -> bool:
    return any("Create" in each for each in asked.get("ReplicaUpdates") or () if isinstance(each, Mapping))


def _read(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
