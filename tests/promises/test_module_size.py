"""Modules stay small, and their names say an idea."""

from __future__ import annotations

from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tablewright"
MODULES = sorted(SOURCE.rglob("*.py"))

MOST_LINES = 450
SAYING_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def test_modules_are_small() -> None:
    lines = {str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
    assert len(lines) > 50


def test_names_say_an_idea() -> None:
    names = {part for path in MODULES for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert not names & SAYING_NOTHING
