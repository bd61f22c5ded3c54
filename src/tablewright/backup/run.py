"""Making, restoring and rehearsing backups, and thinning them out.

Every run yields events and ends with ``Finished``. A restore is done only when the new table stands, everything that a restore
leaves behind was put back or named, and it was looked into; with a comparison, every item was compared.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tablewright.backup.leftover import leftover, words
from tablewright.backup.retention import Kept, mark_of, name_for, thin_out
from tablewright.errors import Failed, Refused, TablewrightError, UsageError
from tablewright.events import Ending, Event, Finished, Noted
from tablewright.model.keeping import Keeping
from tablewright.model.putback import SetKinesis, SetPolicy, SetProtection, SetScaling, SetTags, SetTtl
from tablewright.model.table import Backup, Holds, Table
from tablewright.ports import Account, Backups

__all__ = ["Comparison", "FromBackup", "FromTable", "create", "rehearse", "restore", "thin"]

_POLL_S = 2.0
_LONGEST = timedelta(hours=24)
"""A restore takes minutes to hours, by the table's size and indexes (developer guide); longer than a day is not waited for."""
_RUN_TAG = "tablewright:rehearsal"
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


def create(tables: Sequence[str], account: Account) -> Iterator[Event]:
    """Back up each table on demand, and wait until every backup is AVAILABLE. Those that were begun are named if one fails."""
    backups = _backups(account)
    begun: list[tuple[str, Backup]] = []
    for table in tables:
        _must_stand(table, account)
        made = backups.create(table, name_for(account.clock.now(), account.tokens.token()))
        begun.append((table, made))
        yield Noted("note", f"{table}: backup {made.name} is being made")
    facts: dict[str, str] = {}
    for table, made in begun:
        ready = _available(made, account)
        facts[table] = ready.arn
        yield Noted("note", f"{table}: {ready.name} is {ready.status}: {ready.arn}")
        if ready.status != "AVAILABLE":
            yield Finished(
                Ending.FAILED,
                "A backup was not made",
                f"The backup of {table} is {ready.status}.",
                code="backup-failed",
                facts=facts,
            )
            return
    many = "backup" if len(begun) == 1 else "backups"
    yield Finished(Ending.DONE, f"{len(begun)} {many} made", facts=facts)


def restore(
    origin: FromBackup | FromTable,
    target: str,
    account: Account,
    *,
    settings_of: str | None = None,
    compare: Comparison | None = None,
) -> Iterator[Event]:
    """Restore to a new table, put back what a restore leaves behind, and look into it.

    ``settings_of`` names the table whose settings are taken; without, the origin's, where that still stands. ``compare``
    compares the restored table with the origin's by content. Nothing that exists is changed or removed: a target that
    stands is refused.
    """
    backups = _backups(account)
    if account.tables.describe(target, settings=False) is not None:
        raise Refused(
            "target-exists",
            "The target of the restore exists",
            f"There is a table {target} already, and a restore makes a new one. Give another name: nothing is overwritten.",
        )
    source, source_arn, items = _origin(origin, account)
    donor = settings_of or source
    donor_table = account.tables.describe(donor, settings=False)
    if donor_table is None and settings_of is not None:
        raise UsageError("no-table", "There is no such table", f"{settings_of}: not in this account and region.")
    wanted = backups.keeping(donor) if donor_table is not None else None
    match origin:
        case FromBackup(arn=arn):
            backups.restore(arn, target)
        case FromTable(name=name, at=at):
            backups.restore_to(name, target, at=at)
    yield Noted("note", f"{target} is being restored; DynamoDB takes minutes to hours")
    table = _active(target, account)
    yield Noted("note", f"{target} is {table.status}")
    missed: list[str] = []
    if wanted is None:
        yield Noted(
            "warning",
            f"Table {donor} is gone, so its settings are not known: TTL, recovery, protection, tags, policy, stream, insights "
            f"and auto scaling of {target} are DynamoDB's own. A template that takes the table in sets them.",
        )
        missed.append("settings")
    else:
        yield from _put_back(wanted, table, donor_table.arn if donor_table else source_arn, account, missed)
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
    yield Noted("note", f"{target} {'holds no item' if counted.is_empty else 'holds items'}")
    if counted.is_empty and items:
        yield Finished(
            Ending.FAILED,
            "The restored table is empty",
            f"{source} held about {items:,} items when it was backed up, and {target} holds none.",
            code="restore-empty",
        )
        return
    if compare is not None and donor_table is not None:
        ending = yield from _compared(compare, source, target)
        if ending is not None:
            yield ending
            return
    yield _ended(target, missed)


