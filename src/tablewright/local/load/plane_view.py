"""Looking into ministack's stores from within the process: with `plane_hooks` all of the load layer that knows its private names.

A test fails when one of the names vanishes.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tablewright.local.load.plane_hooks import Seen, read_now, seen_now
from tablewright.local.load.tables import Scope, Table, table_from
from tablewright.local.metrics.sample import Key, Sample, dimensions_of

__all__ = ["NAMES", "PlaneView"]

NAMES: dict[str, tuple[str, ...]] = {
    "dynamodb": (
        "_accumulate_write_capacity",
        "_apply_index_projection",
        "_contributor_insights",
        "_describe_contributor_insights",
        "_extract_key_val",
        "_item_size_bytes",
        "_paginate_evaluated_items",
        "_remove_item",
        "_replica_group",
        "_resource_policies",
        "_set_item",
        "_stream_records",
        "_tables",
        "_update_contributor_insights",
        "json_response",
        "stream_end_position",
    ),
    "cloudwatch": ("_alarms", "_metrics"),
    "sts": ("_sessions",),
    "dynamodb_streams": ("_DEFAULT_SHARD_ID", "_decode_iterator", "_encode_iterator"),
}
"""The private names that this module relies on, by module of ministack."""

_NO_SORT_KEY = "__no_sort__"
_BYTES_AN_ITEM = 200


class PlaneView:
    """Reads the data plane's tables, items, alarms and metrics."""

    def __init__(self, module: Callable[[str], Any]) -> None:
        self._load = module
        self._tables: dict[tuple[Scope, str], tuple[Any, Table]] = {}

    @staticmethod
    def _loaded(name: str) -> Any:
        """A module of ministack, or None while nothing has used it."""
        return sys.modules.get(f"ministack.services.{name}")

    @contextlib.contextmanager
    def watching(self, body: bytes, data: Any) -> Iterator[Seen]:
        """Note what the request performed inside does; it need not read its body again, and may change `data`."""
        seen = Seen()
        token, read = seen_now.set(seen), read_now.set((body, data))
        try:
            yield seen
        finally:
            read_now.reset(read)
            seen_now.reset(token)

    # ------------------------------------------------------------------ tables

    def _raw(self, scope: Scope, name: str) -> dict[str, Any] | None:
        module = self._loaded("dynamodb") or self._load("dynamodb")
        found: dict[str, Any] | None = module._tables.get_scoped(*scope, name)
        return found

    def table(self, scope: Scope, name: str) -> Table | None:
        """The table of that name, as it is now."""
        raw = self._raw(scope, name)
        if raw is None:
            return None
        cached = self._tables.get((scope, name))
        if cached is not None and cached[0] is raw:
            return cached[1]
        table = table_from(scope, raw, int(raw.get("ItemCount") or 0) * _BYTES_AN_ITEM)
        self._tables[scope, name] = (raw, table)
        return table

    def policy(self, table: Table) -> str:
        """The table's own policy; "" for none."""
        module = self._loaded("dynamodb")
        found = module._resource_policies.get_scoped(*table.scope, table.arn) if module is not None else None
        return str(found["Policy"]) if found else ""

    def has_policies(self) -> bool:
        """Whether any table has a policy."""
        module = self._loaded("dynamodb")
        return module is not None and len(module._resource_policies.all_items()) > 0

    def caller(self, scope: Scope, access_key: str) -> str:
        """The ARN of whoever signs with the key: the session's own, or the account's root."""
        module = self._loaded("sts")
        session = module._sessions.get(access_key) if module is not None else None
        return str(session["Arn"]) if session else f"arn:aws:iam::{scope[0]}:root"

    def changed(self, scope: Scope) -> None:
        """Forget what is known of the tables of a scope: one of them may have been changed."""
        self._tables = {key: held for key, held in self._tables.items() if key[0] != scope}

    def tables(self) -> list[Table]:
        """Every table of every account and Region."""
        module = self._loaded("dynamodb")
        if module is None:
            return []
        found = (self.table((account, region), name) for (account, region, name), _ in module._tables.all_items())
        return [table for table in found if table is not None]

    def description(self, table: Table) -> dict[str, Any]:
        """What the data plane holds of a table; changing it changes the table."""
        return self._raw(table.scope, table.name) or {}

    def other_replicas(self, table: Table) -> list[str]:
        """The regions, but its own, of the global table that a table is a replica of."""
        module = self._loaded("dynamodb")
        regions = module._replica_group(self.description(table)) if module is not None else []
        return [str(region) for region in regions if region != table.scope[1]]

    def item(self, table: Table, key: Mapping[str, Any]) -> Any:
        """The item with that key, or None; None too when the key does not fit the table."""
        module = self._loaded("dynamodb")
        raw = self._raw(table.scope, table.name)
        hashed, ranged = key.get(table.hash_key), key.get(table.range_key) if table.range_key else None
        if module is None or raw is None or hashed is None or (table.range_key and ranged is None):
            return None
        sort = module._extract_key_val(ranged) if table.range_key else _NO_SORT_KEY
        return raw["items"].get(module._extract_key_val(hashed), {}).get(sort)

    def insights(self, table: Table, index: str = "") -> Mapping[str, Any] | None:
        """What is held of contributor insights for a table or index, or None when they were never turned on."""
        module = self._loaded("dynamodb")
        key = f"{table.name}/index/{index}" if index else table.name
        found: Mapping[str, Any] | None = module._contributor_insights.get_scoped(*table.scope, key) if module else None
        return found

    def has_insights(self, table: Table) -> bool:
        """Whether contributor insights were ever turned on for a table or one of its indexes."""
        module = self._loaded("dynamodb")
        if module is None or not module._contributor_insights._data:
            return False
        return any(self.insights(table, index) is not None for index in ("", *table.index_settings))

    # ----------------------------------------------------------------- streams

    def stream_end(self, scope: Scope, table: str) -> tuple[int, str]:
        """(the position after the newest record of a table's stream, that record's sequence number or "")."""
        module = self._loaded("dynamodb")
        records = module._stream_records.get_scoped(*scope, table) or []
        end = int(module.stream_end_position(table, account_id=scope[0], region=scope[1]))
        return end, str(records[-1]["dynamodb"]["SequenceNumber"]) if records else ""

    def stream_times(self, scope: Scope, table: str) -> list[float]:
        """When each record of a table's stream was made, oldest first (seconds since the epoch)."""
        module = self._loaded("dynamodb")
        records = module._stream_records.get_scoped(*scope, table) or [] if module is not None else []
        return [float(each["dynamodb"].get("ApproximateCreationDateTime") or 0) for each in records]

    def only_shard(self) -> str:
        """The id of the one shard that the data plane has in every stream."""
        return str(self._load("dynamodb_streams")._DEFAULT_SHARD_ID)

    def iterator_of(self, token: str) -> tuple[str, int]:
        """(the stream's ARN, the position) of an iterator; ("", 0) when it cannot be read."""
        held = self._load("dynamodb_streams")._decode_iterator(token)
        return (str(held.get("arn") or ""), int(held.get("p") or 0)) if held else ("", 0)

    def iterator_at(self, token: str, position: int) -> str:
        """The same iterator at another position."""
        module = self._load("dynamodb_streams")
        held = module._decode_iterator(token)
        made = module._encode_iterator(
            held["t"], held["s"], position, account_id=held["a"], region=held["r"], stream_arn=held["arn"]
        )
        return str(made)

    # ------------------------------------------------------------------ alarms

    def alarms(self) -> list[tuple[Scope, dict[str, Any]]]:
        """Every metric alarm, with its account and Region."""
        module = self._loaded("cloudwatch")
        if module is None:
            return []
        return [((account, region), alarm) for (account, region, _), alarm in module._alarms.all_items()]

    # ----------------------------------------------------------------- metrics

    def keys(self, scope: Scope) -> Iterator[Key]:
        """Every metric that clients published (`Source`)."""
        module = self._loaded("cloudwatch")
        for (account, region, (namespace, name, _)), points in module._metrics.all_items() if module else ():
            if (account, region) == scope and points:
                yield namespace, name, dimensions_of(points[0].get("Dimensions", {}).items())

    def samples(self, scope: Scope, key: Key) -> list[Sample]:
        """What clients published of one metric (`Source`)."""
        module = self._loaded("cloudwatch")
        found: list[Sample] = []
        for (account, region, (namespace, name, _)), points in module._metrics.all_items() if module else ():
            if (account, region) != scope or (namespace, name) != key[:2] or not points:
                continue
            if dimensions_of(points[0].get("Dimensions", {}).items()) == key[2]:
                found.extend(map(_sample, points))
        return found


def _sample(point: Mapping[str, Any]) -> Sample:
    """One published datum: a value seen some times, or a statistic set."""
    at, unit, value = float(point["Timestamp"]), str(point.get("Unit") or "None"), float(point["Value"])
    stats = point.get("_stat")
    if stats is not None:
        count, total = float(stats.get("SampleCount", 0)), float(stats.get("Sum", 0))
        return Sample(at, unit, count, total, float(stats.get("Minimum", 0)), float(stats.get("Maximum", 0)))
    count = float(point.get("Count", 1.0))
    return Sample(at, unit, count, value * count, value, value, {value: count})
