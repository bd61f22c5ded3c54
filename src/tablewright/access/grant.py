"""Access patterns to a policy: every action on exactly the resources that it needs, and on no other.

The law that holds it: a generated policy allows each declared pattern's calls and denies every neighbouring one (each other
action, table, index, stream, stage), by the evaluator in ``decide``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tablewright.access.deployer import deployer_statements
from tablewright.access.patterns import Grant, On, Wish
from tablewright.access.policy import ALLOW, Condition, Policy, Principal, Statement
from tablewright.access.scope import Scope, TableScope, table_named
from tablewright.errors import UsageError

Locate = Callable[[TableScope, str], str]
"""(table, what follows its ARN) -> the resource as it is written; ``Scope.arn`` writes real ARNs."""

LEADING_KEYS = "dynamodb:LeadingKeys"
ATTRIBUTES = "dynamodb:Attributes"
SELECT = "dynamodb:Select"
RETURN_VALUES = "dynamodb:ReturnValues"

_BY_ATTRIBUTE = ("dynamodb:UpdateItem",)
"""All that writes single attributes: the other writes replace or delete whole items, and so what is out of reach in them."""


@dataclass(frozen=True, slots=True)
class Options:
    """What else a policy is to say.

    ``leading_keys``: items are reached only under these partition key values (a policy variable, as a rule). ``attributes``: of
    items only these attributes are reached, and the table's keys. ``execution_role``: the ARN of the role that the pipeline
    passes to CloudFormation. ``principals``: ARNs, account numbers or services that a resource-based policy names; empty for an
    identity-based one. ``bucket``: where the pipeline puts templates that are too large to be sent.
    """

    leading_keys: tuple[str, ...] = ()
    execution_role: str = ""
    principals: tuple[str, ...] = ()
    locate: Locate | None = None
    attributes: tuple[str, ...] = ()
    bucket: str = ""


def grant(scope: Scope, wishes: Iterable[Wish], tables: Iterable[TableScope], options: Options | None = None) -> Policy:
    """The least policy that lets its holder do what is wished with the tables. Raises UsageError where that cannot be."""
    writer = _Writer(scope, tuple(tables), options or Options())
    statements = tuple(_numbered(_merged(found for one in wishes for found in writer.statements(one))))
    if not statements:
        raise UsageError("nothing-to-grant", "There is nothing to grant", "No access pattern was named.")
    return Policy(statements)


class _Writer:
    def __init__(self, scope: Scope, tables: tuple[TableScope, ...], options: Options) -> None:
        self._scope = scope
        self._tables = tables
        self._options = options
        self._locate = options.locate or scope.arn

    def statements(self, wish: Wish) -> Iterator[Statement]:
        """The statements of one wish."""
        pattern = wish.pattern
        if pattern.name == "deploy":
            yield from deployer_statements(self._scope, self._tables)
            return
        if not self._tables:
            raise UsageError("no-tables", "There is no table", "The stack has no table to grant anything on.")
        if self._options.leading_keys and not (pattern.items and pattern.name in ("read", "write", "query")):
            raise UsageError(
                "leading-keys-unlimited",
                "Leading keys cannot limit this",
                f"{wish.written} is not limited by leading keys: it reaches items of every key"
                " or none at all. Grant it in a policy of its own, without --leading-keys.",
            )
        if self._options.attributes and pattern.name not in ("read", "write", "query"):
            raise UsageError(
                "attributes-unlimited",
                "Attributes cannot limit this",
                f"{wish.written} reaches whole items, or none at all. Grant it in a policy of its own, without --attribute.",
            )
        copies_only = pattern.name == "migrate" and not any(table.stream for table in self._tables)
        for part in pattern.grants:
            if copies_only and (part.on is On.STREAM or "dynamodb:ListStreams" in part.actions):
                continue
            if self._resources(wish, part.on):
                yield self._statement(wish, part)
        if pattern.name == "export":
            yield self._bucket(wish)
        if pattern.name == "pipeline":
            yield from self._passing(wish)
        if pattern.name in ("pipeline", "plan") and self._options.bucket:
            yield self._templates()
        if pattern.encrypted and not self._options.principals:
            yield from self._keys(wish)

    def _statement(self, wish: Wish, part: Grant) -> Statement:
        sid = _sid(wish, part)
        conditions: tuple[Condition, ...] = ()
        if part.on is On.COUNT:
            conditions = (Condition("StringEquals", SELECT, ("COUNT",)),)
        elif wish.pattern.items and part.on in (On.TABLE, On.INDEX):
            conditions = (*self._conditions(), *self._attributes(wish))
        actions = _BY_ATTRIBUTE if self._options.attributes and wish.pattern.writes else part.actions
        return Statement(ALLOW, actions, self._resources(wish, part.on), sid, conditions, self._principals())

    def _conditions(self) -> tuple[Condition, ...]:
        """Items under certain leading keys only; the Null check, since ForAllValues is true for a call without keys."""
        keys = self._options.leading_keys
        if not keys:
            return ()
        return (Condition("ForAllValues:StringEquals", LEADING_KEYS, keys), Condition("Null", LEADING_KEYS, ("false",)))

    def _attributes(self, wish: Wish) -> tuple[Condition, ...]:
        """Certain attributes only. A call that names none reads or returns all, so it must name some.

        Source: DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control".
        """
        if not self._options.attributes:
            return ()
        keys = {table.keys for table in self._tables}
        if len(keys) > 1 or () in keys:
            raise UsageError(
                "several-keys",
                "The tables have different keys",
                "Every call names the table's keys, so the policy must allow them too, and it can only do so for tables with "
                "the same. Write one for each: --table.",
            )
        names = tuple(dict.fromkeys((*keys.pop(), *self._options.attributes)))
        limited = (Condition("ForAllValues:StringEquals", ATTRIBUTES, names), Condition("Null", ATTRIBUTES, ("false",)))
        if wish.pattern.writes:
            returned = ("NONE", "UPDATED_OLD", "UPDATED_NEW")
            return (*limited, Condition("StringEqualsIfExists", RETURN_VALUES, returned))
        return (*limited, Condition("StringEqualsIfExists", SELECT, ("SPECIFIC_ATTRIBUTES",)))

    def _templates(self) -> Statement:
        """Templates of more than 51,200 bytes: put there by this role, and read by CloudFormation in its name."""
        where = (
            f"arn:{self._scope.partition}:s3:::{_bucket_name(self._options.bucket)}/tablewright/{self._scope.stack}/*"
        )
        return Statement(ALLOW, ("s3:GetObject", "s3:PutObject"), (where,), "LargeTemplates")

    def _principals(self) -> tuple[Principal, ...] | None:
        named = self._options.principals
        return tuple(_principal(one) for one in named) if named else None

    def _resources(self, wish: Wish, on: On) -> tuple[str, ...]:
        if on is On.EVERYTHING:
            return ("*",)
        if on is On.STACK:
            if not self._scope.stack:
                raise UsageError(
                    "no-stack", "No stack is named", f"{wish.written} is about a stack: name it with --stack."
                )
            return (self._scope.stack_arn,)
        if on in (On.ELSEWHERE, On.LISTED):
            keyed = any(one.type in ("AWS::KMS::Key", "AWS::KMS::ReplicaKey") for one in self._scope.resources)
            return () if not keyed else ("*",) if on is On.LISTED else (self._scope.table_arn("*"),)
        if on is On.NESTED:
            return self._scope.nested_arns
        if on is On.COUNT:  # a global table is empty only where each of its replicas is
            regions = [(one, region) for one in self._tables for region in one.regions or (self._scope.region,)]
            return tuple(self._scope.arn(one, "", region) for one, region in regions)
        if on is On.TARGET:
            return (self._target(wish),)
        if on is On.INDEXES:
            return tuple(self._locate(table, f"/index/{name}") for table in self._tables for name in table.indexes)
        if on is On.RULES:
            return tuple(map(self._rules, self._tables))
        return tuple(self._locate(table, self._below(wish, on, table)) for table in self._tables)

    def _rules(self, table: TableScope) -> str:
        """The rules that DynamoDB makes for a table and its indexes. Source: developer guide, "CloudWatch contributor insights
        for DynamoDB: How it works".
        """
        scope, name = self._scope, table.name if self._options.locate is None else f"${{{table.logical_id}}}"
        place = f"arn:{scope.partition}:cloudwatch:{scope.region}:{scope.account}"
        return f"{place}:insight-rule/DynamoDBContributorInsights-*-{name}-*"

    def _below(self, wish: Wish, on: On, table: TableScope) -> str:
        if on is On.STREAM:
            if not table.stream:
                raise UsageError(
                    "no-stream",
                    "The table has no stream",
                    f"{wish.written} needs a stream, and {table.name} has none: add StreamSpecification to it, and deploy.",
                )
            return "/stream/*"
        if on is On.INDEX and wish.argument:
            if wish.argument not in table.indexes:
                there = ", ".join(table.indexes) or "none"
                raise UsageError(
                    "no-such-index",
                    "There is no such index",
                    f"{table.name} has no index {wish.argument}. Its indexes: {there}.",
                )
            return f"/index/{wish.argument}"
        return {On.BACKUP: "/backup/*", On.EXPORT: "/export/*"}.get(on, "")

    def _target(self, wish: Wish) -> str:
        for table in self._scope.tables:
            if wish.argument in (table.name, table.logical_id):
                if table in self._tables:
                    raise UsageError(
                        "target-is-source",
                        "The target is the table itself",
                        f"{wish.written}: name another table than {table.name}.",
                    )
                return self._locate(table, "")
        if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", wish.argument):
            raise UsageError(
                "malformed-table-name", "The name is no table's", f"{wish.argument!r} cannot be a table's name."
            )
        return self._scope.table_arn(wish.argument)

    def _bucket(self, wish: Wish) -> Statement:
        bucket, _, prefix = wish.argument.removeprefix("s3://").partition("/")
        bucket = _bucket_name(bucket)
        below = f"{prefix.strip('/')}/*" if prefix.strip("/") else "*"
        where = f"arn:{self._scope.partition}:s3:::{bucket}/{below}"
        return Statement(
            ALLOW, ("s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl"), (where,), "ExportToBucket"
        )

    def _passing(self, wish: Wish) -> Iterator[Statement]:
        """Passing the execution role to CloudFormation alone; without one, the pipeline's own role makes the resources."""
        role = self._options.execution_role
        if not role:
            yield from deployer_statements(self._scope, self._tables)
            return
        if not re.fullmatch(r"arn:[a-z-]+:iam::\d{12}:role/.+", role):
            raise UsageError("malformed-role", "The role is malformed", f"{role!r} is not the ARN of a role.")
        service = (Condition("StringEquals", "iam:PassedToService", ("cloudformation.amazonaws.com",)),)
        yield Statement(ALLOW, ("iam:PassRole",), (role,), "PassExecutionRole", service)

    def _keys(self, wish: Wish) -> Iterator[Statement]:
        """A key of one's own lets nobody at a table, its stream and backups who may not use it: through DynamoDB only.

        Source: KMS developer guide, "How Amazon DynamoDB uses AWS KMS". [not checked on AWS for streams and backups]
        """
        keys = tuple(dict.fromkeys(table.key for table in self._tables if table.key))
        if not keys:
            return
        actions: tuple[str, ...] = ("kms:Decrypt", "kms:DescribeKey")
        if wish.pattern.writes:
            actions = (*actions, "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
        through = (Condition("StringLike", "kms:ViaService", (f"dynamodb.*.{_suffix(self._scope.partition)}",)),)
        yield Statement(ALLOW, actions, keys, "WriteWithKey" if wish.pattern.writes else "ReadWithKey", through)
        if wish.pattern.fills:
            granted = Condition("Bool", "kms:GrantIsForAWSResource", ("true",))
            yield Statement(ALLOW, ("kms:CreateGrant",), keys, "NewTableWithKey", (*through, granted))


def _bucket_name(bucket: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise UsageError("malformed-bucket", "The name is no bucket's", f"{bucket!r} cannot be an S3 bucket's name.")
    return bucket


def _suffix(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _principal(named: str) -> Principal:
    if re.fullmatch(r"\d{12}", named) or named.startswith("arn:"):
        return Principal("AWS", named)
    if named.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return Principal("Service", named)
    raise UsageError(
        "malformed-principal",
        "The principal is malformed",
        f"{named!r} is neither an ARN, nor an account's twelve digits, nor a service such as lambda.amazonaws.com."
        + (" A policy for everyone would make the table public." if named == "*" else ""),
    )


def _sid(wish: Wish, part: Grant) -> str:
    """A Sid of letters and digits, as IAM wants: ``QuerySessionIdIndex``."""
    words = re.findall(r"[A-Za-z0-9]+", f"{wish.pattern.name} {wish.argument if wish.pattern.takes == 'INDEX' else ''}")
    of = (
        ""
        if part == wish.pattern.grants[0]
        else {
            On.EVERYTHING: "List",
            On.TARGET: "Target",
            On.COUNT: "Count",
            On.NESTED: "Nested",
            On.ELSEWHERE: "Tables",
            On.LISTED: "ListTables",
        }.get(part.on, part.on.value)
    )
    return "".join(word[:1].upper() + word[1:] for word in [*words, *of.split()])


def _merged(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Statements that differ in their actions only, as one; the same Sid twice is the same statement."""
    found: dict[tuple[object, ...], Statement] = {}
    for statement in statements:
        key = (statement.resources, statement.conditions, statement.principals)
        kept = found.get(key)
        if kept is None:
            found[key] = statement
        elif not set(statement.actions) <= set(kept.actions):
            actions = tuple(dict.fromkeys((*kept.actions, *statement.actions)))
            sid = kept.sid if statement.sid in kept.sid or len(kept.sid) > 40 else f"{kept.sid}{statement.sid}"
            found[key] = replace(kept, actions=actions, sid=sid)
    yield from found.values()


def _numbered(statements: Iterable[Statement]) -> Iterator[Statement]:
    taken: dict[str, int] = {}
    for number, statement in enumerate(statements, 1):
        taken[statement.sid] = taken.get(statement.sid, 0) + 1
        again = taken[statement.sid]
        yield replace(statement, sid=statement.sid if again == 1 else f"{statement.sid}{again}", number=number)


def table_or_all(scope: Scope, named: Iterable[str]) -> tuple[TableScope, ...]:
    """The tables named, or all of the stack where none is."""
    chosen = tuple(dict.fromkeys(table_named(scope, one) for one in named))
    return chosen or scope.tables
