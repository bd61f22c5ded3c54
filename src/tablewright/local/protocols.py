"""CloudWatch in all of its protocols: Query and CBOR requests are turned into JSON ones, and the answers back.

The data plane answers JSON in full but Query and CBOR only in part, so every client gets the JSON answer, in its own
protocol. Shapes come from botocore's model of the service; the wire formats are AWS's Query protocol and Smithy RPC v2 CBOR.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from tablewright.local import cbor
from tablewright.local.dataplane import Response
from tablewright.local.operation import Operation, Request, query_form
from tablewright.local.wire import error

__all__ = ["answer_as", "as_json", "speaks_json"]

_NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
_TARGET = "GraniteServiceVersion20100801"


@cache
def _model() -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("cloudwatch", "service-2"), "cloudwatch")


def _is_cbor(request: Request) -> bool:
    return "cbor" in request.headers.get("content-type", "") or "cbor" in request.headers.get("smithy-protocol", "")


def speaks_json(request: Request) -> bool:
    """Whether a CloudWatch request is in JSON already."""
    return "x-amz-target" in request.headers and not _is_cbor(request)


def as_json(request: Request, operation: Operation) -> Request | None:
    """A Query or CBOR request as the JSON one that asks for the same; None when the operation is unknown or unreadable."""
    if operation.name not in _model().operation_names:
        return None
    shape = _model().operation_model(operation.name).input_shape
    try:
        if _is_cbor(request):
            data = _plain(cbor.loads(request.body)) if request.body else {}
        else:
            data = (_from_form(shape, query_form(request), "") if shape is not None else None) or {}
    except (ValueError, TypeError, RecursionError):
        return None
    headers = {
        **{
            name: value
            for name, value in request.headers.items()
            if name not in ("smithy-protocol", "content-encoding")
        },
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"{_TARGET}.{operation.name}",
    }
    return Request("POST", "/", "", headers, json.dumps(data).encode())


def answer_as(request: Request, operation: Operation, response: Response, asked: str) -> Response:
    """A JSON answer in the protocol of `request`; `asked` is the request id."""
    data = json.loads(response.body or b"{}")
    if not response.ok:
        code = str(data.get("__type", "InternalFailure")).rpartition("#")[2]
        return error(request, operation, response.status, code, data.get("message") or data.get("Message") or "")
    shape = _model().operation_model(operation.name).output_shape
    if _is_cbor(request):
        body = cbor.dumps(_to_cbor(shape, data) if shape is not None else {})
        return Response(200, (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")), body)
    name = operation.name
    result = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
        result = f"<{wrapper}>{_to_xml(shape, data)}</{wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{asked}</RequestId></ResponseMetadata>"
    text = f'<{name}Response xmlns="{_NAMESPACE}">{result}{metadata}</{name}Response>'
    return Response(200, (("Content-Type", "text/xml"),), text.encode())


def _from_form(shape: Any, form: Mapping[str, str], prefix: str) -> Any:
    """The value of `shape` that the parameters under `prefix` spell out, or None when there are none."""
    kind = shape.type_name
    if kind == "structure":
        found = {
            name: _from_form(member, form, f"{prefix}.{name}" if prefix else name)
            for name, member in shape.members.items()
        }
        present = {name: value for name, value in found.items() if value is not None}
        return present or None
    if kind == "list":
        values: list[Any] = []
        while True:
            value = _from_form(shape.member, form, f"{prefix}.member.{len(values) + 1}")
            if value is None:
                return values or None
            values.append(value)
    text = form.get(prefix)
    if text is None:
        return None
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("double", "float"):
        return float(text)
    if kind == "timestamp":
        return _epoch(text)
    return text.lower() == "true" if kind == "boolean" else text


def _epoch(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _plain(value: Any) -> Any:
    """What CBOR holds as JSON can: times as seconds since the epoch, bytes in base64."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.timestamp()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _to_cbor(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {
            name: _to_cbor(member, value[name]) for name, member in shape.members.items() if value.get(name) is not None
        }
    if kind == "list":
        return [_to_cbor(shape.member, each) for each in value]
    if kind == "timestamp":
        return cbor.Time(_seconds(value))
    if kind in ("double", "float"):
        return float(value)
    return base64.b64decode(value) if kind == "blob" else value


def _to_xml(shape: Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        return "".join(
            f"<{name}>{_to_xml(member, value[name])}</{name}>"
            for name, member in shape.members.items()
            if value.get(name) is not None
        )
    if kind == "list":
        return "".join(f"<member>{_to_xml(shape.member, each)}</member>" for each in value)
    if kind == "timestamp":
        return datetime.fromtimestamp(_seconds(value), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if kind == "boolean":
        return "true" if value else "false"
    return escape(str(value))


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else _epoch(str(value))
