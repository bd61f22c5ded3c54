"""The form of a template's sections before anything in them is expanded: what may stand where, whatever it means.

Sources of the words: `'null' values are not allowed in templates` (cfn-lint 38 and 246, moto 4221), `Invalid template parameter
property` (senza 94), both quoted from AWS. The others are words unverified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tablewright.local.cloudformation.errors import template_format, validation

_PARAMETER_MEMBERS = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)
_FREE = "Metadata"
"""What stands in metadata is nobody's business."""


def check_form(sections: Mapping[str, Any]) -> None:
    """Raises ValidationError for a null, a malformed mapping, an unknown member of a parameter, a name used twice."""
    for path in _nulls(sections, ""):
        raise validation(f"[{path}] 'null' values are not allowed in templates")
    _check_parameters(sections.get("Parameters") or {})
    _check_mappings(sections.get("Mappings") or {})
    twice = sorted(set(sections.get("Parameters") or {}) & set(sections.get("Resources") or {}))
    if twice:
        raise template_format(f"Names must be unique: [{', '.join(twice)}] are parameters and resources.")


def _nulls(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name != _FREE:
                # AWS shows a resource's properties under its Type.
                shown = "Type" if name == "Properties" and path.count("/") == 2 else name
                yield from _nulls(item, f"{path}/{shown}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _nulls(item, f"{path}/{number}")


def _check_parameters(section: Mapping[str, Any]) -> None:
    for body in section.values():
        unknown = [member for member in body if member not in _PARAMETER_MEMBERS] if isinstance(body, Mapping) else []
        if unknown:
            raise validation(f"Invalid template parameter property '{unknown[0]}'")


def _check_mappings(section: Mapping[str, Any]) -> None:
    for name, rows in section.items():
        if not str(name).isalnum():
            raise template_format(f"Mapping name {name} is non alphanumeric.")
        if not isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows.values()):
            raise template_format(f"[/Mappings/{name}] Every key of a mapping must have an object of attributes.")
        for row in rows.values():
            for value in row.values():
                if isinstance(value, Mapping):
                    raise template_format("Every Mappings attribute must be a String or a List.")
