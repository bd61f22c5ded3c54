"""Template text, JSON or YAML, to plain values: mappings, lists, strings, numbers, booleans, None.

YAML short forms (`!Ref X`, `!GetAtt A.B`, `!Sub ...`) become their long forms. As in CloudFormation, YAML 1.1 rules hold,
but timestamps stay text, and aliases and custom tags other than the intrinsic functions are refused.
Source: CloudFormation user guide, "Template formats" and "Intrinsic function reference".
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tablewright.local.cloudformation.errors import template_format

SHORT_FORMS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{
        f"!{name}": f"Fn::{name}"
        for name in [
            "And",
            "Base64",
            "Cidr",
            "Contains",
            "EachMemberEquals",
            "EachMemberIn",
            "Equals",
            "FindInMap",
            "GetAZs",
            "GetAtt",
            "If",
            "ImportValue",
            "Join",
            "Length",
            "Not",
            "Or",
            "Select",
            "Split",
            "Sub",
            "ToJsonString",
            "Transform",
        ]
    },
}

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+]?[0-9]+)?$|[-+]?[0-9][0-9_]*([eE][-+]?[0-9]+)$")
_BOOLEAN = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith("{"):
        try:
            return json.loads(stripped)
        except json.JSONDecodeError as error:
            # YAML is a superset: flow style is YAML too.
            try:
                return _from_yaml(text)
            except Exception:
                raise template_format(f"JSON not well-formed. (line {error.lineno}, column {error.colno})") from None
    return _from_yaml(text)


def parse(text: str) -> Any:
    """The value that `text` is. Raises ValidationError `Template format error: ... not well-formed. (line, column)`."""
    # The parse is cached, and a value must not be shared between callers that expand it.
    return _copied(_parsed(text))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def _from_yaml(text: str) -> Any:
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)  # type: ignore[assignment,unused-ignore]
    try:
        node = reader.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise template_format(f"YAML not well-formed.{where}") from None
    except (YAMLError, ValueError):
        raise template_format("YAML not well-formed.") from None
    return None if node is None else _value(node)


def _value(node: Node) -> Any:
    tag = str(node.tag or "")
    if tag in SHORT_FORMS:
        return _short_form(tag, node)
    if tag.startswith("!") and tag != "!":
        raise template_format(f"[{_path_less(node)}] {tag} is not a supported tag")
    return _plain(node, tag)


def _plain(node: Node, tag: str) -> Any:
    if isinstance(node, MappingNode):
        return {str(_key(key)): _value(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_value(item) for item in node.value]
    assert isinstance(node, ScalarNode)
    return _scalar(node, tag)


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise template_format(f"YAML not well-formed. (line {node.start_mark.line + 1})")
    return str(node.value)


def _scalar(node: ScalarNode, tag: str) -> Any:
    text = str(node.value)
    if node.style in ("'", '"', "|", ">"):
        return text
    if tag.endswith(":null"):
        return None
    if tag.endswith(":bool"):
        return _BOOLEAN.get(text.lower(), text)
    if _INTEGER.match(text):
        return int(text.replace("_", ""))
    if _FLOAT.match(text) and tag.endswith(":float"):
        return float(text.replace("_", ""))
    return text


def _short_form(tag: str, node: Node) -> dict[str, Any]:
    name = SHORT_FORMS[tag]
    value = _value_of_function(node)
    if name == "Fn::GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


def _value_of_function(node: Node) -> Any:
    """What a short form is applied to; a scalar is text (`!Ref 1` names `1`), nested structures are values."""
    if isinstance(node, ScalarNode):
        return str(node.value)
    return _plain(node, "")


def _path_less(node: Node) -> str:
    return f"line {node.start_mark.line + 1}"
