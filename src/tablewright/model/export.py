"""A table's export to S3, as DescribeExport has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Export"]


@dataclass(frozen=True, slots=True)
class Export:
    """``status``: IN_PROGRESS, COMPLETED or FAILED. ``folder``: the URL of what was written, "" before it is known.

    ``at``: the time whose items it holds. ``billed_bytes``: what AWS charges for. ``failure``: why, where it FAILED.
    """

    arn: str
    status: str
    folder: str = ""
    at: datetime | None = None
    items: int | None = None
    billed_bytes: int | None = None
    failure: str = ""
