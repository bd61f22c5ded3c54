"""Identity policies: which tables, indexes and streams they reach."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.granting import tables_named
from tablewright.lint.rule import ERROR, WARNING, Problem, rule
from tablewright.lint.statements import IDENTITY, Document, Policies, Statement
from tablewright.model.actions import ITEM_ACTIONS

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+|\*|\$\{.*|", re.DOTALL)
_ACCOUNT = re.compile(r"\d{12}|\*|\$\{.*|", re.DOTALL)


@rule("TW-IAM-005", "query-without-index", WARNING, "policy")
def query_without_index(policies: Policies) -> Iterator[Problem]:
    """Query on a table, and not on its indexes

    What it finds: an Allow of Query or Scan on the exact ARN of a table that has global indexes, where no statement of
        the same document reaches an index of it.
    Why it matters: an index is a resource of its own: the ARN of the table does not cover it, and every query on an
        index is refused (AccessDeniedException).
    Instead: the table's ARN and !Sub ${Table.Arn}/index/*.
    When to ignore: the program queries the table only.
    Source: Service Authorization Reference for DynamoDB (resource types of Query).
    """
    for document in policies.documents:
        if document.kind != IDENTITY:
            continue
        indexed = {
            table.logical_id
            for statement in document.statements
            for pattern in statement.resources
            for table, rest in tables_named(policies, pattern)
            if statement.allows and rest.startswith(("*", "/*", "/index")) and _queries(statement)
        }
        if any(not pattern.known or pattern.shown == "*" for one in document.statements for pattern in one.resources):
            continue
        for statement in document.statements:
            if not statement.allows or not _queries(statement) or not statement.whole:
                continue
            for pattern in statement.resources:
                for table, rest in tables_named(policies, pattern):
                    if rest == "" and table.globals and table.logical_id not in indexed:
                        names = ", ".join(index.called for index in table.globals)
                        yield Problem(
                            pattern.position,
                            f"Query is granted on {table.called}, and not on {names}",
                            f"Add !Sub ${{{table.logical_id}.Arn}}/index/*.",
                            _owner(document),
                        )
                        indexed.add(table.logical_id)


def _queries(statement: Statement) -> bool:
    return statement.grants("Query") or statement.grants("Scan")


@rule("TW-IAM-006", "wildcard-after-table", WARNING, "policy")
def wildcard_after_table(policies: Policies) -> Iterator[Problem]:
    """A wildcard that reaches further than the tables

    What it finds: an Allow on a table ARN that ends in a wildcard within the table's name: table/orders-*, table/*.
    Why it matters: * also matches the slash: the pattern grants on indexes, streams, backups and exports, on the tables
        of other stages, and on tables that do not exist yet.
    Instead: the table's ARN, and /index/* after it where indexes are queried.
    When to ignore: the tables are made by the program, under this prefix.
    Source: IAM user guide, "IAM JSON policy elements: Resource"; Service Authorization Reference for DynamoDB.
    """
    for document, statement in policies.allowed():
        if not statement.dynamodb_actions():
            continue
        for pattern in statement.resources:
            named = pattern.arn[2] if pattern.arn else ""
            reference = pattern.table_reference()
            name = named.removeprefix("table/") if named.startswith("table/") else None
            loose = (name is not None and "/" not in name and name.endswith("*")) or (reference and reference[1] == "*")
            if loose:
                yield Problem(
                    pattern.position,
                    f"{named or pattern.shown} also covers indexes, streams, backups and every other table that it matches",
                    "Name each table, and its /index/* where it is queried.",
                    _owner(document),
                )


@rule("TW-IAM-008", "placeholder-in-arn", ERROR, "policy", covers=("E3510",))
def placeholder_in_arn(policies: Policies) -> Iterator[Problem]:
    """A placeholder was left in an ARN

    What it finds: an ARN of DynamoDB whose region is no region, or whose account is not twelve digits: region, account,
        REGION …
    Why it matters: IAM takes the text as it stands; it matches no table, so the statement grants nothing.
    Instead: !Sub arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/NAME, or !GetAtt Table.Arn; outside a
        template, the region and the account themselves.
    When to ignore: a program fills the file in before it is used.
    Source: IAM user guide, "IAM ARNs".
    """
    for document in policies.documents:
        for statement in document.statements:
            for pattern in statement.resources:
                if pattern.arn is None or not pattern.known:
                    continue
                region, account, named = pattern.arn
                if named.startswith("global-table/"):
                    region = "*"
                wrong = [text for text, form in ((region, _REGION), (account, _ACCOUNT)) if not form.fullmatch(text)]
                if wrong:
                    named_so = " and ".join(repr(one) for one in wrong)
                    told = "are placeholders: they match" if len(wrong) > 1 else "is a placeholder: it matches"
                    yield Problem(
                        pattern.position,
                        f"{named_so} in the ARN {told} nothing",
                        f"Write arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:{named}, under !Sub."
                        if document.owner is not None
                        else "Write the region and the account of the table; tablewright policy generate writes such a policy.",
                        _owner(document),
                    )


@rule("TW-IAM-017", "index-nobody-queries", WARNING, "policy")
def index_nobody_queries(policies: Policies) -> Iterator[Problem]:
    """Full access to items, and no Query

    What it finds: a policy that allows reading, writing and deleting items of tables, one of which has a global index,
        where no policy checked with it allows Query or Scan on that table.
    Why it matters: an index can only be queried or scanned; as granted, nobody can use it, and the program is refused
        when it tries. BatchGetItem, BatchWriteItem and ConditionCheckItem are actions of their own, too.
    Instead: add dynamodb:Query, with the index's ARN where tables are named one by one.
    When to ignore: another policy, kept elsewhere, grants Query.
    Source: Service Authorization Reference for DynamoDB.
    """
    for document in policies.documents:
        if document.kind != IDENTITY:
            continue
        for statement in document.statements:
            full = all(statement.grants(name) for name in ("GetItem", "PutItem", "DeleteItem"))
            if not statement.allows or not full or _queries_anywhere(policies):
                continue
            for pattern in statement.resources:
                table = next((one for one, _ in tables_named(policies, pattern) if one.globals), None)
                if table is not None:
                    names = ", ".join(index.called for index in table.globals)
                    missing = sorted(
                        name for name in ITEM_ACTIONS if not name.startswith("PartiQL") and not statement.grants(name)
                    )
                    yield Problem(
                        statement.actions[0][1] if statement.actions else statement.position,
                        f"Nobody may query {names} of {table.called}: the policy grants no {', '.join(missing)}",
                        "Add dynamodb:Query.",
                        _owner(document),
                    )
                    break


def _queries_anywhere(policies: Policies) -> bool:
    return any(
        statement.allows and (_queries(statement) or statement.not_actions)
        for document in policies.documents
        for statement in document.statements
    )


def _owner(document: Document) -> str:
    return document.owner.logical_id if document.owner is not None else ""
