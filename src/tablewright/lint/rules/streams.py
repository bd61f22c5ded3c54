"""Streams, event sources and replicas."""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.lint.resource import Resource
from tablewright.lint.rule import ERROR, WARNING, Problem, rule
from tablewright.lint.stack import Stack
from tablewright.lint.values import blocks, dig, is_whole, text, texts
from tablewright.model.design import TABLE_TYPES, Position
from tablewright.template.intrinsics import Scope
from tablewright.template.resolve import Block, Reference, Resolved, Rows, pieces
from tablewright.template.tree import Mapping, walk

_BOUNDS = ("DestinationConfig", "BisectBatchOnFunctionError", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds")


@rule("TW-STR-001", "stream-arn-without-stream", ERROR)
def stream_arn_without_stream(stack: Stack) -> Iterator[Problem]:
    """The stream of a table that has none

    What it finds: GetAtt of StreamArn, also inside Sub, of a table without StreamSpecification.
    Why it matters: the attribute does not exist then; the deployment fails after the table is made.
    Instead: StreamSpecification: StreamViewType: NEW_AND_OLD_IMAGES on the table.
    When to ignore: never; the deployment fails.
    Source: Template reference, Table (Return values, StreamArn).
    """
    dry = {
        table.logical_id: table
        for table in stack.tables
        if table.get("StreamSpecification") is None and table.props.whole
    }
    if not dry:
        return
    for node in walk(stack.tree):
        if not isinstance(node, Mapping) or len(node.entries) != 1:
            continue
        if node.entries[0].key not in ("Fn::GetAtt", "Fn::Sub"):
            continue
        for piece in pieces(node, Scope({}, {})):
            if isinstance(piece, Reference) and piece.attribute == "StreamArn" and piece.name in dry:
                yield Problem(
                    node.position,
                    f"{piece.name} has no stream, so it has no StreamArn",
                    f"Give {piece.name} StreamSpecification: StreamViewType: NEW_AND_OLD_IMAGES.",
                    piece.name,
                )


@rule("TW-STR-002", "stream-consumer-unbounded", WARNING)
def stream_consumer_unbounded(stack: Stack) -> Iterator[Problem]:
    """A stream consumer that one bad record stops

    What it finds: a Lambda event source mapping of a table's stream with neither a failure destination, nor a bound on
        retries or age, nor bisection; or one that filters on an image that the stream does not carry.
    Why it matters: by default a failing batch is tried again until its records expire, 24 hours, and everything behind
        it in the shard waits and is then lost.
    Instead: MaximumRetryAttempts, BisectBatchOnFunctionError: true and DestinationConfig: OnFailure with a queue.
    When to ignore: the function catches everything itself and reports failed items.
    Source: AWS Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB" (error handling).
    """
    for resource, block, position in _consumers(stack):
        if not block.whole:
            continue
        if all(block.get(key) is None for key in _BOUNDS):
            yield Problem(
                position,
                f"{resource.logical_id} tries a failing batch for 24 hours, and the shard waits",
                "Add MaximumRetryAttempts, BisectBatchOnFunctionError: true and DestinationConfig: OnFailure.",
                resource.logical_id,
            )
        yield from _image_not_carried(stack, resource, block)


def _image_not_carried(stack: Stack, resource: Resource, block: Block) -> Iterator[Problem]:
    source = block.get("EventSourceArn") or block.get("Stream")
    table = _table_of_stream(stack, source, resource)
    view = text(dig(stack.by_id[table].properties, "StreamSpecification", "StreamViewType")) if table else None
    lacking = {"KEYS_ONLY": ("NewImage", "OldImage"), "NEW_IMAGE": ("OldImage",), "OLD_IMAGE": ("NewImage",)}.get(
        view or "", ()
    )
    for pattern in texts(Rows(tuple(_patterns(block)), block.position, block.node)):
        for image in lacking:
            if f'"{image}"' in pattern.text:
                yield Problem(
                    pattern.position,
                    f"The filter looks at {image}, and the stream of {table} is {view}",
                    f"Give {table} StreamViewType: NEW_AND_OLD_IMAGES.",
                    resource.logical_id,
                )


def _patterns(block: Block) -> Iterator[Resolved]:
    for one in blocks(dig(block, "FilterCriteria", "Filters")):
        pattern = one.get("Pattern")
        if pattern is not None:
            yield pattern


@rule("TW-STR-003", "global-table-stream", ERROR)
def global_table_stream(stack: Stack) -> Iterator[Problem]:
    """A global table of several regions without the stream it replicates by

    What it finds: a GlobalTable with more than one replica, eventually consistent, without StreamSpecification
        NEW_AND_OLD_IMAGES.
    Why it matters: replication reads the stream; CloudFormation refuses the table without it.
    Instead: StreamSpecification: StreamViewType: NEW_AND_OLD_IMAGES.
    When to ignore: never; the deployment fails. (Strongly consistent global tables need none, and are not reported.)
    Source: Template reference, GlobalTable (StreamSpecification).
    """
    for table in stack.tables:
        replicas = table.get("Replicas")
        if not table.is_global or not isinstance(replicas, Rows) or not is_whole(replicas) or len(replicas.items) < 2:
            continue
        if table.get("MultiRegionConsistency") is not None and text(table.get("MultiRegionConsistency")) != "EVENTUAL":
            continue
        spec, view = table.get("StreamSpecification"), text(table.get("StreamSpecification", "StreamViewType"))
        if spec is None or view in ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"):
            yield Problem(
                table.where("StreamSpecification") if spec is not None else table.where("Replicas"),
                f"{table.called} has {len(replicas.items)} replicas, and "
                + ("no stream" if spec is None else f"its stream is {view}"),
                "Write StreamSpecification: StreamViewType: NEW_AND_OLD_IMAGES.",
                table.logical_id,
            )


@rule("TW-STR-004", "stream-without-starting-position", ERROR)
def stream_without_starting_position(stack: Stack) -> Iterator[Problem]:
    """A stream consumer that does not say where it starts

    What it finds: an event source mapping of a table's stream without StartingPosition.
    Why it matters: the schema asks for it for no source; Lambda does for streams, and the stack rolls back.
    Instead: StartingPosition: TRIM_HORIZON to read what is kept, LATEST for what comes.
    When to ignore: never; the deployment fails.
    Source: AWS Lambda API reference, CreateEventSourceMapping (StartingPosition).
    """
    for resource, block, position in _consumers(stack):
        if block.whole and block.get("StartingPosition") is None:
            yield Problem(
                position,
                f"{resource.logical_id} reads a stream, and does not say where to start",
                "Write StartingPosition: TRIM_HORIZON, or LATEST.",
                resource.logical_id,
            )


def _consumers(stack: Stack) -> Iterator[tuple[Resource, Block, Position]]:
    for resource in stack.of("AWS::Lambda::EventSourceMapping"):
        source = resource.properties.get("EventSourceArn")
        if _table_of_stream(stack, source, resource) or _is_stream_arn(text(source)):
            yield resource, resource.properties, resource.position
    for resource in stack.of("AWS::Serverless::Function"):
        events = resource.properties.get("Events")
        for field in events.fields.values() if isinstance(events, Block) else ():
            properties = dig(field.value, "Properties")
            if text(dig(field.value, "Type")) == "DynamoDB" and isinstance(properties, Block):
                yield resource, properties, field.position


def _is_stream_arn(value: str | None) -> bool:
    return value is not None and ":dynamodb:" in value and "/stream/" in value


def _table_of_stream(stack: Stack, value: Resolved | None, resource: Resource) -> str:
    """The logical ID of the table whose StreamArn a value is, or nothing."""
    if value is None:
        return ""
    match pieces(value.node, resource.scope):
        case (Reference(name, "StreamArn"),):
            owner = stack.by_id.get(name)
            return name if owner is not None and owner.type in TABLE_TYPES else ""
    return ""
