"""Comparing while writers go on: the whole tables by content, keys in motion apart; and those keys, once nothing moves."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson
from xxhash import xxh3_128_intdigest

from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.live.events import Followed, Rechecked
from tablewright.migrate.live.items.run import Items
from tablewright.migrate.live.journal import Side
from tablewright.migrate.live.outputs import key_of
from tablewright.migrate.live.replay import Outputs
from tablewright.migrate.live.stage.run import Halted, Stage
from tablewright.migrate.verify.report_file import FILE_NAME

__all__ = ["REPORT", "TimeIsUp", "at_rest", "narrow", "recheck"]

REPORT = "rechecked.jsonl"
_AT_ONCE = 1000
_LISTED = 1000
_FEW = 1000
"""So many keys take no time worth mentioning behind the fence."""
_ROUNDS = 8
_SHRINKS = 0.7
_ONCE_MORE = 3
_LEAST_FOR_MORE_S = 4.0


class TimeIsUp(Exception):
    """The pause that was announced is over."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A key of the second table that does not hold what it should: ``missing``, ``extra`` or ``different``."""

    kind: str
    key: bytes
    owner: bytes | None = None
    """The key of the first table's item that should be there; None for an extra one."""
    item: bytes | None = None
    """What should be there."""


def narrow(stage: Stage, side: Side, outputs: Outputs, first: Items, second: Items) -> Iterator[Followed]:
    """Compare the keys that moved while writers still go on, again and again, until few are left to compare behind the fence.

    A key that is the same in both tables needs no other look unless it moves again, which is noted anew.
    """
    journal = stage.journal
    journal.rejoin(side)
    for _ in range(_ROUNDS):
        before = journal.touched_count(side)
        if before <= _FEW:
            return
        journal.set_apart(side)
        owned: set[int] = set()
        for sources in _parts(journal.touched(side, "source-apart")):
            expected, owners = _expected(first.read(sources), outputs)
            owned.update(map(xxh3_128_intdigest, expected))
            differ = _differences(expected, owners, second.read(expected))
            journal.touch(side, "source", {each.owner for each in differ if each.owner is not None})
            journal.touch(side, "target", {each.key for each in differ})
            journal.untouch(side, "listed", expected.keys() - {each.key for each in differ})
            yield from stage.look_in(side)
        loose = (key for key in journal.touched(side, "target-apart") if xxh3_128_intdigest(key) not in owned)
        for targets in _parts(loose):
            journal.touch(side, "target", second.read(targets))
            yield from stage.look_in(side)
        journal.rejoin(side, drop=True)
        if journal.touched_count(side) > before * _SHRINKS:
            return


def recheck(stage: Stage, side: Side, outputs: Outputs, first: Items, second: Items) -> Iterator[Rechecked | Followed]:
    """Compare every key that moved since the verification began, by strongly consistent reads; no writer moves any more.

    ``first`` is the table that was written to, ``second`` the one that followed. What differs is compared some times more while
    the tail goes on: TTL deletes behind the fence as well. Yields what it comes to, once at the end.
    """
    stage.journal.rejoin(side)
    compared = 0
    found: list[Difference] = []
    owned: set[int] = set()
    for sources in _parts(stage.journal.touched(side, "source")):
        expected, owners = _expected(first.read(sources), outputs)
        owned.update(map(xxh3_128_intdigest, expected))
        found += _differences(expected, owners, second.read(expected))
        compared += len(sources)
        _breathe(stage)
    loose = (key for key in stage.journal.touched(side, "target") if xxh3_128_intdigest(key) not in owned)
    for targets in _parts(loose):
        found += _extra(stage, side, second.read(targets))
        _breathe(stage)
    if not stage.transform.injective:
        # What differed when both tables were read is somebody's: if not one's that moved, then one's that lost its key to it.
        listed = (key for key in stage.journal.touched(side, "listed") if xxh3_128_intdigest(key) not in owned)
        for targets in _parts(listed):
            found += [Difference("missing", key) for key in targets]
    for _ in range(_ONCE_MORE):
        if not found or stage.left() < _LEAST_FOR_MORE_S:
            break
        until = stage.now() + 1.0
        while stage.now() < until:
            yield from stage.pass_time(side)
            _breathe(stage)
        found = _again(stage, side, found, outputs, first, second)
    if side == "back":
        found = [each for each in found if each.kind != "missing" or not _has_expired(stage, each.item)]
    yield Rechecked(compared, len(found), _report(stage.folder / REPORT, found) if found else "")


