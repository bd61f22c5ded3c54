"""What a check finds in a file: a rule's finding at a place, and the edit that would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding weighs: an error fails or lies on AWS, a warning will hurt, an info is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return ("error", "warning", "info").index(self.value)


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from ``start`` to ``end`` (offsets in the decoded text) by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """The one right answer to a finding, as edits of its file."""

    summary: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``line`` and ``column`` count from 1; ``resource`` is the logical ID it concerns, or empty.

    ``why`` and ``instead`` are whole sentences; ``instead`` uses the file's own names. ``origin`` is the linter that found
    it: ``tablewright`` or ``cfn-lint``. ``ignored`` is the reason given in the file, where it is ignored there.
    """

    rule: str
    name: str
    severity: Severity
    message: str
    path: str
    line: int
    column: int
    resource: str = ""
    why: str = ""
    instead: str = ""
    fix: Fix | None = None
    origin: str = "tablewright"
    ignored: str = ""
