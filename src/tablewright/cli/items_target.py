"""The table whose items a command is about: the account opened, the table described, what is never shown of it known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tablewright.cli.options import Common
from tablewright.errors import Refused

if TYPE_CHECKING:
    from tablewright.items.redaction import Redaction
    from tablewright.model.table import Table
    from tablewright.ports import Account
    from tablewright.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Opened:
    """An account, and what the project says of it."""

    common: Common
    account: Account
    settings: EnvironmentSettings
    redacted: dict[str, tuple[str, ...]]

    def redaction(self, table: str | None) -> Redaction:
        """What is hidden in a table's items; None: what is hidden in any."""
        from tablewright.items.redaction import redaction_for

        return redaction_for(self.redacted, table)

    def table(self, name: str) -> Table:
        """The table. Raises UsageError ``no-table``."""
        from tablewright.items.run import describe

        return describe(name, self.account)

    def may_write(self, *, losing: bool) -> None:
        """Raise Refused where this is not the account of the environment, or what it loses is protected there."""
        from tablewright.cli.expected import expected
        from tablewright.deploy.checks import check_endpoint, check_whereabouts

        place = expected(self.common, self.settings)
        check_endpoint(place, self.account.identity.endpoint())
        if losing and self.settings.protection == "strict" and not self.common.local:
            raise Refused(
                "protected-environment",
                "This environment allows no loss of data",
                f'{self.settings.path} says protection = "strict" for environment {self.settings.name or "(default)"}: '
                "items are neither deleted nor changed there, and new ones may be put. Nothing was changed.",
            )
        if place.account is not None:
            check_whereabouts(place, self.account.identity.whereabouts())


def hides(common: Common) -> Callable[[str, str], bool] | None:
    """Whether [redact] hides a table's attribute; None where the project hides nothing."""
    from tablewright.items.redaction import redaction_for
    from tablewright.settings import load_settings

    file = load_settings((common.project or Path.cwd()).absolute())
    redacted = dict(file.redact(common.env)) if file else {}
    if not redacted:
        return None
    return lambda table, name: redaction_for(redacted, table).hides([name])


def opened(common: Common) -> Opened:
    """The account that the command line or the settings name, and what the settings hide."""
    from tablewright.cli.target import open_target, project_settings
    from tablewright.settings import load_settings

    file = load_settings((common.project or Path.cwd()).absolute())
    # Where to act is the same for all stacks of an environment.
    settings = file.stacks(common.env)[0] if file else project_settings(common)
    redacted = dict(file.redact(common.env)) if file else {}
    return Opened(common, open_target(common, settings), settings, redacted)


def need_write(allowed: bool, what: str) -> None:
    """Raise Refused ``write-not-allowed`` without --write."""
    if not allowed:
        raise Refused(
            "write-not-allowed",
            "This would write",
            f"{what}, and nothing is written without --write. Nothing was changed.",
        )
