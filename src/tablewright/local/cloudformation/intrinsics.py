"""The intrinsic functions, evaluated: a pure function of a value and of a scope that knows names.

`KNOWN_AFTER_APPLY` stands for what only a deployment can tell (the ARN of a table that isn't there yet); it passes through every
function, which is how a change set shows it. Source: CloudFormation user guide, "Intrinsic function reference".
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from tablewright.local.cloudformation.errors import template_error, validation

KNOWN_AFTER_APPLY: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""CloudFormation's own text for a value that is not known before the change set runs."""


class _NoValue:
    """What `AWS::NoValue` stands for: the property that holds it is as if absent."""

    def __repr__(self) -> str:
        return "NO_VALUE"


NO_VALUE: Final = _NoValue()

SUB_VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")
_SUB_LITERAL = re.compile(r"\$\{!([^{}]*)\}")


class Scope(Protocol):
    """Where names get their values."""

    def ref(self, name: str) -> Any: ...

    def get_att(self, logical_id: str, attribute: str) -> Any: ...

    def import_value(self, name: str) -> str: ...

    def condition(self, name: str) -> bool: ...

    def mapping(self, name: str) -> Mapping[str, Any] | None: ...

    def zones(self, region: str) -> list[str]: ...


def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every intrinsic function replaced by its result; members that are NO_VALUE are left out."""
    if isinstance(value, list):
        items = (resolve(item, scope) for item in value)
        return [item for item in items if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, argument), *_ = value.items()
        function = FUNCTIONS.get(name)
        if function is not None:
            return function(argument, scope)
        if name.startswith("Fn::"):
            raise validation(f"Template error: encountered unsupported function: {name}")
    members = ((key, resolve(item, scope)) for key, item in value.items())
    return {key: item for key, item in members if item is not NO_VALUE}


def text(value: Any) -> str:
    """A scalar as CloudFormation writes it inside a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def is_unknown(value: Any) -> bool:
    return isinstance(value, str) and KNOWN_AFTER_APPLY in value


def get_att_names(argument: Any) -> tuple[str, Any]:
    """Logical ID and attribute of a Fn::GetAtt, in either of its forms."""
    if isinstance(argument, str) and "." in argument:
        logical_id, attribute = argument.split(".", 1)
        return logical_id, attribute
    if isinstance(argument, list) and len(argument) >= 2 and isinstance(argument[0], str):
        rest = argument[1:]
        attribute = ".".join(rest) if all(isinstance(item, str) for item in rest) else rest[0]
        return argument[0], attribute
    raise template_error(
        "Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
    )


def sub_parts(argument: Any) -> tuple[str, Mapping[str, Any]]:
    """Text and variable map of a Fn::Sub, in either of its forms."""
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], dict)
    ):
        return argument[0], argument[1]
    raise template_error(
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, "
        "and an optional second argument to specify a mapping of values to replace in the string"
    )


def _ref(argument: Any, scope: Scope) -> Any:
    return scope.ref(str(argument))


def _get_att(argument: Any, scope: Scope) -> Any:
    logical_id, attribute = get_att_names(argument)
    return scope.get_att(logical_id, text(resolve(attribute, scope)))


def _sub(argument: Any, scope: Scope) -> str:
    template, variables = sub_parts(argument)
    values = {name: resolve(item, scope) for name, item in variables.items()}

    def replace(match: re.Match[str]) -> str:
        name = match.group(1).strip()
        if name in values:
            return text(values[name])
        if "." in name:
            logical_id, attribute = name.split(".", 1)
            return text(scope.get_att(logical_id, attribute))
        value = scope.ref(name)
        if isinstance(value, list):
            raise template_error(f"Fn::Sub expression does not resolve to a string: {name}")
        return text(value)

    return _SUB_LITERAL.sub(r"${\1}", SUB_VARIABLE.sub(replace, template))


def _join(argument: Any, scope: Scope) -> str:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise template_error(
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings"
        )
    items = resolve(argument[1], scope)
    if is_unknown(items):
        return KNOWN_AFTER_APPLY
    if not isinstance(items, list) or any(isinstance(item, (dict, list)) for item in items):
        raise template_error(
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings"
        )
    return argument[0].join(text(item) for item in items)