def rehearse(
    table: str, account: Account, compare: Comparison, *, written: bool = False, arn: str | None = None
) -> Iterator[Event]:
    """Back up, restore beside, compare by content, and remove the restored copy; says how long it took.

    ``arn`` rehearses that backup instead of a new one. ``written``: others write to the table meanwhile, so differences are
    listed and are no failure. Only the very table that this run restored is removed: its ARN, the time it was made and a tag of
    the run must all be as they were when it became ACTIVE.
    """
    backups = _backups(account)
    _must_stand(table, account)
    began = account.clock.now()
    token = account.tokens.token()
    if arn is None:
        made = _available(backups.create(table, name_for(began, token)), account)
        if made.status != "AVAILABLE":
            raise Failed("backup-failed", "A backup was not made", f"The backup of {table} is {made.status}.")
        arn = made.arn
        yield Noted("note", f"{table}: backup {made.name} is made and stays: {made.arn}")
    elif (of := _origin(FromBackup(arn), account)[0]) != table:
        raise UsageError("other-backup", "The backup is of another table", f"{arn} is of {of}, not of {table}.")
    target = f"{table[:200]}-rehearsal-{mark_of(token)}"
    if account.tables.describe(target, settings=False) is not None:
        raise Refused("target-exists", "The target of the restore exists", f"There is a table {target} already.")
    backups.restore(arn, target)
    yield Noted("note", f"{target} is being restored")
    copy = _active(target, account)
    backups.put_back(target, SetTags({_RUN_TAG: token}))
    restored = account.clock.now()
    yield Noted("note", f"restored after {_took(began, restored)}")
    differs = yield from _compared(compare, table, target)
    missed: list[str] = []
    yield from _put_back(backups.keeping(table), copy, _arn_of(table, account), account, missed, rehearsed=True)
    yield from _removed(copy, token, account)
    took = _took(began, account.clock.now())
    facts = {"took": took, "restore": _took(began, restored), "backup": arn}
    if differs is not None and not (written and differs.code == "verify-differs"):
        yield Finished(
            Ending.FAILED,
            "The restored table differs",
            f"{differs.detail}\n\nIf others wrote to {table} meanwhile, that is to be expected: rehearse with --written.",
            code="restore-differs",
            facts=facts,
        )
        return
    if missed:
        yield Finished(
            Ending.FAILED,
            "The restore left something behind",
            f"Not put back: {'; '.join(missed)}.",
            code="not-put-back",
            facts=facts,
        )
        return
    yield Finished(Ending.DONE, f"Rehearsed in {took}: {table} can be restored", facts=facts)


