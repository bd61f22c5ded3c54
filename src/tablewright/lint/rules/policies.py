"""Identity and resource policies: actions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.granting import covered_types
from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.statements import IDENTITY, Document, Policies, Statement, matches
from tablewright.lint.values import blocks, dig, texts
from tablewright.model.actions import ACTIONS, CONTROL_PLANE, ITEM_ACTIONS, NOT_ACTIONS
from tablewright.template.resolve import Block, Resolved

_RUNS_PROGRAMS = re.compile(r"(lambda|ecs-tasks|ec2|apprunner|tasks\.apprunner|states|pods\.eks|batch)\.amazonaws\.com")
_KNOWN = {name.lower(): name for name in ACTIONS}


@rule("TW-IAM-007", "grants-everything", ERROR, "policy")
def grants_everything(policies: Policies) -> Iterator[Problem]:
    """Every action, or every table

    What it finds: an Allow of dynamodb:*, or an Allow on Resource * of actions that can be limited to a table. An error
        where both are together, a warning where one of them stands alone. Statements with a Condition are left out.
    Why it matters: dynamodb:* includes DeleteTable and PutResourcePolicy; Resource * includes every table of the
        account.
    Instead: the actions that the program calls, on the tables that it uses.
    When to ignore: an administrator's role, or a deployer's that is limited elsewhere.
    Source: Service Authorization Reference for DynamoDB; IAM user guide, "Grant least privilege".
    """
    for document, statement in policies.allowed(IDENTITY):
        if statement.condition is not None or statement.not_actions:
            continue
        actions = statement.dynamodb_actions()
        stars = [(name, at) for name, at in actions if name == "*" and not _is_bare(statement)]
        everywhere = [one for one in statement.resources if one.shown == "*"]
        limited = [name for name, _ in actions if _can_be_limited(name)]
        if stars:
            yield Problem(
                stars[0][1],
                "dynamodb:* also grants DeleteTable and PutResourcePolicy",
                "List the actions that are called.",
                _owner(document),
                severity=ERROR if everywhere else WARNING,
            )
        elif everywhere and limited and not _is_bare(statement):
            yield Problem(
                everywhere[0].position,
                f"{limited[0]} is granted on every table of the account",
                "Name the tables: !GetAtt Table.Arn.",
                _owner(document),
                severity=WARNING,
            )


def _is_bare(statement: Statement) -> bool:
    return any(action == "*" for action, _ in statement.actions)


def _can_be_limited(pattern: str) -> bool:
    return any(types and matches(pattern, name) for name, types in ACTIONS.items())


@rule("TW-IAM-009", "unknown-action", ERROR, "policy", covers=("W3037",))
def unknown_action(policies: Policies) -> Iterator[Problem]:
    """An action that DynamoDB does not have

    What it finds: an action, or a pattern of actions, of dynamodb: that matches none of its actions.
    Why it matters: IAM takes any name; the statement grants or denies nothing, and the program is refused at run time.
    Instead: the action as the Service Authorization Reference writes it.
    When to ignore: the action is newer than this version of tablewright.
    Source: Service Authorization Reference for DynamoDB.
    """
    from difflib import get_close_matches

    for document, statement in _all(policies):
        for name, position in statement.dynamodb_actions():
            if name in NOT_ACTIONS or any(matches(name, known) for known in ACTIONS):
                continue
            near = get_close_matches(name, ACTIONS, 1)
            yield Problem(
                position,
                f"DynamoDB has no action {name}",
                f"Did you mean dynamodb:{near[0]}?" if near else "",
                _owner(document),
            )


@rule("TW-IAM-014", "call-that-is-no-action", WARNING, "policy", covers=("W3037",))
def call_that_is_no_action(policies: Policies) -> Iterator[Problem]:
    """A call is granted that is no action

    What it finds: an action named by a transaction or a PartiQL call: TransactWriteItems, TransactGetItems,
        ExecuteStatement …
    Why it matters: there are no such actions: the statement grants nothing. A transaction is authorised by the item
        actions that it consists of, ConditionCheckItem among them.
    Instead: PutItem, UpdateItem, DeleteItem and ConditionCheckItem for TransactWriteItems; GetItem for
        TransactGetItems; the PartiQL actions for statements. dynamodb:EnclosingOperation limits them to transactions.
    When to ignore: the other actions stand there too, and this one is a note.
    Source: Amazon DynamoDB developer guide, "Using IAM with DynamoDB transactions".
    """
    for document, statement in _all(policies):
        for name, position in statement.dynamodb_actions():
            needed = NOT_ACTIONS.get(name)
            if needed:
                yield Problem(
                    position,
                    f"{name} is no action; it needs {', '.join(needed)}",
                    f"Grant {', '.join(f'dynamodb:{one}' for one in needed)}.",
                    _owner(document),
                )


@rule("TW-IAM-010", "action-on-wrong-resource", ERROR, "policy")
def action_on_wrong_resource(policies: Policies) -> Iterator[Problem]:
    """An action on a resource that it does not apply to

    What it finds: an Allow of an action whose resources in the statement are all of other types: GetRecords on a table,
        GetItem on an index, ListTables on anything but *.
    Why it matters: the pair grants nothing, without a word; the program is refused at run time.
    Instead: streams by table/NAME/stream/*, indexes by table/NAME/index/*, the List actions on *.
    When to ignore: never; it has no effect.
    Source: Service Authorization Reference for DynamoDB.
    """
    for document, statement in policies.allowed():
        types = covered_types(statement)
        if types is None or document.kind != IDENTITY:
            continue
        for name, position in statement.dynamodb_actions():
            known = _KNOWN.get(name.lower())
            if known is None or set(ACTIONS[known]) & types or _granted_elsewhere(document, statement, known):
                continue
            wants = " or ".join(ACTIONS[known]) or "*"
            yield Problem(
                position,
                f"{known} applies to {wants}, and the statement names {' and '.join(sorted(types))} only",
                resource=_owner(document),
            )


def _granted_elsewhere(document: Document, statement: Statement, action: str) -> bool:
    for other in document.statements:
        if other is not statement and other.allows and other.grants(action):
            types = covered_types(other)
            if types is None or set(ACTIONS[action]) & types:
                return True
    return False


@rule("TW-IAM-011", "leading-keys-without-key", ERROR, "policy")
def leading_keys_without_key(policies: Policies) -> Iterator[Problem]:
    """A condition on leading keys that a Scan passes

    What it finds: an Allow of Scan under ForAllValues with dynamodb:LeadingKeys, without a Null condition on the same
        key.
    Why it matters: ForAllValues is true when the key is absent, and a Scan has no leading key: the user who may read
        his own items reads the whole table. PartiQL selects that scan are alike.
    Instead: leave Scan out, or add "Null": {"dynamodb:LeadingKeys": "false"}.
    When to ignore: never; the condition does not hold.
    Source: Amazon DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control"; IAM user
        guide, "Set operators for multi-valued context keys".
    """
    for document, statement in policies.allowed():
        if not _has_key(statement.condition, "ForAllValues:", "dynamodb:LeadingKeys"):
            continue
        if _has_key(statement.condition, "Null", "dynamodb:LeadingKeys"):
            continue
        for name, position in statement.dynamodb_actions():
            if matches(name, "Scan") or matches(name, "PartiQLSelect"):
                yield Problem(
                    position,
                    f"{name} has no leading key, so the condition on LeadingKeys lets it pass",
                    'Remove it, or add "Null": {"dynamodb:LeadingKeys": "false"}.',
                    _owner(document),
                )


@rule("TW-IAM-012", "attributes-without-select", WARNING, "policy")
def attributes_without_select(policies: Policies) -> Iterator[Problem]:
    """A condition on attributes that a request without attributes passes

    What it finds: an Allow with a condition on dynamodb:Attributes and without one on dynamodb:Select, or without one
        on dynamodb:ReturnValues where writes are allowed.
    Why it matters: a request that names no attributes is given all of them: reads need Select = SPECIFIC_ATTRIBUTES,
        and writes can return old values unless ReturnValues is NONE or UPDATED_OLD or UPDATED_NEW.
    Instead: all three conditions together.
    When to ignore: only actions are allowed to which neither applies.
    Source: Amazon DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control".
    """
    for document, statement in policies.allowed():
        if not _has_key(statement.condition, "", "dynamodb:Attributes"):
            continue
        reads = any(statement.grants(name) for name in ("GetItem", "Query", "Scan", "BatchGetItem"))
        writes = any(statement.grants(name) for name in ("PutItem", "UpdateItem", "DeleteItem"))
        missing = []
        if reads and not _has_key(statement.condition, "", "dynamodb:Select"):
            missing.append("dynamodb:Select")
        if writes and not _has_key(statement.condition, "", "dynamodb:ReturnValues"):
            missing.append("dynamodb:ReturnValues")
        if missing:
            assert statement.condition is not None
            yield Problem(
                statement.condition.position,
                f"dynamodb:Attributes limits nothing without {' and '.join(missing)}",
                resource=_owner(document),
            )


@rule("TW-IAM-013", "program-changes-tables", WARNING, "policy")
def program_changes_tables(policies: Policies) -> Iterator[Problem]:
    """A program may change tables

    What it finds: a role that a service assumes to run programs (Lambda, ECS, EC2 …), with actions that change tables:
        CreateTable, DeleteTable, UpdateTable, PutResourcePolicy and the like. dynamodb:* is another rule's finding.
    Why it matters: a mistake or an intruder in the program deletes the table; and what the program changes,
        CloudFormation does not know.
    Instead: leave tables to the deployment's role.
    When to ignore: the program manages tables: that is its purpose.
    Source: IAM user guide, "Grant least privilege".
    """
    for document, statement in policies.allowed(IDENTITY):
        if not _is_program(policies, document):
            continue
        for name, position in statement.dynamodb_actions():
            found = [one for one in CONTROL_PLANE if matches(name, one)]
            if name != "*" and found:
                yield Problem(
                    position, f"A program may call {sorted(found)[0]}: {name} changes tables", resource=_owner(document)
                )


def _is_program(policies: Policies, document: Document) -> bool:
    owner = document.owner
    if owner is None:
        return False
    if owner.type == "AWS::Serverless::Function":
        return True
    assumed = owner.properties.get("AssumeRolePolicyDocument")
    for statement in blocks(dig(assumed, "Statement")):
        if any(_RUNS_PROGRAMS.fullmatch(one.text) for one in texts(dig(statement, "Principal", "Service"))):
            return True
    return False


@rule("TW-IAM-018", "items-without-condition", INFO, "policy")
def items_without_condition(policies: Policies) -> Iterator[Problem]:
    """Several tables' items without a condition

    What it finds: an Allow of writing item actions over a wildcard of tables, without any Condition.
    Why it matters: whoever holds the policy reads and writes every item of every table that the pattern will ever
        match.
    Instead: the tables by name; dynamodb:LeadingKeys limits a user to his own items.
    When to ignore: the program serves all users, and the tables are all its own.
    Source: Amazon DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control".
    """
    for document, statement in policies.allowed(IDENTITY):
        wild = [
            one
            for one in statement.resources
            if one.arn and one.arn[2].startswith("table/") and one.arn[2].endswith("*")
        ]
        writes = [
            name for name, _ in statement.dynamodb_actions() if name in ITEM_ACTIONS - {"GetItem", "Query", "Scan"}
        ]
        if statement.condition is None and wild and writes and "/" not in wild[0].arn[2].removeprefix("table/"):  # type: ignore[index]
            yield Problem(
                wild[0].position,
                f"{writes[0]} on every item of {wild[0].arn[2]}, without a condition",  # type: ignore[index]
                resource=_owner(document),
            )


def _has_key(condition: Resolved | None, operator: str, key: str) -> bool:
    """Whether a condition has an operator (by its start; any where empty) with this key."""
    if not isinstance(condition, Block):
        return False
    for field in condition.fields.values():
        inner = field.value
        if field.key.startswith(operator) and isinstance(inner, Block) and any(
            name.lower() == key.lower() for name in inner.fields
        ):  # fmt: skip
            return True
    return False


def _all(policies: Policies) -> Iterator[tuple[Document, Statement]]:
    for document in policies.documents:
        for statement in document.statements:
            yield document, statement


def _owner(document: Document) -> str:
    return document.owner.logical_id if document.owner is not None else ""
