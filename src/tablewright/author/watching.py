"""An alarm added for a table or an index that is there already."""

from __future__ import annotations

from tablewright.author.alarms import alarm_for, alarms_on
from tablewright.author.editing import Text, put_entry
from tablewright.author.indexes import index_names
from tablewright.author.siblings import family
from tablewright.errors import UsageError


def add_alarm(text: Text, table: str, index: str = "") -> Text:
    """The template with an alarm on the throttles of a table, or of one of its indexes. Raises UsageError."""
    found = family(text)
    chosen = found.named(table)
    if index and index not in index_names(text, chosen):
        known = ", ".join(index_names(text, chosen)) or "none"
        raise UsageError(
            "no-such-index",
            "There is no such index",
            f"{chosen.logical_id} has no index {index}. Its indexes: {known}.",
        )
    others = tuple(one for one in found.tables if one.logical_id != chosen.logical_id)
    short = chosen.short or chosen.logical_id
    key, alarm = alarm_for(text, chosen.logical_id, short, others, chosen.leaf or chosen.logical_id, index)
    if text.entry(("Resources", key)) is not None:
        raise UsageError("name-in-use", "The name is in use", f"{text.path} has a resource {key} already.")
    standing = alarms_on(text, chosen.logical_id)
    return put_entry(
        text, ("Resources", key), alarm, after=standing[-1] if standing else chosen.logical_id, spaced=True
    )
