"""What an item write did, so that a replay need not work it out again.

PutItem, UpdateItem, DeleteItem and BatchWriteItem change nothing but items and what follows from them (indexes, streams,
replicas). Logging the items they stored and removed instead of the requests makes a replay several times faster, and a
write that changed nothing needs no record.
"""

from __future__ import annotations

import json
import types
from typing import Any

__all__ = ["ITEM_WRITES", "Effects"]

ITEM_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"})


class Effects:
    """Watches the two functions through which ministack stores and removes items."""

    def __init__(self, dynamodb: types.ModuleType) -> None:
        self._ddb: Any = dynamodb
        self._set, self._remove, self._emit = dynamodb._set_item, dynamodb._remove_item, dynamodb._emit_stream_event
        self._seen: list[list[Any]] | None = None
        self._plain = True
        for name, method in (
            ("_set_item", self._watched_set),
            ("_remove_item", self._watched_remove),
            ("_emit_stream_event", self._watched_emit),
        ):
            setattr(dynamodb, name, method)

    def watch(self) -> None:
        """Begin to note what the next request does; it must not be interrupted by another's steps."""
        self._seen, self._plain = [], True

    def take(self) -> bytes | None:
        """The noted effects as JSON, b"" when there were none, or None when they cannot be told by JSON."""
        seen, self._seen = self._seen or [], None
        if not self._plain:
            return None
        # Stored items are replaced and never changed, so one dump at the end tells what each step stored.
        return json.dumps(seen, separators=(",", ":"), ensure_ascii=False, default=str).encode() if seen else b""

    def apply(self, effects: bytes) -> None:
        """Do again what `take` gave, in the account and region and at the moment of the context."""
        for name, partition, sort, item in json.loads(effects):
            table = self._ddb._tables[name]
            if item is None:
                old = self._remove(table, partition, sort)
                if old is not None:
                    self._emit(name, "REMOVE", old, None)
            else:
                old = self._set(table, partition, sort, item)
                self._emit(name, "MODIFY" if old else "INSERT", old, item)

    def _note(self, table: dict[str, Any], partition: Any, sort: Any, item: dict[str, Any] | None) -> None:
        if self._seen is None:
            return
        self._plain = self._plain and isinstance(partition, str) and isinstance(sort, str)
        self._seen.append([table["TableName"], partition, sort, item])

    def _watched_set(self, table: dict[str, Any], partition: Any, sort: Any, item: dict[str, Any]) -> Any:
        self._note(table, partition, sort, item)
        return self._set(table, partition, sort, item)

    def _watched_remove(self, table: dict[str, Any], partition: Any, sort: Any) -> Any:
        self._note(table, partition, sort, None)
        return self._remove(table, partition, sort)

    def _watched_emit(self, *args: Any, **kwargs: Any) -> Any:
        # What follows from a write (replicas) follows from it again: it is not noted.
        seen, self._seen = self._seen, None
        try:
            return self._emit(*args, **kwargs)
        finally:
            self._seen = seen
