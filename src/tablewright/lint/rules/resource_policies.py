"""Resource policies of tables and streams."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.resource import Resource
from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.statements import RESOURCE, Document, Policies, Statement
from tablewright.lint.values import dig, is_on, text
from tablewright.model.design import TABLE_TYPES
from tablewright.model.quotas import RESOURCE_POLICY_BYTES
from tablewright.template.resolve import Block, Open, Reference, Resolved, Rows, Text, pieces

_ACCOUNT = re.compile(r"\d{12}")


@rule("TW-IAM-001", "no-such-resource-type", ERROR, covers=("E3006",))
def no_such_resource_type(stack: Stack) -> Iterator[Problem]:
    """There is no resource AWS::DynamoDB::ResourcePolicy

    What it finds: a resource of the type AWS::DynamoDB::ResourcePolicy.
    Why it matters: the type does not exist; CloudFormation refuses the template.
    Instead: the property ResourcePolicy of AWS::DynamoDB::Table, of each replica of a GlobalTable, or of
        StreamSpecification. In it the table's own ARN is written with Sub, not with GetAtt.
    When to ignore: never; the deployment fails.
    Source: Template reference, AWS::DynamoDB (resource types).
    """
    for resource in stack.of("AWS::DynamoDB::ResourcePolicy"):
        yield Problem(
            resource.type_position,
            "AWS::DynamoDB::ResourcePolicy does not exist",
            "Write the PolicyDocument under Properties of the table: ResourcePolicy: PolicyDocument: …",
            resource.logical_id,
        )


@rule("TW-IAM-002", "public-resource-policy", ERROR, "policy")
def public_resource_policy(policies: Policies) -> Iterator[Problem]:
    """A table is open to everyone

    What it finds: an Allow in a resource policy with Principal * (or AWS: *) and without any Condition.
    Why it matters: everyone with an AWS account would have the table. Block Public Access refuses such a policy when it
        is put, so the stack rolls back.
    Instead: the principals by ARN, or a condition on aws:PrincipalOrgID or aws:SourceVpce.
    When to ignore: never.
    Source: Amazon DynamoDB developer guide, "Block public access" for resource-based policies.
    """
    for document, statement in policies.allowed(RESOURCE):
        principal = statement.principal
        everyone = text(principal) == "*" or any(one == "*" for one in _aws(principal))
        if everyone and statement.condition is None:
            assert principal is not None
            yield Problem(
                principal.position,
                "Everyone is allowed, without a condition: DynamoDB refuses the policy",
                "Name the principals by ARN, or add a Condition on aws:PrincipalOrgID.",
                _owner(document),
            )


@rule("TW-IAM-003", "resource-policy-of-itself", ERROR, covers=("E3004",))
def resource_policy_of_itself(stack: Stack) -> Iterator[Problem]:
    """A resource policy asks for its own table

    What it finds: Ref or GetAtt of the table, also inside Sub, within that table's own ResourcePolicy.
    Why it matters: the table would have to exist before it can be made: CloudFormation refuses the circle.
    Instead: the ARN with Sub and the name: arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/NAME,
        or "*", which in a table's own policy is that table.
    When to ignore: never; the deployment fails.
    Source: CloudFormation user guide, "Circular dependency" (troubleshooting).
    """
    for resource in stack.of(*TABLE_TYPES):
        for value in _policies_of(resource):
            for node in _nodes(value):
                for piece in pieces(node.node, resource.scope):
                    if isinstance(piece, Reference) and piece.name == resource.logical_id:
                        yield Problem(
                            node.position,
                            f"The policy of {resource.logical_id} needs {resource.logical_id} to exist already",
                            "Write the ARN under !Sub with the table's name, or Resource: '*'.",
                            resource.logical_id,
                        )


@rule("TW-IAM-004", "resource-policy-malformed", ERROR, "policy")
def resource_policy_malformed(policies: Policies) -> Iterator[Problem]:
    """A resource policy that DynamoDB does not take

    What it finds: a statement without Principal, a document of more than 20 KB, or a Resource that is another table of
        the template.
    Why it matters: PutResourcePolicy refuses it and the stack rolls back; a foreign resource grants nothing.
    Instead: a Principal in each statement, and only the table itself and its indexes as Resource.
    When to ignore: never; the deployment fails.
    Source: Amazon DynamoDB developer guide, "Resource-based policy considerations".
    """
    for document in policies.documents:
        if document.kind != RESOURCE or document.owner is None:
            continue
        if document.size > RESOURCE_POLICY_BYTES.value:
            yield Problem(
                document.position,
                f"The policy has {document.size:,} bytes; 20,480 are allowed",
                resource=_owner(document),
            )
        for statement in document.statements:
            if statement.block.whole and not statement.has_principal:
                yield Problem(
                    statement.position, "A statement of a resource policy needs a Principal", resource=_owner(document)
                )
            yield from _foreign(policies, document, statement)


def _foreign(policies: Policies, document: Document, statement: Statement) -> Iterator[Problem]:
    owner = document.owner
    if policies.stack is None or owner is None or owner.type not in TABLE_TYPES:
        return
    for pattern in statement.resources:
        reference = pattern.table_reference()
        if reference is None or reference[0] == owner.logical_id or reference[0] not in policies.stack.by_id:
            continue
        other = policies.stack.by_id[reference[0]]
        if other.type in TABLE_TYPES:
            yield Problem(
                pattern.position,
                f"The policy of {owner.logical_id} speaks of {other.logical_id}, and grants nothing there",
                resource=owner.logical_id,
            )


@rule("TW-IAM-015", "other-account-and-managed-key", WARNING, "policy")
def other_account_and_managed_key(policies: Policies) -> Iterator[Problem]:
    """Another account cannot use the key

    What it finds: a resource policy that allows principals of at least two accounts, on a table that is encrypted by
        the key that AWS manages (SSEEnabled true without KMSMasterKeyId, or alias/aws/dynamodb).
    Why it matters: that key's policy cannot be changed, so the other account is refused by KMS, whatever the table's
        policy says.
    Instead: a key of your own that the other account may use, or the key that AWS owns (no SSESpecification).
    When to ignore: never; the other account is refused.
    Source: Amazon DynamoDB developer guide, "Resource-based policy considerations".
    """
    for document in policies.documents:
        owner = document.owner
        if document.kind != RESOURCE or owner is None:
            continue
        spec = owner.properties.get("SSESpecification")
        key = dig(spec, "KMSMasterKeyId")
        managed = is_on(dig(spec, "SSEEnabled")) and (key is None or text(key) == "alias/aws/dynamodb")
        accounts = {
            match.group()
            for statement in document.statements
            if statement.allows
            for one in _aws(statement.principal)
            for match in _ACCOUNT.finditer(one)
        }
        if managed and len(accounts) > 1:
            assert spec is not None
            yield Problem(
                spec.position,
                f"The key that AWS manages cannot be used by another account; the policy names {', '.join(sorted(accounts))}",
                resource=owner.logical_id,
            )


@rule("TW-IAM-016", "role-written-out", INFO, "policy")
def role_written_out(policies: Policies) -> Iterator[Problem]:
    """A resource policy names a role of the same account by its text

    What it finds: a principal of the template's own account (${AWS::AccountId}) whose role or user is written out.
    Why it matters: within one account the role's own policy is enough. When the role is deleted and made again, the
        policy keeps the ID of the old one and grants nothing.
    Instead: a policy on the role; or !GetAtt Role.Arn, so that both are made together.
    When to ignore: the role's own policy is in other hands.
    Source: IAM user guide, "AWS JSON policy elements: Principal" (IDs of deleted principals).
    """
    for document, statement in policies.allowed(RESOURCE):
        for value in _principals(statement.principal):
            scope = document.owner.scope if document.owner is not None else None
            if scope is None:
                continue
            parts = pieces(value.node, scope)
            match parts:
                case (str(start), Reference("AWS::AccountId"), str(rest)) if start.endswith(":iam::") and _named(rest):
                    name = rest.split("/", 1)[1]
                    yield Problem(
                        value.position, f"{name} is a role of this account, written out", resource=_owner(document)
                    )


def _named(rest: str) -> bool:
    return rest.startswith((":role/", ":user/")) and "*" not in rest


def _principals(principal: Resolved | None) -> Iterator[Resolved]:
    value = dig(principal, "AWS") if isinstance(principal, Block) else None
    if isinstance(value, Rows):
        yield from value.items
    elif value is not None:
        yield value


def _aws(principal: Resolved | None) -> list[str]:
    """The texts of AWS principals; what is not text is left out."""
    return [value.text for value in _principals(principal) if isinstance(value, Text)]


def _policies_of(resource: Resource) -> Iterator[Resolved]:
    props = resource.properties
    for value in (
        dig(props, "ResourcePolicy", "PolicyDocument"),
        dig(props, "StreamSpecification", "ResourcePolicy", "PolicyDocument"),
    ):
        if value is not None:
            yield value


def _nodes(value: Resolved) -> Iterator[Text | Open]:
    if isinstance(value, Block):
        for field in value.fields.values():
            yield from _nodes(field.value)
    elif isinstance(value, Rows):
        for item in value.items:
            yield from _nodes(item)
    else:
        yield value


def _owner(document: Document) -> str:
    return document.owner.logical_id if document.owner is not None else ""
