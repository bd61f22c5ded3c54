"""The fixes: for a finding that has one right answer, the edits that make it.

None where the text is not written plainly enough to edit it without touching anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tablewright.lint.resource import Resource
from tablewright.lint.splice import Document
from tablewright.lint.stack import Stack
from tablewright.lint.table import Index, Table
from tablewright.lint.watching import Watch
from tablewright.model.design import Position
from tablewright.model.finding import Edit, Fix
from tablewright.model.metrics import INDEX, T
from tablewright.template.resolve import Block, Rows, Text
from tablewright.template.tree import Scalar

_POLICIES = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def insert_attributes(stack: Stack, resource: Resource, names: Sequence[str]) -> Fix | None:
    """The deletion policies that are missing, after the resource's Type."""
    document = stack.document
    key = resource.at("Type")
    summary = f"add {' and '.join(names)} to {resource.logical_id}"
    if key == resource.position:
        return None
    if document.is_json:
        entry = document.json_entry(key)
        if entry is None:
            return None
        body = [f'"{name}": "{_POLICIES[name]}"' for name in names]
        put = document.put_json(entry[2], entry[0], body[0])
        rest = [document.put_json(entry[2], entry[0], one).text for one in body[1:]]
        return Fix(summary, (Edit(put.start, put.end, put.text + "".join(rest)),))
    found = document.block_lines(key)
    if found is None:
        return None
    indent = " " * (key.column - 1)
    return Fix(summary, (document.put_lines(found[1], [f"{indent}{name}: {_POLICIES[name]}" for name in names]),))


def remove_property(stack: Stack, block: Block, key: str) -> Fix | None:
    """The property gone."""
    edit = _cut(stack.document, block, key)
    return Fix(f"remove {key}", (edit,)) if edit is not None else None


def _cut(document: Document, block: Block, key: str) -> Edit | None:
    field = block.fields.get(key)
    if field is None or len(block.fields) < 2 or not _written(document, field.position, key):
        return None
    if document.is_json:
        entry = document.json_entry(field.position)
        return document.cut_json(entry[0], entry[2]) if entry is not None else None
    found = document.block_lines(field.position)
    return document.cut_lines(*found) if found is not None else None


def _written(document: Document, at: Position, key: str) -> bool:
    """Whether the key really stands at its place: what a loop or a mapping gave has a place that is somebody else's."""
    start = document.offset(at)
    return document.text.startswith((key, f'"{key}"', f"'{key}'"), start)


def attribute_definitions(stack: Stack, table: Table, used: Mapping[str, object]) -> Fix | None:
    """The definitions of attributes that are no keys gone."""
    document = stack.document
    listed = table.get("AttributeDefinitions")
    extra = [attribute for attribute in table.attributes or () if attribute.name not in used]
    if not isinstance(listed, Rows) or len(extra) >= len(listed.items) or not extra:
        return None
    edits = []
    for attribute in extra:
        if not isinstance(attribute.block.node, type(stack.tree)):
            return None
        edit = _cut_item(document, attribute.block)
        if edit is None:
            return None
        edits.append(edit)
    names = ", ".join(attribute.name for attribute in extra)
    return Fix(f"remove the definition of {names}", tuple(edits))


def _cut_item(document: Document, block: Block) -> Edit | None:
    if document.is_json:
        start = document.offset(block.position)
        end = document.json_end(start)
        return document.cut_json(start, end) if end is not None and document.text[start : start + 1] == "{" else None
    dash = document.item_of(block.position)
    found = document.block_lines(dash) if dash is not None else None
    return document.cut_lines(*found) if found is not None else None


def projection_fix(stack: Stack, projection: Block, kind: str, *, drop: bool) -> Fix | None:
    """ProjectionType made ``kind``, NonKeyAttributes dropped if asked."""
    document = stack.document
    edits = list[Edit]()
    value = projection.get("ProjectionType")
    if isinstance(value, Text) and value.literal:
        if value.text != kind:
            start = document.offset(value.position)
            quote = document.text[start] if document.text[start] in "'\"" else ""
            edits.append(Edit(start, start + len(value.text) + 2 * len(quote), f"{quote}{kind}{quote}"))
    elif value is None and "NonKeyAttributes" in projection.fields:
        at = projection.fields["NonKeyAttributes"].position
        if document.is_json:
            start = document.offset(at)
            edits.append(Edit(start, start, f'"ProjectionType": "{kind}", '))
        elif document.block_lines(at) is not None:
            edits.append(document.put_lines(at.line - 1, [f"{' ' * (at.column - 1)}ProjectionType: {kind}"]))
        else:
            return None
    else:
        return None
    if drop:
        cut = _cut(document, projection, "NonKeyAttributes")
        if cut is None:
            return None
        edits.append(cut)
    return Fix(f"make the projection {kind}", tuple(edits)) if edits else None


