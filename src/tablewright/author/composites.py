"""Composite alarms: one over the alarms of a table, which alone tells somebody; alarms join it and leave it in place."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tablewright.author.alarm_plan import Planned
from tablewright.author.editing import Text, put_value
from tablewright.author.siblings import pascal, word
from tablewright.author.writing import Call, Value
from tablewright.template.tree import Scalar

COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
CHILDREN = 50
"""Alarms of one composite alarm: 100 are allowed, within 10,240 characters of names (PutCompositeAlarm, API reference)."""

_CHILD = re.compile(r'ALARM\("\$\{(\w+)\}"\)')


@dataclass(frozen=True, slots=True)
class Together:
    """New composite alarms by logical ID; those that are there already with the alarms they will be over; who is under one."""

    written: dict[str, Value]
    joined: dict[str, tuple[str, ...]]
    under: frozenset[str]


NONE = Together({}, {}, frozenset())


def together(text: Text, planned: Sequence[Planned], taken: Collection[str], actions: Sequence[Value]) -> Together:
    """The composite alarms that these alarms go under, table by table."""
    written: dict[str, Value] = {}
    joined: dict[str, tuple[str, ...]] = {}
    under: set[str] = set()
    for table in dict.fromkeys(one.table for one in planned if one.table):
        own = [one for one in planned if one.table == table and one.subject is not None]
        condition = _condition(own[0])
        # An alarm that may be missing while the table is there cannot be named: it tells by itself.
        left = [one for one in own if one.subject is not None and one.subject.condition == condition]
        stem = f"{_stem(own[0])}Alarms"
        standing = children(text, stem)
        if standing is not None and len(standing) + len(left) <= CHILDREN:
            joined[stem] = (*standing, *(one.logical_id for one in left))
            under.update(one.logical_id for one in left)
            continue
        for start in range(0, len(left), CHILDREN):
            some = left[start : start + CHILDREN]
            if len(some) < 2:
                continue  # one alarm alone needs none above it
            key = _free(stem, {*taken, *written})
            name = key[len(_stem(own[0])) :].lower()
            written[key] = _resource(name, some, condition, actions)
            under.update(one.logical_id for one in some)
    return Together(written, joined, frozenset(under))


def children(text: Text, key: str) -> tuple[str, ...] | None:
    """The alarms under a composite alarm that rings when any of them does; None for one whose rule says anything else."""
    kind = text.at(("Resources", key, "Type"))
    rule = text.at(_rule(key))
    if not isinstance(kind, Scalar) or kind.text != COMPOSITE or not isinstance(rule, Scalar):
        return None
    found = tuple(_CHILD.findall(rule.text))
    return found if found and rule.text == written_rule(found) else None


def with_children(text: Text, key: str, alarms: Sequence[str]) -> Text:
    """The composite alarm over these alarms instead."""
    return put_value(text, _rule(key), written_rule(alarms))


def written_rule(alarms: Sequence[str]) -> str:
    """Rings when any of them does."""
    return " OR ".join(f'ALARM("${{{one}}}")' for one in alarms)


def _rule(key: str) -> tuple[str, ...]:
    return ("Resources", key, "Properties", "AlarmRule", "Fn::Sub")


def _resource(name: str, some: Sequence[Planned], condition: str, actions: Sequence[Value]) -> Value:
    resource: dict[str, Value] = {"Type": COMPOSITE}
    if condition:
        resource["Condition"] = condition
    resource["Properties"] = {
        "AlarmName": Call("Fn::Sub", f"${{{some[0].table}}}-{name}"),
        "AlarmDescription": f"Any alarm of {some[0].called} rings: the ones under it say which, and what to look at.",
        "AlarmRule": Call("Fn::Sub", written_rule([one.logical_id for one in some])),
        "AlarmActions": list(actions),
        "OKActions": list(actions),
    }
    return resource


def _condition(planned: Planned) -> str:
    node = planned.subject.table.node.get("Condition") if planned.subject is not None else None
    return node.text if isinstance(node, Scalar) else ""


def _stem(planned: Planned) -> str:
    assert planned.subject is not None
    table = planned.subject.table
    return pascal(word(table.short or table.logical_id))


def _free(stem: str, taken: Collection[str]) -> str:
    found, number = stem, 2
    while found in taken:
        found, number = f"{stem}{number}", number + 1
    return found
