"""Opening the ends of a copy, and trying the transform on the first items that there are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import cast

from tablewright.errors import Refused, UsageError
from tablewright.migrate.engine.run import scan
from tablewright.migrate.engine.values import PageSink, PageSource, SourcePage
from tablewright.migrate.job import Files
from tablewright.migrate.looking.run import End
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable

__all__ = ["holds_files", "open_source", "open_target", "try_out"]


def open_source(end: End) -> OpenTable | PageSource:
    """What items are read from. Raises UsageError for files that are not there or cannot be read."""
    if end.found is not None:
        return end.open()
    assert isinstance(end.asked, Files)
    from tablewright.migrate.files.opening import open_file_source

    return open_file_source(end.asked, end.account.objects if end.account is not None else None)


def open_target(end: End) -> OpenTable | PageSink:
    """What items are written to. Raises UsageError for files that cannot be written."""
    if end.found is not None:
        return end.open()
    assert isinstance(end.asked, Files)
    from tablewright.migrate.files.opening import open_file_sink

    return open_file_sink(end.asked)


def holds_files(end: End) -> bool:
    """Whether the folder that files are to be written into has something in it already."""
    assert isinstance(end.asked, Files)
    folder = Path(end.asked.path)
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            "not-a-folder", "That is not a folder", f"{folder} is a file; name a folder to write files into."
        )
    return folder.is_dir() and any(folder.iterdir())


def try_out(source: End, transform: Transform) -> Refused | None:
    """Transform the first page of the source; the refusal when not one item of it gets through, or two meet.

    One bad item is set aside and counted while copying; when all are bad, the transform does not fit the table.
    """
    page = _first_page(source)
    if page is None or not page.items:
        return None
    made = transform.page(page.items)
    if made.keys is not None and len(set(made.keys)) < len(made.keys):
        twice = len(made.keys) - len(set(made.keys))
        return Refused(
            "keys-collide",
            "Several items would get one key",
            f"Of the first {len(page.items):,} items of {source.asked}, {twice:,} would get a key of the target that another "
            "item has too; only the last one written would be left. Compose the key from enough of the item. To see which, run:",
            "tablewright migrate plan --help",
        )
    if made.items or not made.rejected:
        return None
    reasons = {rejected.reason for rejected in made.rejected}
    return Refused(
        "nothing-fits",
        "Not one item could be brought over",
        f"The transform was tried on the first {len(page.items):,} items of {source.asked}, and all were refused. The reason of "
        f"the first: {made.rejected[0].reason}{f' ({len(reasons):,} different reasons in all)' if len(reasons) > 1 else ''}. "
        "Nothing was written.",
        "tablewright migrate run --help",
    )


def _first_page(source: End) -> SourcePage | None:
    if source.found is None:
        files = cast(PageSource, open_source(source))
        return files.read(0, None) if files.segments else None
    with closing(scan(source.open(), segments=1, memory=4 << 20)) as pages:  # type: ignore[type-var]
        return next(pages, None)
