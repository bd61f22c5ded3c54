"""Every command that an error, a remedy or a page suggests exists in this version and parses as it stands."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from tablewright.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "README.ko.md", "CONTRIBUTING.md", "docs", "examples"]
SUFFIXES = (".md", ".sh", ".yml", ".toml")
_START = re.compile(r"^(?:\$ |.*/\.venv/bin/|.*\$\w+/\.venv/bin/)?(tablewright(?: .*)?)$")


def _in_source() -> Iterator[tuple[str, str]]:
    """Commands in the library's own strings: a whole string that begins with the program's name."""
    for path in sorted((ROOT / "src/tablewright").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "tablewright " not in source:
            continue  # this is done while tests are collected, and parsing all of the library takes seconds
        nodes = list(ast.walk(ast.parse(source)))
        inner = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in nodes:
            text = ""
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
                text = node.value
            elif isinstance(node, ast.JoinedStr):
                text = "".join(str(v.value) if isinstance(v, ast.Constant) else "{x}" for v in node.values)
            for line in text.splitlines():
                words = line.strip()
                if re.match(r"tablewright [a-z]", words) and not re.search(r"[:;,] |\.$|``| is | are ", words):
                    yield f"{path.relative_to(ROOT)}", words


def _on_pages() -> Iterator[tuple[str, str]]:
    """Commands in code blocks, scripts and inline code of the documentation."""
    for name in PAGES:
        top = ROOT / name
        files = [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.suffix in SUFFIXES)
        for path in files:
            if path.name == "cli.md":
                continue  # generated from the commands themselves
            text = path.read_text(encoding="utf-8").replace("\\\n", " ")
            for block in re.findall(r"^```\w*\n(.*?)^```$", text, flags=re.S | re.M):
                for line in block.splitlines():
                    found = _START.match(line.strip())
                    if found:
                        yield f"{path.relative_to(ROOT)}", found[1]
            for inline in re.findall(r"(?<!`)`(tablewright [a-z][^`\n]*)`(?!`)", text):
                yield f"{path.relative_to(ROOT)}", inline


def _examples() -> Iterator[tuple[str, str]]:
    """The examples of every --help."""
    from scripts.generate_docs import commands

    for path, command in commands():
        for line in (command.help or "").splitlines():
            if line.strip().startswith("tablewright "):
                yield path, line.strip()


SUGGESTED = sorted({*_in_source(), *_on_pages(), *_examples()})


Callback = Callable[[click.Context, click.Parameter, Any], Any] | None


class _Filled(click.ParamType[Any]):
    """A parameter's own type, which takes the placeholder for whatever is filled in at the time."""

    name = "filled"

    def __init__(self, own: click.ParamType[Any]) -> None:
        self._own = own

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        return value if value == "x" else self._own.convert(value, param, ctx)


def _unless_filled(callback: Callback) -> Callback:
    if callback is None:
        return None
    return lambda ctx, param, value: value if value == "x" else callback(ctx, param, value)


@contextmanager
def _filled(command: click.Command) -> Iterator[None]:
    own = {param: (param.type, param.callback) for param in command.params}
    try:
        for param, (type_, callback) in own.items():
            if isinstance(type_, click.types.IntParamType | click.types.FloatParamType | click.Choice):
                param.type = _Filled(type_)
                param.callback = _unless_filled(callback)
        yield
    finally:
        for param, (type_, callback) in own.items():
            param.type, param.callback = type_, callback


def _parse(command: str, where: str = "") -> None:
    command = re.sub(r"\*[^* ]+\*", "{x}", command) if where.endswith("errors.md") else command
    command = re.sub(r"""(?<=[ =])('[^']*'|"[^"]*")""", "quoted", command)
    command = re.split(r"\s+(?:#|\||>|&&|;)\s*", command)[0].rstrip(")\"'")
    command = re.sub(r"\{[^{}]*\}", "x", command).replace("<", "").replace(">", "").replace("...", "")
    words = shlex.split(command)[1:]
    words = [word for word in words if word not in ("[", "]")]
    group: click.Command = cli
    context = click.Context(cli, info_name="tablewright")
    while isinstance(group, click.Group):
        if not words or words[0] in ("--help", "--version", "-h"):
            return
        usual = getattr(group, "usual", None)  # what a group does that is a command itself
        if usual is not None and words[0] not in group.commands:
            group = group.commands[usual]
            break
        if group.invoke_without_command and words[0].startswith("-"):
            break
        if words[0] == "x":
            return  # which of the group's commands it is, is known when it is said
        found = group.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]!r}"
        context = click.Context(found, info_name=words[0], parent=context)
        group, words = found, words[1:]
    if words == ["x"] and not group.params:
        return
    if not words and where.endswith(".md"):
        return  # a page speaks of the command
    try:
        with _filled(group):
            group.make_context("tablewright", list(words))
    except click.exceptions.Exit:
        return  # --help


@pytest.mark.parametrize(("where", "command"), SUGGESTED, ids=[f"{w}: {c}" for w, c in SUGGESTED])
def test_a_suggested_command_parses(where: str, command: str) -> None:
    _parse(command, where)


def test_commands_were_found_in_all_three_places() -> None:
    places = {where.split("/")[0] for where, _ in SUGGESTED}
    assert {"src", "examples"} <= places
    assert any(place.startswith("tablewright") for place in places)


def test_a_wrong_command_would_be_noticed() -> None:
    with pytest.raises((AssertionError, click.ClickException)):
        _parse("tablewright frobnicate")
    with pytest.raises(click.ClickException):
        _parse("tablewright deploy --frobnicate")
    with pytest.raises(click.ClickException):
        _parse("tablewright set class orders {x} --read 3")
    with pytest.raises(click.ClickException):
        _parse("tablewright set class orders cheap")
