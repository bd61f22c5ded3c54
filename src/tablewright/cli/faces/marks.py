"""What a status looks like: a mark, a tone, and always the status itself in words beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Segment = tuple[str, str]
"""A piece of text and its tone: "" | good | bad | busy | dim | strong | warn."""

Line = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The signs that one output can show."""

    good: str
    bad: str
    busy: str
    unknown: str
    kept: str
    branch: str
    elided: str
    dot: str
    rule: str
    arrow: str
    spinner: tuple[str, ...]

    def of(self, tone: str) -> str:
        """The mark of a tone."""
        return {"good": self.good, "bad": self.bad, "busy": self.busy, "dim": self.kept}.get(tone, self.unknown)


UNICODE = Marks("✓", "✗", "●", "?", "○", "└", "…", "·", "─", "→", ("⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"))
ASCII = Marks("+", "x", "*", "?", "o", "-", "...", "-", "-", "->", ("|", "/", "-", "\\"))

_GOOD = "good"
_BAD = "bad"
_BUSY = "busy"

TONES: Mapping[str, str] = {
    # Resources of a stack, and stacks (CloudFormation API reference: StackEvent.ResourceStatus, Stack.StackStatus).
    "CREATE_IN_PROGRESS": _BUSY,
    "CREATE_COMPLETE": _GOOD,
    "CREATE_FAILED": _BAD,
    "DELETE_IN_PROGRESS": _BUSY,
    "DELETE_COMPLETE": "dim",
    "DELETE_SKIPPED": "dim",
    "DELETE_FAILED": _BAD,
    "UPDATE_IN_PROGRESS": _BUSY,
    "UPDATE_COMPLETE": _GOOD,
    "UPDATE_FAILED": _BAD,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": _BUSY,
    "UPDATE_ROLLBACK_IN_PROGRESS": "warn",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "warn",
    "UPDATE_ROLLBACK_COMPLETE": "warn",
    "UPDATE_ROLLBACK_FAILED": _BAD,
    "ROLLBACK_IN_PROGRESS": "warn",
    "ROLLBACK_COMPLETE": _BAD,
    "ROLLBACK_FAILED": _BAD,
    "REVIEW_IN_PROGRESS": "dim",
    "IMPORT_IN_PROGRESS": _BUSY,
    "IMPORT_COMPLETE": _GOOD,
    "IMPORT_FAILED": _BAD,
    "IMPORT_ROLLBACK_IN_PROGRESS": "warn",
    "IMPORT_ROLLBACK_COMPLETE": "warn",
    "IMPORT_ROLLBACK_FAILED": _BAD,
    "EXPORT_IN_PROGRESS": _BUSY,
    "EXPORT_COMPLETE": _GOOD,
    "EXPORT_FAILED": _BAD,
    "EXPORT_ROLLBACK_IN_PROGRESS": "warn",
    "EXPORT_ROLLBACK_COMPLETE": "warn",
    "EXPORT_ROLLBACK_FAILED": _BAD,
    # Tables and indexes (DynamoDB API reference: TableDescription.TableStatus, IndexStatus).
    "ACTIVE": _GOOD,
    "CREATING": _BUSY,
    "UPDATING": _BUSY,
    "DELETING": "warn",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": _BAD,
    "ARCHIVING": "warn",
    "ARCHIVED": _BAD,
    # Alarms (CloudWatch API reference: MetricAlarm.StateValue).
    "OK": _GOOD,
    "ALARM": _BAD,
    "INSUFFICIENT_DATA": "dim",
    # Time to live and point-in-time recovery.
    "ENABLED": _GOOD,
    "ENABLING": _BUSY,
    "DISABLING": "warn",
    "DISABLED": "dim",
}


def tone(status: str) -> str:
    """The tone of a status; one that is not known is shown as unknown, never as fine."""
    return TONES.get(status, "unknown")


_KINDS = {
    "AWS::DynamoDB::Table": "table",
    "AWS::DynamoDB::GlobalTable": "global table",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::CompositeAlarm": "composite alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::Logs::LogGroup": "log group",
    "AWS::SNS::Topic": "topic",
    "AWS::SNS::Subscription": "subscription",
    "AWS::CloudFormation::Stack": "stack",
}


def kind(resource_type: str) -> str:
    """A resource type in a word; one that has none is shown without its "AWS::"."""
    return _KINDS.get(resource_type, resource_type.removeprefix("AWS::"))


def elapsed(seconds: float) -> str:
    """A span as m:ss, or h:mm:ss."""
    whole = max(0, int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
