"""Drift: what a resource really is against what its template says. The comparison is pure.

Source: user guide, "Detect unmanaged configuration changes": only properties that the template sets are compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.local.cloudformation.compare import same

IN_SYNC, MODIFIED, DELETED, NOT_CHECKED = "IN_SYNC", "MODIFIED", "DELETED", "NOT_CHECKED"

_SWITCHES = ("Enabled", "SSEEnabled", "PointInTimeRecoveryEnabled")
_IDENTITIES = ("IndexName", "AttributeName", "Key", "Name", "Id", "RuleName")
_UNREAD_MEMBERS = frozenset({"ContributorInsightsSpecification", "OnDemandThroughput", "WarmThroughput"})
"""Members of an index that are not read back."""


@dataclass(frozen=True, slots=True)
class PropertyDifference:
    """One property that differs; `kind` is ADD, REMOVE or NOT_EQUAL."""

    path: str
    expected: Any
    actual: Any
    kind: str


def property_differences(
    expected: Mapping[str, Any], actual: Mapping[str, Any], unread: frozenset[str]
) -> list[PropertyDifference]:
    """Every difference in what the template sets and the service can tell."""
    found: list[PropertyDifference] = []
    for name, value in expected.items():
        if name not in unread:
            _compare(value, actual.get(name), f"/{name}", found)
    return found


def _off(value: Any) -> bool:
    """A setting that is switched off, or not there at all."""
    if value is None:
        return True
    if not isinstance(value, Mapping):
        return False
    switches = [value[name] for name in _SWITCHES if name in value]
    return bool(switches) and all(str(switch).lower() == "false" for switch in switches)


def _compare(expected: Any, actual: Any, path: str, found: list[PropertyDifference]) -> None:
    if _off(expected) and _off(actual):
        return
    if isinstance(expected, str) and "{{resolve:" in expected:
        # CloudFormation detects no drift in dynamic references.
        return
    if actual is None:
        found.append(PropertyDifference(path, expected, None, "REMOVE"))
    elif isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            if name not in _UNREAD_MEMBERS:
                _compare(value, actual.get(name), f"{path}/{name}", found)
    elif isinstance(expected, list) and isinstance(actual, list):
        _compare_lists(expected, actual, path, found)
    elif not same(expected, actual):
        found.append(PropertyDifference(path, expected, actual, "NOT_EQUAL"))


def _compare_lists(expected: list[Any], actual: list[Any], path: str, found: list[PropertyDifference]) -> None:
    if path.endswith("KeySchema"):
        if not same(expected, actual):
            found.append(PropertyDifference(path, expected, actual, "NOT_EQUAL"))
        return
    left = {_identity(item): (index, item) for index, item in enumerate(expected)}
    right = {_identity(item): (index, item) for index, item in enumerate(actual)}
    for key, (index, item) in left.items():
        if key in right:
            _compare(item, right[key][1], f"{path}/{index}", found)
        else:
            found.append(PropertyDifference(f"{path}/{index}", item, None, "REMOVE"))
    for key, (index, item) in right.items():
        if key not in left:
            found.append(PropertyDifference(f"{path}/{index}", None, item, "ADD"))


def _identity(item: Any) -> str:
    if isinstance(item, Mapping):
        for name in _IDENTITIES:
            if name in item:
                return f"{name}={item[name]}"
    return json.dumps(item, sort_keys=True, default=str)
