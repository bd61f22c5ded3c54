"""What IAM refuses of roles and providers and ministack does not.

Sources: IAM API reference (CreateRole, UpdateAssumeRolePolicy, AttachRolePolicy); the words are those that users quote in public
issue threads. ministack has only some of AWS's own managed policies, so those are attached unseen.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from typing import Any

__all__ = ["amend_iam", "trust_refused"]

Answer = tuple[int, dict[str, str], bytes]


def amend_iam(iam: types.ModuleType) -> None:
    """Put the checks in front of ministack's handlers."""
    rules = _Rules(iam)
    for name, method in (
        ("CreateRole", rules.create_role),
        ("UpdateAssumeRolePolicy", rules.update_assume_role_policy),
        ("AttachRolePolicy", rules.attach_role_policy),
    ):
        iam._IAM_HANDLERS[name] = method


class _Rules:
    def __init__(self, module: Any) -> None:
        self._iam = module
        self._create_role = module._create_role
        self._update_trust = module._update_assume_role_policy
        self._attach = module._attach_role_policy

    def _refuse(self, status: int, code: str, words: str) -> Answer:
        refused: Answer = self._iam._error(status, code, words, ns="iam")
        return refused

    def create_role(self, params: Any) -> Answer:
        """CreateRole, of a role that somebody may assume."""
        if words := trust_refused(self._iam._p(params, "AssumeRolePolicyDocument")):
            return self._refuse(400, "MalformedPolicyDocument", words)
        answer: Answer = self._create_role(params)
        return answer

    def update_assume_role_policy(self, params: Any) -> Answer:
        """UpdateAssumeRolePolicy, likewise."""
        if words := trust_refused(self._iam._p(params, "PolicyDocument")):
            return self._refuse(400, "MalformedPolicyDocument", words)
        answer: Answer = self._update_trust(params)
        return answer

    def attach_role_policy(self, params: Any) -> Answer:
        """AttachRolePolicy, of a policy of this account that is there."""
        arn = self._iam._p(params, "PolicyArn")
        own = arn.startswith(f"arn:aws:iam::{self._iam.get_account_id()}:policy/")
        if own and arn not in self._iam._policies:
            return self._refuse(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
        answer: Answer = self._attach(params)
        return answer


def trust_refused(text: str) -> str:
    """Why a text is no trust policy, or empty."""
    try:
        document = json.loads(text)
    except ValueError:
        return "This policy contains invalid Json"
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list) or not statements:
        return "Syntax errors in policy."
    for statement in statements:
        if not isinstance(statement, Mapping) or statement.get("Effect") not in ("Allow", "Deny"):
            return "Syntax errors in policy."
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return "Missing required field Principal"
        if "Action" not in statement and "NotAction" not in statement:
            return "Missing required field Action"
        for field in ("Resource", "NotResource"):
            if field in statement:
                return f"Has prohibited field {field}"
    return ""
