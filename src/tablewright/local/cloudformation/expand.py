"""The AWS::LanguageExtensions transform: Fn::ForEach unrolled, and functions where plain CloudFormation wants literals.

Source: user guide, "AWS::LanguageExtensions transform" and "Fn::ForEach".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tablewright.local.cloudformation.errors import CfnError, validation
from tablewright.local.cloudformation.intrinsics import NO_VALUE, Scope, resolve, text

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
SUPPORTED = frozenset({LANGUAGE_EXTENSIONS})

_LOOP = re.compile(r"Fn::ForEach::([A-Za-z0-9]+)$")
_ONLY_WITH_EXTENSIONS = ("Fn::Length", "Fn::ToJsonString")


def expand(sections: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The processed template. `scope` gives parameters, pseudo parameters and mappings; resources have no value yet."""
    try:
        unrolled = _unroll(dict(sections), {}, scope)
    except CfnError as error:
        raise validation(f"Transform {LANGUAGE_EXTENSIONS} failed with: {error.message}") from None
    assert isinstance(unrolled, dict)
    for declared in (unrolled.get("Resources") or {}).values():
        if isinstance(declared, dict):
            for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
                if isinstance(declared.get(attribute), dict):
                    value = resolve(declared[attribute], scope)
                    if value is NO_VALUE:
                        del declared[attribute]
                    else:
                        declared[attribute] = value
    unrolled.pop("Transform", None)
    return unrolled


def uses_extensions(value: Any) -> str:
    """The name of a function in `value` that only works with the transform, or empty."""
    if isinstance(value, list):
        return next((found for item in value if (found := uses_extensions(item))), "")
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _ONLY_WITH_EXTENSIONS or _LOOP.match(key):
                return str(key)
            if found := uses_extensions(item):
                return found
    return ""


def _unroll(value: Any, names: Mapping[str, str], scope: Scope) -> Any:
    if isinstance(value, str):
        return _substitute(value, names)
    if isinstance(value, list):
        return [_unroll(item, names, scope) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and value["Ref"] in names:
        return names[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        return _unroll_sub(value["Fn::Sub"], names, scope)
    result: dict[str, Any] = {}
    for key, item in value.items():
        loop = _LOOP.match(key)
        if loop is None:
            result[_substitute(key, names)] = _unroll(item, names, scope)
            continue
        for produced, body in _loop(loop.group(1), item, names, scope).items():
            if produced in result:
                raise validation(f"Fn::ForEach produces the key {produced} more than once")
            result[produced] = body
    return result


def _unroll_sub(argument: Any, names: Mapping[str, str], scope: Scope) -> Any:
    if isinstance(argument, str):
        replaced = _substitute(argument, names)
        return {"Fn::Sub": replaced} if "${" in replaced else replaced
    return {"Fn::Sub": _unroll(argument, names, scope)}


def _loop(name: str, argument: Any, names: Mapping[str, str], scope: Scope) -> dict[str, Any]:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        raise validation(f"Fn::ForEach::{name} layout is incorrect")
    identifier, collection, body = argument
    if not isinstance(body, dict):
        raise validation(f"Fn::ForEach::{name} layout is incorrect")
    produced: dict[str, Any] = {}
    for item in _collection(collection, names, scope):
        inner = {**names, identifier: item}
        for key, value in _unroll(body, inner, scope).items():
            produced[key] = value
    return produced


def _collection(value: Any, names: Mapping[str, str], scope: Scope) -> list[str]:
    resolved = resolve(_unroll(value, names, scope), scope)
    items = resolved if isinstance(resolved, list) else [resolved]
    flat: list[str] = []
    for item in items:
        flat += [text(inner) for inner in item] if isinstance(item, list) else [text(item)]
    return flat


def _substitute(value: str, names: Mapping[str, str]) -> str:
    for name, item in names.items():
        value = value.replace(f"${{{name}}}", item).replace(f"&{{{name}}}", re.sub(r"[^A-Za-z0-9]", "", item))
    return value
