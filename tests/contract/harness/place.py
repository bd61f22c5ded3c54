"""Where a test works: an account and a region, a prefix for its names, and clients that go there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.conftest import EmbeddedAws
from tests.contract.harness import waiting

LISTED: Mapping[str, tuple[str, str]] = {
    "cloudformation.list_exports": ("Exports", "Name"),
    "cloudwatch.describe_alarms": ("MetricAlarms", "AlarmName"),
    "dynamodb.list_tables": ("TableNames", ""),
    "kms.list_aliases": ("Aliases", "AliasName"),
    "logs.describe_log_groups": ("logGroups", "logGroupName"),
    "s3.list_buckets": ("Buckets", "Name"),
    "sns.list_subscriptions": ("Subscriptions", "TopicArn"),
    "sns.list_topics": ("Topics", "TopicArn"),
    "application-autoscaling.describe_scalable_targets": ("ScalableTargets", "ResourceId"),
    "application-autoscaling.describe_scaling_policies": ("ScalingPolicies", "ResourceId"),
    "application-autoscaling.describe_scheduled_actions": ("ScheduledActions", "ResourceId"),
    "backup.list_backup_plans": ("BackupPlansList", "BackupPlanName"),
    "backup.list_backup_vaults": ("BackupVaultList", "BackupVaultName"),
}
"""Calls that list a whole account: the member with the list, and each entry's member with its name."""


class Clients(Protocol):
    def __call__(self, service: str, *, region: str, **options: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A test's own place. Every name that it gives begins with `prefix`, which no other test has."""

    account: str
    regions: tuple[str, ...]
    prefix: str
    clients: Clients
    alone: bool
    """Whether nobody else is in the account."""

    verified: bool
    """Whether words without a known source are held to; where AWS itself answers, they are only noted."""

    said: list[str] = field(default_factory=list)
    """Words of AWS that differ from those whose source is not known."""

    @property
    def region(self) -> str:
        return self.regions[0]

    def name(self, name: str = "") -> str:
        return f"{self.prefix}-{name}" if name else self.prefix

    def client(self, service: str, region: str = "", **options: Any) -> Any:
        return self.clients(service, region=region or self.region, **options)

    def settled(self, stack: str, region: str = "") -> dict[str, Any]:
        """The stack once nothing runs on it any more."""
        return waiting.settled(self.client("cloudformation", region), stack)

    def changed(self, change_set: str) -> dict[str, Any]:
        """The change set once it is worked out."""
        return waiting.changed(self.client("cloudformation"), change_set)

    def listed(self, operation: str, region: str = "", **params: Any) -> dict[str, Any]:
        """All pages of a call that lists the account, without what others have there."""
        service, method = operation.split(".")
        client = self.client(service, region)
        if client.can_paginate(method):
            answer: dict[str, Any] = client.get_paginator(method).paginate(**params).build_full_result()
        else:
            answer = getattr(client, method)(**params)
        member, name = LISTED[operation]
        if not self.alone:
            answer[member] = [e for e in answer.get(member, []) if self._own(str(e[name] if name else e))]
        return answer

    def _own(self, name: str) -> bool:
        last = name.rsplit(":", 1)[-1] if name.startswith("arn:") else name
        return last.removeprefix("alias/").removeprefix("table/").removeprefix("/").startswith(self.prefix)


class Backend(Protocol):
    """What the contract suite runs over."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """Capabilities that it does not have, with the reason."""
        ...

    def place(self) -> Place:
        """A place of its own for one test."""
        ...

    def leave(self, place: Place) -> None:
        """The test is over: remove what it made."""
        ...


REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "ap-northeast-2")
_accounts = itertools.count(300_000_000_001)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The embedded AWS: each test has an account to itself, so nothing has to be removed."""

    aws: EmbeddedAws
    lacks: Mapping[str, str] = field(default_factory=dict)
    accounts: Iterator[int] = _accounts

    def place(self) -> Place:
        account = str(next(self.accounts))
        return Place(account, REGIONS, "case", _embedded_clients(self.aws, account), alone=True, verified=True)

    def leave(self, place: Place) -> None:
        return None


def _embedded_clients(aws: EmbeddedAws, account: str) -> Clients:
    make: Callable[..., Any] = aws.client

    def client(service: str, *, region: str, **options: Any) -> Any:
        return make(service, account=account, region=region, **options)

    return client


__all__ = ["Backend", "Embedded", "Place"]
