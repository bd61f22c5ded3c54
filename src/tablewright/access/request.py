"""Who asks for what: a request as IAM sees it.

Source: IAM user guide, "AWS global condition context keys" and "IAM identifiers".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class CallerKind(Enum):
    """What kind of principal calls."""

    USER = "user"
    ROLE = "role session"
    FEDERATED_USER = "federated user"
    ROOT = "account root user"
    SERVICE = "AWS service"
    FEDERATED = "identity provider"
    ANONYMOUS = "anyone"


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of a request. ``role`` is the ARN of a role session's role; its path is unknown from the session alone."""

    kind: CallerKind
    arn: str
    account: str = ""
    role: str = ""

    @property
    def has_policies(self) -> bool:
        """Whether it is an IAM identity, so that identity-based policies can be attached to it."""
        return self.kind in (CallerKind.USER, CallerKind.ROLE, CallerKind.FEDERATED_USER)

    @property
    def is_session(self) -> bool:
        """Whether it acts with temporary credentials that a session policy can narrow."""
        return self.kind in (CallerKind.ROLE, CallerKind.FEDERATED_USER)

    @property
    def principal_arn(self) -> str:
        """What aws:PrincipalArn holds: the role's ARN for its sessions, else the caller's own."""
        return self.role or self.arn


def caller(written: str) -> Caller:
    """The caller that an ARN, a service's name or ``*`` means."""
    if written in ("*", "anonymous"):
        return Caller(CallerKind.ANONYMOUS, "*")
    parts = written.split(":", 5)
    if len(parts) != 6:
        return Caller(CallerKind.SERVICE if written.endswith(".amazonaws.com") else CallerKind.FEDERATED, written)
    _, partition, service, _, account, resource = parts
    kind, _, rest = resource.partition("/")
    if service == "sts" and kind == "assumed-role":
        role = rest.partition("/")[0]
        return Caller(CallerKind.ROLE, written, account, f"arn:{partition}:iam::{account}:role/{role}")
    if service == "sts" and kind == "federated-user":
        return Caller(CallerKind.FEDERATED_USER, written, account)
    if kind == "root":
        return Caller(CallerKind.ROOT, written, account)
    if kind == "role":
        return Caller(CallerKind.ROLE, written, account, written)
    if kind in ("oidc-provider", "saml-provider"):
        return Caller(CallerKind.FEDERATED, written, account)
    return Caller(CallerKind.USER, written, account)


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``resource`` is the ARN it acts on, ``*`` for an action that acts on none.

    ``context`` holds the condition keys of the request, in any case, with their values. ``resource_account`` is needed where
    the ARN has none (S3) and it is not the caller's.
    """

    action: str
    resource: str
    caller: Caller
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resource_account: str = ""

    @property
    def owner(self) -> str:
        """The account that the resource belongs to."""
        parts = self.resource.split(":", 5)
        return self.resource_account or (parts[4] if len(parts) == 6 else "") or self.caller.account

    def keys(self) -> dict[str, tuple[str, ...]]:
        """The context by lower-case keys, with those that follow from the caller and the resource where they are not given."""
        known = {key.lower(): tuple(values) for key, values in self.context.items()}
        for key, value in self._derived().items():
            if value and key not in known:
                known[key] = (value,)
        return known

    def _derived(self) -> dict[str, str]:
        parts = self.resource.split(":", 5)
        derived = {
            "aws:principalaccount": self.caller.account,
            "aws:resourceaccount": self.owner,
            "aws:requestedregion": parts[3] if len(parts) == 6 else "",
        }
        if self.caller.has_policies or self.caller.kind is CallerKind.ROOT:
            derived["aws:principalarn"] = self.caller.principal_arn
        if self.caller.kind is CallerKind.USER:
            derived["aws:username"] = self.caller.arn.rpartition("/")[2]
        return derived
