"""Restoring to a new table, putting back what a restore leaves behind, and making sure of the content.

A restore is done only when the new table stands, everything that a restore leaves behind was put back, and its items were read.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tablewright.backup.leftover import leftover, words
from tablewright.backup.retention import mark_of
from tablewright.errors import Failed, Refused, TablewrightError, UsageError
from tablewright.events import Ending, Event, Finished, Noted
from tablewright.model.keeping import Keeping
from tablewright.model.putback import SetKinesis, SetPolicy, SetProtection, SetScaling, SetTags, SetTtl
from tablewright.model.table import Backup, Holds, Table
from tablewright.ports import Account, Backups

__all__ = [
    "RUN_TAG",
    "Comparison",
    "FromBackup",
    "FromTable",
    "active",
    "available",
    "backups_of",
    "begun",
    "beside",
    "compared",
    "must_stand",
    "origin_of",
    "put_settings_back",
    "removed",
    "restore",
    "undelete",
]

_POLL_S = 2.0
_LONGEST = timedelta(hours=24)
"""A restore takes minutes to hours, by the table's size and indexes (developer guide); longer than a day is not waited for."""
RUN_TAG = "tablewright:rehearsal"
"""The tag of a copy that a run restored for itself; its value is the run's own token."""
_NOT_REHEARSED = (SetKinesis, SetPolicy, SetProtection, SetScaling)

Comparison = Callable[[str, str], Iterator[Event]]
"""Compares two tables by content; its last event is Finished, DONE where they hold the same."""


@dataclass(frozen=True, slots=True)
class FromBackup:
    """An on-demand or system backup, by its ARN."""

    arn: str


@dataclass(frozen=True, slots=True)
class FromTable:
    """A table as it was at a time in its recovery window; None is the latest time that is possible."""

    name: str
    at: datetime | None = None


def begun(origin: FromBackup | FromTable, target: str, account: Account) -> Generator[Event, None, Table]:
    """Restore to a new table, and wait until it and its indexes are ACTIVE. A target that stands is refused."""
    _must_not_stand(target, account)
    match origin:
        case FromBackup(arn=arn):
            backups_of(account).restore(arn, target)
        case FromTable(name=name, at=at):
            backups_of(account).restore_to(name, target, at=at)
    yield Noted("note", f"{target} is being restored; DynamoDB takes minutes to hours")
    table = active(target, account)
    yield Noted("note", f"{target} is {table.status}")
    return table


def beside(origin: FromBackup | FromTable, table: str, token: str, account: Account) -> Generator[Event, None, Table]:
    """Restore a copy beside the table, none of its settings put back, and tag it with the run's token; the copy."""
    source = origin_of(origin, account)[0]
    if source != table:
        raise UsageError("other-backup", "The backup is of another table", f"It is of {source}, not of {table}.")
    copy = yield from begun(origin, f"{table[:200]}-before-{mark_of(token)}", account)
    backups_of(account).put_back(copy.name, SetTags({RUN_TAG: token}))
    return copy


def restore(
    origin: FromBackup | FromTable,
    target: str,
    account: Account,
    *,
    settings_of: str | None = None,
    compare: Comparison | None = None,
    written: bool = False,
) -> Iterator[Event]:
    """Restore to a new table, put back what a restore leaves behind, and make sure of its content.

    ``settings_of`` names the table whose settings are taken; without, the origin's, where that still stands. ``compare``
    compares the restored table with the origin's by content, where that stands; else it is read to its end. ``written``: the
    origin's was written to since, so differences are listed and are no failure. Nothing that exists is changed or removed: a
    target that stands is refused.
    """
    _must_not_stand(target, account)
    source, source_arn, items = origin_of(origin, account)
    stands = account.tables.describe(source, settings=False) is not None
    donor = settings_of or source
    donor_table = account.tables.describe(donor, settings=False)
    if donor_table is None and settings_of is not None:
        raise UsageError("no-table", "There is no such table", f"{settings_of}: not in this account and region.")
    wanted = backups_of(account).keeping(donor) if donor_table is not None else None
    table = yield from begun(origin, target, account)
    missed: list[str] = []
    if wanted is None:
        yield Noted(
            "warning",
            f"Table {donor} is gone, so its settings are not known: TTL, recovery, protection, tags, policy, stream, insights "
            f"and auto scaling of {target} are DynamoDB's own. A template that takes the table in sets them.",
        )
        missed.append("settings")
    else:
        yield from put_settings_back(wanted, table, donor_table.arn if donor_table else source_arn, account, missed)
    yield from _what_nobody_puts_back(source, target)
    counted = account.tables.contents(target)
    if counted.holds is Holds.UNKNOWN:
        yield Finished(
            Ending.FAILED,
            "The restored table could not be read",
            f"{target} stands, and whether its items are there is not known: {counted.reason}.",
            code="restore-unread",
        )
        return
    if counted.is_empty and items:
        yield Finished(
            Ending.FAILED,
            "The restored table is empty",
            f"{source} held about {items:,} items when it was backed up, and {target} holds none.",
            code="restore-empty",
        )
        return
    content = "its content was not compared"
    if compare is not None and stands:
        differs = yield from compared(compare, source, target)
        if differs is not None and not (written and differs.code == "verify-differs"):
            yield _differing(differs, source, target)
            return
        content = f"it differs from {source} as that is now" if differs else f"it holds the same items as {source}"
        if differs is not None:
            yield Noted("note", f"as --written allows: {differs.detail or differs.summary}")
    elif compare is not None:
        read = _count(target, account)
        yield Noted("note", f"{target} was read to its end: {read:,} items; about {items:,} were backed up")
        gone = "" if source == target else f", and {source} is not there to compare them with"
        content = f"it holds {read:,} items{gone}"
    yield _ended(target, missed, content)


