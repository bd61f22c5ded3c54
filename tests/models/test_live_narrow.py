"""Comparing what moved before the fence goes up: what is the same is done with, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tablewright.migrate.live.comparing import run as comparing
from tablewright.migrate.live.journal import Journal


class Table:
    """One side; ``meanwhile`` happens once, when it is read."""

    def __init__(self, items: dict[bytes, bytes]) -> None:
        self.items = items
        self.meanwhile: Any = None

    def read(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        found = {key: self.items[key] for key in keys if key in self.items}
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        return found


def _item(value: str) -> bytes:
    return json.dumps({"v": {"S": value}}).encode()


def _outputs(item: bytes) -> dict[bytes, bytes]:
    return {b"T-" + json.loads(item)["v"]["S"].split("/")[0].encode(): item}


def _narrowed(stage: Any, first: Table, second: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_FEW", 0)
    monkeypatch.setattr(comparing, "_ROUNDS", 1)
    list(comparing.narrow(stage, "forward", _outputs, first, second))  # type: ignore[arg-type]


def _quiet(side: str) -> Iterator[Any]:
    return iter(())


def test_what_is_the_same_is_left_out_and_what_moves_meanwhile_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "live.sqlite")
    first = Table(
        {b"same": _item("same"), b"other": _item("other/2"), b"again": _item("again"), b"lost": _item("lost")}
    )
    second = Table(
        {b"T-same": _item("same"), b"T-other": _item("other/1"), b"T-again": _item("again"), b"T-left": _item("x")}
    )
    journal.touch("forward", "source", [b"same", b"other", b"again", b"lost", b"gone"])
    journal.touch("forward", "target", [b"T-same", b"T-other", b"T-again", b"T-lost", b"T-gone", b"T-left"])
    journal.touch("forward", "listed", [b"T-same", b"T-other"])
    second.meanwhile = lambda: journal.touch("forward", "source", [b"again"])
    _narrowed(SimpleNamespace(journal=journal, look_in=_quiet), first, second, monkeypatch)
    assert set(journal.touched("forward", "source")) == {b"other", b"lost", b"again"}
    assert set(journal.touched("forward", "target")) == {b"T-other", b"T-lost", b"T-left"}
    assert set(journal.touched("forward", "listed")) == {b"T-other"}


def test_a_process_that_dies_over_it_forgets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "live.sqlite")
    journal.touch("forward", "source", [b"a", b"b"])
    journal.touch("forward", "target", [b"T-a"])

    def die() -> None:
        raise KeyboardInterrupt

    first = Table({b"a": _item("a")})
    first.meanwhile = die
    stage = SimpleNamespace(journal=journal, look_in=_quiet)
    with pytest.raises(KeyboardInterrupt):
        _narrowed(stage, first, Table({}), monkeypatch)
    journal.rejoin("forward")  # as whoever goes on does
    assert list(journal.touched("forward", "source")) == [b"a", b"b"]
    assert list(journal.touched("forward", "target")) == [b"T-a"]
