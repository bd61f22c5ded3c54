"""The two ends of a migration as a command line names them: tables by name, ARN or logical ID, and folders of files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tablewright.cli.options import Command, Common
from tablewright.cli.target import project_settings
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.migrate.job import Place, Source
    from tablewright.model.table import Index
    from tablewright.model.whereabouts import Credentials
    from tablewright.ports import Account
    from tablewright.settings import EnvironmentSettings

FORMATS = ("json", "parquet", "csv")
COMPRESSIONS = ("gzip", "zstd", "none")


@dataclass(frozen=True, slots=True)
class Side:
    """What was said of one end. None: not said."""

    name: str | None
    env: str | None
    region: str | None
    profile: str | None
    endpoint: str | None


def _of_side(side: str, what: str) -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option(
            f"--{side}",
            metavar="TABLE|FILES",
            help=f"{what}: a table's name or ARN, its logical ID in the project's template, or files (./FOLDER, s3://BUCKET/PREFIX).",
        ),
        click.option(f"--{side}-env", metavar="ENV", help=f"Environment of tablewright.toml that the {side} is in."),
        click.option(f"--{side}-region", metavar="REGION", help=f"AWS region of the {side} (default: --region)."),
        click.option(f"--{side}-profile", metavar="NAME", help=f"Profile for the {side} (default: --profile)."),
        click.option(
            f"--{side}-endpoint", metavar="URL", help=f"Endpoint of the {side}: DynamoDB Local, ScyllaDB Alternator …"
        ),
    )


def end_options(command: Command) -> Command:
    """Give a command the options of both ends."""
    options = (
        *_of_side("source", "What to read"),
        *_of_side("target", "What to write"),
        click.option(
            "--format",
            "format_",
            type=click.Choice(FORMATS),
            default="json",
            show_default=True,
            help="Of the files: DynamoDB JSON, an item a line; Parquet; CSV.",
        ),
        click.option(
            "--compression",
            type=click.Choice(COMPRESSIONS),
            default="gzip",
            show_default=True,
            help="Of the files that are written.",
        ),
    )
    decorated: Any = command
    for option in reversed(options):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def sides(given: dict[str, Any]) -> tuple[Side, Side]:
    """Both sides, taken out of a command's options."""
    source, target = (
        Side(
            *(
                given.pop(name)
                for name in (side, *(f"{side}_{part}" for part in ("env", "region", "profile", "endpoint")))
            )
        )
        for side in ("source", "target")
    )
    return source, target


