"""Whether a request is allowed, by every policy that has a say, and which statement decided.

The order is IAM's own: an explicit deny anywhere decides; then each level of the service control policies must allow; then,
in the resource's account, a resource-based policy or the caller's own policies, narrowed by permissions boundary and session
policy; from another account, both. Nothing here asks AWS, and nothing but the given policies is known.

Sources: IAM user guide, "How AWS enforcement code logic evaluates requests to allow or deny access", "Policy evaluation for
requests within a single account", "Cross-account policy evaluation logic", "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tablewright.access.applies import Reading, read, statements_of
from tablewright.access.policy import ALLOW, DENY, Policy, Statement
from tablewright.access.principals import Named
from tablewright.access.request import CallerKind, Request
from tablewright.access.variables import Context


class Effect(Enum):
    """How a request ends."""

    ALLOWED = "allowed"
    EXPLICITLY_DENIED = "explicitly denied"
    IMPLICITLY_DENIED = "implicitly denied"


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies that have a say.

    ``identity``: of the user with its groups, or of the role. ``resource``: the resource's own. ``boundary``: the permissions
    boundary. ``session``: given when the session was made; None where none was. ``service_control``: one tuple of policies
    for each level of the organisation, the root's first. ``resource_control``: those of all levels; each level allows
    everything beside them (RCPFullAWSAccess cannot be detached), so only what they deny counts.
    """

    identity: tuple[Policy, ...] = ()
    resource: Policy | None = None
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    service_control: tuple[tuple[Policy, ...], ...] = ()
    resource_control: tuple[Policy, ...] = ()


@dataclass(frozen=True, slots=True)
class Deciding:
    """A statement that decided, in the policy that it stands in. ``kind`` says what sort of policy that is."""

    kind: str
    policy: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An Allow that covers the action and yet does not apply, and why."""

    kind: str
    policy: str
    statement: Statement
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request ends, ``by`` which statements, and ``why`` in a sentence.

    ``by`` holds every deny that applied, or the allows that let it through. ``near`` helps where nothing allowed it.
    """

    effect: Effect
    why: str
    by: tuple[Deciding, ...] = ()
    near: tuple[NearMiss, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return self.effect is Effect.ALLOWED


IDENTITY = "identity-based policy"
RESOURCE = "resource-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"
SERVICE_CONTROL = "service control policy"
RESOURCE_CONTROL = "resource control policy"

NEEDS_RESOURCE_POLICY = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "kms:")
"""What the resource's own policy must allow even within the account: a role's trust policy, a key's policy."""


def decide(request: Request, policies: Policies) -> Decision:
    """How the request ends under the policies."""
    return _Case(request, policies).decide()


@dataclass(frozen=True, slots=True)
class _Allows:
    """The allows found in one kind of policy; ``named`` is the closest naming of the caller."""

    found: tuple[Deciding, ...]
    named: Named = Named.NOT


