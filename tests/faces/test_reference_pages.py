"""The reference pages say what the code says."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from scripts.generate_docs import PAGES, commands

from tablewright.cli import exits
from tablewright.cli.registry import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_current(page: str) -> None:
    assert (ROOT / page).read_text(encoding="utf-8") == PAGES[page](), "run make docs"


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
