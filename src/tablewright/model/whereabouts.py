"""Who acts, and where."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a run acts: shown at the head of every run and compared with what the project allows."""

    account: str
    arn: str
    region: str
    partition: str
    endpoint: str | None = None  # None: AWS's own endpoints


@dataclass(frozen=True, slots=True)
class Credentials:
    """Fixed credentials, given instead of a profile. The secret parts stay out of every repr and log."""

    key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
