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
    """What is known before AWS is asked."""

    stack: str
    settings: EnvironmentSettings
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def find(
    common: Common,
    *,
    stack: str | None = None,
    template: Path | None = None,
    parameters: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Target:
    """The target of a command: what the command line says, else what tablewright.toml says. Raises UsageError.

    The settings' parameters belong to the settings' template: another one named on the command line does not get them.
    """
    settings = project_settings(common, stack)
    named = stack if stack and stack != settings.label else settings.stack
    if not named:
        if settings.path:
            raise UsageError(
                "no-stack", "No stack is named", f"{settings.path} names none. Name the stack there, or with --stack."
            )
        raise UsageError(
            "no-stack",
            "No stack is named",
            "There is no tablewright.toml here or above it. Name the stack with --stack, or run the command inside the project. "
            "To begin a project here, run:",
            hint="tablewright init",
        )
    foreign = template is not None and template.resolve() != settings.template
    return Target(
        stack=named,
        settings=settings,
        parameters={**({} if foreign else settings.parameters), **(parameters or {})},
        tags={**settings.tags, **(tags or {})},
    )


def project_settings(common: Common, stack: str | None = None) -> EnvironmentSettings:
    """The settings of the environment that the command line names, or of the default one; empty ones without a file."""
    from tablewright.settings import EnvironmentSettings, load_settings

    start = (common.project or Path.cwd()).absolute()
    settings = load_settings(start)
    if settings is not None:
        return settings.environment(common.env, stack)
    if common.env is not None:
        raise UsageError(
            "no-settings",
            "There is no tablewright.toml",
            f"--env {common.env} names an environment of tablewright.toml, and there is none in {start} or above it.",
        )
    return EnvironmentSettings()


def open_target(common: Common, settings: EnvironmentSettings) -> Account:
    """The account that the command acts on: the embedded AWS with --local, else what options and settings say."""
    from tablewright.account import open_account, open_embedded

    region = common.region or settings.region
    if common.local:
        from tablewright.cli.embedded import ensure_running
        from tablewright.cli.terminal import output
        from tablewright.model.whereabouts import Credentials

        running, started = ensure_running()
        if started and common.output != "json":
            words = f"the embedded AWS was started at {running.endpoint}; it runs until: tablewright local stop"
            output(sys.stderr, color=common.color).note(words)
        return open_embedded(
            running.endpoint, Credentials(running.access_key_id, running.secret_access_key), region or running.region
        )
    return open_account(
        profile=common.profile or settings.profile,
        region=region,
        endpoint_url=common.endpoint_url or settings.endpoint_url,
        role_arn=settings.role_arn,
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
