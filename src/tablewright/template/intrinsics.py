"""Intrinsic functions, evaluated as far as the parameters and pseudo parameters allow.

Nothing is guessed: what cannot be known is ``Unknown`` with the reason, and whatever is built from it is Unknown too.
Values are text, lists, mappings, None (no value) or Unknown; CloudFormation turns every scalar into text, and so does this.
Source: CloudFormation user guide, "Intrinsic function reference" and "Pseudo parameters reference".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from collections.abc import Mapping as Values
from dataclasses import dataclass, field

from tablewright.model.design import Unknown
from tablewright.template.tree import Entry, Mapping, Node, Scalar, Sequence

Value = str | list["Value"] | dict[str, "Value"] | Unknown | None

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


@dataclass(slots=True)
class Scope:
    """What a template's expressions can see. ``parameters`` and ``pseudo`` hold what is known; the rest is the template's."""

    parameters: Values[str, Value]
    pseudo: Values[str, Value]
    mappings: Mapping | None = None
    conditions: Mapping | None = None
    names: Values[str, Value] = field(default_factory=dict)  # what Ref of a resource gives, where known
    _decided: dict[str, bool | Unknown | None] = field(default_factory=dict)

    def condition(self, name: str) -> bool | Unknown:
        """Whether the named condition holds."""
        if name in self._decided:
            decided = self._decided[name]
            return Unknown(f"condition {name} refers to itself") if decided is None else decided
        node = self.conditions.get(name) if self.conditions is not None else None
        if node is None:
            return Unknown(f"there is no condition {name}")
        self._decided[name] = None
        self._decided[name] = result = truth(node, self)
        return result


def evaluate(node: Node, scope: Scope) -> Value:
    """The value of a node. A mapping or list may hold Unknown inside; a text never does."""
    if isinstance(node, Scalar):
        return None if node.kind == "null" else node.text
    if isinstance(node, Sequence):
        items = [evaluate(item, scope) for item in node.items]
        return [item for item in items if item is not None]
    called = call(node)
    if called is not None:
        return _FUNCTIONS[called.key](called.value, scope)
    found = {entry.key: evaluate(entry.value, scope) for entry in node.entries}
    return {key: value for key, value in found.items() if value is not None}


def call(node: Mapping) -> Entry | None:
    """The function call that this mapping is, or None where it is a plain mapping."""
    if len(node.entries) == 1 and node.entries[0].key in _FUNCTIONS:
        return node.entries[0]
    return None


def truth(node: Node, scope: Scope) -> bool | Unknown:
    """Whether a condition's expression holds."""
    if not isinstance(node, Mapping) or len(node.entries) != 1:
        return Unknown("the condition is not a condition function")
    key, argument = node.entries[0].key, node.entries[0].value
    if key == "Condition":
        return scope.condition(argument.text) if isinstance(argument, Scalar) else Unknown("not a condition's name")
    items = argument.items if isinstance(argument, Sequence) else (argument,)
    if key == "Fn::Equals" and len(items) == 2:
        left, right = evaluate(items[0], scope), evaluate(items[1], scope)
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
        return left == right
    if key == "Fn::Not" and len(items) == 1:
        inner = truth(items[0], scope)
        return inner if isinstance(inner, Unknown) else not inner
    if key in ("Fn::And", "Fn::Or"):
        settles = key == "Fn::Or"
        results = [truth(item, scope) for item in items]
        if any(result is settles for result in results):
            return settles
        return next((result for result in results if isinstance(result, Unknown)), not settles)
    return Unknown(f"{key} is not a condition function")


def _ref(node: Node, scope: Scope) -> Value:
    return _named(node.text, scope) if isinstance(node, Scalar) else Unknown("Ref without a name")


def _named(name: str, scope: Scope) -> Value:
    if name == "AWS::NoValue":
        return None
    for known in (scope.parameters, scope.pseudo, scope.names):
        if name in known:
            return known[name]
    return Unknown(f"{name} is known only at AWS")


def _sub(node: Node, scope: Scope) -> Value:
    text, local = node, dict[str, Value]()
    if isinstance(node, Sequence) and node.items:
        text = node.items[0]
        given = evaluate(node.items[1], scope) if len(node.items) > 1 else {}
        local = given if isinstance(given, dict) else {}
    if not isinstance(text, Scalar):
        return Unknown("Fn::Sub without a text")
    missing: list[Unknown] = []

    def put(match: re.Match[str]) -> str:
        literal, name = match.group(1), match.group(2).strip()
        if literal:
            return "${" + match.group(2) + "}"
        value = local[name] if name in local else _named(name, scope) if "." not in name else None
        if isinstance(value, str):
            return value
        missing.append(value if isinstance(value, Unknown) else Unknown(f"{name} is known only at AWS"))
        return ""

    whole = _VARIABLE.sub(put, text.text)
    return missing[0] if missing else whole


