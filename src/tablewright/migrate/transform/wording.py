"""Declared operations in words."""

from __future__ import annotations

from tablewright.migrate.transform.operations import (
    Add,
    Compose,
    Default,
    Drop,
    Extract,
    Merge,
    Operation,
    Rename,
    Retype,
    Set,
    Split,
    When,
)

__all__ = ["sentence"]


def sentence(operation: Operation) -> str:
    """One line for people."""
    return f"{_what(operation)}{_when(operation.when)}"


def _what(operation: Operation) -> str:
    match operation:
        case Rename(source, target):
            return f"rename {source} to {target}"
        case Drop(name):
            return f"drop {name}"
        case Set(name, value):
            return f"set {name} to {value}"
        case Default(name, value):
            return f"set {name} to {value} where it is missing"
        case Add(name, value):
            return f"add {name} = {value}"
        case Retype(name, target, source):
            return f"make {name} {target}" + (f" from {source}" if source else "")
        case Compose(name, template):
            return f"{name} = {template.copied if template.copied is not None else repr(template.text)}"
        case Extract(source, template):
            return f"take {', '.join(template.references)} out of {source}, which reads {template.text!r}"
        case Split(name, into, by):
            return f"split {name} at {by!r} into {', '.join(into)}"
        case Merge(names, into, by):
            return f"merge {', '.join(names)} with {by!r} between into {into}"


def _when(when: When) -> str:
    told = [f"{name} is {value}" for name, value in when.equals]
    told += [f"there is {name}" for name in when.exists] + [f"there is no {name}" for name in when.missing]
    return f", where {' and '.join(told)}" if told else ""
