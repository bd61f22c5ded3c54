"""Policy documents as rules read them: those in a template (roles, managed policies, resource policies) and those in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tablewright.lint.resource import Resource
from tablewright.lint.stack import Stack
from tablewright.lint.values import blocks, dig, text, texts
from tablewright.model.design import Position
from tablewright.template.intrinsics import Scope
from tablewright.template.resolve import Block, Gap, Open, Piece, Reference, Resolved, Rows, Text, pieces, resolve
from tablewright.template.tree import Mapping

IDENTITY, RESOURCE = "identity", "resource"

_ARN = re.compile(r"arn:[^:]*:dynamodb:([^:]*):([^:]*):(.*)", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """One entry of Resource: what is written, taken apart. ``shown`` has ``${Name.Attribute}`` for what is not text."""

    parts: tuple[Piece, ...]
    position: Position

    @property
    def shown(self) -> str:
        """The pattern for messages and for matching; a mention stands as ``${Name}`` or ``${Name.Attribute}``."""
        return "".join(_shown(part) for part in self.parts)

    @property
    def known(self) -> bool:
        """Whether every part is text or a mention."""
        return not any(isinstance(part, Gap) for part in self.parts)

    @property
    def arn(self) -> tuple[str, str, str] | None:
        """(region, account, what is named) where it is written as an ARN of DynamoDB."""
        found = _ARN.fullmatch(self.shown.replace("${AWS::", "${AWS."))  # the colons of a pseudo parameter are none
        if found is None:
            return None
        region, account, named = (part.replace("${AWS.", "${AWS::") for part in found.groups())
        return region, account, named

    def table_reference(self) -> tuple[str, str] | None:
        """(logical ID, what follows the table's ARN) where it starts with ``GetAtt Table.Arn``."""
        if self.parts and isinstance(self.parts[0], Reference) and self.parts[0].attribute == "Arn":
            rest = self.parts[1:]
            if all(isinstance(part, str) for part in rest):
                return self.parts[0].name, "".join(str(part) for part in rest)
        return None


@dataclass(frozen=True)
class Statement:
    """One statement. ``whole`` is False where actions or resources may be hidden from the reader."""

    effect: str
    actions: tuple[tuple[str, Position], ...]
    not_actions: bool
    resources: tuple[Pattern, ...]
    not_resources: bool
    principal: Resolved | None
    has_principal: bool
    condition: Resolved | None
    position: Position
    block: Block
    whole: bool

    @property
    def allows(self) -> bool:
        """Whether it surely allows."""
        return self.effect == "Allow"

    def dynamodb_actions(self) -> list[tuple[str, Position]]:
        """The actions of DynamoDB among its own, without the prefix; ``*`` stands for ``*`` and ``dynamodb:*``."""
        found = []
        for action, position in self.actions:
            service, _, name = action.partition(":")
            if service.lower() == "dynamodb" and name:
                found.append((name, position))
            elif action == "*":
                found.append(("*", position))
        return found

    def grants(self, name: str) -> bool:
        """Whether its action patterns match one action of DynamoDB."""
        return any(matches(pattern, name) for pattern, _ in self.dynamodb_actions())


@dataclass(frozen=True)
class Document:
    """One policy document. ``owner`` is the resource that carries it; ``target`` the table of a resource policy."""

    kind: str
    statements: tuple[Statement, ...]
    position: Position
    owner: Resource | None = None
    where: str = ""
    size: int = 0


@dataclass
class Policies:
    """The policy documents of one file."""

    path: str
    text: str
    documents: tuple[Document, ...]
    stack: Stack | None = None
    siblings: tuple[Stack, ...] = field(default=(), repr=False)

    def allowed(self, kind: str | None = None) -> Iterator[tuple[Document, Statement]]:
        """The statements that allow, each with its document."""
        for document in self.documents:
            for statement in document.statements:
                if statement.allows and kind in (None, document.kind):
                    yield document, statement


def matches(pattern: str, name: str) -> bool:
    """Whether an action pattern (``Get*``) covers a name; IAM compares actions without regard to case."""
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, name, re.IGNORECASE) is not None


