"""Undoing: each record played back, newest first, onto items that still show what the change made of them."""

from __future__ import annotations

from tablewright.migrate.inplace.edit import Attributes, Edit, shows

__all__ = ["Back", "fate"]


class Back:
    """The reckoning that undoes an edit.

    Nothing is done where the item does not show the edit's outcome: it is undone already, was never made, or somebody has written
    to the touched attributes since.
    """

    def __init__(self, edit: Edit) -> None:
        self._edit = edit
        self._reverse = Edit(key=edit.key, before=edit.after, after=edit.before)

    def edit(self, item: Attributes) -> Edit | None:
        """The edit the other way."""
        return self._reverse if shows(item, self._edit.after) else None

    def mend(self, old: Attributes, made: Edit) -> Edit | None:
        """Nothing: what was there was written down."""
        return None


def fate(edit: Edit, item: Attributes | None) -> str:
    """Why an item was not changed back: gone, as-before (undone already, or never made), or kept (written to since)."""
    if item is None:
        return "gone"
    return "as-before" if shows(item, edit.before) else "kept"
