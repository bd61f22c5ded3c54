"""Template text to design: what a template asks for under the values that one deployment gives it."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from collections.abc import Mapping as Values
from dataclasses import replace

from tablewright.errors import UsageError
from tablewright.model.design import (
    NESTED,
    TABLE_TYPES,
    Design,
    Known,
    ParameterDesign,
    Position,
    ResourceDesign,
    Unknown,
)
from tablewright.template.capabilities import capabilities, transforms
from tablewright.template.decode import decode
from tablewright.template.intrinsics import Scope, Value, evaluate
from tablewright.template.mistakes import mistake
from tablewright.template.request import check_stack_name, check_tags
from tablewright.template.tables import index_names, table_design
from tablewright.template.tree import Entry, Mapping, Node, Scalar

NAME_PROPERTIES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::SSM::Parameter": "Name",
}
"""Which property gives a resource its custom name. Source: the resource types' pages in the template reference."""

MASKED = "****"
"""What CloudFormation shows for a parameter with NoEcho."""


def read_design(
    text: str,
    *,
    stack: str,
    path: str = "template",
    parameters: Values[str, str] | None = None,
    tags: Values[str, str] | None = None,
    pseudo: Values[str, str] | None = None,
) -> Design:
    """The design that ``text`` is for ``stack``.

    ``parameters`` are the values given; a parameter with neither a value nor a default is Unknown. ``pseudo`` gives pseudo
    parameters that are known already (``AWS::Region`` …). Raises UsageError, with file, line and column, where the text is
    not a template, where a value is given for a parameter that is not declared, and where no stack has such a name or tags.
    """
    check_stack_name(stack)
    check_tags(tags or {})
    text = text.removeprefix("\ufeff")
    template = decode(text, path)
    declared = _parameters(template, text, path)
    given = dict(parameters or {})
    _check_given(given, declared, path)
    design = Design(
        stack=stack,
        body=text,
        path=path,
        declared=declared,
        parameters=given,
        tags=dict(tags or {}),
        capabilities=capabilities(template),
        outputs=_keys(template.get("Outputs")),
        transforms=transforms(template),
    )
    return resolve(design, given, pseudo or {})


def resolve(design: Design, values: Values[str, str], pseudo: Values[str, str]) -> Design:
    """The same design with its resources evaluated again under ``values``, where those of a deployed stack are known as well."""
    template = decode(design.body, design.path)
    scope = Scope(
        parameters=_values(design.declared, values),
        pseudo={"AWS::StackName": design.stack, **pseudo},
        mappings=_mapping(template.get("Mappings")),
        conditions=_mapping(template.get("Conditions")),
    )
    found = _resources(template, design, scope)
    kept = tuple(resource for resource, holds in found if holds)
    return replace(design, resources=kept, excluded=tuple(resource for resource, holds in found if not holds))


def _resources(template: Mapping, design: Design, scope: Scope) -> list[tuple[ResourceDesign, bool]]:
    resources = template.get("Resources")
    if not isinstance(resources, Mapping) or not resources.entries:
        what = "Resources is empty" if resources is not None else "there is no Resources section"
        position = resources.position if resources is not None else template.position
        what += "; a template needs at least one resource."
        raise _mistake("no-resources", "Template has no resources", what, design, position)
    found = []
    for entry in resources.entries:
        if not entry.key.startswith("Fn::"):  # a loop or a transform, whose resources only AWS knows
            found.append(_resource(entry, design, scope))
    return found


def _resource(entry: Entry, design: Design, scope: Scope) -> tuple[ResourceDesign, bool]:
    """The resource, and whether it exists: False only where its condition is known not to hold."""
    node, name = entry.value, entry.key
    if not isinstance(node, Mapping):
        what = f"resource {name} is not a mapping; it needs at least a Type."
        raise _mistake("malformed-resource", "Resource is malformed", what, design, entry.key_position)
    type_ = node.get("Type")
    if not isinstance(type_, Scalar) or not type_.text:
        what = f"resource {name} has no Type."
        raise _mistake("malformed-resource", "Resource is malformed", what, design, entry.key_position)
    holds: bool | Unknown = True
    condition = node.get("Condition")
    if isinstance(condition, Scalar):
        holds = scope.condition(condition.text)
    raw = node.get("Properties")
    properties: Value = evaluate(raw, scope) if raw is not None else {}
    is_table, region = type_.text in TABLE_TYPES, scope.pseudo.get("AWS::Region")
    floating = _floating(properties) if is_table else ()
    passed = _passed(properties) if type_.text == NESTED else ()
    properties = _settled(properties)
    resource = ResourceDesign(
        logical_id=name,
        type=type_.text,
        position=entry.key_position,
        deletion_policy=_policy(node.get("DeletionPolicy"), scope),
        update_replace_policy=_policy(node.get("UpdateReplacePolicy"), scope),
        physical_name=_name(type_.text, properties),
        indexes=index_names(properties) if is_table else (),
        table=table_design(type_.text, properties, region if isinstance(region, str) else None) if is_table else None,
        certain=holds is True,
        floating=floating,
        passed=passed,
        key_policy=_json(properties.get("KeyPolicy")) if isinstance(properties, dict) else None,
    )
    return resource, holds is not False


