"""What the project says of where it may be deployed, as the library checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablewright.cli.options import Common
from tablewright.errors import Refused

if TYPE_CHECKING:
    from tablewright.deploy.options import Expected
    from tablewright.settings import EnvironmentSettings


def expected(common: Common, settings: EnvironmentSettings) -> Expected:
    """The account and endpoint that a run must find. The embedded AWS is nobody's account, so nothing is expected of it."""
    from tablewright.deploy.options import Expected

    if common.local:
        return Expected()
    return Expected(
        account=settings.account,
        endpoint=settings.endpoint_url,
        any_endpoint=common.endpoint_url is not None or settings.path is None,
    )


def check_protection(settings: EnvironmentSettings, allowed: tuple[str, ...]) -> None:
    """Raise Refused where the environment is protected against every loss, whatever the command line allows."""
    if allowed and settings.protection == "strict":
        raise Refused(
            "protected-environment",
            "This environment allows no loss of data",
            f'{settings.path} says protection = "strict" for environment {settings.name or "(default)"}, '
            "so --allow-data-loss is refused there. Nothing was changed.",
        )
