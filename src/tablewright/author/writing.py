"""Template values as text: YAML in block style, its intrinsics short unless the file writes them long, or JSON with long ones.

Only what is new is written here; what stands in a file already is never written again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tablewright.template.tree import SHORT_INTRINSICS, Mapping, Node, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an intrinsic function by its long name: ``Call("Fn::Sub", "${AWS::StackName}-x")``, ``Call("Ref", "Table")``."""

    name: str
    argument: Value

    @property
    def short(self) -> str:
        """``!Sub``, or empty where there is no short form."""
        name = self.name.removeprefix("Fn::")
        return f"!{name}" if name in SHORT_INTRINSICS or name in ("Ref", "Condition") else ""

    @property
    def long(self) -> dict[str, Value]:
        """``Fn::Sub: text``, an attribute as the list of its resource and its name."""
        argument = self.argument
        if self.name == "Fn::GetAtt" and isinstance(argument, str):
            return {self.name: [*argument.split(".", 1)]}
        return {self.name: argument}


@dataclass(frozen=True, slots=True)
class Lines:
    """A text of several lines: a literal block in YAML, one string in JSON."""

    text: str


Value = str | int | bool | list["Value"] | dict[str, "Value"] | Call | Lines

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.+(),:= -]*")
_OTHERWISE = re.compile(
    r"(?i:true|false|yes|no|on|off|null|y|n|~)|[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|[0-9]+(:[0-9]+)+|0[xo].*|"
    r"\d{4}-\d\d?-\d\d?.*|[-+]?\.(inf|nan).*"
)
"""Texts that YAML 1.1 reads as something else than text."""


