"""``tablewright migrate``: copy and reshape tables; its commands are imported only when they are asked for."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS: dict[str, tuple[str, str, str]] = {
    "plan": ("migrate_plan", "plan", "Show on a sample what a migration would do, cost and take, without doing it."),
    "run": ("migrate_run", "run", "Copy a table's items into another, or files, and verify it; resumable."),
    "status": ("migrate_jobs", "status", "Show how far a migration is, from any terminal."),
    "pace": ("migrate_jobs", "pace", "Change the pace of a running migration."),
    "pause": ("migrate_jobs", "pause", "Pause a running migration; every acknowledged page is kept."),
    "resume": ("migrate_run", "resume", "Go on with a migration that was paused, stopped or killed."),
    "live": ("migrate_live", "live", "Build a table that follows another while writers go on, ready for a cut-over."),
    "cutover": (
        "migrate_live_steps",
        "cutover",
        "Verify, hold the writers, drain, compare once more, and switch to the target.",
    ),
    "rollback": (
        "migrate_live_steps",
        "rollback",
        "Point the application at the source again, with every write made since.",
    ),
    "finish": ("migrate_live_steps", "finish", "End the migration on the target; the source keeps every item."),
    "abandon": (
        "migrate_live_steps",
        "abandon",
        "Give a live migration up before its switch; both tables stay as they are.",
    ),
    "unfence": (
        "migrate_live_steps",
        "unfence",
        "Take the fence out of a table's policy, whatever became of its migration.",
    ),
    "verify": ("migrate_verify", "verify", "Compare what two tables, or a table and files, hold."),
    "template": ("migrate_template", "template", "Write what a move to another table needs into the template."),
    "undo": ("migrate_undo", "undo", "Undo a change in place, but for what somebody has written to since."),
}
"""Name -> the module under ``cli``, the command's name in it, and what it is for."""

_EXTRA = ("msgspec", "orjson", "isal", "xxhash")


class MigrateGroup(click.Group):
    """The group, with help that imports none of its commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are met."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return it."""
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        found = getattr(import_module(f"tablewright.cli.{module}"), name)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in _COMMANDS.items()])


@click.group(cls=MigrateGroup, name="migrate", short_help="Copy and reshape tables of any size, losing nothing.")
def command() -> None:
    """Copy and reshape tables of any size, losing nothing.

    Between tables of any account, region or endpoint, between a table and files, or in place. A run keeps a checkpoint of every
    acknowledged page, can be stopped, killed and resumed anywhere, goes no faster than its pace, sets aside what cannot be
    brought over, and says "done" only when both sides were read again and hold the same.

    \b
    Examples:
      tablewright migrate plan --source orders --target orders-v2 --key 'PK=ORDER#{orderId}' --key SK=META
      tablewright migrate run --source orders --target orders-v2 --key 'PK=ORDER#{orderId}' --pace 50%
      tablewright migrate status
    """


def need_extra() -> None:
    """Raise UsageError when the packages of the extra ``migrate`` are not installed."""
    from importlib.util import find_spec

    from tablewright.errors import UsageError

    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise UsageError(
            "migrate-extra-missing",
            "The extra for migrations and comparisons is not installed",
            f"Not installed: {', '.join(missing)}, which read and compare items. Nothing was begun. To install them, run:",
            "pip install 'tablewright[migrate]'",
        )