class Doors:
    """Opens the accounts of places, each once. ``--local`` is resolved here, where the embedded AWS can be started."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self._open: dict[Place, Account] = {}
        self._settings: dict[Place, EnvironmentSettings] = {}

    def __call__(self, place: Place) -> Account:
        """The account of a place. Raises what opening one raises, and Refused for another account than the project's."""
        if place not in self._open:
            self._open[place] = self._opened(place)
        return self._open[place]

    def end(self, side: Side, what: str, *, format_: str = "json", compression: str = "gzip") -> Source:
        """The end that a side names. Raises UsageError for one that is missing or cannot be."""
        from tablewright.migrate.job import Files, TableAt

        if not side.name:
            context = click.get_current_context(silent=True)
            raise UsageError(
                f"no-{what}",
                f"No {what} is named",
                f"Name it with --{what}: a table, its logical ID in the template, or files (./FOLDER).",
                f"{context.command_path if context else 'tablewright migrate run'} --help",
            )
        place, settings = self._place(side)
        if _is_files(side.name):
            path = side.name if side.name.startswith("s3://") else str(Path(side.name).absolute())
            return Files(os.path.normpath(path) if "://" not in path else path, format_, compression, place)
        return TableAt(self._physical(side.name, place, settings), place)

    def _place(self, side: Side) -> tuple[Place, EnvironmentSettings]:
        from tablewright.migrate.job import Place

        common = self._common
        settings = project_settings(replace(common, env=side.env or common.env))
        elsewhere = bool(side.profile or side.endpoint)
        local = common.local and not elsewhere
        place = Place(
            region=side.region or common.region or settings.region,
            profile=None if local else side.profile or common.profile or settings.profile,
            endpoint_url=None if local else side.endpoint or common.endpoint_url or settings.endpoint_url,
            role_arn=None if local or elsewhere else settings.role_arn,
            local=local,
        )
        if not elsewhere and not local:
            self._settings[place] = settings
        return place, settings

    def _opened(self, place: Place) -> Account:
        from tablewright.account import open_account
        from tablewright.deploy.checks import check_whereabouts

        region, endpoint, credentials = place.region, place.endpoint_url, place.credentials
        if place.local:
            endpoint, credentials, its_region = _embedded(self._common)
            region = region or its_region
        account = open_account(
            profile=place.profile,
            region=region,
            endpoint_url=endpoint,
            role_arn=place.role_arn,
            credentials=credentials,
        )
        settings = self._settings.get(place)
        if settings is not None and settings.account is not None:
            from tablewright.deploy.options import Expected

            check_whereabouts(Expected(account=settings.account), account.identity.whereabouts())
        return account

    def planned(self, side: Side) -> tuple[Index, ...]:
        """The indexes that the project's template gives the table that a side names; () where it has no such table."""
        _, settings = self._place(side)
        if side.name is None or settings.template is None or settings.stack is None or not settings.template.is_file():
            return ()
        from tablewright.author.table_indexes import table_indexes
        from tablewright.cli.target import read_template
        from tablewright.template.read import read_design

        path, parameters = settings.template, settings.parameters
        body = read_template(path)
        design = read_design(body, stack=settings.stack, path=str(path), parameters=parameters)
        ids = [t.logical_id for t in design.tables if side.name in (t.logical_id, t.physical_name)]
        return table_indexes(body, str(path), parameters, ids[0]) if len(ids) == 1 else ()

    def _physical(self, name: str, place: Place, settings: EnvironmentSettings) -> str:
        """A table's own name, where ``name`` is the logical ID of one in the project's template."""
        if settings.template is None or settings.stack is None or not settings.template.is_file():
            return name
        from tablewright.cli.target import read_template
        from tablewright.template.read import read_design

        path = settings.template
        design = read_design(read_template(path), stack=settings.stack, path=str(path), parameters=settings.parameters)
        if name not in {table.logical_id for table in design.tables}:
            return name
        found = {r.logical_id: r.physical_id for r in self(place).stacks.resources(settings.stack)}
        if not found.get(name):
            raise UsageError(
                "table-not-deployed",
                "The table is not deployed",
                f"{name} is a table of {path.name}, and stack {settings.stack} has none of that logical ID yet. Deploy it first.",
                "tablewright deploy",
            )
        return found[name]


def jobs_root(common: Common) -> Path:
    """The folder under which jobs are kept: the project's, or this one where there is no project."""
    from tablewright.settings import load_settings

    start = (common.project or Path.cwd()).absolute()
    settings = load_settings(start)
    return settings.path.parent if settings is not None else start


def locks() -> Path:
    """This machine's folder of locks."""
    from tablewright.migrate.lease.lock import lock_folder

    return lock_folder()


def _is_files(name: str) -> bool:
    """A table's name holds no slash, an ARN holds a colon before its slash."""
    return (not name.startswith("arn:") and "/" in name) or name in (".", "..")


def _embedded(common: Common) -> tuple[str, Credentials, str]:
    import sys

    from tablewright.cli.embedded import ensure_running
    from tablewright.cli.terminal import output
    from tablewright.model.whereabouts import Credentials

    running, started = ensure_running()
    if started and common.output != "json":
        words = f"the embedded AWS was started at {running.endpoint}; it runs until: tablewright local stop"
        output(sys.stderr, color=common.color).note(words)
    return running.endpoint, Credentials(running.access_key_id, running.secret_access_key), running.region
