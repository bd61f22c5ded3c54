"""``docs/reference/permissions.md``: what each command needs, out of ``access.needs``."""

from __future__ import annotations

from tablewright.access.needs import NEEDS, NOBODY
from tablewright.cli.registry import COMMANDS


def permissions_page(notice: str) -> str:
    """The page."""
    parts = [
        "# Permissions\n\n",
        notice,
        "What the credentials that run a command need. Nothing is asked for that a command does not use: a denied action ends it "
        "with the name of the action, or, where the third column says something, it goes on and says what it could not know. "
        "Every command that asks AWS calls `sts:GetCallerIdentity`, which needs no permission.\n\n"
        "Policies for them: `tablewright policy generate observe` (`status`, `why`), `plan`, `pipeline` and `deploy`, "
        "`migrate:TARGET`; what each holds: [access patterns](access-patterns.md).\n",
    ]
    for command in COMMANDS:
        if command in NEEDS:
            parts.append(f"\n## {command}\n\n| for | actions | without |\n|---|---|---|\n")
            for need in NEEDS[command]:
                actions = ", ".join(f"`{action}`" for action in need.actions)
                parts.append(f"| {need.purpose} | {actions} | {need.without or 'it fails'} |\n")
    parts.append("\n## Without AWS\n\n| command | |\n|---|---|\n")
    parts += [f"| `{command}` | {NOBODY[command]} |\n" for command in COMMANDS if command in NOBODY]
    return "".join(parts)
