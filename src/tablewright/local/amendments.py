"""What is changed in a ministack module right after it is imported, so that replays repeat it and stay inside the process."""

from __future__ import annotations

import importlib
import itertools
import types
from collections.abc import Callable
from typing import Any

from tablewright.local import determinism
from tablewright.local.alarm_rules import amend_cloudwatch
from tablewright.local.backup_rules import amend_backup
from tablewright.local.determinism import Moment
from tablewright.local.dynamodb_rules import amend_dynamodb
from tablewright.local.export_rules import amend_exports
from tablewright.local.identity_rules import amend_iam
from tablewright.local.load.plane_hooks import watch_dynamodb
from tablewright.local.recovery_rules import amend_recovery

__all__ = ["AMENDMENTS"]

_FIRST_S3_EVENT = 1 << 50
_POLICIES_MADE = 1423247959.0  # 2015-02-06, when AWS made most of them


def _keep_replays_inside(sns: types.ModuleType) -> None:
    """Make SNS deliver nothing to the outside while a logged request is performed again."""
    post, to_http, to_lambda = sns._http_post_sync, sns._deliver_to_http, sns._deliver_to_lambda

    def quiet_post(*args: Any) -> Any:
        return 200 if determinism.replaying() else post(*args)

    async def nothing() -> None:
        return None

    def quiet_http(*args: Any) -> Any:
        return nothing() if determinism.replaying() else to_http(*args)

    def quiet_lambda(*args: Any) -> Any:
        return None if determinism.replaying() else to_lambda(*args)

    sns._http_post_sync = quiet_post  # type: ignore[attr-defined]
    sns._deliver_to_http = quiet_http  # type: ignore[attr-defined]
    sns._deliver_to_lambda = quiet_lambda  # type: ignore[attr-defined]


def _number_events_from_one_start(s3: types.ModuleType) -> None:
    """ministack starts S3's event sequence at the time of its own start, which a replay would not repeat."""
    s3._event_sequence = itertools.count(_FIRST_S3_EVENT)  # type: ignore[attr-defined]


def _seed_policies_alike(iam: types.ModuleType) -> None:
    """ministack gives AWS's own policies new ids and dates at each start; give them the same ones always."""
    iam._aws_managed_policies.clear()
    with determinism.performing(Moment(_POLICIES_MADE, b"aws-managed-policies")):
        iam._seed_aws_managed_policies()


def _amend_iam(iam: types.ModuleType) -> None:
    _seed_policies_alike(iam)
    amend_iam(iam)


def _service(name: str) -> Any:
    return importlib.import_module(f"ministack.services.{name}")


def _roles() -> Any:
    return _service("iam")._roles


def _amend_backup(backup: types.ModuleType) -> None:
    amend_backup(backup, _roles)


def _s3() -> Any:
    return _service("s3")


def _amend_dynamodb(dynamodb: types.ModuleType) -> None:
    amend_recovery(dynamodb)
    amend_dynamodb(dynamodb, _service)
    amend_exports(dynamodb, _s3)
    watch_dynamodb(dynamodb)


AMENDMENTS: dict[str, Callable[[types.ModuleType], None]] = {
    "ministack.services.backup": _amend_backup,
    "ministack.services.cloudwatch": amend_cloudwatch,
    "ministack.services.dynamodb": _amend_dynamodb,
    "ministack.services.iam": _amend_iam,
    "ministack.services.s3": _number_events_from_one_start,
    "ministack.services.sns": _keep_replays_inside,
}
"""By module name: called with the module once it has been imported."""
