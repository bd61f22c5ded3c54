"""The embedded AWS's own controls, under /_tablewright: faults, the clock, throttling. No AWS API has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.cloudformation.faults import EFFECTS as STACK_EFFECTS
from tablewright.local.cloudformation.faults import StackFaultError, StackFaults
from tablewright.local.dataplane import Response
from tablewright.local.faults.datapath import FaultError
from tablewright.local.load.front import Front
from tablewright.local.load.limits import TableQuota

__all__ = ["PREFIX", "Controls"]

PREFIX = "/_tablewright/"
_MOST_ADVANCE_S = 7 * 86400


class Controls:
    """Answers requests to the controls."""

    def __init__(self, front: Front, clock: Clock) -> None:
        self._front = front
        self._clock = clock

    async def answer(self, method: str, path: str, body: bytes) -> Response | None:
        """The answer, or None when there is nothing at that path."""
        what, _, rest = path.removeprefix(PREFIX).partition("/")
        try:
            asked = json.loads(body or b"{}")
        except ValueError:
            return _json(400, {"error": "the body is not JSON"})
        if not isinstance(asked, dict):
            return _json(400, {"error": "the body is not an object"})
        if what == "faults":
            return await self._faults(method, rest, asked)
        if what == "clock" and not rest:
            return await self._time(method, asked)
        if what == "load" and not rest:
            return await self._load(method, asked)
        if what == "streams" and method == "POST":
            return await self._streams(rest, asked)
        return None

    async def _faults(self, method: str, name: str, asked: Mapping[str, Any]) -> Response:
        of_data, of_stacks = self._front.faults, StackFaults(self._front.faults.journal)
        if method == "POST" and not name:
            try:
                made = of_stacks.add(asked) if asked.get("effect") in STACK_EFFECTS else of_data.add(asked)
            except (FaultError, StackFaultError) as wrong:
                return _json(400, {"error": str(wrong)})
            await self._front.flush()
            return _json(200, {"id": made.id})
        if method == "DELETE":
            count = of_data.remove(name) + of_stacks.remove(name)
            await self._front.flush()
            return _json(200 if count or not name else 404, {"removed": count})
        return _json(200, {"faults": of_data.list() + of_stacks.list()})

    async def _time(self, method: str, asked: Mapping[str, Any]) -> Response:
        clock = self._clock
        if method == "POST" and "hold" in asked:
            if not isinstance(asked["hold"], bool):
                return _json(400, {"error": "hold is true or false"})
            clock.hold(asked["hold"])
        elif method == "POST":
            seconds = asked.get("advance")
            if not isinstance(seconds, int | float) or not 0 < seconds <= _MOST_ADVANCE_S:
                return _json(400, {"error": f"advance is a number of seconds above 0 and at most {_MOST_ADVANCE_S}"})
            await self._front.advance(float(seconds))
        told = {"now": clock.now(), "ahead": clock.ahead, "held": clock.held, "profile": str(clock.profile)}
        return _json(200, told)

    async def _streams(self, verb: str, asked: Mapping[str, Any]) -> Response | None:
        account, region = str(asked.get("account", "000000000000")), str(asked.get("region", "us-east-1"))
        table, lag = str(asked.get("table", "")), asked.get("lag", 0)
        if verb == "roll":
            child = await self._front.roll(account, region, table)
            return _json(200, {"shard": child}) if child else _json(404, {"error": f"table {table} has no stream"})
        if verb == "consumer":
            if not asked.get("function") or not isinstance(lag, int | float):
                return _json(400, {"error": "a consumer has a function, a table and a lag in seconds"})
            await self._front.consume(account, region, table, str(asked["function"]), float(lag))
            return _json(200, {})
        return None

    async def _load(self, method: str, asked: Mapping[str, Any]) -> Response:
        if method == "POST":
            wanted, units = asked.get("throttling"), asked.get("table_quota")
            if units is not None:
                if (
                    not isinstance(units, dict)
                    or set(units) != {"read", "write"}
                    or not all(map(_positive, units.values()))
                ):
                    return _json(400, {"error": "table_quota has read and write, units a second above 0"})
                await self._front.set(quota=TableQuota(**units))
            elif isinstance(wanted, bool):
                await self._front.set(throttling=wanted)
            else:
                return _json(400, {"error": "throttling is true or false"})
        return _json(200, self._front.settings())


def _positive(units: object) -> bool:
    return isinstance(units, int | float) and not isinstance(units, bool) and units > 0


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