def undelete(
    table: str, account: Account, *, compare: Comparison, arn: str | None = None, hint: str | None = None
) -> Iterator[Event]:
    """Bring a deleted table back under its own name from its newest good backup, the system's own included.

    ``arn`` takes that backup instead. ``hint``: the command that takes the table into its stack and sets what the template
    says. Raises Failed ``no-backup`` where there is none, Refused where the table stands.
    """
    _must_not_stand(table, account)
    if arn is None:
        good = [each for each in account.tables.backups(table) if each.status == "AVAILABLE"]
        if not good:
            raise Failed(
                "no-backup",
                "There is no such backup",
                f"No good backup of {table} is in this account and region. DynamoDB keeps a system backup of a deleted table "
                "for 35 days where point-in-time recovery was on; AWS Backup lists those that it keeps itself.",
            )
        newest = max(good, key=lambda each: each.created_at)
        arn = newest.arn
        kind = "the system's backup" if newest.kind == "SYSTEM" else f"backup {newest.name}"
        yield Noted("note", f"{table}: {kind} of {newest.created_at:%Y-%m-%d %H:%M:%S} UTC: {arn}")
    elif (of := origin_of(FromBackup(arn), account)[0]) != table:
        raise UsageError("other-backup", "The backup is of another table", f"{arn} is of {of}, not of {table}.")
    for event in restore(FromBackup(arn), table, account, compare=compare):
        yield replace(event, hint=hint) if isinstance(event, Finished) and event.code == "not-put-back" else event


def _must_not_stand(target: str, account: Account) -> None:
    if account.tables.describe(target, settings=False) is not None:
        raise Refused(
            "target-exists",
            "The target of the restore exists",
            f"There is a table {target} already, and a restore makes a new one. Give another name: nothing is overwritten.",
        )


def _count(table: str, account: Account) -> int:
    """The items of a table, read to its end."""
    assert account.items is not None
    request: dict[str, object] = {"TableName": table, "Select": "COUNT", "ConsistentRead": True}
    found = 0
    while True:
        page = account.items.scan(request)
        found += page.count
        if page.after is None:
            return found
        request["ExclusiveStartKey"] = page.after


def _differing(differs: Finished, source: str, target: str) -> Finished:
    if differs.code != "verify-differs":
        return differs
    return Finished(
        Ending.FAILED,
        "The restored table differs",
        f"{differs.detail}\n\n{target} stands with what was restored. If {source} was written to since, that is to be expected: "
        "--written lists the differences and does not fail for them.",
        code=differs.code,
        facts=differs.facts,
    )


def backups_of(account: Account) -> Backups:
    if account.backups is None:
        raise UsageError("no-backups", "Backups cannot be reached", "The account was opened without them.")
    return account.backups


def must_stand(table: str, account: Account) -> Table:
    found = account.tables.describe(table, settings=False)
    if found is None:
        raise UsageError("no-table", "There is no such table", f"{table}: not in this account and region.")
    return found


def origin_of(origin: FromBackup | FromTable, account: Account) -> tuple[str, str, int]:
    """The origin's table, its ARN, and about how many items it held."""
    match origin:
        case FromBackup(arn=arn):
            described = backups_of(account).describe(arn)
            if described is None:
                raise UsageError("no-backup", "There is no such backup", f"{arn}: not in this account and region.")
            if described.backup.status != "AVAILABLE":
                raise Failed(
                    "backup-not-available",
                    "The backup cannot be restored",
                    f"It is {described.backup.status}; only an AVAILABLE one can.",
                )
            return described.table, described.table_arn, described.items
        case FromTable(name=name, at=at):
            table = account.tables.describe(name)
            if table is None:
                raise UsageError(
                    "no-table",
                    "There is no such table",
                    f"{name}: not in this account and region. Of a deleted table with point-in-time recovery, DynamoDB keeps a "
                    f"system backup for 35 days: tablewright backup list {name} shows it.",
                )
            recovery = table.recovery
            if recovery is not None and not recovery.enabled:
                raise UsageError(
                    "no-recovery",
                    "Point-in-time recovery is off",
                    f"{name} can only be restored from a backup that was made.",
                    f"tablewright backup list {name}",
                )
            if (
                recovery
                and at
                and recovery.earliest
                and recovery.latest
                and not recovery.earliest <= at <= recovery.latest
            ):
                raise UsageError(
                    "outside-window",
                    "The time is outside the recovery window",
                    f"{name} can be restored from {recovery.earliest:%Y-%m-%d %H:%M:%S} to "
                    f"{recovery.latest:%Y-%m-%d %H:%M:%S} UTC.",
                )
            return name, table.arn, table.item_count


