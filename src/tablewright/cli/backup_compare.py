"""How a backup's content is made sure of: compared as a migration's verification does it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tablewright.backup.run import Comparison
    from tablewright.events import Event
    from tablewright.migrate.verify.run import Compared
    from tablewright.ports import Account


def comparison(account: Account) -> Comparison:
    """A table, or the folder of an export (s3://), compared by content with another table of the account."""

    def compare(source: str, target: str) -> Iterator[Event]:
        from tablewright.migrate.events import Differed
        from tablewright.migrate.transform.unchanged import Unchanged
        from tablewright.migrate.verify.run import VerifySettings, verify

        other = _table(target, account)
        one = _exported(source, other, account) if source.startswith("s3://") else _table(source, account)
        transform = Unchanged(one.keys, other.keys)
        folder = tempfile.mkdtemp(prefix="tablewright-compared-")
        differs = False
        try:
            settings = VerifySettings(Path(folder))
            for event in verify(one, other, transform=transform, clock=account.clock, settings=settings):
                differs = differs or isinstance(event, Differed)
                yield event  # type: ignore[misc]
        finally:
            if not differs:  # otherwise the end names the report that is in it
                shutil.rmtree(folder, ignore_errors=True)

    return compare


def _table(name: str, account: Account) -> Compared:
    from tablewright.migrate.verify.run import Compared
    from tablewright.migrate.wire.door import OpenTable

    table = account.tables.describe(name)
    assert table is not None and account.data is not None
    keys = tuple(sorted(table.keys, key=lambda key: key.role != "HASH"))
    door = OpenTable(account.data, name, tuple(key.name for key in keys))
    return Compared(door, name, f"{table.arn} {table.id}", keys, expected=table.item_count)


def _exported(url: str, table: Compared, account: Account) -> Compared:
    """The files of an export, whose items have the keys of their table."""
    from tablewright.migrate.files.opening import open_file_source
    from tablewright.migrate.job import Files
    from tablewright.migrate.verify.run import Compared

    source = open_file_source(Files(url), account.objects)
    return Compared(source, url, url, table.keys, segments=source.segments, expected=source.expected)
