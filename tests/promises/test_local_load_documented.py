"""The page on load names everything that can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tablewright.local import control
from tablewright.local.faults.datapath import EFFECTS
from tablewright.local.metrics import math as metric_math

_PAGE = (Path(__file__).parents[2] / "docs/reference/local-load.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_fault_is_documented(effect: str) -> None:
    assert f"`{effect}`" in _PAGE


@pytest.mark.parametrize("name", [name for name in control.__all__ if name not in ("add_fault", "now")])
def test_every_control_is_documented(name: str) -> None:
    assert f"control.{name}(" in _PAGE


@pytest.mark.parametrize("function", [*metric_math._REDUCTIONS, *metric_math._POINTWISE, *metric_math._CALENDAR])
def test_every_metric_math_function_is_documented(function: str) -> None:
    assert function in _PAGE.split() or f"`{function}" in _PAGE or f"{function}`" in _PAGE
