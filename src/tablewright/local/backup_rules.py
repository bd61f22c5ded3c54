"""What AWS Backup refuses or keeps, and the data plane alone does not.

Sources: AWS Backup API reference; the refusals' words as quoted in issues of terraform-provider-aws (9297, 10414, 16476),
cloud-nuke (730) and modernisation-platform-terraform-baselines (90, 293). Which vaults a plan may name is its API reference's
rule, its words are not known.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

__all__ = ["amend_backup"]

Answer = tuple[int, dict[str, str], bytes]
Roles = Callable[[], Mapping[str, Mapping[str, Any]]]

_POLICY, _TOLD, _LOCK = "AccessPolicy", "Notifications", "Lock"
_KEPT = {"access-policy": _POLICY, "notification-configuration": _TOLD, "vault-lock": _LOCK}
_INVALID, _REQUEST = "InvalidParameterValueException", "InvalidRequestException"
_SELECTS_NOTHING = "Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty."
_HAS_SELECTIONS = "Related backup plan selections must be deleted prior to backup plan deletion"
_HAS_POINTS = "Backup vault cannot be deleted because it contains recovery points."
_ROLE = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/(?:.*/)?([^/]+)$")


def amend_backup(module: types.ModuleType, roles: Roles) -> None:
    """Put the rules in front of the module's requests; `roles` gives the account's roles by name."""
    module.handle_request = _Rules(module, roles).handle  # type: ignore[attr-defined]


class _Rules:
    def __init__(self, module: types.ModuleType, roles: Roles) -> None:
        self.module: Any = module
        self._roles = roles
        self._handle: Any = self.module.handle_request

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Answer:
        path = unquote(path)
        parts = [part for part in path.strip("/").split("/") if part]
        try:
            asked = json.loads(body) if body else {}
        except ValueError:
            asked = {}
        refused = self._refusal(method, parts, asked)
        if refused is not None:
            return refused
        if len(parts) == 3 and parts[0] == "backup-vaults" and parts[2] in _KEPT:
            return self._of_a_vault(method, parts[1], _KEPT[parts[2]], asked)
        answer: Answer = await self._handle(method, path, headers, body, query)
        if method == "GET" and len(parts) == 2 and parts[0] == "backup-vaults" and answer[0] == 200:
            return self._with_lock(answer)
        return answer

    def _refusal(self, method: str, parts: list[str], asked: Mapping[str, Any]) -> Answer | None:
        if method == "DELETE" and len(parts) == 2 and parts[0] == "backup-vaults":
            vault = self.module._vaults.get(parts[1])
            if vault is not None and vault["NumberOfRecoveryPoints"]:
                return self._refuse(_REQUEST, _HAS_POINTS)
        if parts[:2] != ["backup", "plans"]:
            return None
        selections = self.module._selections.values()
        if method == "DELETE" and len(parts) == 3 and any(each["BackupPlanId"] == parts[2] for each in selections):
            return self._refuse(_REQUEST, _HAS_SELECTIONS)
        if method in ("PUT", "POST") and len(parts) in (2, 3):
            return self._plan(asked.get("BackupPlan") or {})
        if method == "PUT" and len(parts) == 4 and parts[3] == "selections":
            return self._selection(asked.get("BackupSelection") or {})
        return None

    def _plan(self, plan: Mapping[str, Any]) -> Answer | None:
        for rule in plan.get("Rules") or []:
            name = str(rule.get("TargetBackupVaultName", ""))
            if name and name != "Default" and name not in self.module._vaults:
                return self._refuse(_INVALID, f"Backup vault {name} does not exist.")
            days = rule.get("Lifecycle") or {}
            cold, gone = days.get("MoveToColdStorageAfterDays"), days.get("DeleteAfterDays")
            if cold and gone and int(gone) < int(cold) + 90:
                words = "DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays"
                return self._refuse(_INVALID, f"Error in rule {rule.get('RuleName', '')} : {words}")
        return None

    def _selection(self, selection: Mapping[str, Any]) -> Answer | None:
        if not selection.get("Resources") and not selection.get("ListOfTags"):
            return self._refuse(_INVALID, _SELECTS_NOTHING)
        role = str(selection.get("IamRoleArn", ""))
        if not self._assumable(role):
            return self._refuse(_INVALID, f"IAM Role {role} cannot be assumed by AWS Backup")
        return None

    def _assumable(self, arn: str) -> bool:
        """Whether the role is there and trusts Backup; the default service role is always there."""
        found = _ROLE.match(arn)
        if found is None:
            return False
        if found[2] == "AWSBackupDefaultServiceRole":
            return True
        role = self._roles().get(found[2])
        return role is not None and "backup.amazonaws.com" in str(role.get("AssumeRolePolicyDocument", ""))

    def _of_a_vault(self, method: str, name: str, kept: str, asked: Mapping[str, Any]) -> Answer:
        """Access policy, notifications and lock, kept with the vault."""
        vault = self.module._vaults.get(name)
        if vault is None:
            return self._refuse("ResourceNotFoundException", f"Backup vault {name} does not exist.", 404)
        if method == "PUT":
            vault[kept] = dict(asked)
            return _done({})
        if method == "DELETE":
            vault.pop(kept, None)
            return _done({})
        if kept not in vault:
            return self._refuse("ResourceNotFoundException", f"Backup vault {name} has no {kept}.", 404)
        shown = {"BackupVaultName": name, "BackupVaultArn": vault["BackupVaultArn"]}
        given = vault[kept]
        return _done({**shown, **({"Policy": given.get("Policy", "")} if kept == _POLICY else given)})

    def _with_lock(self, answer: Answer) -> Answer:
        """DescribeBackupVault tells the lock; the rest that is kept with a vault has calls of its own."""
        vault = json.loads(answer[2])
        lock = vault.pop(_LOCK, None)
        for name in (_POLICY, _TOLD):
            vault.pop(name, None)
        if lock is not None:
            days = {name: lock[name] for name in ("MinRetentionDays", "MaxRetentionDays") if lock.get(name) is not None}
            vault = {**vault, **days, "Locked": True}
        return answer[0], answer[1], json.dumps(vault).encode()

    def _refuse(self, code: str, message: str, status: int = 400) -> Answer:
        found: Answer = self.module._err(code, message, status)
        return found


def _done(body: Mapping[str, Any]) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()
