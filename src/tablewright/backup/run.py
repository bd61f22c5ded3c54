"""Making, rehearsing and thinning out backups. (Restoring them is ``restoring``, putting items back ``returning``.)

Every run yields events and ends with ``Finished``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from tablewright.backup.restoring.run import (
    RUN_TAG,
    Comparison,
    FromBackup,
    FromTable,
    active,
    available,
    backups_of,
    compared,
    must_stand,
    origin_of,
    put_settings_back,
    removed,
    restore,
)
from tablewright.backup.retention import Kept, mark_of, name_for, thin_out
from tablewright.errors import Failed, Refused, TablewrightError, UsageError
from tablewright.events import Ending, Event, Finished, Noted
from tablewright.model.putback import SetTags
from tablewright.model.table import Backup
from tablewright.ports import Account

__all__ = ["Comparison", "FromBackup", "FromTable", "create", "rehearse", "restore", "thin"]


def create(tables: Sequence[str], account: Account) -> Iterator[Event]:
    """Back up each table on demand, and wait until every backup is AVAILABLE. Those that were begun are named if one fails."""
    backups = backups_of(account)
    begun: list[tuple[str, Backup]] = []
    for table in tables:
        must_stand(table, account)
        made = backups.create(table, name_for(account.clock.now(), account.tokens.token()))
        begun.append((table, made))
        yield Noted("note", f"{table}: backup {made.name} is being made")
    facts: dict[str, str] = {}
    for table, made in begun:
        ready = available(made, account)
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


def rehearse(
    table: str, account: Account, compare: Comparison, *, written: bool = False, arn: str | None = None
) -> Iterator[Event]:
    """Back up, restore beside, compare by content, and remove the restored copy; says how long it took.

    ``arn`` rehearses that backup instead of a new one. ``written``: others write to the table meanwhile, so differences are
    listed and are no failure. Only the very table that this run restored is removed: its ARN, the time it was made and a tag of
    the run must all be as they were when it became ACTIVE.
    """
    backups = backups_of(account)
    must_stand(table, account)
    began = account.clock.now()
    token = account.tokens.token()
    if arn is None:
        made = available(backups.create(table, name_for(began, token)), account)
        if made.status != "AVAILABLE":
            raise Failed("backup-failed", "A backup was not made", f"The backup of {table} is {made.status}.")
        arn = made.arn
        yield Noted("note", f"{table}: backup {made.name} is made and stays: {made.arn}")
    elif (of := origin_of(FromBackup(arn), account)[0]) != table:
        raise UsageError("other-backup", "The backup is of another table", f"{arn} is of {of}, not of {table}.")
    target = f"{table[:200]}-rehearsal-{mark_of(token)}"
    if account.tables.describe(target, settings=False) is not None:
        raise Refused("target-exists", "The target of the restore exists", f"There is a table {target} already.")
    backups.restore(arn, target)
    yield Noted("note", f"{target} is being restored")
    try:
        copy = active(target, account)
        backups.put_back(target, SetTags({RUN_TAG: token}))
    except TablewrightError as error:
        error.detail = (
            f"{error.detail}\n\n{target}, which was restored for the rehearsal, stays: delete it yourself.".strip()
        )
        raise
    restored = account.clock.now()
    yield Noted("note", f"restored after {_took(began, restored)}")
    missed: list[str] = []
    try:
        differs = yield from compared(compare, table, target)
        yield from put_settings_back(
            backups.keeping(table), copy, must_stand(table, account).arn, account, missed, rehearsed=True
        )
    except TablewrightError:
        yield from removed(copy, token, account)  # it was made for this run alone, and would be paid for
        raise
    yield from removed(copy, token, account)
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
        deleted = 0
        for each in (each for each in kept if each.goes):
            # Asked again right before: the newest good one stays, whatever happened since it was listed.
            now = thin_out(account.tables.backups(table), now=account.clock.now(), days=days, newest=newest)
            if not any(other.goes and other.backup.arn == each.backup.arn for other in now):
                yield Noted("warning", f"{each.backup.name} stays: what is kept has changed since it was listed")
                continue
            backups_of(account).delete(each.backup.arn)
            deleted += 1
            yield Noted("note", f"{each.backup.name} is deleted")
        many = "backup" if deleted == 1 else "backups"
        ending = Ending.DONE if deleted else Ending.NOTHING_TO_DO
        left = len(account.tables.backups(table))
        yield Finished(ending, f"{deleted} {many} deleted, {left} kept")

    return kept, delete


def _took(began: datetime, ended: datetime) -> str:
    seconds = round((ended - began).total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min {seconds % 60} s"