def throughput_fix(stack: Stack, table: Table, index: Index) -> Fix | None:
    """The table's own throughput for an index that has none: an index must write at least what its table writes."""
    document = stack.document
    own = table.props.fields.get("ProvisionedThroughput")
    name = index.block.fields.get("IndexName")
    if own is None or name is None or not _written(document, own.position, "ProvisionedThroughput"):
        return None
    summary = f"give {index.called} the throughput of {table.called}"
    if document.is_json:
        entry, here = document.json_entry(own.position), document.json_entry(name.position)
        if entry is None or here is None:
            return None
        return Fix(summary, (document.put_json(here[2], here[0], document.text[entry[0] : entry[2]]),))
    lines = document.lines_of(own.position, name.position.column - 1)
    last = _last_line(document, index.block)
    return Fix(summary, (document.put_lines(last, lines),)) if lines is not None and last is not None else None


def _last_line(document: Document, block: Block) -> int | None:
    """The last line of a block's last entry."""
    last = 0
    for field in block.fields.values():
        found = document.block_lines(field.position)
        if found is None and document.item_of(field.position) is not None:
            dash = document.item_of(field.position)
            found = document.block_lines(dash) if dash is not None else None
        if found is None:
            return None
        last = max(last, found[1])
    return last or None


def drop_dimensions(stack: Stack, watch: Watch) -> Fix | None:
    """A metric of the account without its dimensions."""
    edit = _cut(stack.document, watch.block, "Dimensions")
    return Fix("remove the dimensions", (edit,)) if edit is not None else None


def name_table(stack: Stack, watch: Watch, logical_id: str) -> Fix | None:
    """TableName added to the dimensions of an index."""
    document = stack.document
    listed = watch.block.get("Dimensions")
    first = listed.items[0] if isinstance(listed, Rows) and listed.items else None
    if not isinstance(first, Block):
        return None
    summary = f"add TableName: {logical_id} to the dimensions"
    start = document.offset(first.position)
    if document.is_json:
        body = f'{{"Name": "TableName", "Value": {{"Ref": "{logical_id}"}}}}, '
        return Fix(summary, (Edit(start, start, body),)) if document.text[start : start + 1] == "{" else None
    dash = document.item_of(first.position)
    if dash is None:
        return None
    indent = " " * (dash.column - 1)
    lines = [f"{indent}- Name: TableName", f"{indent}  Value: !Ref {logical_id}"]
    return Fix(summary, (document.put_lines(dash.line - 1, lines),))


def throttle_math(stack: Stack, watch: Watch) -> Fix | None:
    """ThrottledRequests by table made the sum of the read and write throttle events, which the table does have."""
    document, props = stack.document, watch.alarm.properties
    names = frozenset(watch.dimensions or ())
    if watch.metric != "ThrottledRequests" or watch.block is not props or T not in names or not names <= {T, INDEX}:
        return None
    period, dimensions = props.fields.get("Period"), props.fields.get("Dimensions")
    metric = props.fields.get("MetricName")
    literal = period is not None and isinstance(period.value, Text) and isinstance(period.value.node, Scalar)
    if period is None or dimensions is None or metric is None or not literal or document.is_json:
        return None
    assert isinstance(period.value, Text)
    gone = [
        key for key in ("MetricName", "Namespace", "Statistic", "Period", "Dimensions", "Unit") if key in props.fields
    ]
    cuts = [_cut(document, props, key) for key in gone]
    indent = metric.position.column - 1
    listed = document.lines_of(dimensions.position, indent + 8)
    if any(cut is None for cut in cuts) or listed is None:
        return None
    lines = _math(" " * indent, listed, period.value.text)
    edits = [cut for cut in cuts if cut is not None]
    at = gone.index("MetricName")
    edits[at] = Edit(edits[at].start, edits[at].end, "".join(line + document.newline for line in lines))
    return Fix("watch the read and write throttle events instead", tuple(edits))


def _math(indent: str, dimensions: list[str], period: str) -> list[str]:
    lines = [
        "Metrics:",
        "  - Id: throttled",
        "    Expression: reads + writes",
        "    ReturnData: true",
    ]
    found = [indent + line for line in lines]
    for id_, metric in (("reads", "ReadThrottleEvents"), ("writes", "WriteThrottleEvents")):
        lines = [
            f"  - Id: {id_}",
            "    ReturnData: false",
            "    MetricStat:",
            "      Metric:",
            "        Namespace: AWS/DynamoDB",
            f"        MetricName: {metric}",
        ]
        found += [indent + line for line in lines]
        found += dimensions
        found += [indent + line for line in ("      Stat: Sum", f"      Period: {period}")]
    return found
