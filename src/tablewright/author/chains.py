"""DependsOn of what stays, where what it names goes."""

from __future__ import annotations

from collections.abc import Collection

from tablewright.author.editing import Text, put_item, put_value, take_entry, take_item
from tablewright.template.tree import Mapping, Scalar, Sequence


def unchained(text: Text, gone: Collection[str]) -> Text:
    """A resource that waited for what goes waits for what that waited for."""
    section = text.tree.get("Resources")
    for key in [entry.key for entry in section.entries] if isinstance(section, Mapping) else ():
        names = _waits_for(text, key)
        if key in gone or not set(names) & set(gone):
            continue
        where = ("Resources", key, "DependsOn")
        new = [name for name in _beyond(text, names, gone) if name not in names and name != key]
        if isinstance(text.at(where), Scalar):
            text = put_value(text, where, new[0] if len(new) == 1 else list(new)) if new else take_entry(text, where)
            continue
        for name in new:
            text = put_item(text, where, name)
        for number in reversed(range(len(names))):
            if names[number] in gone:
                text = take_item(text, (*where, number))
    return text


def _beyond(text: Text, names: Collection[str], gone: Collection[str]) -> list[str]:
    """What stays of what those among ``names`` that go waited for, through others that go as well."""
    found: list[str] = []
    seen: set[str] = set()
    left = [name for name in names if name in gone]
    while left:
        name = left.pop(0)
        if name in seen:
            continue
        seen.add(name)
        for before in _waits_for(text, name):
            if before in gone:
                left.append(before)
            elif before not in found:
                found.append(before)
    return found


def _waits_for(text: Text, key: str) -> list[str]:
    node = text.at(("Resources", key, "DependsOn"))
    listed = node.items if isinstance(node, Sequence) else (node,)
    return [one.text for one in listed if isinstance(one, Scalar)]
