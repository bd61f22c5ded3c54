"""Policy JSON to a policy; whatever IAM would not take is an error that says where and what is expected."""

from __future__ import annotations

import difflib
import json
from typing import Any

from tablewright.access.operators import is_operator
from tablewright.access.policy import ALLOW, DENY, OLD_VERSION, VERSION, Condition, Policy, Principal, Statement
from tablewright.errors import UsageError

_TOP = ("Version", "Id", "Statement")
_STATEMENT = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
)  # fmt: skip
_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")


def read_policy(text: str, name: str = "policy") -> Policy:
    """The policy that ``text`` is. ``name`` is the file's or the policy's, for messages. Raises UsageError."""
    try:
        document = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1].strip() if error.lineno <= len(text.splitlines()) else ""
        shown = f"\n\n    {line[:160]}" if line else ""
        raise UsageError(
            "policy-not-json",
            "The policy is not JSON",
            f"{name}, line {error.lineno}, column {error.colno}: {error.msg}.{shown}",
        ) from None
    except _Twice as twice:
        raise _wrong(name, "", f"the key {twice.args[0]!r} stands twice in one object, and IAM refuses that") from None
    except RecursionError:
        raise _wrong(name, "", "it is nested deeper than any policy can be") from None
    return policy_of(document, name)


def policy_of(document: Any, name: str = "policy") -> Policy:
    """The policy that JSON values are. Raises UsageError."""
    if not isinstance(document, dict):
        raise _wrong(name, "", "a policy is an object with Version and Statement")
    if "Statement" not in document and isinstance(document.get("PolicyDocument"), dict):
        document = document["PolicyDocument"]  # the answer of an IAM call, saved as it was
    _known(document, _TOP, name, "")
    version = document.get("Version", OLD_VERSION)
    if version not in (VERSION, OLD_VERSION):
        raise _wrong(
            name, "Version", f"{version!r} is not a version of the policy language; the current one is {VERSION}"
        )
    if "Statement" not in document:
        raise _wrong(name, "", "it has no Statement")
    written = document["Statement"]
    listed = written if isinstance(written, list) else [written]
    statements = tuple(_statement(item, number, name) for number, item in enumerate(listed, 1))
    sids = [statement.sid for statement in statements if statement.sid]
    twice = next((sid for sid in sids if sids.count(sid) > 1), None)
    if twice is not None:
        raise _wrong(name, "Statement", f"two statements have the Sid {twice}; IAM wants each to be unique")
    return Policy(statements, version, _text(document.get("Id", ""), name, "Id"), name)


