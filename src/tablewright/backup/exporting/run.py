"""Exporting a table to S3: begun, waited for, and read back from the bucket, where every item is compared with the table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tablewright.backup.restoring.run import Comparison, FromTable, compared, must_stand, origin_of
from tablewright.errors import UsageError
from tablewright.events import Ending, Event, Finished, Noted
from tablewright.model.export import Export
from tablewright.ports import Account, Exports

__all__ = ["export"]

_POLL_S = 5.0
_LONGEST = timedelta(hours=24)


def export(
    table: str,
    bucket: str,
    prefix: str,
    account: Account,
    *,
    at: datetime | None = None,
    compare: Comparison | None = None,
    written: bool = False,
) -> Iterator[Event]:
    """Export the table as it was at a time (None: now) below ``prefix`` of a bucket, and make sure of the files.

    ``compare`` compares the folder of the export with the table by content. ``written``: the table was written to since, so
    differences are listed and are no failure. Raises UsageError for a table without recovery and for a time outside its window.
    """
    origin_of(FromTable(table, at), account)
    begun = _exports(account).begin(must_stand(table, account).arn, bucket, prefix, at=at, token=account.tokens.token())
    yield Noted("note", f"{table} is being exported: {begun.arn}; it takes no units of the table")
    ended = _waited(begun, account)
    facts = {"export": ended.arn}
    if ended.status != "COMPLETED":
        going = ended.status == "IN_PROGRESS"
        yield Finished(
            Ending.FAILED,
            "The export is not done after a day" if going else "The export failed",
            f"Export of {table} is {ended.status}{': ' + ended.failure if ended.failure else ''}."
            + (" It goes on by itself." if going else ""),
            code="export-slow" if going else "export-failed",
            facts=facts,
        )
        return
    facts |= {"folder": ended.folder, "items": f"{ended.items:,}" if ended.items is not None else "not told"}
    yield Noted("note", f"{ended.folder}: {facts['items']} items as of {ended.at or at or 'now'}")
    content = "its files were not read"
    if compare is not None:
        differs = yield from compared(compare, ended.folder, table)
        if differs is not None and not (written and differs.code == "verify-differs"):
            yield Finished(
                Ending.FAILED,
                "The export differs from the table",
                f"{differs.detail or differs.summary}\n\nThe files stand. If {table} was written to since the time that they "
                "hold, that is to be expected: --written lists the differences and does not fail for them.",
                code=differs.code,
                facts={**facts, **differs.facts},
            )
            return
        content = (
            f"its files differ from {table} as that is now" if differs else f"its files hold the same items as {table}"
        )
        if differs is not None:
            yield Noted("note", f"as --written allows: {differs.detail or differs.summary}")
    yield Finished(Ending.DONE, f"{table} is exported: {content}", facts=facts)


def _waited(export: Export, account: Account) -> Export:
    until = account.clock.now() + _LONGEST
    while export.status == "IN_PROGRESS" and account.clock.now() < until:
        account.clock.sleep(_POLL_S)
        export = _exports(account).describe(export.arn)
    return export


def _exports(account: Account) -> Exports:
    if account.exports is None:
        raise UsageError("no-backups", "Backups cannot be reached", "The account was opened without them.")
    return account.exports
