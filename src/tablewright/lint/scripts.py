"""Shell scripts and workflows as rules read them: commands with their lines, no more of the shell than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tablewright.lint.stack import Stack
from tablewright.model.design import Position
from tablewright.template.tree import Mapping, Node, Scalar, Sequence

_AWS = re.compile(r"\baws\s+(?:-\S+\s+\S+\s+)*([a-z0-9-]+)\s+([a-z0-9-]+)")
_OPTION = r"--{}(?:\s+|=)(\"[^\"]*\"|'[^']*'|\S+)"
_DEPLOYS = ("deploy", "create-stack", "update-stack", "create-change-set")


@dataclass(frozen=True)
class Command:
    """One command with its continuation lines joined; ``line`` is the first of them."""

    text: str
    line: int
    lines: tuple[str, ...]

    @property
    def position(self) -> Position:
        """Where it starts."""
        return Position(self.line, len(self.lines[0]) - len(self.lines[0].lstrip()) + 1)

    def at(self, needle: str) -> Position:
        """The place of a text within it, or its start."""
        for number, line in enumerate(self.lines):
            column = line.find(needle)
            if column >= 0:
                return Position(self.line + number, column + 1)
        return self.position

    @cached_property
    def aws(self) -> tuple[str, str] | None:
        """The service and the operation of the AWS CLI that it calls."""
        found = _AWS.search(self.text)
        return (found.group(1), found.group(2)) if found else None

    def option(self, name: str) -> str | None:
        """The value of an option, without quotes."""
        found = re.search(_OPTION.format(re.escape(name)), self.text)
        return found.group(1).strip("\"'") if found else None

    @property
    def deploys(self) -> bool:
        """Whether it deploys a stack with the AWS CLI."""
        return self.aws is not None and self.aws[0] == "cloudformation" and self.aws[1] in _DEPLOYS


@dataclass
class Script:
    """One shell script."""

    path: str
    text: str
    siblings: tuple[Stack, ...] = field(default=(), repr=False)

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """Its commands in order; comments and here-documents are left out."""
        return tuple(_commands(self.text))

    def template_of(self, command: Command) -> Stack | None:
        """The template that a command deploys, if it is among those that are checked."""
        named = command.option("template-file") or (command.option("template-body") or "").removeprefix("file://")
        base = named.rsplit("/", 1)[-1]
        found = [stack for stack in self.siblings if base and stack.path.replace("\\", "/").rsplit("/", 1)[-1] == base]
        return found[0] if len(found) == 1 else None


def _commands(body: str) -> Iterator[Command]:
    start, parts = 0, list[str]()
    until = ""
    for number, line in enumerate(body.splitlines(), start=1):
        if until:
            until = "" if line.strip() == until else until
            continue
        stripped = line.strip()
        if not parts and (not stripped or stripped.startswith("#")):
            continue
        if not parts:
            start = number
        parts.append(line)
        if stripped.endswith("\\"):
            continue
        joined = " ".join(part.strip().removesuffix("\\").strip() for part in parts)
        here = re.search(r"<<-?\s*['\"]?(\w+)", joined)
        until = here.group(1) if here and "<<<" not in joined else ""
        yield Command(joined, start, tuple(parts))
        parts = []
    if parts:
        yield Command(" ".join(part.strip().removesuffix("\\").strip() for part in parts), start, tuple(parts))


@dataclass
class Workflow:
    """One GitHub Actions workflow. ``on`` is found however a YAML 1.1 reader spells it."""

    path: str
    text: str
    tree: Mapping

    @cached_property
    def triggers(self) -> tuple[Node, Position] | None:
        """The value of ``on`` and the place of its key."""
        for entry in self.tree.entries:
            if entry.key in ("on", "true", "True", "on:"):
                return entry.value, entry.key_position
        return None

    @cached_property
    def jobs(self) -> tuple[tuple[str, Mapping, Position], ...]:
        """The jobs: name, body, place."""
        section = self.tree.get("jobs")
        if not isinstance(section, Mapping):
            return ()
        return tuple(
            (entry.key, entry.value, entry.key_position)
            for entry in section.entries
            if isinstance(entry.value, Mapping)
        )

    def steps(self, job: Mapping) -> Iterator[Mapping]:
        """The steps of a job."""
        listed = job.get("steps")
        for step in listed.items if isinstance(listed, Sequence) else ():
            if isinstance(step, Mapping):
                yield step


def is_workflow(tree: Mapping) -> bool:
    """Whether a document is a GitHub Actions workflow, or the triggers of one."""
    keys = {entry.key for entry in tree.entries}
    if "on" not in keys and "true" not in keys:
        return False
    return "jobs" in keys or keys <= {"on", "name", "permissions", "concurrency", "env", "defaults", "run-name"}


def scalar(node: Node | None) -> str | None:
    """The text of a scalar node."""
    return node.text if isinstance(node, Scalar) else None
