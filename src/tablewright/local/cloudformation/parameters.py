"""Values of a template's parameters: given, previous or default; checked against their declarations.

Source: user guide, "Parameters" (properties, types) and "SSM parameter types".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.local.cloudformation.errors import template_format, validation

MASK = "****"
"""What CloudFormation shows for a NoEcho parameter."""

_SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>$")
_LISTS = re.compile(r"(CommaDelimitedList|List<.+>)$")
_SCALARS = frozenset({"String", "Number"})


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter as a stack keeps it: what was given, and for SSM types what it stands for."""

    key: str
    value: str
    resolved: str | None = None

    @property
    def effective(self) -> str:
        return self.value if self.resolved is None else self.resolved


def ssm_type(declared: Mapping[str, Any]) -> str:
    """The inner type of an `AWS::SSM::Parameter::Value<...>` parameter, or empty."""
    match = _SSM_VALUE.match(str(declared["Type"]))
    return match.group(1) if match else ""


def choose(
    declarations: Mapping[str, Mapping[str, Any]],
    given: Iterable[Mapping[str, Any]],
    previous: Mapping[str, str],
    *,
    updating: bool,
) -> dict[str, str]:
    """The text of each parameter. Raises ValidationError for one without value, unknown or against its constraints."""
    values: dict[str, str] = {}
    unknown = []
    for entry in given:
        key = str(entry.get("ParameterKey", ""))
        if key not in declarations:
            unknown.append(key)
        elif entry.get("UsePreviousValue"):
            if key not in previous:
                raise validation(
                    f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key "
                    "not in the previous template"
                )
            values[key] = previous[key]
        elif "ParameterValue" in entry:
            values[key] = str(entry["ParameterValue"])
    if unknown and not declarations:
        raise validation("Parameter values specified for a template which does not require them.")
    if unknown:
        raise validation(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = []
    for key, declared in declarations.items():
        _check_type(key, declared)
        if key in values:
            continue
        if "Default" in declared:
            values[key] = default_text(declared["Default"])
        else:
            missing.append(key)
    if missing:
        raise validation(f"Parameters: [{', '.join(missing)}] must have values")
    for key, declared in declarations.items():
        if not ssm_type(declared):
            check_value(key, declared, values[key])
    return {key: values[key] for key in declarations}


def default_text(value: Any) -> str:
    """A default as text: YAML numbers and booleans are written as CloudFormation writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(default_text(item) for item in value)
    return str(value)


def _check_type(key: str, declared: Mapping[str, Any]) -> None:
    kind = str(declared["Type"])
    if kind in _SCALARS or _LISTS.match(kind) or kind.startswith("AWS::"):
        return
    raise template_format(f"Unrecognized parameter type: {kind}")


def check_value(key: str, declared: Mapping[str, Any], value: str) -> None:
    """Refuse a value that breaks the declaration's constraints."""
    kind = ssm_type(declared) or str(declared["Type"])
    words = declared.get("ConstraintDescription")

    def refuse(text: str) -> None:
        if words:
            raise validation(f"Parameter '{key}' failed to satisfy constraint: {words}")
        raise validation(f"Parameter '{key}' {text}")

    items = split_list(value) if _LISTS.match(kind) else [value]
    allowed = declared.get("AllowedValues")
    if allowed is not None:
        choices = {default_text(item) for item in allowed}
        if any(item not in choices for item in items):
            refuse("must be one of AllowedValues")
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not all(_matches(str(pattern), item) for item in items):
        refuse(f"must match pattern {pattern}")
    if kind == "String":
        if "MinLength" in declared and len(value) < int(declared["MinLength"]):
            refuse(f"must contain at least {declared['MinLength']} characters")
        if "MaxLength" in declared and len(value) > int(declared["MaxLength"]):
            refuse(f"must contain at most {declared['MaxLength']} characters")
    if kind in ("Number", "List<Number>"):
        for item in items:
            _check_number(declared, item, refuse)


def _matches(pattern: str, item: str) -> bool:
    try:
        return re.fullmatch(pattern, item) is not None
    except re.error:
        # A Java expression that Python does not read is not judged.
        return True


def _check_number(declared: Mapping[str, Any], item: str, refuse: Any) -> None:
    try:
        number = float(item)
    except ValueError:
        refuse("must be a number")
        return
    if "MinValue" in declared and number < float(declared["MinValue"]):
        refuse(f"must be a number not less than {declared['MinValue']}")
    if "MaxValue" in declared and number > float(declared["MaxValue"]):
        refuse(f"must be a number not greater than {declared['MaxValue']}")


def split_list(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")]


def typed(declared: Mapping[str, Any], value: str) -> Any:
    """What `Ref` gives: a list for list types, text otherwise."""
    kind = ssm_type(declared) or str(declared["Type"])
    return split_list(value) if _LISTS.match(kind) else value


def no_echo(declared: Mapping[str, Any]) -> bool:
    return str(declared.get("NoEcho", "false")).lower() == "true"
