"""Why an operation failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an operation failed: the first failure, not what its rollback stirred up.

    ``text`` is AWS's, untouched; ``meaning`` says it in DynamoDB's terms; ``remedy`` is what to do; ``command`` the next
    command if there is one. ``others`` are further independent failures. ``place`` is where in the template a validation
    failed, as CloudFormation points to it (/Resources/Orders/Properties/...); empty where it does not.
    """

    logical_id: str
    type: str
    status: str
    text: str
    at: datetime | None = None
    meaning: str = ""
    remedy: str = ""
    command: str | None = None
    physical_id: str = ""
    others: tuple[Cause, ...] = ()
    place: str = ""
