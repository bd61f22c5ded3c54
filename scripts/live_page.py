"""``docs/reference/migrate-live.md``: the protocol of a live migration, from the table by which it is driven."""

from __future__ import annotations

from tablewright.migrate.live.hooks import NAMES
from tablewright.migrate.live.states import COMMANDS, STATES, diagram

_RULES = """# Live migration: the protocol

{notice}How to do one: [migrate a live table](../guides/migrate-live.md).
What may go wrong: [what if …](../guides/migrate-live-what-if.md).

1. The stream is being spooled before the first item is read, and from then on until the switch.
2. Nothing of the tail is replayed before every write of the copy is acknowledged (the barrier): a stale item of the copy would
   undo a newer one. After the barrier no copy ever writes again.
3. While the source can be written to, the target is never what the application uses.
4. A fence goes up only when it is known that it can be taken down, and it lapses by itself at its deadline.
5. A state in which writers are held ends within the pause: either the pointer has been switched, or they go on where they were.
6. After the switch the old table stays fenced while it is kept up to date behind the new one, for the way back.
7. No state deletes a table, or an item of the source, but for what the application itself deletes on the target after the switch.

A process may die in any state. The state's name is on the disk before what it names begins, and whoever comes next (the same
command again) does what the column *after a crash* says.

"""


def live_page(notice: str) -> str:
    """The page."""
    parts = [_RULES.format(notice=notice), "```mermaid\n", diagram(), "```\n"]
    parts.append(
        "\n## States\n\n| state | what goes on | the application writes | after a crash | ways out |\n|---|---|---|---|---|\n"
    )
    writes = {"source": "the source", "target": "the target", "none": "nothing: writers are held"}
    for row in STATES.values():
        ways = "; ".join(f"{_by(by)} → `{to}`" for by, to in row.ways.items())
        timed = " (within the pause)" if row.timed else ""
        parts.append(
            f"| `{row.state}`{timed} | {row.does} | {writes[row.application]} | {row.resumes} | {ways or 'none: it is over'} |\n"
        )
    parts.append(
        "\n## Hooks\n\n`--hook NAME=COMMAND`, run by the shell. Each has these in its environment: `TABLEWRIGHT_JOB`, "
    )
    parts.append(
        "`TABLEWRIGHT_SOURCE`, `TABLEWRIGHT_TARGET`, and what its row names. A command may take two minutes.\n\n"
    )
    parts.append("| hook | what its command promises |\n|---|---|\n")
    parts += [f"| `{name}` | {promise} |\n" for name, promise in NAMES.items()]
    parts.append(
        "\n`fence` and `unfence` replace the Deny in the table's own policy, `switch` replaces the parameter. Without `where`, a "
        "process that was killed amid the switch drains once more behind a new fence, and runs `switch` again.\n"
    )
    return "".join(parts)


def _by(step: str) -> str:
    """A step: the command that asks for it, or its name."""
    command = COMMANDS.get(step)
    return f"`{command.removeprefix('tablewright migrate ')}`" if command else step
