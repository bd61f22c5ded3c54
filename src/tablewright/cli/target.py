"""What a command acts on: the project's settings and the command line's words put together, and the account opened."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tablewright.cli.options import Common
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.ports import Account
    from tablewright.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Target:
    """What is known before AWS is asked. ``environment`` is None where there is no tablewright.toml."""

    stack: str
    environment: str | None
    template: Path | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    settings: EnvironmentSettings | None


def find(
    common: Common,
    *,
    stack: str | None = None,
    template: Path | None = None,
    parameters: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Target:
    """The target of a command: what the command line says, else what tablewright.toml says. Raises UsageError."""
    settings = environment_settings(common, needed=stack is None)
    named = stack or (settings.stack if settings else None)
    if not named:
        raise UsageError(
            "no-stack",
            "No stack is named",
            "There is no tablewright.toml here or above that names one. Name the stack on the command line, "
            "or run the command inside the project.",
        )
    return Target(
        stack=named,
        environment=settings.name if settings else None,
        template=template or (settings.template if settings else None),
        parameters={**(settings.parameters if settings else {}), **(parameters or {})},
        tags={**(settings.tags if settings else {}), **(tags or {})},
        settings=settings,
    )


def environment_settings(common: Common, *, needed: bool) -> EnvironmentSettings | None:
    """The settings of the environment that the command line names, or of the default one; None without a file.

    ``needed`` False tolerates a file that has no default environment, as the command line says everything itself.
    """
    from tablewright.settings import load_settings

    start = (common.project or Path.cwd()).resolve()
    settings = load_settings(start)
    if settings is None:
        if common.env is not None:
            raise UsageError(
                "no-settings",
                "There is no tablewright.toml",
                f"--env {common.env} names an environment of tablewright.toml, and there is none in {start} or above it.",
            )
        return None
    if common.env is None and not needed and settings.default_environment is None:
        return None
    return settings.environment(common.env)


def open_target(common: Common, settings: EnvironmentSettings | None) -> Account:
    """The account that the command acts on: the embedded AWS with --local, else what options and settings say."""
    from tablewright.account import open_account

    region = common.region or (settings.region if settings else None)
    if common.local:
        from tablewright.cli.embedded import ensure_running
        from tablewright.cli.terminal import output
        from tablewright.model.whereabouts import Credentials

        running, started = ensure_running()
        if started and common.output != "json":
            words = f"the embedded AWS was started at {running.endpoint}; it runs until: tablewright local stop"
            output(sys.stderr, color=common.color).line((("note: ", "dim"), (words, "dim")))
        return open_account(
            region=region or running.region,
            endpoint_url=running.endpoint,
            credentials=Credentials(running.access_key_id, running.secret_access_key),
        )
    return open_account(
        profile=common.profile or (settings.profile if settings else None),
        region=region,
        endpoint_url=common.endpoint_url or (settings.endpoint_url if settings else None),
        role_arn=settings.role_arn if settings else None,
    )


def read_template(path: Path) -> str:
    """The template's text. Raises UsageError for a file that is not there, cannot be read, or is not text."""
    from tablewright.template.decode import decode_bytes

    shown = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError("no-template", "There is no such template", f"{shown} does not exist.") from None
    except IsADirectoryError:
        raise UsageError("no-template", "There is no such template", f"{shown} is a folder, not a file.") from None
    except OSError as error:
        words = f"{shown}: {error.strerror}."
        raise UsageError("template-unreadable", "The template cannot be read", words) from None
    return decode_bytes(data, shown)