class _Case:
    """One request under its policies; every statement is read once a kind of policy."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self._request = request
        self._policies = policies
        self._context: Context = request.keys()
        self._near: list[NearMiss] = []

    def decide(self) -> Decision:
        denies = tuple(self._denies())
        if denies:
            first = denies[0]
            why = f"{first.statement.label} of the {first.kind}{_called(first.policy)} denies it."
            return Decision(Effect.EXPLICITLY_DENIED, why, denies)
        return self._guarded() or self._granted()

    def _guarded(self) -> Decision | None:
        """The service control policies: each level of the organisation must allow."""
        caller = self._request.caller
        if caller.has_policies or caller.kind is CallerKind.ROOT:
            for level, policies in enumerate(self._policies.service_control, 1):
                if not self._allows(SERVICE_CONTROL, policies).found:
                    return self._nothing(f"no {SERVICE_CONTROL} at level {level} of the organisation allows it.")
        return None

    def _granted(self) -> Decision:
        request, caller = self._request, self._request.caller
        given = (self._policies.resource,) if self._policies.resource is not None else ()
        resource = self._allows(RESOURCE, given)
        if not caller.has_policies and caller.kind is not CallerKind.ROOT:
            if resource.found:
                return self._let(f"The resource's policy allows it for the {caller.kind.value}.", resource)
            return self._nothing(
                f"the resource's policy does not allow it, and no other can for the {caller.kind.value}."
            )
        if caller.account != request.owner:
            return self._across(resource)
        return self._within(resource)

    def _within(self, resource: _Allows) -> Decision:
        """A call within one account: the resource's policy or the caller's own."""
        if resource.named is Named.DIRECTLY:
            return self._let("The resource's policy names the caller itself, and nothing denies it.", resource)
        if resource.named is Named.ROLE:
            narrowed = self._narrowed()
            if narrowed is None:
                return self._let("The resource's policy allows it for the role.", resource)
            return self._nothing(narrowed)
        if self._needs_resource_policy() and not resource.found:
            return self._nothing("the resource's own policy must allow it, and does not.")
        if self._request.caller.kind is CallerKind.ROOT:
            return self._let("The account's root user may do everything that is not denied.", _Allows(()))
        return self._by_identity(resource)

    def _across(self, resource: _Allows) -> Decision:
        """A call from another account: the resource's policy and the caller's own."""
        if not resource.found:
            return self._nothing(f"the resource is of account {self._request.owner}, and its policy does not allow it.")
        if self._request.caller.kind is CallerKind.ROOT:
            return self._let("The resource's policy allows it for the other account.", resource)
        return self._by_identity(resource)

    def _by_identity(self, resource: _Allows) -> Decision:
        identity = self._identity()
        if not identity.found:
            return self._nothing(f"no {IDENTITY} allows it.")
        narrowed = self._narrowed()
        if narrowed is not None:
            return self._nothing(narrowed)
        first = identity.found[0]
        return self._let(
            f"{first.statement.label} of the {first.kind}{_called(first.policy)} allows it.", identity, resource
        )

    def _identity(self) -> _Allows:
        return self._allows(IDENTITY, self._policies.identity)

    def _narrowed(self) -> str | None:
        """Why the boundary or the session policy lets nothing through here; None where they do."""
        boundary = self._policies.boundary
        if boundary is not None and not self._allows(BOUNDARY, (boundary,)).found:
            return "the permissions boundary does not allow it."
        session = self._policies.session
        if session is not None and self._request.caller.is_session and not self._allows(SESSION, session).found:
            return "the session policy does not allow it."
        return None

    def _needs_resource_policy(self) -> bool:
        return self._request.action.lower().startswith(NEEDS_RESOURCE_POLICY)

    def _let(self, why: str, *allows: _Allows) -> Decision:
        return Decision(Effect.ALLOWED, why, tuple(found for each in allows for found in each.found))

    def _nothing(self, why: str) -> Decision:
        return Decision(Effect.IMPLICITLY_DENIED, why[0].upper() + why[1:], near=tuple(self._near))

    def _allows(self, kind: str, policies: tuple[Policy, ...]) -> _Allows:
        found = []
        named = Named.NOT
        for policy, statement, reading in self._readings(kind, policies, ALLOW):
            if reading.applies:
                found.append(Deciding(kind, policy.name, statement))
                named = max(named, reading.named)
            elif reading.misses in ("condition", "resource"):
                miss = NearMiss(kind, policy.name, statement, reading.why)
                if miss not in self._near:
                    self._near.append(miss)
        return _Allows(tuple(found), named)

    def _denies(self) -> Iterator[Deciding]:
        for kind, policies in self._all():
            for policy, statement, reading in self._readings(kind, policies, DENY):
                if reading.applies:
                    yield Deciding(kind, policy.name, statement)

    def _all(self) -> Iterator[tuple[str, tuple[Policy, ...]]]:
        """Every policy whose Deny counts for this caller."""
        policies, caller = self._policies, self._request.caller
        if caller.has_policies or caller.kind is CallerKind.ROOT:
            for level in policies.service_control:
                yield SERVICE_CONTROL, level
        yield RESOURCE_CONTROL, policies.resource_control
        if policies.resource is not None:
            yield RESOURCE, (policies.resource,)
        if caller.has_policies:
            yield IDENTITY, policies.identity
            if policies.boundary is not None:
                yield BOUNDARY, (policies.boundary,)
            if caller.is_session and policies.session is not None:
                yield SESSION, policies.session

    def _readings(
        self, kind: str, policies: tuple[Policy, ...], effect: str
    ) -> Iterator[tuple[Policy, Statement, Reading]]:
        for policy, statement in statements_of(policies):
            if statement.effect == effect:
                yield (
                    policy,
                    statement,
                    read(
                        statement,
                        self._request,
                        self._context,
                        variables=policy.has_variables,
                        resource_based=kind == RESOURCE,
                        bounded=self._policies.boundary is not None,
                    ),
                )


def _called(name: str) -> str:
    return f" {name}" if name else ""
