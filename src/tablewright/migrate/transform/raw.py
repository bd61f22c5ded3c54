"""Attribute values as the bytes of their JSON: read without a parser where they are written as DynamoDB writes them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

import msgspec
import orjson

from tablewright.migrate.items.numbers import NumberRefused, canonical_number
from tablewright.migrate.transform.protocol import TransformError

__all__ = ["binary_value", "convert", "json_text", "scalar", "string_value"]

_PLAINLY = {b'{"S":"': "S", b'{"N":"': "N", b'{"B":"': "B"}


class _Scalar(msgspec.Struct):
    S: str | None = None
    N: str | None = None
    B: str | None = None


_decode = msgspec.json.Decoder(_Scalar).decode


def scalar(value: bytes) -> tuple[str, bytes]:
    """The type of a string, number or binary value and its text in UTF-8 (base64 for binary); ("", b"") for any other."""
    kind = _PLAINLY.get(value[:6])
    if kind and value.count(b'"') == 4 and value[-2:] == b'"}' and b"\\" not in value:
        return kind, value[6:-2]
    try:
        found = _decode(value)
    except msgspec.DecodeError:
        return "", b""
    for kind in ("S", "N", "B"):
        text = getattr(found, kind)
        if text is not None:
            return kind, text.encode()
    return "", b""


def json_text(text: bytes) -> bytes:
    """UTF-8 text as it stands between the quotes of a JSON string."""
    if b'"' in text or b"\\" in text or min(text, default=32) < 32:
        return orjson.dumps(text.decode())[1:-1]
    return text


def string_value(text: bytes) -> bytes:
    """``{"S": text}`` in bytes."""
    return b'{"S":"' + json_text(text) + b'"}'


def binary_value(held: bytes) -> bytes:
    """``{"B": held}`` in bytes."""
    return b'{"B":"' + b64encode(held) + b'"}'


def convert(name: str, value: bytes, target: str, source: str | None) -> bytes:
    """The value with another type. ``source`` None: from any, and one that has the type stays. Raises TransformError."""
    ((kind, held),) = orjson.loads(value).items()
    if source is not None and kind != source:
        raise TransformError(f"attribute {name!r} is {kind}, and {source} was to be made {target}")
    if kind == target:
        return value
    try:
        match kind, target:
            case "S", "N":
                return orjson.dumps({"N": canonical_number(held.strip())})
            case "N", "S":
                return orjson.dumps({"S": canonical_number(held)})
            case "S", "B":
                return binary_value(held.encode())
            case "B", "S":
                return string_value(b64decode(held, validate=True).decode().encode())
            case "S", "BOOL" if held.lower() in ("true", "false"):
                return orjson.dumps({"BOOL": held.lower() == "true"})
            case "N", "BOOL" if canonical_number(held) in ("0", "1"):
                return orjson.dumps({"BOOL": canonical_number(held) == "1"})
            case "BOOL", "S":
                return orjson.dumps({"S": "true" if held else "false"})
            case "BOOL", "N":
                return orjson.dumps({"N": "1" if held else "0"})
            case "L", "SS" | "NS" | "BS":
                return _set_of(name, held, target)
            case "SS" | "NS" | "BS", "L":
                return orjson.dumps({"L": [{kind[0]: each} for each in held]})
    except (NumberRefused, Base64Error, UnicodeDecodeError) as error:
        raise TransformError(f"attribute {name!r} cannot become {target}: {error}") from None
    raise TransformError(f"attribute {name!r} is {kind} and cannot become {target}")


def _set_of(name: str, held: list[dict[str, str]], target: str) -> bytes:
    kinds = {kind for each in held for kind in each}
    if kinds != {target[0]}:
        raise TransformError(
            f"attribute {name!r} cannot become {target}: its elements are {', '.join(sorted(kinds)) or 'none'}"
        )
    texts = [each[target[0]] for each in held]
    if target == "NS":
        texts = [canonical_number(text) for text in texts]
    if len(set(texts)) != len(texts):
        raise TransformError(f"attribute {name!r} cannot become {target}: an element is in the list twice")
    return orjson.dumps({target: texts})