_REFERENCE = re.compile(r"\{\{resolve:[^}]*\}\}")
_PINNED = re.compile(r"\{\{resolve:ssm:[^:}]+:\d+\}\}")
"""A dynamic reference to one version, which never is another value (CloudFormation user guide, "Systems Manager parameters")."""

_RECREATING = ("TableName", "KeySchema", "AttributeDefinitions", "LocalSecondaryIndexes")


def _floating(properties: Value) -> tuple[str, ...]:
    """The properties by which a table is recreated, whose value CloudFormation asks for anew with each update."""
    if not isinstance(properties, dict):
        return ()
    return tuple(name for name in _RECREATING if any(map(_floats, _texts(properties.get(name)))))


def _passed(properties: Value) -> tuple[tuple[str, str], ...]:
    """The parameters of a nested stack whose value CloudFormation asks for anew with each update."""
    given = properties.get("Parameters") if isinstance(properties, dict) else None
    pairs = given.items() if isinstance(given, dict) else ()
    return tuple((name, value) for name, value in pairs if isinstance(value, str) and _floats(value))


def _floats(text: str) -> bool:
    return any(not _PINNED.fullmatch(found) for found in _REFERENCE.findall(text))


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _json(value: Value) -> Known | None:
    """A value as JSON, Unknown where any of it is."""
    if value is None:
        return None

    def unknown(inner: object) -> object:
        raise TypeError(inner)

    try:
        return json.dumps(value, sort_keys=True, default=unknown)
    except TypeError:
        return Unknown("a part of it cannot be resolved")


def _settled(value: Value) -> Value:
    """The value, Unknown where a dynamic reference stands: what it refers to is CloudFormation's to read."""
    if isinstance(value, dict):
        return {name: _settled(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_settled(inner) for inner in value]
    if isinstance(value, str) and _REFERENCE.search(value):
        return Unknown("it is a dynamic reference, which CloudFormation resolves")
    return value


def _name(type_: str, properties: Value) -> Known | None:
    key = NAME_PROPERTIES.get(type_)
    if key is None:
        return None
    if not isinstance(properties, dict):
        return properties if isinstance(properties, Unknown) else None
    name = properties.get(key)
    return name if name is None or isinstance(name, (str, Unknown)) else Unknown(f"{key} is not text")


def _policy(node: Node | None, scope: Scope) -> str | None:
    value = evaluate(node, scope) if node is not None else None
    return value if isinstance(value, str) else None


def _parameters(template: Mapping, text: str, path: str) -> tuple[ParameterDesign, ...]:
    section = template.get("Parameters")
    if section is None or (isinstance(section, Scalar) and section.kind == "null"):
        return ()
    if not isinstance(section, Mapping):
        raise mistake(
            "malformed-parameters", "Parameters are malformed", "Parameters must be a mapping of names.",
            path=path, text=text, position=section.position,
        )  # fmt: skip
    found = []
    for entry in section.entries:
        body = entry.value if isinstance(entry.value, Mapping) else Mapping((), entry.key_position)
        type_, default, no_echo = body.get("Type"), body.get("Default"), body.get("NoEcho")
        found.append(
            ParameterDesign(
                entry.key,
                type_.text if isinstance(type_, Scalar) else "String",
                default.text if isinstance(default, Scalar) else None,
                isinstance(no_echo, Scalar) and no_echo.text.lower() == "true",
            )
        )
    return tuple(found)


def _check_given(given: Values[str, str], declared: tuple[ParameterDesign, ...], path: str) -> None:
    names = [parameter.name for parameter in declared]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            known = f" It declares {', '.join(names)}." if names else " It declares none."
            raise UsageError(
                "unknown-parameter",
                "Template has no such parameter",
                f"{path} declares no parameter {name}.{meant}{known}",
            )


def _values(declared: tuple[ParameterDesign, ...], values: Values[str, str]) -> dict[str, Value]:
    known: dict[str, Value] = {}
    for parameter in declared:
        value = values.get(parameter.name, parameter.default)
        if value is None:
            known[parameter.name] = Unknown(f"parameter {parameter.name} has no value")
        elif value == MASKED:
            known[parameter.name] = Unknown(f"parameter {parameter.name} is hidden (NoEcho)")
        elif parameter.type.startswith("AWS::SSM::Parameter::Value"):
            known[parameter.name] = Unknown(f"parameter {parameter.name} is read from the parameter store")
        elif parameter.type == "CommaDelimitedList" or parameter.type.startswith("List<"):
            known[parameter.name] = [part.strip() for part in value.split(",")]
        else:
            known[parameter.name] = value
    return known


def _mapping(node: Node | None) -> Mapping | None:
    return node if isinstance(node, Mapping) else None


def _keys(node: Node | None) -> tuple[str, ...]:
    return tuple(entry.key for entry in node.entries) if isinstance(node, Mapping) else ()


def _mistake(code: str, summary: str, what: str, design: Design, position: Position) -> UsageError:
    return mistake(code, summary, what, path=design.path, text=design.body, position=position)
