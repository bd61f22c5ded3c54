"""Comparing while writers go on: the whole tables by content, keys in motion apart; and those keys, once nothing moves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson
from xxhash import xxh3_128_intdigest

from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.live.events import Rechecked
from tablewright.migrate.live.items.run import Items
from tablewright.migrate.live.journal import Side
from tablewright.migrate.live.outputs import key_of
from tablewright.migrate.live.replay import Outputs
from tablewright.migrate.live.stage.run import Halted, Stage
from tablewright.migrate.verify.report_file import FILE_NAME

__all__ = ["REPORT", "TimeIsUp", "at_rest", "recheck"]

REPORT = "rechecked.jsonl"
_AT_ONCE = 1000
_LISTED = 1000


class TimeIsUp(Exception):
    """The pause that was announced is over."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A key of the second table that does not hold what it should: ``missing``, ``extra`` or ``different``."""

    kind: str
    key: bytes


def recheck(stage: Stage, side: Side, outputs: Outputs, first: Items, second: Items) -> Iterator[Rechecked]:
    """Compare every key that moved since the verification began, by strongly consistent reads; nothing may move any more.

    ``first`` is the table that was written to, ``second`` the one that followed. Yields what it comes to, once at the end.
    """
    compared = 0
    found: list[Difference] = []
    owned: set[int] = set()
    for sources in _parts(stage.journal.touched(side, "source")):
        expected = _expected(first.read(sources), outputs)
        owned.update(map(xxh3_128_intdigest, expected))
        found += _differences(expected, second.read(expected))
        compared += len(sources)
        _breathe(stage)
    loose = (key for key in stage.journal.touched(side, "target") if xxh3_128_intdigest(key) not in owned)
    for targets in _parts(loose):
        found += [Difference("extra", key) for key in second.read(targets)]
        _breathe(stage)
    yield Rechecked(compared, len(found), _report(stage.folder / REPORT, found) if found else "")


def _breathe(stage: Stage) -> None:
    """Stop if somebody asks to, or if the time is up: what is compared late is of no use."""
    if stage.request.stopping():
        raise Halted
    if stage.left() <= 0:
        raise TimeIsUp


def _expected(items: Mapping[bytes, bytes], outputs: Outputs) -> dict[bytes, bytes]:
    """What the second table must hold of these items of the first; nothing for one that cannot be transformed."""
    expected: dict[bytes, bytes] = {}
    for item in items.values():
        try:
            expected.update(outputs(item))
        except ValueError:
            continue
    return expected


def _differences(expected: Mapping[bytes, bytes], actual: Mapping[bytes, bytes]) -> list[Difference]:
    found = []
    for key, item in expected.items():
        held = actual.get(key)
        if held is None:
            found.append(Difference("missing", key))
        elif canonical(held) != canonical(item):
            found.append(Difference("different", key))
    return found


def at_rest(stage: Stage) -> tuple[int, int]:
    """(how many keys of the verification's report did not move since it began, how many did): the first really differ."""
    path = stage.folder / FILE_NAME
    still = moved = 0
    keys = stage.target.keys
    with path.open("rb") as lines:
        for line in lines:
            key = key_of(orjson.dumps(orjson.loads(line)["key"]), keys)
            if stage.journal.is_touched("forward", key):
                moved += 1
            else:
                still += 1
    return still, moved


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