def _select(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 2:
        raise template_error("Fn::Select requires a list argument with two elements: an integer index and a list")
    index, items = resolve(argument[0], scope), resolve(argument[1], scope)
    if is_unknown(items) or is_unknown(index):
        return KNOWN_AFTER_APPLY
    try:
        number = int(index)
    except (TypeError, ValueError):
        raise template_error("Fn::Select requires a list argument with a valid index value") from None
    if not isinstance(items, list):
        raise template_error("Fn::Select requires a list argument with two elements: an integer index and a list")
    if not 0 <= number < len(items):
        if any(is_unknown(item) for item in items):
            return KNOWN_AFTER_APPLY
        raise template_error(f"Fn::Select cannot select nonexistent value at index {number}")
    return items[number]


def _split(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise template_error(
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split"
        )
    source = resolve(argument[1], scope)
    if is_unknown(source):
        return KNOWN_AFTER_APPLY
    if isinstance(source, (dict, list)):
        raise template_error(
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split"
        )
    return text(source).split(argument[0])


def _if(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        raise template_error("Fn::If requires a list argument with three elements")
    return resolve(argument[1] if scope.condition(argument[0]) else argument[2], scope)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    if not isinstance(argument, list) or len(argument) not in (3, 4):
        raise template_error(
            "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
        )
    names = [text(resolve(item, scope)) for item in argument[:3]]
    found: Any = scope.mapping(names[0])
    for key in names[1:]:
        found = found.get(key) if isinstance(found, Mapping) else None
    if found is not None:
        return found
    if len(argument) == 4 and isinstance(argument[3], dict) and "DefaultValue" in argument[3]:
        return resolve(argument[3]["DefaultValue"], scope)
    raise template_error(f"Unable to get mapping for {'::'.join(names)}")


def _import_value(argument: Any, scope: Scope) -> Any:
    name = resolve(argument, scope)
    return KNOWN_AFTER_APPLY if is_unknown(name) else scope.import_value(text(name))


def _base64(argument: Any, scope: Scope) -> str:
    source = resolve(argument, scope)
    return KNOWN_AFTER_APPLY if is_unknown(source) else base64.b64encode(text(source).encode()).decode()


def _get_azs(argument: Any, scope: Scope) -> list[str]:
    region = resolve(argument, scope)
    return scope.zones(text(region) if region else text(scope.ref("AWS::Region")))


def _cidr(argument: Any, scope: Scope) -> list[str]:
    values = resolve(argument, scope)
    if not isinstance(values, list) or len(values) not in (2, 3):
        raise template_error(
            "every Fn::Cidr object requires two required parameters, (1) a IP address block and (2) the count"
        )
    if any(is_unknown(item) for item in values):
        return [KNOWN_AFTER_APPLY]
    try:
        block = ipaddress.ip_network(text(values[0]))
        count = int(values[1])
        bits = int(values[2]) if len(values) == 3 else 8
        subnets = block.subnets(new_prefix=block.max_prefixlen - bits)
    except (TypeError, ValueError) as wrong:
        raise template_error(f"Fn::Cidr cannot make blocks of {values}: {wrong}") from None
    return [str(subnet) for _, subnet in zip(range(count), subnets, strict=False)]


def _length(argument: Any, scope: Scope) -> Any:
    items = resolve(argument, scope)
    if is_unknown(items):
        return KNOWN_AFTER_APPLY
    if not isinstance(items, list):
        raise template_error("Fn::Length expects a list")
    return len(items)


def _to_json_string(argument: Any, scope: Scope) -> str:
    return json.dumps(resolve(argument, scope), separators=(",", ":"), ensure_ascii=False)


def _equals(argument: Any, scope: Scope) -> bool:
    if not isinstance(argument, list) or len(argument) != 2:
        raise template_error("every Fn::Equals object requires a list of 2 string parameters.")
    left, right = (resolve(item, scope) for item in argument)
    return text(left) == text(right)


def _terms(name: str, argument: Any, scope: Scope) -> list[bool]:
    if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
        raise template_error(
            f"every Fn::{name} object requires a list of at least 2 and at most 10 boolean parameters."
        )
    return [truth(item, scope) for item in argument]


def _not(argument: Any, scope: Scope) -> bool:
    if not isinstance(argument, list) or len(argument) != 1:
        raise template_error("every Fn::Not object requires a list of one boolean parameter.")
    return not truth(argument[0], scope)


def truth(value: Any, scope: Scope) -> bool:
    """The boolean that a condition expression is."""
    if isinstance(value, dict) and set(value) == {"Condition"}:
        return scope.condition(str(value["Condition"]))
    result = resolve(value, scope)
    if isinstance(result, bool):
        return result
    if result in ("true", "false"):
        return bool(result == "true")
    raise template_error(f"unresolved condition {value}")


FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import_value,
    "Fn::Base64": _base64,
    "Fn::GetAZs": _get_azs,
    "Fn::Cidr": _cidr,
    "Fn::Length": _length,
    "Fn::ToJsonString": _to_json_string,
    "Fn::Equals": _equals,
    "Fn::And": lambda argument, scope: all(_terms("And", argument, scope)),
    "Fn::Or": lambda argument, scope: any(_terms("Or", argument, scope)),
    "Fn::Not": _not,
}
"""Every function that a template may use. `Condition` is left to `truth`: elsewhere it is a plain property name."""