class _Twice(Exception):
    """A key that stands twice in one object."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _statement(item: Any, number: int, name: str) -> Statement:
    where = f"Statement[{number}]"
    if not isinstance(item, dict):
        raise _wrong(name, where, "a statement is an object")
    _known(item, _STATEMENT, name, where)
    effect = item.get("Effect")
    if effect not in (ALLOW, DENY):
        said = "is missing" if effect is None else f"is {effect!r}"
        raise _wrong(name, f"{where}.Effect", f"it {said}; it is Allow or Deny, written exactly so")
    action = _either(item, "Action", name, where, needed=True)
    resource = _either(item, "Resource", name, where)
    principal = _either(item, "Principal", name, where)
    actions = _texts(item[action], name, f"{where}.{action}")
    for one in actions:
        _check_action(one, name, f"{where}.{action}")
    return Statement(
        effect=effect,
        actions=actions,
        resources=_texts(item[resource], name, f"{where}.{resource}") if resource else None,
        sid=_text(item.get("Sid", ""), name, f"{where}.Sid"),
        conditions=_conditions(item.get("Condition", {}), name, f"{where}.Condition"),
        principals=_principals(item[principal], name, f"{where}.{principal}") if principal else None,
        not_actions=action == "NotAction",
        not_resources=resource == "NotResource",
        not_principals=principal == "NotPrincipal",
        number=number,
    )


def _either(item: dict[str, Any], element: str, name: str, where: str, *, needed: bool = False) -> str:
    written = [key for key in (element, f"Not{element}") if key in item]
    if len(written) == 2:
        raise _wrong(name, where, f"it has both {element} and Not{element}; a statement takes one of them")
    if needed and not written:
        raise _wrong(name, where, f"it has no {element}")
    return written[0] if written else ""


def _check_action(action: str, name: str, where: str) -> None:
    if action == "*":
        return
    service, colon, called = action.partition(":")
    if not colon or not service or not called:
        raise _wrong(name, where, f"{action!r} is not an action; an action is service:Name, as dynamodb:GetItem")
    if not service.replace("-", "").isalnum():
        raise _wrong(name, where, f"{action!r} has no plain service name before the colon; wildcards go after it")


def _principals(written: object, name: str, where: str) -> tuple[Principal, ...]:
    if written == "*":
        return (Principal("*", "*"),)
    if not isinstance(written, dict) or not written:
        raise _wrong(name, where, 'it is "*" or an object such as {"AWS": "arn:aws:iam::111122223333:role/App"}')
    _known(written, _PRINCIPALS, name, where)
    return tuple(
        Principal(kind, value) for kind, values in written.items() for value in _texts(values, name, f"{where}.{kind}")
    )


def _conditions(block: object, name: str, where: str) -> tuple[Condition, ...]:
    if not isinstance(block, dict):
        raise _wrong(name, where, "it is an object of operators")
    found = []
    for operator, keys in block.items():
        if not is_operator(operator):
            raise _wrong(name, where, f"{operator!r} is not a condition operator{_meant(operator)}")
        if not isinstance(keys, dict) or not keys:
            raise _wrong(name, f"{where}.{operator}", "it is an object of condition keys")
        for key, values in keys.items():
            place = f"{where}.{operator}.{key}"
            texts = _scalars(values, name, place)
            if operator.rpartition(":")[2] == "Null" and any(text.lower() not in ("true", "false") for text in texts):
                raise _wrong(name, place, "Null compares with true (the key is absent) or false (it has a value)")
            found.append(Condition(operator, key, texts))
    return tuple(found)


def _meant(operator: str) -> str:
    from tablewright.access.operators import OPERATORS

    near = difflib.get_close_matches(operator.rpartition(":")[2], OPERATORS, 1)
    return f"; did you mean {near[0]}?" if near else ""


def _texts(value: object, name: str, where: str) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise _wrong(name, where, "the list is empty")
    return tuple(_text(item, name, where) for item in listed)


def _scalars(value: object, name: str, where: str) -> tuple[str, ...]:
    """Condition values: numbers and booleans may be written bare, and are texts to IAM."""
    listed = value if isinstance(value, list) else [value]
    found = []
    for item in listed:
        if isinstance(item, bool):
            found.append("true" if item else "false")
        elif isinstance(item, (str, int, float)):
            found.append(str(item))
        else:
            raise _wrong(name, where, "a condition's value is text, a number or a boolean")
    return tuple(found)


def _text(value: object, name: str, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, where, f"text is expected, and {json.dumps(value, default=str)[:60]} is written")
    return value


def _known(item: dict[str, Any], names: tuple[str, ...], name: str, where: str) -> None:
    for key in item:
        if key not in names:
            lower = {one.lower(): one for one in names}
            near = difflib.get_close_matches(key.lower(), lower, 1, 0.5)
            meant = f"; did you mean {lower[near[0]]}?" if near else f"; it takes {', '.join(names)}"
            raise _wrong(name, where, f"{key!r} is not an element of it{meant}")


def _wrong(name: str, where: str, what: str) -> UsageError:
    place = f"{name}, {where}" if where else name
    return UsageError("policy-malformed", "The policy is malformed", f"{place}: {what}.")
