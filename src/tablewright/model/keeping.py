"""What a restore does not bring back: a table's settings beside its keys, indexes, capacity and encryption.

Source: DynamoDB developer guide, "Restoring a DynamoDB table from a backup" and "Point-in-time recovery": auto scaling policies,
IAM policies, CloudWatch metrics and alarms, tags, stream settings, TTL, and point-in-time recovery settings are to be set up
again by hand. Deletion protection, contributor insights, Kinesis destinations and the resource policy are settings of the
table that no document counts among what is restored: they are treated alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tablewright.model.table import Backup

__all__ = ["BackedUp", "Keeping", "Scaling"]


@dataclass(frozen=True, slots=True)
class Scaling:
    """Auto scaling of one dimension of the table ("" ) or of one of its indexes, as Application Auto Scaling holds it.

    ``policies`` are the arguments of PutScalingPolicy beside what names the target.
    """

    index: str
    dimension: str
    minimum: int
    maximum: int
    role: str = ""
    policies: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """The settings of one table. ``unread`` says what may not be asked, and why: it is not put back, and that is said."""

    ttl: str | None = None
    recovery_days: int | None = None  # None: point-in-time recovery is off
    protection: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None
    stream: str | None = None  # the view type
    insights: Mapping[str, str] = field(default_factory=dict)  # index ("" for the table) -> mode
    kinesis: tuple[str, ...] = ()
    scaling: tuple[Scaling, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackedUp:
    """One backup as DescribeBackup has it: whose table it is of, and how many items that held, some hours late."""

    backup: Backup
    table: str
    table_arn: str
    table_id: str
    items: int
    size_bytes: int
