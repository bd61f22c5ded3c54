"""``docs/reference/migrate-events.md``: a migration's states, and the events of ``migrate run --output json``."""

from __future__ import annotations

import re
from dataclasses import fields
from inspect import getdoc
from typing import get_args

from tablewright.migrate.events import MigrationEvent
from tablewright.migrate.states import STATES


def migrate_page(notice: str) -> str:
    """The page, from the table of states and the classes of the events."""
    parts = [f"# States and events of a migration\n\n{notice}## States\n\n"]
    parts.append(
        "A state is written down before what it names begins; whether a process is at work is told by its lock.\n\n"
    )
    parts.append("| state | what it means | goes on with |\n|---|---|---|\n")
    for row in STATES:
        command = "`migrate resume`" if row.resumes else "`migrate undo`" if row.name == "undoing" else ""
        in_place = f" In place: {row.in_place[0].lower()}{row.in_place[1:]}" if row.in_place else ""
        parts.append(f"| `{row.name}` | {row.meaning}{in_place} | {command} |\n")
    parts.append(
        "\n## Events\n\nWith `--output json`, `migrate run`, `resume`, `verify` and `undo` print an object a line. Its member "
        "`event` says which of these it is; an event or a member that a program does not know is to be ignored. The last one "
        "is `finished`.\n"
    )
    for kind in get_args(MigrationEvent):
        name = "".join(f"-{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("-")
        text = re.sub(r"``([^`]+)``", r"`\1`", getdoc(kind) or "")
        members = ", ".join(f"`{field.name}`" for field in fields(kind))
        parts.append(f"\n### {name}\n\n{text}\n\nMembers: {members}.\n")
    return "".join(parts)
