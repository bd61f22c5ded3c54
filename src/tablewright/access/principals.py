"""Whether a resource-based policy's principal is the caller, and how closely it names it.

How closely matters: what is granted to a user or a session itself is not limited by what other policies leave out, what is
granted to a role is limited by boundary and session policy, and what is granted to an account only opens the door for it.
Sources: IAM user guide, "AWS JSON policy elements: Principal", "NotPrincipal", "How AWS enforcement code logic evaluates
requests to allow or deny access".
"""

from __future__ import annotations

from enum import IntEnum

from tablewright.access.policy import Principal, Statement
from tablewright.access.request import Caller, CallerKind


class Named(IntEnum):
    """How a caller is named; the greater, the closer."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECTLY = 3


def named_by(statement: Statement, caller: Caller, *, bounded: bool = False) -> Named:
    """How the statement's principal element names the caller; NOT where it does not speak of it.

    ``bounded``: the caller has a permissions boundary; then NotPrincipal with Deny always denies it.
    """
    principals = statement.principals or ()
    closest = max((_named(principal, caller) for principal in principals), default=Named.NOT)
    if not statement.not_principals:
        return closest
    if statement.effect == "Deny" and bounded and caller.has_policies:
        return Named.DIRECTLY
    return Named.NOT if closest else Named.DIRECTLY


def _named(principal: Principal, caller: Caller) -> Named:
    if principal.value == "*" and principal.kind in ("*", "AWS"):
        return Named.DIRECTLY
    if principal.kind == "Service":
        return _directly(caller.kind is CallerKind.SERVICE and principal.value in (caller.arn, "*"))
    if principal.kind == "Federated":
        return _directly(caller.kind is CallerKind.FEDERATED and principal.value in (caller.arn, "*"))
    if principal.kind != "AWS" or caller.kind in (CallerKind.SERVICE, CallerKind.FEDERATED, CallerKind.ANONYMOUS):
        return Named.NOT
    if principal.value in (caller.account, f"arn:{_partition(caller)}:iam::{caller.account}:root"):
        return Named.DIRECTLY if caller.kind is CallerKind.ROOT else Named.ACCOUNT
    if principal.value == caller.arn and caller.arn != caller.role:
        return Named.DIRECTLY
    if caller.kind is CallerKind.ROLE and _is_role(principal.value, caller):
        return Named.ROLE
    return Named.NOT


def _directly(matched: bool) -> Named:
    return Named.DIRECTLY if matched else Named.NOT


def _partition(caller: Caller) -> str:
    return caller.arn.split(":", 2)[1]


def _is_role(arn: str, caller: Caller) -> bool:
    """Whether the ARN is the session's role. A session's ARN leaves the role's path out, and role names are unique."""
    if arn == caller.role:
        return True
    head = f"arn:{_partition(caller)}:iam::{caller.account}:role/"
    is_full = caller.arn == caller.role
    return not is_full and arn.startswith(head) and arn.rpartition("/")[2] == caller.role.rpartition("/")[2]
