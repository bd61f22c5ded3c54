"""Policies as resources of a template: a managed policy, a role, a table's own policy; and who may assume a role.

In a template nothing is written out that the stack knows itself: tables by ``!GetAtt``, account and region by their pseudo
parameters, so that one template serves every environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tablewright.access.grant import Options, grant
from tablewright.access.patterns import Wish
from tablewright.access.policy import ALLOW, Condition, Json, Policy, Principal, Statement, as_document, as_json, size
from tablewright.access.scope import ResourceScope, Scope, TableScope, keys_of
from tablewright.author.writing import Call, Value
from tablewright.errors import UsageError
from tablewright.model.design import Design

MANAGED_LIMIT = 6144
"""Characters of a managed policy, white space left out. Source: IAM user guide, "IAM and AWS STS quotas"."""

INLINE_LIMIT = 10240
"""Characters of all inline policies of a role together, white space left out. Same source."""

RESOURCE_LIMIT = 20 * 1024
"""Bytes of a table's resource-based policy, white space counted. Source: DynamoDB developer guide, "Resource-based policy
considerations"."""

ON_TABLES = ("read", "write", "query", "scan")
"""What a table's own policy can grant: actions on the table and its indexes."""

GITHUB = "token.actions.githubusercontent.com"


def template_scope(design: Design, keys: Mapping[str, str] | None = None) -> Scope:
    """The scope of a template by its logical IDs, whatever account, region and environment it will be deployed to. ``keys`` are
    the ARNs of tables' keys as the template may write them.
    """
    tables, others = [], []
    for resource in design.resources:
        if resource.table is None:
            others.append(ResourceScope(resource.logical_id, resource.type))
            continue
        key = (keys or {}).get(resource.logical_id, "")
        if resource.table.kms_key is not None and not key:
            raise UsageError(
                "table-key-unknown",
                "A table's KMS key is not known",
                f"Table {resource.logical_id} is encrypted with a key of its own, which callers need as well. Write the policy "
                "from the deployed stack: --as identity.",
            )
        stream = resource.table.stream is not None or bool(resource.table.replicas)
        tables.append(
            TableScope(
                resource.logical_id,
                resource.logical_id,
                resource.indexes,
                stream,
                key,
                type=resource.type,
                keys=keys_of(resource),
            )
        )
    return Scope(
        "${AWS::AccountId}", "${AWS::Region}", "${AWS::StackName}", "${AWS::Partition}", tuple(tables), tuple(others)
    )


def by_attribute(table: TableScope, below: str) -> str:
    """The table's ARN as ``${Table.Arn}``, for a template that owns it."""
    return f"${{{table.logical_id}.Arn}}{below}"


def template_policy(scope: Scope, wishes: Iterable[Wish], tables: Iterable[TableScope], options: Options) -> Policy:
    """A policy whose resources are written for the template that owns the tables."""
    return grant(
        scope,
        wishes,
        tables,
        replace(options, locate=by_attribute),
    )


def managed_policy(policy: Policy, description: str) -> Value:
    """An AWS::IAM::ManagedPolicy."""
    check_size(policy, MANAGED_LIMIT, "managed policy")
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"Description": description, "PolicyDocument": document(policy)},
    }


def role(policy: Policy, trusted: Policy, description: str, name: str) -> Value:
    """An AWS::IAM::Role that ``trusted`` says who may assume, with the policy inline."""
    check_size(policy, INLINE_LIMIT, "role's inline policy")
    inline: Value = {"PolicyName": name, "PolicyDocument": document(policy)}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": description,
            "AssumeRolePolicyDocument": document(trusted),
            "Policies": [inline],
        },
    }


def table_policy(wishes: Iterable[Wish], table: TableScope, name: Value, options: Options, scope: Scope) -> Value:
    """The value of a table's ResourcePolicy property. ``name`` is its TableName as the template writes it.

    The table's own ARN stands there as text: ``!GetAtt`` of the table would make it wait for itself.
    """
    chosen = tuple(wishes)
    for one in chosen:
        if one.pattern.name not in ON_TABLES:
            raise UsageError(
                "not-on-a-table",
                "A table's own policy cannot grant this",
                f"{one.written} is about more than the table and its indexes; a table's policy can grant "
                f"{', '.join(ON_TABLES)}. Grant it in an identity-based policy: --as identity.",
            )
    _check_principals(options, "table")

    def locate(_: TableScope, below: str) -> str:
        shown = name if isinstance(name, str) else "${Table}"
        return f"arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{shown}{below}"

    policy = grant(scope, chosen, [table], replace(options, locate=locate))
    if len(as_json(policy).encode()) > RESOURCE_LIMIT:
        raise _too_large("table's policy", RESOURCE_LIMIT)
    written = document(policy)
    return {"PolicyDocument": written if isinstance(name, str) else _with_table(written, name)}


