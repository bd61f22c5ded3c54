"""Transforms that tests of changes in place need."""

from __future__ import annotations

from typing import Any

import orjson

from tablewright.migrate.transform.protocol import Page, TransformError


class Increment:
    """``n`` one more. An item called ``bad`` is refused; one called ``two`` would become two."""

    level, fingerprint, keeps_keys, injective, reads, invertible = 3, "increment", False, True, None, None
    parses = False

    def describe(self) -> tuple[str, ...]:
        """In a line."""
        return ("n + 1",)

    def apply(self, item: Any) -> tuple[bytes, ...]:
        """One more."""
        found = orjson.loads(bytes(item))
        if found["id"]["S"] == "bad":
            raise TransformError("it is bad")
        if found["id"]["S"] == "two":
            return (bytes(item), bytes(item))
        found["n"] = {"N": str(int(found["n"]["N"]) + 1)}
        return (orjson.dumps(found),)

    def page(self, items: Any) -> Page:
        """Not asked for in place."""
        raise AssertionError


class OldWins:
    """``old`` becomes ``new``, also where there is a ``new`` already: what writers of the old form need."""

    level, fingerprint, keeps_keys, injective, invertible = 3, "old wins", True, True, None
    parses = False
    reads: frozenset[str] | None = frozenset({"old", "new", "status"})

    def describe(self) -> tuple[str, ...]:
        """In a line."""
        return ("old to new",)

    def apply(self, item: Any) -> tuple[bytes, ...]:
        """Renamed."""
        found = orjson.loads(bytes(item))
        if "old" in found:
            found["new"] = found.pop("old")
        found.setdefault("status", {"S": "open"})
        return (orjson.dumps(found),)

    def page(self, items: Any) -> Page:
        """Not asked for in place."""
        raise AssertionError
