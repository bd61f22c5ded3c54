"""The AWS Query protocol of CloudFormation, both ways, driven by botocore's service model.

A request is a flat form (`Tags.member.1.Key=...`); a response is XML. Neither is written by hand for any action: the input
and output shapes of the model say how to read the one and write the other, so an action deals in plain dicts.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session  # type: ignore[import-untyped,unused-ignore]
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from tablewright.local.cloudformation.errors import CfnError, validation

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"

Params = dict[str, Any]

OWN_PREFIX = "TABLEWRIGHT_"
"""Values of the embedded CloudFormation's own, which no enum of AWS has."""


@cache
def service_model() -> ServiceModel:
    """The CloudFormation service model that the pinned botocore ships."""
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model("cloudformation", "service-2"), "cloudformation")


@cache
def operation_model(action: str) -> OperationModel | None:
    model = service_model()
    return model.operation_model(action) if action in model.operation_names else None


def read_request(action: str, form: Mapping[str, str]) -> Params:
    """The typed parameters of a request. Raises ValidationError for a missing required one or a malformed value."""
    operation = operation_model(action)
    if operation is None:
        raise CfnError("InvalidAction", f"Could not find operation {action} for version 2010-05-15")
    if operation.input_shape is None:
        return {}
    params: Params = _read(operation.input_shape, form, "") or {}
    missing = [name for name in operation.input_shape.required_members if name not in params]
    if missing:
        raise validation(_constraint(missing[0]))
    return params


def _constraint(member: str) -> str:
    name = member[:1].lower() + member[1:]
    return f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"


def _read(shape: Shape, form: Mapping[str, str], prefix: str) -> Any:
    """The value at `prefix`, or None when the form has nothing there."""
    if isinstance(shape, StructureShape):
        dot = f"{prefix}." if prefix else ""
        found = {}
        for name, member in shape.members.items():
            wire_name = member.serialization.get("name", name)
            value = _read(member, form, f"{dot}{wire_name}")
            if value is not None:
                found[name] = value
        return found or None
    if isinstance(shape, ListShape):
        return _read_list(shape, form, prefix)
    if isinstance(shape, MapShape):
        return _read_map(shape, form, prefix)
    text = form.get(prefix)
    return None if text is None else _scalar(shape, text, prefix)


def _read_list(shape: ListShape, form: Mapping[str, str], prefix: str) -> list[Any] | None:
    member_name = shape.member.serialization.get("name", "member")
    values: list[Any] = []
    index = 1
    while True:
        value = _read(shape.member, form, f"{prefix}.{member_name}.{index}")
        if value is None:
            break
        values.append(value)
        index += 1
    if values:
        return values
    return [] if form.get(prefix) == "" else None


def _read_map(shape: MapShape, form: Mapping[str, str], prefix: str) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    index = 1
    while (key := form.get(f"{prefix}.entry.{index}.key")) is not None:
        values[key] = _read(shape.value, form, f"{prefix}.entry.{index}.value")
        index += 1
    return values or None


def _scalar(shape: Shape, text: str, name: str) -> Any:
    if shape.type_name == "boolean":
        if text.lower() not in ("true", "false"):
            raise CfnError("MalformedInput", f"{name} must be true or false")
        return text.lower() == "true"
    if shape.type_name in ("integer", "long"):
        try:
            number = int(text)
        except ValueError:
            raise CfnError("MalformedInput", f"{name} must be a number") from None
        _within(shape, number, text, name, "value")
        return number
    if shape.type_name == "string":
        allowed = getattr(shape, "enum", None)
        if allowed and text not in allowed and not text.startswith(OWN_PREFIX):
            where = name[:1].lower() + name[1:]
            raise validation(
                f"1 validation error detected: Value '{text}' at '{where}' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(allowed)}]"
            )
        _within(shape, len(text), text, name, "length")
    return text


def _within(shape: Shape, size: int, text: str, name: str, what: str) -> None:
    """Refuse a number or a length that the model's shape does not allow. The inline limit of templates is said elsewhere."""
    where = ".".join(part[:1].lower() + part[1:] for part in name.split("."))
    for bound, words in (("min", "greater"), ("max", "less")):
        limit = shape.metadata.get(bound)
        if limit is not None and (size < limit if bound == "min" else size > limit):
            raise validation(
                f"1 validation error detected: Value '{text}' at '{where}' failed to satisfy constraint: "
                f"Member must have {what} {words} than or equal to {limit}"
            )


def write_response(action: str, result: Mapping[str, Any], request_id: str) -> str:
    """The XML body of a successful answer; `result` holds what the output shape of the action names."""
    operation = operation_model(action)
    assert operation is not None
    body = ""
    shape = operation.output_shape
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{action}Result")
        body = f"<{wrapper}>{_members(shape, result)}</{wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{action}Response xmlns="{NAMESPACE}">{body}{metadata}</{action}Response>'


def write_error(error: CfnError, request_id: str) -> str:
    fault = "Sender" if error.status < 500 else "Receiver"
    return (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{fault}</Type><Code>{escape(error.code)}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def _members(shape: Shape, value: Mapping[str, Any]) -> str:
    assert isinstance(shape, StructureShape)
    parts = []
    for name, member in shape.members.items():
        item = value.get(name)
        if item is None:
            continue
        parts.append(_element(member.serialization.get("name", name), member, item))
    return "".join(parts)


def _element(tag: str, shape: Shape, value: Any) -> str:
    return f"<{tag}>{_content(shape, value)}</{tag}>"


def _content(shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        return _members(shape, value)
    if isinstance(shape, ListShape):
        name = shape.member.serialization.get("name", "member")
        return "".join(_element(name, shape.member, item) for item in value)
    if isinstance(shape, MapShape):
        entries = (_element("key", shape.key, k) + _element("value", shape.value, v) for k, v in value.items())
        return "".join(f"<entry>{entry}</entry>" for entry in entries)
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return iso(float(value))
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return _text(str(value))


def _text(value: str) -> str:
    """XML 1.0 cannot carry most control characters; AWS drops them too."""
    kept = "".join(c for c in value if c in "\t\n\r" or ord(c) >= 0x20)
    return escape(kept, {"\r": "&#13;"})


def iso(seconds: float) -> str:
    """Epoch seconds as AWS writes a time: UTC, milliseconds, Z."""
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
