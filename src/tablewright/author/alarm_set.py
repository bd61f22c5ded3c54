"""A set of alarms written into a template in one edit, with their composite alarms and the topic that they tell."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.author.alarm_plan import LeftOut, Plan, Planned, Wish, plan_alarms
from tablewright.author.alarm_text import alarm_resource
from tablewright.author.alarms import alarms_on
from tablewright.author.editing import Text, put_entries
from tablewright.author.notices import Notice, told
from tablewright.author.siblings import family, pascal, word
from tablewright.author.writing import Call, Value

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
CHILDREN = 50
"""Alarms of one composite alarm: 100 are allowed, within 10,240 characters of names (PutCompositeAlarm, API reference)."""


@dataclass(frozen=True, slots=True)
class AlarmSet:
    """The template with the alarms, and what was written: ``resources`` has their logical IDs in order."""

    text: Text
    planned: tuple[Planned, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    composites: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def add_alarms(text: Text, wish: Wish, notice: Notice, *, composite: bool = False) -> AlarmSet:
    """The alarms that ``wish`` comes to, after those of their table or, for several tables, after the last. Raises UsageError."""
    plan = plan_alarms(text, wish)
    if not plan.planned and not notice.emails:
        return AlarmSet(text, left_out=plan.left_out)
    telling = told(text, notice)
    actions = list(telling.actions)
    together = _composites(text, plan, actions) if composite and actions else {}
    grouped = {key for _, children in together.values() for key in children}
    entries: dict[str, Value] = {
        one.logical_id: alarm_resource(one, [] if one.logical_id in grouped else actions) for one in plan.planned
    }
    entries |= {key: resource for key, (resource, _) in together.items()}
    entries |= telling.resources
    if not entries:
        return AlarmSet(text, left_out=plan.left_out, notes=telling.notes)
    edited = put_entries(text, ("Resources",), entries, after=_after(text, wish), spaced=True)
    return AlarmSet(edited, plan.planned, plan.left_out, tuple(together), tuple(telling.resources), telling.notes)


def _after(text: Text, wish: Wish) -> str:
    """The last alarm of the tables that are wished for, or the last of these tables."""
    found = family(text)
    tables = [found.named(name) for name in wish.tables] or list(found.tables)
    standing = [key for table in tables for key in alarms_on(text, table.logical_id)]
    order = [key for key in _keys(text) if key in {*standing}] or [table.logical_id for table in tables]
    return order[-1]


def _composites(text: Text, plan: Plan, actions: list[Value]) -> dict[str, tuple[Value, tuple[str, ...]]]:
    """For each table one alarm over its own: logical ID -> (resource, the alarms under it)."""
    found: dict[str, tuple[Value, tuple[str, ...]]] = {}
    taken = {*_keys(text), *(one.logical_id for one in plan.planned)}
    for table in dict.fromkeys(one.table for one in plan.planned if one.table):
        own = [one for one in plan.planned if one.table == table and one.subject is not None]
        condition = _table_condition(own[0])
        children = [one for one in own if one.subject is not None and one.subject.condition == condition]
        for start in range(0, len(children), CHILDREN):
            some = children[start : start + CHILDREN]
            if len(some) < 2:
                continue  # one alarm alone needs none above it
            key = _free(f"{_stem(own[0])}Alarms", taken)
            taken.add(key)
            name = f"alarms-{start // CHILDREN + 1}" if start else "alarms"
            found[key] = (_composite(name, some, condition, actions), tuple(one.logical_id for one in some))
    return found


def _composite(name: str, children: list[Planned], condition: str, actions: list[Value]) -> Value:
    rule = " OR ".join(f'ALARM("${{{one.logical_id}}}")' for one in children)
    resource: dict[str, Value] = {"Type": COMPOSITE}
    if condition:
        resource["Condition"] = condition
    table = children[0].table
    resource["Properties"] = {
        "AlarmName": Call("Fn::Sub", f"${{{table}}}-{name}"),
        "AlarmDescription": f"Any alarm of {children[0].called} rings: the ones under it say which, and what to look at.",
        "AlarmRule": Call("Fn::Sub", rule),
        "AlarmActions": list(actions),
        "OKActions": list(actions),
    }
    return resource


def _table_condition(planned: Planned) -> str:
    node = planned.subject.table.node.get("Condition") if planned.subject is not None else None
    return getattr(node, "text", "")


def _stem(planned: Planned) -> str:
    assert planned.subject is not None
    table = planned.subject.table
    return pascal(word(table.short or table.logical_id))


def _free(stem: str, taken: set[str]) -> str:
    found, number = stem, 2
    while found in taken:
        found, number = f"{stem}{number}", number + 1
    return found


def _keys(text: Text) -> list[str]:
    section = text.at(("Resources",))
    return [entry.key for entry in getattr(section, "entries", ())]
