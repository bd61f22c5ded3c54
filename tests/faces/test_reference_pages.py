"""The reference pages say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from scripts.generate_docs import commands

from tablewright.cli import exits
from tablewright.cli.registry import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_pages_are_current() -> None:
    # In a process of its own: click keeps a command's help option as it was first asked for, which other tests do too.
    command = [sys.executable, "scripts/generate_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + "run make docs"


def test_the_table_of_exit_codes_is_the_one_that_is_documented() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    for row in exits.TABLE:
        assert f"| {row.code} | {row.name} |" in text
    assert [row.code for row in exits.TABLE] == sorted({row.code for row in exits.TABLE})


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=[path for path, _ in commands()])
def test_every_command_and_option_says_what_it_does(path: str, command: click.Command) -> None:
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
    if not isinstance(command, click.Group):
        assert "Example" in (command.help or ""), f"{path} has no example"


def test_the_short_help_of_the_overview_is_each_command_s_own() -> None:
    short = {path.removeprefix("tablewright "): command.short_help for path, command in commands()}
    for name, text in COMMANDS.items():
        assert short[name] == text
