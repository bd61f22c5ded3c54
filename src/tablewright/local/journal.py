"""A small document store whose every change is logged before it is answered for."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

__all__ = ["Journal"]


class Journal:
    """Documents by (kind, key), and append-only lists by (kind, key), in memory and written through to the log.

    Documents are JSON; what is read is a copy, so changing it changes nothing here. Without a `record` the journal is
    in memory only, which is what a test of a part that keeps its state here wants.
    """

    def __init__(
        self,
        record: Callable[[bytes], object] | None = None,
        flush: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._record = record
        self._flush = flush
        self._documents: dict[str, dict[str, bytes]] = {}
        self._lists: dict[str, dict[str, list[bytes]]] = {}

    def put(self, kind: str, key: str, doc: Mapping[str, Any] | None) -> None:
        """Store `doc` under (kind, key), replacing what was there; None deletes."""
        self._change("put", kind, key, None if doc is None else dict(doc))

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """The document under (kind, key), or None."""
        found = self._documents.get(kind, {}).get(key)
        return None if found is None else json.loads(found)

    def items(self, kind: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Every (key, document) of a kind, oldest key first."""
        return [(key, json.loads(text)) for key, text in self._documents.get(kind, {}).items()]

    def append(self, kind: str, key: str, doc: Mapping[str, Any]) -> None:
        """Add `doc` at the end of the list (kind, key)."""
        self._change("append", kind, key, dict(doc))

    def list(self, kind: str, key: str) -> list[dict[str, Any]]:
        """The list (kind, key), oldest first; empty when there is none."""
        return [json.loads(text) for text in self._lists.get(kind, {}).get(key, ())]

    async def flush(self) -> None:
        """Return when every change so far is durable."""
        if self._flush is not None:
            await self._flush()

    def _change(self, verb: str, kind: str, key: str, doc: dict[str, Any] | None) -> None:
        entry = json.dumps([verb, kind, key, doc], separators=(",", ":"), ensure_ascii=False).encode()
        self.replay(entry)
        if self._record is not None:
            self._record(entry)

    def replay(self, entry: bytes) -> None:
        """Apply one logged change."""
        verb, kind, key, doc = json.loads(entry)
        if verb == "put" and doc is None:
            self._documents.get(kind, {}).pop(key, None)
            return
        text = json.dumps(doc, separators=(",", ":"), ensure_ascii=False).encode()
        if verb == "put":
            self._documents.setdefault(kind, {})[key] = text
        else:
            self._lists.setdefault(kind, {}).setdefault(key, []).append(text)

    @property
    def empty(self) -> bool:
        """Whether nothing was ever kept here."""
        return not self._documents and not self._lists

    def state(self) -> dict[str, Any]:
        """All that the journal holds, for a snapshot."""
        return {"documents": self._documents, "lists": self._lists}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self._documents = state["documents"]
        self._lists = state["lists"]
