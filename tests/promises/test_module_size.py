"""Modules stay small, and their names say an idea."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tablewright"
MODULES = sorted(SOURCE.rglob("*.py"))

MOST_LINES = 450
SAYING_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_is_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_names_say_an_idea() -> None:
    names = {part for path in MODULES for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert not names & SAYING_NOTHING
