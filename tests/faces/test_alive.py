"""A sign of life is for a terminal alone, comes only where something takes its time, and leaves nothing behind."""

from __future__ import annotations

import dataclasses
import io

import pytest

from tablewright.cli import alive as module
from tablewright.cli.alive import alive
from tablewright.cli.faces.cells import width
from tablewright.cli.terminal import Output, output
from tests.waiting import until


def terminal(columns: int = 60) -> tuple[io.StringIO, Output]:
    stream = io.StringIO()
    return stream, dataclasses.replace(output(stream), is_terminal=True, width=columns)


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.parametrize("columns", [40, 100])
def test_it_says_what_goes_on_and_is_wiped(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0)
    stream, err = terminal(columns)
    with alive("reading 주문-스택 and everything that stands in it", err):
        until(lambda: stream.getvalue().count("\r") > 1)
    frames = stream.getvalue().split("\r")[1:]
    assert "reading 주문-스택" in frames[0]
    assert all(width(frame) < columns for frame in frames[:-1]) and "\n" not in stream.getvalue()
    assert frames[-1] == "\x1b[2K"


def test_what_is_over_before_that_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 3600)
    stream, err = terminal()
    with alive("reading", err):
        pass
    assert stream.getvalue() == ""


def test_it_is_wiped_where_something_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0)
    stream, err = terminal()
    with pytest.raises(KeyboardInterrupt), alive("reading", err):
        until(stream.getvalue)
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("\r\x1b[2K")


@pytest.mark.parametrize("ci", [True, False])
def test_a_log_and_a_ci_system_get_nothing(ci: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0)
    monkeypatch.setattr(module, "_EVERY_S", 0)
    stream, err = terminal()
    if ci:
        monkeypatch.setenv("CI", "true")
    else:
        err = dataclasses.replace(err, is_terminal=False)
    with alive("reading", err):
        assert stream.getvalue() == ""
    assert stream.getvalue() == ""
