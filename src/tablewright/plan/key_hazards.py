"""What becomes of KMS keys, and of the tables that they encrypt: whichever stack those are of.

An alias is not among them: DynamoDB takes the key that an alias stands for when it is set, and keeps to that key, whose ARN
DescribeTable tells [not checked on AWS]. A deleted key waits for seven to thirty days, in which its deletion can be cancelled;
meanwhile, and while it is disabled or lets nobody in, the table cannot be read or written. Sources: KMS developer guide, "How
Amazon DynamoDB uses AWS KMS" and "Deleting AWS KMS keys"; DynamoDB developer guide, "Encryption at rest: usage notes".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tablewright.model.design import Design, Known
from tablewright.model.table import Table
from tablewright.plan.suspect import Placed, Suspect, touches

KEYS = frozenset({"AWS::KMS::Key", "AWS::KMS::ReplicaKey"})


@dataclass(frozen=True, slots=True)
class Endangered:
    """A key (its id) that a change may take away. ``policies``: the deployed and the wanted one, where that is the danger."""

    logical_id: str
    key: str
    what: str
    policies: tuple[Known | None, Known | None] | None = None


def endangered(placed: Iterable[Placed]) -> tuple[Endangered, ...]:
    """The keys without which tables might not be read any more."""
    found: list[Endangered] = []
    for each in placed:
        change = each.change
        gone = change.action == "Remove" or change.replacement in ("True", "Conditional")
        what = f"{'would be deleted' if gone else 'may be changed, how is not known,'} with nested stack {change.logical_id}"
        found += [Endangered(key, key, what) for key in each.keys]
        if change.type not in KEYS or change.action in ("Add", "Import") or not change.physical_id:
            continue
        danger = _danger(each)
        if danger:
            found.append(Endangered(change.logical_id, change.physical_id, danger))
        elif touches(change, "KeyPolicy"):
            policies = (_policy(each.deployed, change.logical_id), _policy(each.wanted, change.logical_id))
            found.append(Endangered(change.logical_id, change.physical_id, "would have another policy", policies))
    return tuple(found)


def of_keys(keys: Iterable[Endangered], live: Mapping[str, Table], unseen: str = "") -> Iterator[Suspect]:
    """The tables that the keys encrypt; and the key itself, by its id, where there may be tables that were not looked at."""
    for each in keys:
        for table in live.values():
            if (table.kms_key or "").rpartition("/")[2] != each.key or _lets_in(each.policies, table):
                continue
            if each.policies is None:
                what = f"The KMS key {each.logical_id} that encrypts the table {each.what}; without it no item can be read."
            else:
                what = (
                    f"The KMS key {each.logical_id} that encrypts the table {each.what}, which does not surely let in all "
                    "that the deployed one does: whom it locks out can read no item."
                )
            yield Suspect("key-lost", table.name, each.logical_id, what)
        if unseen and not _lets_in(each.policies, None):
            what = f"The KMS key {each.logical_id} {each.what}, and whether tables of other stacks need it is not known: {unseen}"
            yield Suspect("key-unknown", each.key, each.logical_id, what)


def _danger(each: Placed) -> str:
    change = each.change
    if change.action == "Remove":
        return "" if change.policy_action == "Retain" else "would be deleted"
    if change.replacement not in ("False", "") and change.policy_action != "ReplaceAndRetain":
        return "would be replaced"
    disabled = (prop for prop in change.properties if prop.path.split("/")[0] == "Enabled")
    return "would be disabled" if any((prop.after or "").lower() != "true" for prop in disabled) else ""


def _policy(design: Design | None, logical_id: str) -> Known | None:
    found = (r.key_policy for r in design.resources if r.logical_id == logical_id) if design is not None else iter(())
    return next(found, None)


def _lets_in(policies: tuple[Known | None, Known | None] | None, table: Table | None) -> bool:
    """Whether a new policy surely keeps nobody out whom the old one let in: it leaves that to IAM, or says all that the old one
    said; and it denies nothing more.
    """
    if policies is None:
        return False
    before, after = (_statements(each) for each in policies)
    if after is None:
        return False
    old = before or []
    if any(each.get("Effect") != "Allow" and each not in old for each in after):
        return False
    kept = before is not None and all(each in after for each in old)
    account = table.arn.split(":")[4] if table is not None and table.arn.count(":") > 4 else "none"
    return kept or any(_is_the_accounts(each, account) for each in after)


def _statements(policy: Known | None) -> list[dict[str, object]] | None:
    if not isinstance(policy, str):
        return None
    try:
        document = json.loads(policy)
    except ValueError:
        return None
    found = document.get("Statement") if isinstance(document, dict) else None
    listed = [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]
    return listed if listed and (not isinstance(found, list) or len(listed) == len(found)) else None


def _is_the_accounts(statement: Mapping[str, object], account: str) -> bool:
    """Whether it lets the whole account do everything, so that IAM policies decide. Source: KMS developer guide, "Default key
    policy".
    """
    if statement.get("Effect") != "Allow" or "Condition" in statement or "Resource" not in statement:
        return False
    principal = statement.get("Principal")
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    actions = statement.get("Action")
    every = {"kms:*", "*"} & set(actions if isinstance(actions, list) else [actions])
    root = re.compile(rf"\*|{account}|arn:[a-z-]+:iam::{account}:root")
    return bool(every) and any(
        isinstance(one, str) and root.fullmatch(one) for one in (named if isinstance(named, list) else [named])
    )
