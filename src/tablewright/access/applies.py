"""Whether a statement speaks of a request, and if not, which of its elements does not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tablewright.access.conditions import holds, why_not
from tablewright.access.glob import Pattern, fence, like, matches
from tablewright.access.policy import Condition, Policy, Statement
from tablewright.access.principals import Named, named_by
from tablewright.access.request import Request
from tablewright.access.variables import Context, pattern


@dataclass(frozen=True, slots=True)
class Reading:
    """What a statement has to say to a request. ``misses`` is the element that does not fit: action, resource, principal or
    condition; empty where the statement applies. ``named`` is how closely it names the caller (identity-based: directly).
    """

    applies: bool
    misses: str = ""
    why: str = ""
    named: Named = Named.DIRECTLY


def read(
    statement: Statement,
    request: Request,
    context: Context,
    *,
    variables: bool = True,
    resource_based: bool = False,
    bounded: bool = False,
) -> Reading:
    """How the statement reads for the request. ``context`` is ``request.keys()``."""
    named = Named.DIRECTLY
    if resource_based:
        named = named_by(statement, request.caller, bounded=bounded)
        if not named:
            return Reading(False, "principal", f"it does not name {request.caller.arn}", named)
    if not speaks_of_action(statement, request.action):
        return Reading(False, "action", f"its {_element(statement)} does not cover {request.action}", named)
    if not speaks_of_resource(statement, request.resource, context, variables=variables):
        return Reading(False, "resource", f"its resource does not cover {request.resource}", named)
    unmet = first_unmet(statement.conditions, context, variables=variables)
    if unmet is not None:
        return Reading(False, "condition", why_not(unmet, context), named)
    return Reading(True, named=named)


def speaks_of_action(statement: Statement, action: str) -> bool:
    """Whether the statement's Action covers the action, or its NotAction leaves it in. Case does not matter."""
    wanted = action.lower()
    covered = any(matches(_action(pattern_), wanted) for pattern_ in statement.actions)
    return covered is not statement.not_actions


def speaks_of_resource(statement: Statement, resource: str, context: Context, *, variables: bool = True) -> bool:
    """Whether the statement's Resource covers the ARN, or its NotResource leaves it in. No Resource covers all."""
    if statement.resources is None:
        return True
    covered = any(_covers(text, resource, context, variables) for text in statement.resources)
    return covered is not statement.not_resources


def first_unmet(conditions: tuple[Condition, ...], context: Context, *, variables: bool = True) -> Condition | None:
    """The first condition that does not hold; None where all do."""
    return next((each for each in conditions if not holds(each, context, variables=variables)), None)


def _covers(text: str, resource: str, context: Context, variables: bool) -> bool:
    if text == "*":
        return True
    if "${" in text and variables:
        wanted = pattern(text, context, like)
        return wanted is not None and matches(fence(wanted), resource)
    return matches(_resource(text), resource)


@lru_cache(maxsize=4096)
def _resource(text: str) -> Pattern:
    return fence(like(text))


@lru_cache(maxsize=4096)
def _action(text: str) -> Pattern:
    return like(text.lower())


def _element(statement: Statement) -> str:
    return "NotAction" if statement.not_actions else "Action"


def statements_of(policies: tuple[Policy, ...]) -> list[tuple[Policy, Statement]]:
    """Every statement with the policy that it stands in."""
    return [(policy, statement) for policy in policies for statement in policy.statements]
