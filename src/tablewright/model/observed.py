"""What watches the tables, as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm as it stands: OK, ALARM or INSUFFICIENT_DATA, with CloudWatch's reason."""

    name: str
    state: str
    reason: str
    metric: str
    dimensions: Mapping[str, str]
    actions: tuple[str, ...]
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogGroupState:
    """A log group; ``retention_days`` is None when its events never expire."""

    name: str
    retention_days: int | None
    stored_bytes: int
