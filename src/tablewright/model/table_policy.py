"""A table's own policy as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["TablePolicy"]


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """``text`` as it was given back, None for none; ``revision`` names this version of it. ``at``: AWS's own time."""

    text: str | None
    revision: str | None
    at: datetime