def stream_policy(wishes: Iterable[Wish], table: TableScope, options: Options, scope: Scope) -> Value:
    """The value of ResourcePolicy within a table's StreamSpecification: who may read the stream.

    The resource is the stream that the policy stands on, so ``*`` is no more than it; its ARN has a time that only AWS knows.
    Listing streams cannot be granted there. Source: DynamoDB developer guide, "Resource-based policies for DynamoDB Streams".
    """
    if any(one.pattern.name != "stream" for one in wishes):
        raise UsageError(
            "not-on-a-stream", "A stream's own policy cannot grant this", "It can grant stream, and nothing else."
        )
    _check_principals(options, "stream")

    def locate(_: TableScope, below: str) -> str:
        return "*"

    granted = grant(scope, wishes, [table], replace(options, locate=locate))
    kept = tuple(
        replace(one, actions=tuple(name for name in one.actions if name != "dynamodb:ListStreams"))
        for one in granted.statements
    )
    policy = replace(granted, statements=kept)
    if len(as_json(policy).encode()) > RESOURCE_LIMIT:
        raise _too_large("stream's policy", RESOURCE_LIMIT)
    return {"PolicyDocument": document(policy)}


def _check_principals(options: Options, what: str) -> None:
    if not options.principals:
        raise UsageError(
            "no-principal",
            "Nobody is named",
            f"A {what}'s own policy says for whom it is: name a role, a user or an account with --principal.",
        )


def _with_table(value: Value, name: Value) -> Value:
    """``!Sub`` of ``${Table}`` with the table's name, as an expression, put in."""
    if isinstance(value, Call) and value.name == "Fn::Sub" and "${Table}" in str(value.argument):
        return Call("Fn::Sub", [value.argument, {"Table": name}])
    if isinstance(value, dict):
        return {key: _with_table(inner, name) for key, inner in value.items()}
    return [_with_table(inner, name) for inner in value] if isinstance(value, list) else value


def workflow_trust(
    scope: Scope, repository: str, *, environment: str = "", branch: str = "", pull_requests: bool = False
) -> Policy:
    """Who may assume the pipeline's role: the workflows of one repository, in one environment, on one branch or on pull requests.

    A repository that was made or renamed since 15 July 2026 has its ids in the subject: OWNER@ID/NAME@ID.
    Source: GitHub Docs, "Configuring OpenID Connect in Amazon Web Services", and its changelog of 23 April 2026.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?", repository) or repository.count("@") == 1:
        raise UsageError(
            "malformed-repository",
            "The repository is malformed",
            f"{repository!r} is not OWNER/NAME, as acme/orders, nor OWNER@ID/NAME@ID, as acme@1234/orders@5678.",
        )
    if [bool(environment), bool(branch), pull_requests].count(True) != 1:
        raise UsageError(
            "trust-unlimited",
            "It is not said which workflows are trusted",
            "Name the environment (--github-environment production), whose protection rules ask before a deployment, or the "
            "branch (--branch main), or for a role that only plans, --pull-requests. Without one of them, every branch and pull "
            "request of the repository could deploy.",
        )
    part = f"environment:{environment}" if environment else f"ref:refs/heads/{branch}" if branch else "pull_request"
    if re.search(r"[*?\s]", part):
        raise UsageError("trust-unlimited", "Wildcards are not taken here", f"{part!r} would trust more than it names.")
    provider = f"arn:{scope.partition}:iam::{scope.account}:oidc-provider/{GITHUB}"
    conditions = (
        Condition("StringEquals", f"{GITHUB}:aud", ("sts.amazonaws.com",)),
        Condition("StringEquals", f"{GITHUB}:sub", (f"repo:{repository}:{part}",)),
    )
    trusted = Statement(
        ALLOW,
        ("sts:AssumeRoleWithWebIdentity",),
        None,
        "TrustWorkflow",
        conditions,
        (Principal("Federated", provider),),
        number=1,
    )
    return Policy((trusted,))


def service_trust(services: Iterable[str]) -> Policy:
    """Who may assume a program's role: the services that run it."""
    named = tuple(Principal("Service", service) for service in services)
    return Policy((Statement(ALLOW, ("sts:AssumeRole",), None, "TrustService", (), named, number=1),))


def check_size(policy: Policy, limit: int, what: str) -> None:
    """Raise UsageError where IAM would not take the policy for its size."""
    if size(policy) > limit:
        raise _too_large(what, limit)


def _too_large(what: str, limit: int) -> UsageError:
    return UsageError(
        "policy-too-large",
        "The policy is larger than AWS takes",
        f"A {what} has at most {limit:,} characters. Write one for some of the tables at a time: --table.",
    )


def document(policy: Policy) -> Value:
    """The policy document as a template's value: resources by ``!GetAtt`` and ``!Sub``."""
    return _value(as_document(policy), in_resource=False)


def _value(value: Json, *, in_resource: bool) -> Value:
    if isinstance(value, dict):
        return {
            key: _value(inner, in_resource=in_resource or key in ("Resource", "Principal"))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_value(inner, in_resource=in_resource) for inner in value]
    if isinstance(value, str) and in_resource and "${" in value:
        attribute = re.fullmatch(r"\$\{([A-Za-z0-9]+\.[A-Za-z0-9.]+)\}", value)
        return Call("Fn::GetAtt", attribute.group(1)) if attribute else Call("Fn::Sub", value)
    return value if isinstance(value, (str, int, bool)) else str(value)
