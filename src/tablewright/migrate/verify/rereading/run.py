"""Items read again by their keys: strongly consistent from a table, with one more pass over anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from tablewright.errors import TablewrightError
from tablewright.migrate.engine.values import PageSource
from tablewright.migrate.items.key import KeyReader
from tablewright.migrate.transform.protocol import Transform, TransformError
from tablewright.migrate.verify.difference import Difference, difference
from tablewright.migrate.verify.identity import Identity, of_part
from tablewright.migrate.verify.narrowing import Suspect
from tablewright.migrate.wire.door import OpenTable
from tablewright.ports import Clock

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["confirmed", "items_by_key"]

_BATCH = 100
"""Keys of one BatchGetItem (API reference)."""

_TRIES = 12
_PASSING = ("throttled", "aws-unavailable", "endpoint-unreachable", "endpoint-silent")

Item = dict[str, dict[str, Any]]


def confirmed(
    suspects: Sequence[Suspect],
    source: OpenTable | PageSource,
    target: OpenTable | PageSource,
    *,
    source_keys: KeyReader | None,
    target_keys: Identity,
    transform: Transform,
    clock: Clock,
) -> Iterator[Difference | None]:
    """For each suspect how its items differ as they stand now; None where they are the same by now."""
    by_key = isinstance(source, OpenTable) and isinstance(target, OpenTable)
    size = _BATCH if by_key else max(1, len(suspects))  # each batch is a pass over what has no keys to read by
    for at in range(0, len(suspects), size):
        batch = suspects[at : at + size]
        asked = [_origins(suspect, source_keys if target_keys.keys else None, transform) for suspect in batch]
        originals: dict[bytes, list[Item]] = {}
        if source_keys is not None:
            originals = items_by_key(source, [key for keys in asked for key in keys], source_keys, clock)
        elif not isinstance(source, OpenTable):  # nothing is known of its keys: look at what its items become
            originals = _becoming(source, batch, target_keys, transform)
        targets = items_by_key(target, [suspect.key for suspect in batch], target_keys, clock)
        for suspect, origins in zip(batch, asked, strict=True):
            key = of_part(target_keys, suspect.key)
            read = (
                [item for origin in origins for item in originals.get(source_keys(orjson.dumps(origin)), ())]
                if source_keys is not None
                else originals.get(key, [])
            )
            made = [item for one in read for item in _made(one, transform) if target_keys(orjson.dumps(item)) == key]
            found = targets.get(key)
            # What is told apart by all that it holds is found again only by that.
            shown = suspect.key if target_keys.keys else (made or found or [suspect.key])[0]
            yield difference(shown, made, found[0] if found else None)


def _origins(suspect: Suspect, keys: KeyReader | None, transform: Transform) -> tuple[Mapping[str, Any], ...]:
    """The source's keys to look under: those that were seen, or the same key where keys are kept."""
    if suspect.sources:
        return tuple({orjson.dumps(key): key for key in suspect.sources}.values())
    if keys is not None and transform.keeps_keys and all(key.name in suspect.key for key in keys.keys):
        return ({key.name: suspect.key[key.name] for key in keys.keys},)
    return ()


def _made(item: Item, transform: Transform) -> list[Item]:
    try:
        return [orjson.loads(memoryview(each)) for each in transform.apply(orjson.dumps(item))]
    except TransformError:
        return []


def items_by_key(
    side: OpenTable | PageSource, keys: Sequence[Mapping[str, Any]], reader: Identity, clock: Clock
) -> dict[bytes, list[Item]]:
    """What stands under these keys, by canonical key; from a table strongly consistent."""
    wanted = {of_part(reader, key): key for key in keys}
    found: dict[bytes, list[Item]] = {}
    if isinstance(side, OpenTable):
        rest = list(wanted.values())
        for at in range(0, len(rest), _BATCH):
            for item in _got(side, rest[at : at + _BATCH], clock):
                found.setdefault(reader(orjson.dumps(item)), []).append(item)
        return found
    for raw in _everything(side):
        key = reader(raw)
        if key in wanted:
            found.setdefault(key, []).append(orjson.loads(memoryview(raw)))
    return found


def _becoming(
    side: PageSource, suspects: Sequence[Suspect], reader: Identity, transform: Transform
) -> dict[bytes, list[Item]]:
    """The items that become one of these keys."""
    wanted = {of_part(reader, suspect.key) for suspect in suspects}
    found: dict[bytes, list[Item]] = {}
    for raw in _everything(side):
        try:
            made = transform.apply(raw)
        except TransformError:
            continue
        for key in {reader(each) for each in made} & wanted:
            found.setdefault(key, []).append(orjson.loads(memoryview(raw)))
    return found


def _everything(side: PageSource) -> Iterator[Buffer]:
    for segment in range(side.segments):
        after: bytes | None = None
        while True:
            page = side.read(segment, after)
            yield from page.items
            if page.position is None:
                break
            after = page.position


def _got(table: OpenTable, keys: Sequence[Mapping[str, Any]], clock: Clock) -> Iterator[Item]:
    """BatchGetItem, strongly consistent, until nothing is unprocessed."""
    request: dict[str, Any] = {table.name: {"Keys": list(keys), "ConsistentRead": True}}
    tries = 0
    while request:
        told = _patient(lambda asked=request: _call(table, {"RequestItems": asked}), clock)  # type: ignore[misc]
        for items in told.get("Responses", {}).values():
            yield from items
        left = told.get("UnprocessedKeys") or {}
        tries = 0 if left != request else tries + 1
        if left:
            clock.sleep(min(5.0, 0.05 * 2**tries))
        request = left


def _call(table: OpenTable, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = table.plane.call("BatchGetItem", orjson.dumps(body))
    if answer.status != 200:
        raise table.plane.refusal("BatchGetItem", answer)
    told: dict[str, Any] = orjson.loads(answer.body)
    return told


def _patient(call: Callable[[], dict[str, Any]], clock: Clock) -> dict[str, Any]:
    for tries in range(_TRIES):
        try:
            return call()
        except TablewrightError as error:
            if error.code not in _PASSING or tries == _TRIES - 1:
                raise
            clock.sleep(min(5.0, 0.1 * 2**tries))
    raise AssertionError