def thin(
    table: str, account: Account, *, days: int | None = None, newest: int | None = None
) -> tuple[tuple[Kept, ...], Callable[[], Iterator[Event]]]:
    """What a retention policy makes of the table's backups, and the deletion of those that go: looked at first, then done."""
    if days is None and newest is None:
        raise UsageError("no-rule", "No rule says what goes", "Give how many days or how many backups are kept.")
    kept = thin_out(account.tables.backups(table), now=account.clock.now(), days=days, newest=newest)

    def delete() -> Iterator[Event]:
        going = [each for each in kept if each.goes]
        for each in going:
            # Asked again right before: the newest good one stays, whatever happened since it was listed.
            now = thin_out(account.tables.backups(table), now=account.clock.now(), days=days, newest=newest)
            if not any(other.goes and other.backup.arn == each.backup.arn for other in now):
                yield Noted("warning", f"{each.backup.name} stays: what is kept has changed since it was listed")
                continue
            _backups(account).delete(each.backup.arn)
            yield Noted("note", f"{each.backup.name} is deleted")
        many = "backup" if len(going) == 1 else "backups"
        ending = Ending.DONE if going else Ending.NOTHING_TO_DO
        yield Finished(ending, f"{len(going)} {many} deleted, {len(kept) - len(going)} kept")

    return kept, delete


def _backups(account: Account) -> Backups:
    if account.backups is None:
        raise UsageError("no-backups", "Backups cannot be reached", "The account was opened without them.")
    return account.backups


def _must_stand(table: str, account: Account) -> Table:
    found = account.tables.describe(table, settings=False)
    if found is None:
        raise UsageError("no-table", "There is no such table", f"{table}: not in this account and region.")
    return found


def _arn_of(table: str, account: Account) -> str:
    return _must_stand(table, account).arn


def _origin(origin: FromBackup | FromTable, account: Account) -> tuple[str, str, int]:
    """The origin's table, its ARN, and about how many items it held."""
    match origin:
        case FromBackup(arn=arn):
            described = _backups(account).describe(arn)
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


def _available(backup: Backup, account: Account) -> Backup:
    until = account.clock.now() + _LONGEST
    while backup.status == "CREATING" and account.clock.now() < until:
        account.clock.sleep(_POLL_S)
        described = _backups(account).describe(backup.arn)
        if described is None:
            raise Failed("backup-gone", "The backup is gone", f"{backup.arn} was deleted while it was being made.")
        backup = described.backup
    return backup


def _active(name: str, account: Account) -> Table:
    until = account.clock.now() + _LONGEST
    while account.clock.now() < until:
        table = account.tables.describe(name, settings=False)
        if table is not None and table.status == "ACTIVE" and all(index.status == "ACTIVE" for index in table.indexes):
            return table
        account.clock.sleep(_POLL_S)
    raise Failed(
        "restore-slow", "The restore takes longer than a day", f"{name} is not ACTIVE yet; it goes on by itself."
    )


def _put_back(
    wanted: Keeping, table: Table, source_arn: str, account: Account, missed: list[str], *, rehearsed: bool = False
) -> Iterator[Event]:
    """Each setting by itself: one that fails is named and does not keep the others from being put back.

    ``rehearsed``: what would outlive the copy, open it to others or keep it from being removed is left out.
    """
    backups = _backups(account)
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
            backups.put_back(table.name, step)
            _active(table.name, account)
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


def _compared(compare: Comparison, source: str, target: str) -> Generator[Event, None, Finished | None]:
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


def _removed(copy: Table, token: str, account: Account) -> Iterator[Event]:
    """Remove the copy, if it is beyond doubt the one that this run restored."""
    now = account.tables.describe(copy.name)
    same = now is not None and (now.arn, now.created_at, now.tags.get(_RUN_TAG)) == (copy.arn, copy.created_at, token)
    if not same:
        yield Noted("warning", f"{copy.name} is not the table that this run restored any more: it is left alone")
        return
    _backups(account).remove(copy.name)
    yield Noted("note", f"{copy.name}, the restored copy, is removed")


def _ended(target: str, missed: list[str]) -> Finished:
    if missed:
        return Finished(
            Ending.FAILED,
            "Restored, but not everything was put back",
            f"{target} stands with its items. Not put back: {'; '.join(missed)}.",
            code="not-put-back",
        )
    return Finished(Ending.DONE, f"{target} is restored")


def _took(began: datetime, ended: datetime) -> str:
    seconds = round((ended - began).total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min {seconds % 60} s"
