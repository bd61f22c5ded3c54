"""References that an edit leaves without what they refer to: CloudFormation refuses a template that has one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.author.editing import Text
from tablewright.template.tree import Mapping, Node, Scalar, Sequence

_HOLE = re.compile(r"\$\{\s*([A-Za-z0-9]+)(?:\.[^}]*)?\s*\}")


def dangling(before: Text, after: Text) -> tuple[str, ...]:
    """Where ``after`` refers to a resource that only ``before`` has: ``Outputs.Board.Value (line 12) refers to Board``.

    Read are Ref, Fn::GetAtt, the holes of Fn::Sub that its own variables do not fill, and DependsOn.
    """
    gone = _resources(before) - _resources(after)
    if not gone:
        return ()
    return tuple(
        f"{'.'.join(where)} (line {node.position.line}) refers to {name}"
        for where, node, name in _references(after.tree, ())
        if name in gone
    )


def _resources(text: Text) -> set[str]:
    section = text.tree.get("Resources")
    return {entry.key for entry in section.entries} if isinstance(section, Mapping) else set()


def _references(node: Node, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node, str]]:
    if isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield from _references(item, (*where, str(number)))
    if not isinstance(node, Mapping):
        return
    for entry in node.entries:
        here = where if entry.key == "Ref" or entry.key.startswith("Fn::") else (*where, entry.key)
        # Of a resource only; a property may be called DependsOn, as of a container's definition.
        depends = entry.key == "DependsOn" and len(where) == 2 and where[0] == "Resources"
        for name in _named(entry.key if entry.key != "DependsOn" or depends else "", entry.value):
            yield here, entry.value, name
        yield from _references(entry.value, here)


def _named(function: str, argument: Node) -> set[str]:
    """The names that a function's argument refers to by itself, not by what stands in it."""
    first = argument.items[0] if isinstance(argument, Sequence) and argument.items else argument
    if function == "Fn::GetAtt" and isinstance(first, Scalar):
        return {first.text.partition(".")[0]}
    if function == "Ref" and isinstance(argument, Scalar):
        return {argument.text}
    if function == "DependsOn":
        listed = argument.items if isinstance(argument, Sequence) else (argument,)
        return {one.text for one in listed if isinstance(one, Scalar)}
    if function == "Fn::Sub" and isinstance(first, Scalar):
        own = argument.items[1] if isinstance(argument, Sequence) and len(argument.items) > 1 else None
        filled = {entry.key for entry in own.entries} if isinstance(own, Mapping) else set()
        return set(_HOLE.findall(first.text)) - filled
    return set()
