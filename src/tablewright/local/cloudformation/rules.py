"""The Rules section: assertions over parameters, checked before anything starts.

Sources: user guide, "Rules section syntax" and "Rule functions": a rule without condition, or whose condition is true, refuses
the operation when one of its assertions is false. That Fn::If and conditions cannot be used there: coverage-roadmap 921, 1183.
The words of a failed assertion are its own description; what CloudFormation writes around it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tablewright.local.cloudformation.errors import template_error, template_format, validation
from tablewright.local.cloudformation.intrinsics import Scope, resolve, text

_FIELDS = frozenset({"RuleCondition", "Assertions"})
_OF_OTHERS = ("Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll")


def check_rules(rules: Mapping[str, Any], scope: Scope) -> None:
    """Raises ValidationError for a malformed rule, and for the assertions that are false."""
    failed: list[str] = []
    for name, rule in rules.items():
        assertions = _assertions(name, rule)
        if "RuleCondition" in rule and not _true(rule["RuleCondition"], scope):
            continue
        for assertion in assertions:
            if not _true(assertion["Assert"], scope):
                failed.append(str(assertion.get("AssertDescription") or f"Rule {name} failed"))
    if failed:
        raise validation("; ".join(failed))


def _assertions(name: str, rule: Any) -> list[Mapping[str, Any]]:
    if not isinstance(rule, Mapping) or not rule.keys() <= _FIELDS:
        raise template_format(f"[/Rules/{name}] a rule must be an object of RuleCondition and Assertions.")
    found = rule.get("Assertions")
    if not isinstance(found, list) or not found:
        raise template_format(f"[/Rules/{name}] every rule must have Assertions.")
    for assertion in found:
        if not isinstance(assertion, Mapping) or "Assert" not in assertion:
            raise template_format(f"[/Rules/{name}/Assertions] every assertion must have an Assert.")
    return found


def _true(expression: Any, scope: Scope) -> bool:
    if not isinstance(expression, Mapping) or len(expression) != 1:
        raise template_error("a rule's condition or assertion must be one rule function")
    ((function, argument),) = expression.items()
    if function in _OF_OTHERS:
        raise validation(f"The embedded CloudFormation does not imitate {function} in Rules.")
    evaluate = _FUNCTIONS.get(function)
    if evaluate is None:
        raise template_error(f"unsupported function in Rules: {function}")
    return evaluate(argument, scope)


def _pair(function: str, argument: Any, scope: Scope) -> tuple[Any, Any]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise template_error(f"every {function} object requires two parameters")
    return resolve(argument[0], scope), resolve(argument[1], scope)


def _texts(value: Any) -> list[str]:
    return [text(item) for item in (value if isinstance(value, list) else [value])]


def _terms(function: str, argument: Any, scope: Scope) -> list[bool]:
    if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
        raise template_error(
            f"every {function} object requires a list of at least 2 and at most 10 boolean parameters."
        )
    return [_true(term, scope) for term in argument]


def _not(argument: Any, scope: Scope) -> bool:
    if not isinstance(argument, list) or len(argument) != 1:
        raise template_error("every Fn::Not object requires a list of one boolean parameter.")
    return not _true(argument[0], scope)


def _equals(argument: Any, scope: Scope) -> bool:
    left, right = _pair("Fn::Equals", argument, scope)
    return text(left) == text(right)


def _contains(argument: Any, scope: Scope) -> bool:
    listed, wanted = _pair("Fn::Contains", argument, scope)
    return set(_texts(wanted)) <= set(_texts(listed))


def _each_equals(argument: Any, scope: Scope) -> bool:
    listed, wanted = _pair("Fn::EachMemberEquals", argument, scope)
    return all(item == text(wanted) for item in _texts(listed))


def _each_in(argument: Any, scope: Scope) -> bool:
    listed, allowed = _pair("Fn::EachMemberIn", argument, scope)
    return set(_texts(listed)) <= set(_texts(allowed))


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], bool]] = {
    "Fn::And": lambda argument, scope: all(_terms("Fn::And", argument, scope)),
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_equals,
    "Fn::EachMemberIn": _each_in,
    "Fn::Equals": _equals,
    "Fn::Not": _not,
    "Fn::Or": lambda argument, scope: any(_terms("Fn::Or", argument, scope)),
}
