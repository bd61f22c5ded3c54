"""Condition operators: how one value of the request compares with one value of the policy.

Each answers True, False, or None where the two cannot be compared (text where a number is wanted): then the condition does
not hold, negated or not. Source: IAM user guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from tablewright.access.glob import Pattern, arn_matches, like, matches, plain

Comparison = Callable[[str, Pattern], bool | None]
"""(value of the request, value of the policy with its variables filled in) -> whether they match."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator. ``negated``: it holds where nothing matches. ``variables``: whether ``${…}`` means something."""

    compare: Comparison
    negated: bool = False
    variables: bool = False
    wildcards: bool = False


def is_operator(written: str) -> bool:
    """Whether it is a condition operator, with any prefix and suffix that it may have."""
    return split(written) is not None


@lru_cache(maxsize=512)
def split(written: str) -> tuple[str, str, bool] | None:
    """``ForAllValues:StringLikeIfExists`` as (set prefix, operator, IfExists); None where it is none."""
    prefix, colon, rest = written.rpartition(":")
    if colon and prefix not in ("ForAllValues", "ForAnyValue"):
        return None
    if rest == "Null":
        return (prefix, rest, False)
    name = rest.removesuffix("IfExists")
    return (prefix, name, name != rest) if name in OPERATORS else None


def _text(pattern: Pattern) -> str:
    return "".join(part for part in pattern if isinstance(part, str))


def _equals(value: str, pattern: Pattern) -> bool:
    return value == _text(pattern)


def _equals_ignoring_case(value: str, pattern: Pattern) -> bool:
    return value.casefold() == _text(pattern).casefold()


def _like(value: str, pattern: Pattern) -> bool:
    return matches(pattern, value)


def _arn(value: str, pattern: Pattern) -> bool:
    return arn_matches(pattern, value)


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def number(text: str) -> Decimal | None:
    """An integer or decimal, as the Numeric operators take it."""
    return Decimal(text) if len(text) <= 64 and _NUMBER.fullmatch(text) else None


def _numeric(test: Callable[[Decimal, Decimal], bool]) -> Comparison:
    def compare(value: str, pattern: Pattern) -> bool | None:
        left, right = number(value), number(_text(pattern))
        return None if left is None or right is None else test(left, right)

    return compare


_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|z|[+-]\d\d:?\d\d)?)?)?)?"
)


def moment(text: str) -> datetime | None:
    """A date and time in a W3C profile of ISO 8601, or in epoch seconds; UTC. None where it is neither."""
    seconds = number(text)
    if seconds is not None and not re.fullmatch(r"\d{4}", text):
        limit = Decimal(253402300799)  # the end of the year 9999
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(seconds)) if 0 <= seconds <= limit else None
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        local = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]), tzinfo=UTC,
        )  # fmt: skip
        return local - _offset(zone)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone in "Zz":
        return timedelta()
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -ahead if zone[0] == "-" else ahead


def _dated(test: Callable[[datetime, datetime], bool]) -> Comparison:
    def compare(value: str, pattern: Pattern) -> bool | None:
        left, right = moment(value), moment(_text(pattern))
        return None if left is None or right is None else test(left, right)

    return compare


def _bool(value: str, pattern: Pattern) -> bool | None:
    left, right = value.lower(), _text(pattern).lower()
    return left == right if {left, right} <= {"true", "false"} else None


def _binary(value: str, pattern: Pattern) -> bool | None:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(_text(pattern), validate=True)
    except (binascii.Error, ValueError):
        return None


def _address(value: str, pattern: Pattern) -> bool | None:
    try:
        address = ipaddress.ip_address(value)
        network = ipaddress.ip_network(_text(pattern), strict=False)
    except ValueError:
        return None
    return address.version == network.version and address in network


def _pair(name: str, compare: Comparison, opposite: str, **kind: bool) -> dict[str, Operator]:
    return {name: Operator(compare, **kind), opposite: Operator(compare, negated=True, **kind)}


def _ordered(name: str, make: Callable[[Callable[..., bool]], Comparison]) -> dict[str, Operator]:
    return {
        **_pair(f"{name}Equals", make(lambda left, right: left == right), f"{name}NotEquals"),
        f"{name}LessThan": Operator(make(lambda left, right: left < right)),
        f"{name}LessThanEquals": Operator(make(lambda left, right: left <= right)),
        f"{name}GreaterThan": Operator(make(lambda left, right: left > right)),
        f"{name}GreaterThanEquals": Operator(make(lambda left, right: left >= right)),
    }


OPERATORS: dict[str, Operator] = {
    **_pair("StringEquals", _equals, "StringNotEquals", variables=True),
    **_pair("StringEqualsIgnoreCase", _equals_ignoring_case, "StringNotEqualsIgnoreCase", variables=True),
    **_pair("StringLike", _like, "StringNotLike", variables=True, wildcards=True),
    **_ordered("Numeric", _numeric),
    **_ordered("Date", _dated),
    "Bool": Operator(_bool),
    "BinaryEquals": Operator(_binary),
    **_pair("IpAddress", _address, "NotIpAddress"),
    **_pair("ArnEquals", _arn, "ArnNotEquals", variables=True, wildcards=True),
    **_pair("ArnLike", _arn, "ArnNotLike", variables=True, wildcards=True),
}
"""Every operator but Null, which asks only whether the key is there."""


def reader(operator: Operator) -> Callable[[str], Pattern]:
    """How a policy's value is read for the operator: with wildcards, or character for character."""
    return like if operator.wildcards else plain
