"""A set of alarms written into a template in one edit, with their composite alarms and the topic that they tell."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.author.alarm_plan import LeftOut, Planned, Wish, plan_alarms
from tablewright.author.alarm_text import alarm_resource
from tablewright.author.alarms import alarms_on
from tablewright.author.composites import NONE, together, with_children
from tablewright.author.editing import Text, put_entries
from tablewright.author.notices import Notice, told
from tablewright.author.siblings import family
from tablewright.author.writing import Value


@dataclass(frozen=True, slots=True)
class AlarmSet:
    """The template with the alarms, and what was written: composite alarms, those that were joined, and what else was needed."""

    text: Text
    planned: tuple[Planned, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    composites: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def add_alarms(text: Text, wish: Wish, notice: Notice, *, composite: bool = False) -> AlarmSet:
    """The alarms that ``wish`` comes to, after those of their table or, for several tables, after the last. Raises UsageError."""
    plan = plan_alarms(text, wish)
    if not plan.planned and not notice.emails:
        return AlarmSet(text, left_out=plan.left_out)
    telling = told(text, notice)
    actions = list(telling.actions)
    taken = {*_keys(text), *(one.logical_id for one in plan.planned)}
    over = together(text, plan.planned, taken, actions) if composite and actions else NONE
    entries: dict[str, Value] = {
        one.logical_id: alarm_resource(one, [] if one.logical_id in over.under else actions) for one in plan.planned
    }
    entries |= over.written
    entries |= telling.resources
    if not entries:
        return AlarmSet(text, left_out=plan.left_out, notes=telling.notes)
    edited = put_entries(text, ("Resources",), entries, after=_after(text, wish), spaced=True)
    for key, alarms in over.joined.items():
        edited = with_children(edited, key, alarms)
    return AlarmSet(
        edited,
        plan.planned,
        plan.left_out,
        tuple(over.written),
        tuple(over.joined),
        tuple(telling.resources),
        telling.notes,
    )


def _after(text: Text, wish: Wish) -> str:
    """The last alarm of the tables that are wished for, or the last of these tables."""
    found = family(text)
    tables = [found.named(name) for name in wish.tables] or list(found.tables)
    standing = [key for table in tables for key in alarms_on(text, table.logical_id)]
    order = [key for key in _keys(text) if key in {*standing}] or [table.logical_id for table in tables]
    return order[-1]


def _keys(text: Text) -> list[str]:
    section = text.at(("Resources",))
    return [entry.key for entry in getattr(section, "entries", ())]
