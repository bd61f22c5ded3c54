"""Backups on a screen: none is said as none, and the longest names push nothing out of sight."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tablewright.cli.faces.backup_screen import list_lines
from tablewright.cli.faces.cells import width
from tablewright.cli.faces.marks import UNICODE
from tablewright.model.table import Backup

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def _backup(name: str, arn: str = "arn:backup") -> Backup:
    return Backup(arn, name, "AVAILABLE", AT)


def _shown(backups: dict[str, list[Backup]], columns: int) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in list_lines(backups, columns, UNICODE)]


def test_no_backup_is_known_to_be_none_and_where_else_to_look_is_said() -> None:
    lines = _shown({"orders": []}, 100)
    assert "  ○ no backup on demand" in lines
    assert lines[-1].endswith("tablewright backup pitr")


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
def test_long_names_leave_the_columns_of_the_others(columns: int) -> None:
    lines = _shown({"t" * 255: [_backup("b" * 255), _backup("one"), _backup("another")]}, columns)
    assert all(width(line) <= columns for line in lines)
    together = "".join("".join(lines).split())
    assert "b" * 255 in together
    assert "t" * 255 in together
    moments = [line.index("2026") for line in lines if "one  " in line or "another  " in line]
    assert len(moments) == 2 and len(set(moments)) == 1