def policies_of(stack: Stack) -> Policies:
    """Every policy document in a template."""
    found = list[Document]()
    for resource in stack.resources:
        props, scope = resource.properties, resource.scope
        if resource.type.startswith("AWS::IAM::"):
            found.extend(_documents(IDENTITY, resource, props.get("PolicyDocument")))
            for policy in blocks(props.get("Policies")):
                found.extend(_documents(IDENTITY, resource, policy.get("PolicyDocument")))
        elif resource.type == "AWS::Serverless::Function":
            for policy in blocks(props.get("Policies")):
                if policy.get("Statement") is not None:
                    found.append(document(IDENTITY, policy, scope, resource))
        elif resource.type in ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
            places: list[tuple[str, Resolved | None]] = [
                ("ResourcePolicy", dig(props, "ResourcePolicy", "PolicyDocument")),
                (
                    "StreamSpecification.ResourcePolicy",
                    dig(props, "StreamSpecification", "ResourcePolicy", "PolicyDocument"),
                ),
            ]
            for replica in blocks(props.get("Replicas")):
                places.append(("Replicas.ResourcePolicy", dig(replica, "ResourcePolicy", "PolicyDocument")))
            for where, value in places:
                found.extend(_documents(RESOURCE, resource, value, where))
        elif resource.type == "AWS::DynamoDB::ResourcePolicy":
            found.extend(_documents(RESOURCE, resource, props.get("PolicyDocument"), "ResourcePolicy"))
    return Policies(stack.path, stack.text, tuple(found), stack, tuple(stack.siblings) or (stack,))


def policies_in(tree: Mapping, path: str, body: str) -> Policies:
    """The policy that a file holds by itself."""
    scope = Scope({}, {})
    block = resolve(tree, scope)
    assert isinstance(block, Block)
    kind = RESOURCE if any(dig(one, "Principal") is not None for one in blocks(block.get("Statement"))) else IDENTITY
    return Policies(path, body, (document(kind, block, scope, None),))


def is_policy(tree: Mapping) -> bool:
    """Whether a document is a policy: a Statement, and nothing but what policies have."""
    keys = {entry.key for entry in tree.entries}
    return "Statement" in keys and keys <= {"Version", "Statement", "Id"}


def document(kind: str, block: Block, scope: Scope, owner: Resource | None, where: str = "") -> Document:
    """A policy document from its block."""
    statements = tuple(_statement(one, scope) for one in blocks(block.get("Statement")))
    return Document(kind, statements, block.position, owner, where, _size(block))


def _size(value: Resolved) -> int:
    """The bytes of a value as JSON without spaces; what is not known counts as nothing, so it is a least size."""
    if isinstance(value, Block):
        inner = sum(len(key.encode()) + 3 + _size(field.value) for key, field in value.fields.items())
        return 2 + inner + max(0, len(value.fields) - 1)
    if isinstance(value, Rows):
        return 2 + sum(_size(item) for item in value.items) + max(0, len(value.items) - 1)
    return len(value.text.encode()) + 2 if isinstance(value, Text) else 0


def _documents(kind: str, resource: Resource, value: Resolved | None, where: str = "") -> list[Document]:
    return [document(kind, value, resource.scope, resource, where)] if isinstance(value, Block) else []


def _statement(block: Block, scope: Scope) -> Statement:
    actions, resources = block.get("Action"), block.get("Resource")
    denied = block.get("NotAction")
    listed = (*texts(actions),)
    return Statement(
        effect=text(block.get("Effect")) or "",
        actions=tuple((one.text, one.position) for one in listed),
        not_actions=denied is not None,
        resources=tuple(_patterns(resources, scope)),
        not_resources=block.get("NotResource") is not None,
        principal=block.get("Principal"),
        has_principal=block.get("Principal") is not None or block.get("NotPrincipal") is not None,
        condition=block.get("Condition"),
        position=block.position,
        block=block,
        whole=block.whole and _is_whole(actions) and _is_whole(resources),
    )


def _patterns(value: Resolved | None, scope: Scope) -> Iterator[Pattern]:
    if isinstance(value, Rows):
        for item in value.items:
            yield from _patterns(item, scope)
    elif value is not None:
        yield Pattern(pieces(value.node, scope), value.position)


def _is_whole(value: Resolved | None) -> bool:
    return value.whole if isinstance(value, Rows) else not isinstance(value, (Open, Block))


def _shown(part: Piece) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Reference):
        return "${" + part.name + (f".{part.attribute}" if part.attribute else "") + "}"
    return "?"