def _arguments(node: Node, scope: Scope) -> list[Value] | Unknown:
    """The evaluated arguments, places kept (a missing value stays None); Unknown where one of them is."""
    if not isinstance(node, Sequence):
        whole = evaluate(node, scope)
        return whole if isinstance(whole, (Unknown, list)) else [whole]
    values = [evaluate(item, scope) for item in node.items]
    return next((value for value in values if isinstance(value, Unknown)), values)


def _join(node: Node, scope: Scope) -> Value:
    values = _arguments(node, scope)
    if isinstance(values, Unknown):
        return values
    match values:
        case [str(separator), list(parts)]:
            unknown = next((part for part in parts if not isinstance(part, str)), None)
            if unknown is not None:
                return unknown if isinstance(unknown, Unknown) else Unknown("Fn::Join of something that is not text")
            return separator.join(part for part in parts if isinstance(part, str))
    return Unknown("Fn::Join wants a separator and a list")


def _split(node: Node, scope: Scope) -> Value:
    values = _arguments(node, scope)
    match values:
        case Unknown():
            return values
        case [str(separator), str(text)] if separator:
            return list(text.split(separator))
    return Unknown("Fn::Split wants a separator and a text")


def _select(node: Node, scope: Scope) -> Value:
    values = _arguments(node, scope)
    match values:
        case Unknown():
            return values
        case [str(index), list(items)] if index.isdecimal() and int(index) < len(items):
            return items[int(index)]
    return Unknown("Fn::Select wants an index within a list")


def _find_in_map(node: Node, scope: Scope) -> Value:
    values = _arguments(node, scope)
    if isinstance(values, Unknown):
        return values
    here: Node | None = scope.mappings
    for key in values[:3]:
        here = here.get(key) if isinstance(here, Mapping) and isinstance(key, str) else None
    if here is not None and len(values) >= 3:
        return evaluate(here, scope)
    match values[3:]:
        case [{"DefaultValue": default}]:
            return default
    return Unknown("Fn::FindInMap finds nothing")


def _if(node: Node, scope: Scope) -> Value:
    if not isinstance(node, Sequence) or len(node.items) != 3 or not isinstance(node.items[0], Scalar):
        return Unknown("Fn::If wants a condition and two values")
    holds = scope.condition(node.items[0].text)
    if isinstance(holds, Unknown):
        first, second = evaluate(node.items[1], scope), evaluate(node.items[2], scope)
        return first if first == second else holds
    return evaluate(node.items[1 if holds else 2], scope)


def _base64(node: Node, scope: Scope) -> Value:
    value = evaluate(node, scope)
    if isinstance(value, str):
        return base64.b64encode(value.encode()).decode()
    return value if isinstance(value, Unknown) else Unknown("Fn::Base64 wants a text")


def _length(node: Node, scope: Scope) -> Value:
    value = evaluate(node, scope)
    if isinstance(value, list):
        return str(len(value))
    return value if isinstance(value, Unknown) else Unknown("Fn::Length wants a list")


def _only_at_aws(name: str) -> Unknown:
    return Unknown(f"{name} is known only at AWS")


def _truth_text(node: Node, scope: Scope, key: str) -> Value:
    result = truth(Mapping((Entry(key, node.position, node),), node.position), scope)
    return result if isinstance(result, Unknown) else str(result).lower()


_FUNCTIONS: dict[str, Callable[[Node, Scope], Value]] = {
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Base64": _base64,
    "Fn::Length": _length,
    "Fn::Equals": lambda node, scope: _truth_text(node, scope, "Fn::Equals"),
    "Fn::Not": lambda node, scope: _truth_text(node, scope, "Fn::Not"),
    "Fn::And": lambda node, scope: _truth_text(node, scope, "Fn::And"),
    "Fn::Or": lambda node, scope: _truth_text(node, scope, "Fn::Or"),
    "Fn::GetAtt": lambda node, scope: _only_at_aws("an attribute of a resource"),
    "Fn::ImportValue": lambda node, scope: _only_at_aws("another stack's export"),
    "Fn::GetAZs": lambda node, scope: _only_at_aws("the list of availability zones"),
    "Fn::Cidr": lambda node, scope: Unknown("Fn::Cidr is not evaluated"),
    "Fn::Transform": lambda node, scope: _only_at_aws("the result of a macro"),
    "Fn::ToJsonString": lambda node, scope: Unknown("Fn::ToJsonString is not evaluated"),
}
