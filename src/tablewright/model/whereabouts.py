"""Who acts, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a run acts: shown at the head of every run and compared with what the project allows."""

    account: str
    arn: str
    region: str
    partition: str
    endpoint: str | None = None  # None: AWS's own endpoints
