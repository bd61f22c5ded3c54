"""Which tables a look at running tables is about, where they are, and what time it is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tablewright.cli.options import Common
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.model.stack import StackResource
    from tablewright.ports import Account


@dataclass(frozen=True, slots=True)
class LookedAt:
    """The tables and the account they are in; the resources of their stack, when a stack was named."""

    tables: tuple[str, ...]
    account: Account
    resources: tuple[StackResource, ...] = ()

    def now(self) -> datetime:
        """The time where the tables are: the embedded AWS has a clock of its own, which rehearsals let run ahead."""
        endpoint = self.account.identity.whereabouts().endpoint
        if endpoint:
            from tablewright.local import control
            from tablewright.local.errors import LocalError

            try:
                return datetime.fromtimestamp(control.now(endpoint), UTC)
            except (LocalError, ValueError):
                pass  # another emulator, whose clock is this machine's
        return self.account.clock.now()

    def alarms(self) -> tuple[str, ...]:
        """The names of the stack's alarms."""
        kinds = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        return tuple(each.physical_id for each in self.resources if each.type in kinds and each.physical_id)


def looked_at(common: Common, tables: tuple[str, ...], stack: str | None) -> LookedAt:
    """The tables that are named, else all tables of the stack that is named or that the settings name. Raises UsageError."""
    from tablewright.cli.target import find, open_target, project_settings

    if tables:
        return LookedAt(tables, open_target(common, project_settings(common, stack)))
    target = find(common, stack=stack)
    account = open_target(common, target.settings)
    from tablewright.model.design import TABLE_TYPES

    if account.stacks.describe(target.stack) is None:
        raise UsageError(
            "no-such-stack",
            "There is no such stack",
            f"{target.stack} does not exist in this account and region. Name tables, or another stack with --stack.",
        )
    resources = tuple(each for each in account.stacks.resources(target.stack) if each.status != "DELETE_COMPLETE")
    names = tuple(each.physical_id for each in resources if each.type in TABLE_TYPES and each.physical_id)
    if not names:
        raise UsageError("no-tables", "The stack has no tables", f"Stack {target.stack} holds no table to look at.")
    return LookedAt(names, account, resources)