def available(backup: Backup, account: Account) -> Backup:
    until = account.clock.now() + _LONGEST
    while backup.status == "CREATING" and account.clock.now() < until:
        account.clock.sleep(_POLL_S)
        described = backups_of(account).describe(backup.arn)
        if described is None:
            raise Failed("backup-gone", "The backup is gone", f"{backup.arn} was deleted while it was being made.")
        backup = described.backup
    return backup


def active(name: str, account: Account) -> Table:
    until = account.clock.now() + _LONGEST
    seen = False
    while account.clock.now() < until:
        table = account.tables.describe(name, settings=False)
        if table is not None and table.status == "ACTIVE" and all(index.status == "ACTIVE" for index in table.indexes):
            return table
        if seen and (table is None or table.status == "DELETING"):
            raise Failed(
                "restore-gone", "The restored table is gone", f"{name} was there, and was deleted before it was ACTIVE."
            )
        seen = seen or table is not None
        account.clock.sleep(_POLL_S)
    raise Failed(
        "restore-slow", "The restore takes longer than a day", f"{name} is not ACTIVE yet; it goes on by itself."
    )


def put_settings_back(
    wanted: Keeping, table: Table, source_arn: str, account: Account, missed: list[str], *, rehearsed: bool = False
) -> Iterator[Event]:
    """Each setting by itself: one that fails is named and does not keep the others from being put back.

    ``rehearsed``: what would outlive the copy, open it to others or keep it from being removed is left out.
    """
    backups = backups_of(account)
    for part, why in wanted.unread.items():
        missed.append(f"{part} ({why})")
        yield Noted("warning", f"not known, so not put back: {part} ({why})")
    for step in leftover(wanted, backups.keeping(table.name), source_arn=source_arn, target_arn=table.arn):
        if rehearsed and isinstance(step, _NOT_REHEARSED):
            yield Noted("note", f"not rehearsed: {words(step)}")
            continue
        held = _would_delete(step, table.name, account) if isinstance(step, SetTtl) and not rehearsed else ""
        if held:
            missed.append(f"{words(step)} ({held})")
            yield Noted("warning", f"not put back: {words(step)}: {held}")
            continue
        try:
            try:
                backups.put_back(table.name, step)
            except TablewrightError:
                # Of a lost answer, what was sent again is refused because it is done: what stands says so.
                if step in leftover(wanted, backups.keeping(table.name), source_arn=source_arn, target_arn=table.arn):
                    raise
            active(table.name, account)
        except TablewrightError as error:
            missed.append(f"{words(step)} ({error})")
            yield Noted("warning", f"not put back: {words(step)}: {error}")
        else:
            yield Noted("note", f"put back: {words(step)}")


def _would_delete(step: SetTtl, table: str, account: Account) -> str:
    """Why TTL stays off, "" where it may go on: it might delete what was restored, perhaps because it had deleted it before."""
    try:
        sample = account.tables.expiring(table, step.attribute, now=account.clock.now())
    except TablewrightError as error:
        return f"whether it would delete restored items is not known: {error}"
    if sample.expired:
        return f"{sample.expired:,} of {sample.read:,} restored items that were read have expired, and it would delete them"
    if not sample.complete:
        return f"of the first {sample.read:,} items it would delete none; the others were not read, and it might delete some"
    return ""


def _what_nobody_puts_back(source: str, target: str) -> Iterator[Event]:
    if source != target:
        yield Noted(
            "note",
            f"Alarms, dashboards, IAM policies and event sources that name {source} do not know {target}: "
            "they come from templates.",
        )


def compared(compare: Comparison, source: str, target: str) -> Generator[Event, None, Finished | None]:
    """The comparison's events without its end; returns that end where the tables differ."""
    end: Finished | None = None
    for event in compare(source, target):
        if isinstance(event, Finished):
            end = event
        else:
            yield event
    if end is None or end.ending is Ending.DONE:
        if end is not None:
            yield Noted("note", f"compared by content: {end.summary}")
        return None
    return end


def removed(copy: Table, token: str, account: Account) -> Iterator[Event]:
    """Remove the copy, if it is beyond doubt the one that this run restored."""
    now = account.tables.describe(copy.name)
    same = now is not None and (now.arn, now.created_at, now.tags.get(RUN_TAG)) == (copy.arn, copy.created_at, token)
    if not same:
        yield Noted("warning", f"{copy.name} is not the table that this run restored any more: it is left alone")
        return
    backups_of(account).remove(copy.name)
    yield Noted("note", f"{copy.name}, the restored copy, is removed")


def _ended(target: str, missed: list[str], content: str) -> Finished:
    if missed:
        return Finished(
            Ending.FAILED,
            "Restored, but not everything was put back",
            f"{target} stands, and {content}. Not put back: {'; '.join(missed)}.",
            code="not-put-back",
        )
    return Finished(Ending.DONE, f"{target} is restored: {content}")
