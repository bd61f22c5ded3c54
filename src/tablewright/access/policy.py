"""A policy as a value: statements that allow or deny, and the JSON that IAM takes.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from dataclasses import dataclass

VERSION = "2012-10-17"
"""The current version of the language; variables work only in it."""

OLD_VERSION = "2008-10-17"
"""What a policy without a Version is read as."""

ALLOW, DENY = "Allow", "Deny"

Json = str | bool | int | float | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a condition block: ``operator`` with its set prefix and IfExists, ``key``, and the values to compare with."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a statement of a resource-based policy names. ``kind`` is AWS, Service, Federated, CanonicalUser, or ``*``."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. The ``not_`` flags say that NotAction, NotResource or NotPrincipal is written instead.

    ``resources`` is None where none is written, as in a role's trust policy; ``principals`` is None in an identity-based
    policy. ``number`` counts from 1 within the policy.
    """

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] | None = None
    sid: str = ""
    conditions: tuple[Condition, ...] = ()
    principals: tuple[Principal, ...] | None = None
    not_actions: bool = False
    not_resources: bool = False
    not_principals: bool = False
    number: int = 0

    @property
    def label(self) -> str:
        """How a person finds it: its Sid, or its place."""
        return self.sid or f"statement {self.number}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document. ``name`` is what messages call it, and no part of the document."""

    statements: tuple[Statement, ...]
    version: str = VERSION
    id: str = ""
    name: str = ""

    @property
    def has_variables(self) -> bool:
        """Whether ``${…}`` is a variable in it, or just those characters."""
        return self.version == VERSION


def as_document(policy: Policy) -> dict[str, Json]:
    """The policy as JSON values, its elements in the order that AWS's documentation writes them."""
    document: dict[str, Json] = {"Version": policy.version}
    if policy.id:
        document["Id"] = policy.id
    document["Statement"] = [_statement(statement) for statement in policy.statements]
    return document


def as_json(policy: Policy) -> str:
    """The policy as IAM takes it, indented, without a final newline."""
    return json.dumps(as_document(policy), indent=2, ensure_ascii=False)


def size(policy: Policy) -> int:
    """How many characters IAM counts: white space outside of texts is left out (IAM quotas)."""
    return len(json.dumps(as_document(policy), separators=(",", ":"), ensure_ascii=False))


def _statement(statement: Statement) -> dict[str, Json]:
    written: dict[str, Json] = {}
    if statement.sid:
        written["Sid"] = statement.sid
    written["Effect"] = statement.effect
    if statement.principals is not None:
        written["NotPrincipal" if statement.not_principals else "Principal"] = _principals(statement.principals)
    written["NotAction" if statement.not_actions else "Action"] = _one_or_many(statement.actions)
    if statement.resources is not None:
        written["NotResource" if statement.not_resources else "Resource"] = _one_or_many(statement.resources)
    if statement.conditions:
        written["Condition"] = _conditions(statement.conditions)
    return written


def _one_or_many(values: tuple[str, ...]) -> Json:
    return values[0] if len(values) == 1 else list(values)


def _principals(principals: tuple[Principal, ...]) -> Json:
    if any(principal.kind == "*" for principal in principals):
        return "*"
    kinds: dict[str, tuple[str, ...]] = {}
    for principal in principals:
        kinds[principal.kind] = (*kinds.get(principal.kind, ()), principal.value)
    return {kind: _one_or_many(values) for kind, values in kinds.items()}


def _conditions(conditions: tuple[Condition, ...]) -> Json:
    operators: dict[str, dict[str, Json]] = {}
    for condition in conditions:
        operators.setdefault(condition.operator, {})[condition.key] = _one_or_many(condition.values)
    return dict[str, Json](operators)