def scalar(value: str | int | bool) -> str:
    """A scalar as YAML: plain where it is read back as the same text, else in single quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and not _OTHERWISE.fullmatch(value) and ": " not in value and value[-1] not in ": ":
        return value
    if any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029\ufeff" for char in value):
        return json.dumps(value)
    return "'" + value.replace("'", "''") + "'"


def quoted(quote: str, value: str) -> str:
    """A text in single or double quotes."""
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Style:
    """``step``: how deep a mapping is indented below its key; ``dash``: how deep a list is; ``quote``: what stands around keys
    and texts, empty where nothing need; ``long``: whether intrinsics are written by their long names.
    """

    step: int = 2
    dash: int = 2
    quote: str = ""
    long: bool = False

    def text(self, value: str | int | bool) -> str:
        """A scalar as it is written in this style."""
        return quoted(self.quote, value) if self.quote and isinstance(value, str) else scalar(value)


USUAL = Style()


def yaml_entry(key: str, value: Value, indent: int = 0, style: Style = USUAL) -> list[str]:
    """The lines of ``key: value`` at an indentation."""
    pad = " " * indent
    head = f"{pad}{style.text(key) if style.quote or not _is_key(key) else key}:"
    first, rest = _value(value, indent, style)
    return [f"{head} {first}" if first else head, *rest]


def yaml_item(value: Value, indent: int, style: Style = USUAL, inner: int | None = None) -> list[str]:
    """The lines of ``- value`` with the dash at an indentation; alone on its line where ``inner`` is that of what follows."""
    value = _spelled(value, style)
    if inner is None or not isinstance(value, dict):
        return list(_items([value], indent, style))
    below = [line for key, one in value.items() for line in yaml_entry(key, one, inner, style)]
    return [" " * indent + "-", *below]


def _is_key(key: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]*(?<!:)", key) is not None and not _OTHERWISE.fullmatch(key)


def _value(value: Value, indent: int, style: Style) -> tuple[str, list[str]]:
    """What stands on the line of a key at an indentation, and the lines below it."""
    value = _spelled(value, style)
    if isinstance(value, Call):
        return _call(value, indent, style)
    if isinstance(value, Lines):
        pad = " " * (indent + style.step)
        return "|", [f"{pad}{line}" if line else "" for line in value.text.splitlines()]
    if isinstance(value, dict):
        if not value:
            return "{}", []
        below = indent + style.step
        return "", [line for key, inner in value.items() for line in yaml_entry(key, inner, below, style)]
    if isinstance(value, list):
        return ("[]", []) if not value else ("", list(_items(value, indent + style.dash, style)))
    return style.text(value), []


def _items(values: list[Value], indent: int, style: Style) -> Iterator[str]:
    pad = " " * indent
    for value in (_spelled(one, style) for one in values):
        if isinstance(value, dict) and value:
            lines = [line for key, inner in value.items() for line in yaml_entry(key, inner, indent + 2, style)]
            yield f"{pad}- {lines[0].lstrip(' ')}"
            yield from lines[1:]
            continue
        first, rest = _value(value, indent + 2 - style.dash, style)
        if first:
            yield f"{pad}- {first}"
            yield from rest
        else:
            yield f"{pad}- {rest[0].lstrip(' ')}"
            yield from rest[1:]


def _spelled(value: Value, style: Style) -> Value:
    return value.long if style.long and isinstance(value, Call) else value


def _call(call: Call, indent: int, style: Style) -> tuple[str, list[str]]:
    if not call.short:
        return "", yaml_entry(call.name, call.argument, indent + style.step, style)
    argument = call.argument
    if isinstance(argument, Call) and argument.short:
        # Two short forms cannot follow each other: the inner one is written long.
        return call.short, yaml_entry(argument.name, argument.argument, indent + style.step, style)
    if isinstance(argument, list) and all(_fits(item) for item in argument):
        return f"{call.short} [{', '.join(flow(item) for item in argument)}]", []
    first, rest = _value(argument, indent, style)
    return f"{call.short} {first}" if first else call.short, rest


def _fits(value: Value) -> bool:
    if isinstance(value, Call):
        return bool(value.short) and isinstance(value.argument, str)
    return isinstance(value, (str, int, bool))


def flow(value: Value, gap: str = "", *, long: bool = False) -> str:
    """The value in one line, as YAML in flow style; ``gap`` stands within braces, ``long`` is as in a Style."""
    if isinstance(value, Call):
        if value.short and isinstance(value.argument, str) and not long:
            return f"{value.short} {flow(value.argument)}"
        return flow(value.long if long else {value.name: value.argument}, gap, long=long)
    if isinstance(value, Lines):
        return json.dumps(value.text)
    if isinstance(value, dict):
        inner = ", ".join(
            f"{key if _is_key(key) else scalar(key)}: {flow(one, gap, long=long)}" for key, one in value.items()
        )
        return f"{{{gap}{inner}{gap}}}"
    if isinstance(value, list):
        return f"[{', '.join(flow(one, gap, long=long) for one in value)}]"
    text = scalar(value)
    return f"'{text}'" if isinstance(value, str) and text == value and re.search(r"[,\[\]{}]", text) else text


def as_plain(value: Value) -> object:
    """The value as JSON values, intrinsics in their long form."""
    if isinstance(value, Call):
        return as_plain(value.long)
    if isinstance(value, dict):
        return {key: as_plain(inner) for key, inner in value.items()}
    if isinstance(value, Lines):
        return value.text
    return [as_plain(inner) for inner in value] if isinstance(value, list) else value


def json_text(value: Value, indent: str = "", step: str = "  ") -> str:
    """The value as JSON, its lines after the first at an indentation."""
    text = json.dumps(as_plain(value), indent=step, ensure_ascii=False)
    return text.replace("\n", "\n" + indent)


def value_of(node: Node) -> Value:
    """A node of a template as a value that can be written elsewhere."""
    if isinstance(node, Scalar):
        if node.kind == "boolean":
            return node.text.lower() == "true"
        return (
            int(node.text)
            if node.kind == "integer" and node.text.isdecimal() and node.text == str(int(node.text))
            else node.text
        )
    if isinstance(node, Sequence):
        return [value_of(item) for item in node.items]
    assert isinstance(node, Mapping)
    if len(node.entries) == 1 and (node.entries[0].key == "Ref" or node.entries[0].key.startswith("Fn::")):
        name, argument = node.entries[0].key, value_of(node.entries[0].value)
        if name == "Fn::GetAtt" and isinstance(argument, list) and all(isinstance(part, str) for part in argument):
            argument = ".".join(str(part) for part in argument)
        return Call(name, argument)
    return {entry.key: value_of(entry.value) for entry in node.entries}
