"""Making ministack's DynamoDB tell what a request reads and writes.

It is seen where ministack stores and pages items, so images before and after, and the items that a page evaluated, cost
nothing extra. Contributor insights get the mode and the rules that ministack leaves out.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from tablewright.local.load.sizes import item_size

__all__ = ["INSIGHT_MODES", "PAGE_BYTES", "Page", "Seen", "read_now", "rule_names", "seen_now", "watch_dynamodb"]

PAGE_BYTES = 1024 * 1024
"""A page of Query or Scan ends before the item that would make it larger (API reference, Query)."""
INSIGHT_MODES = ("ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS")
Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """The items that a page of Query or Scan evaluated, and their size: on an index, of its entries."""

    table: str
    index: str
    items: list[Any]
    size: int


@dataclass(slots=True)
class Seen:
    """What one request did: (table, before, after) of every write, and every page."""

    writes: list[tuple[str, Any, Any]] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)


read_now: ContextVar[tuple[bytes, Any] | None] = ContextVar("tablewright_read", default=None)
"""The body of the request that is about to be performed, and what was read from it: so that it is read only once."""

seen_now: ContextVar[Seen | None] = ContextVar("tablewright_seen", default=None)
"""Where the request that is being performed is noted, when it is."""


def rule_names(resource: str, keys: int, mode: str, since: int) -> list[str]:
    """The rules of a table or index ("table-index") with `keys` key attributes, turned on at `since` (seconds)."""
    kinds = [f"{keyed}{last}" for last in ("C", "T") for keyed in ("PK", "SK")[: 2 if keys > 1 else 1]]
    wanted = [kind for kind in kinds if mode != "THROTTLED_KEYS" or kind.endswith("T")]
    return [f"DynamoDBContributorInsights-{kind}-{resource}-{since * 1000}" for kind in wanted]


def watch_dynamodb(module: types.ModuleType) -> None:
    """Put the watching in place, once ministack's module is imported."""
    held: Any = module
    set_item, remove_item = held._set_item, held._remove_item

    def watched_set(table: dict[str, Any], pk: Any, sk: Any, item: Any) -> Any:
        before = set_item(table, pk, sk, item)
        seen = seen_now.get()
        if seen is not None:
            seen.writes.append((table["TableName"], before, item))
        return before

    def watched_remove(table: dict[str, Any], pk: Any, sk: Any) -> Any:
        before = remove_item(table, pk, sk)
        seen = seen_now.get()
        if seen is not None:
            seen.writes.append((table["TableName"], before, None))
        return before

    def watched_page(items: Any, limit: Any, table: dict[str, Any], index_name: str | None = None) -> Any:
        """One page of evaluated items, and whether it ended before they did; the sizes are counted once for both uses."""
        kept: list[Any] = []
        size, most = 0, None if limit is None else int(limit)
        stopped = False
        for item in items:
            entry = held._apply_index_projection(item, table, index_name) if index_name else item
            own = item_size(entry)
            if kept and size + own > PAGE_BYTES:
                stopped = True
                break
            kept.append(item)
            size += own
            if (most is not None and len(kept) >= most) or size >= PAGE_BYTES:
                stopped = True
                break
        seen = seen_now.get()
        if seen is not None:
            seen.pages.append(Page(table["TableName"], index_name or "", kept, size))
        return kept, stopped

    held._set_item, held._remove_item, held._paginate_evaluated_items = watched_set, watched_remove, watched_page
    held.json = _reading(held.json)
    held._item_size_bytes = _measuring(held._item_size_bytes)
    held._accumulate_write_capacity = _counting(held._accumulate_write_capacity)
    _Insights(held).install()


def _reading(plain: types.ModuleType) -> types.ModuleType:
    """The json module with a `loads` that takes over what was read already."""
    reading = types.ModuleType(plain.__name__, plain.__doc__)
    reading.__dict__.update(vars(plain))
    loads = plain.loads

    def loads_once(text: Any, *args: Any, **kwargs: Any) -> Any:
        read = read_now.get()
        if read is None or text is not read[0]:
            return loads(text, *args, **kwargs)
        # Whoever takes it may change it: there is one taker.
        read_now.set(None)
        return read[1]

    reading.loads = loads_once  # type: ignore[attr-defined]
    return reading


def _counting(slow: Callable[..., None]) -> Callable[..., None]:
    """A batch's capacity is metered here (`meter`), so ministack need not; vector indexes it counts in a way of its own."""

    def count(cap: dict[str, Any], table: dict[str, Any], old_item: Any, new_item: Any) -> None:
        if table.get("VectorIndexes"):
            slow(cap, table, old_item, new_item)

    return count


def _measuring(slow: Callable[[Any], int]) -> Callable[[Any], int]:
    """ministack's measure of items, several times quicker; what is not formed as an item is left to its own."""

    def measure(item: Any) -> int:
        try:
            return item_size(item)
        except (AttributeError, TypeError, ValueError):
            return slow(item)

    return measure


class _Insights:
    """Contributor insights with their mode and rules (API reference, UpdateContributorInsights)."""

    def __init__(self, module: Any) -> None:
        self._ddb = module
        self._update = module._update_contributor_insights
        self._describe = module._describe_contributor_insights

    def install(self) -> None:
        self._ddb._update_contributor_insights = self.update
        self._ddb._describe_contributor_insights = self.describe

    def _entry(self, data: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
        name = self._ddb._normalize_table_name(data.get("TableName") or "")
        key = f"{name}/index/{data['IndexName']}" if data.get("IndexName") else name
        return name, self._ddb._contributor_insights.get(key)

    def update(self, data: dict[str, Any]) -> Answer:
        """UpdateContributorInsights, which remembers the mode and since when."""
        wanted = data.get("ContributorInsightsMode")
        if wanted is not None and wanted not in INSIGHT_MODES:
            message = (
                f"1 validation error detected: Value '{wanted}' at 'contributorInsightsMode' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(INSIGHT_MODES)}]"
            )
            refused: Answer = self._ddb.error_response_json("ValidationException", message, 400)
            return refused
        before = dict(self._entry(data)[1] or {})
        answer: Answer = self._update(data)
        entry = self._entry(data)[1]
        if answer[0] != 200 or entry is None or data.get("ContributorInsightsAction") != "ENABLE":
            return answer
        entry["ContributorInsightsMode"] = wanted or before.get("ContributorInsightsMode") or INSIGHT_MODES[0]
        entry["since"] = before.get("since") or int(self._ddb.time.time())
        body = json.loads(answer[2])
        body["ContributorInsightsMode"] = entry["ContributorInsightsMode"]
        shown: Answer = self._ddb.json_response(body)
        return shown

    def describe(self, data: dict[str, Any]) -> Answer:
        """DescribeContributorInsights, with the mode and the rules."""
        answer: Answer = self._describe(data)
        name, entry = self._entry(data)
        if answer[0] != 200 or not entry or "since" not in entry or "ENABL" not in entry["ContributorInsightsStatus"]:
            return answer
        table, index = self._ddb._tables[name], data.get("IndexName")
        held = next((each for each in table.get("GlobalSecondaryIndexes") or () if each["IndexName"] == index), table)
        resource, mode = f"{name}-{index}" if index else name, entry["ContributorInsightsMode"]
        body = json.loads(answer[2])
        body["ContributorInsightsMode"] = mode
        body["ContributorInsightsRuleList"] = rule_names(resource, len(held["KeySchema"]), mode, entry["since"])
        shown: Answer = self._ddb.json_response(body)
        return shown