def _extra(stage: Stage, side: Side, keys: Collection[bytes]) -> list[Difference]:
    """These keys of the second table as extra ones; not so what an item has that has not moved."""
    held = stage.held_elsewhere(list(keys)) if keys and side == "back" else set()
    return [Difference("extra", key) for key in keys if key not in held]


def _again(
    stage: Stage, side: Side, found: list[Difference], outputs: Outputs, first: Items, second: Items
) -> list[Difference]:
    """What of this still differs. An extra one may have got an owner meanwhile, and another may have lost its."""
    owners = {each.owner for each in found if each.owner is not None}
    expected, owned = _expected(first.read(owners), outputs)
    keys = {each.key for each in found}
    actual = second.read(keys | expected.keys())
    extra = _extra(stage, side, [key for key in actual if key in keys and key not in expected])
    lost = [each for each in found if each.kind == "missing" and each.owner is None and each.key not in expected]
    return _differences(expected, owned, actual) + extra + lost


def _has_expired(stage: Stage, item: bytes | None) -> bool:
    """Whether the source's TTL deletes such an item: on the way back it may have been faster than that of the target."""
    found = stage.source.found
    ttl = found.table.ttl if found is not None else None
    if item is None or ttl is None or ttl.attribute is None or ttl.status != "ENABLED":
        return False
    told = orjson.loads(item).get(ttl.attribute, {}).get("N")
    return told is not None and float(told) <= stage.now()


def _breathe(stage: Stage) -> None:
    """Stop if somebody asks to, or if the time is up: what is compared late is of no use."""
    if stage.request.stopping():
        raise Halted
    if stage.left() <= 0:
        raise TimeIsUp


def _expected(items: Mapping[bytes, bytes], outputs: Outputs) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """(what the second table must hold of items of the first, whose each is); nothing for one that cannot be transformed."""
    expected: dict[bytes, bytes] = {}
    owners: dict[bytes, bytes] = {}
    for source, item in items.items():
        try:
            made = outputs(item)
        except ValueError:
            continue
        expected.update(made)
        owners.update(dict.fromkeys(made, source))
    return expected, owners


def _differences(
    expected: Mapping[bytes, bytes], owners: Mapping[bytes, bytes], actual: Mapping[bytes, bytes]
) -> list[Difference]:
    found = []
    for key, item in expected.items():
        held = actual.get(key)
        if held is None:
            found.append(Difference("missing", key, owners[key], item))
        elif canonical(held) != canonical(item):
            found.append(Difference("different", key, owners[key], item))
    return found


def at_rest(stage: Stage) -> tuple[int, int]:
    """(how many keys of the verification's report did not move since it began, how many did): the first really differ.

    Those that did are noted, to be accounted for once nothing moves.
    """
    path = stage.folder / FILE_NAME
    still = 0
    moved: list[bytes] = []
    keys = stage.target.keys
    if not path.exists():
        return 0, 0
    with path.open("rb") as lines:
        for line in lines:
            key = key_of(orjson.dumps(orjson.loads(line)["key"]), keys)
            if stage.journal.is_touched("forward", key):
                moved.append(key)
            else:
                still += 1
    stage.journal.touch("forward", "listed", moved)
    return still, len(moved)


def _parts(keys: Iterator[bytes]) -> Iterator[list[bytes]]:
    while part := list(islice(keys, _AT_ONCE)):
        yield part


def _report(path: Path, found: list[Difference]) -> str:
    """The differing keys, a JSON object a line; only its owner may read it."""
    lines = [orjson.dumps({"kind": each.kind, "key": orjson.Fragment(each.key)}) + b"\n" for each in found[:_LISTED]]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(lines)
    return str(path)
