"""How a deployment is to be made: what a person decides, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from tablewright.plan.tags import Commit

__all__ = ["Commit", "DeployOptions", "Expected"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the environment says of where it lives; None where it does not say.

    ``endpoint`` is the one it names; an endpoint that comes from elsewhere (an exported AWS_ENDPOINT_URL) is refused unless
    ``any_endpoint`` is True, as it is where the person named one on the command line or nothing is configured.
    """

    account: str | None = None
    partition: str | None = None
    region: str | None = None
    endpoint: str | None = None
    any_endpoint: bool = True


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """Options of one run.

    ``allow_data_loss`` holds exact physical table names. ``interactive`` says that a person decides at ``ChangesFound``.
    ``again`` is the command that repeats this run, for hints. ``timeout`` counts seconds over the whole run; what AWS does by
    then goes on.
    """

    allow_data_loss: frozenset[str] = frozenset()
    interactive: bool = False
    timeout: float | None = None
    role_arn: str | None = None
    termination_protection: bool | None = None
    bucket: str | None = None
    commit: Commit | None = None
    expected: Expected = field(default_factory=Expected)
    again: str | None = None
