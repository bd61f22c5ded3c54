"""Properties against the resource schema that AWS publishes, refused in CloudFormation's words.

The schemas are those that cfn-lint ships; only their files are read, cfn-lint itself is not imported. Keywords that describe
one value are checked (type, enum, pattern, lengths, required, unknown keys); those that relate values are left to the service.
Source of the words: status reasons quoted in public repositories ("Properties validation failed for resource X with message").
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tablewright.local.cloudformation.intrinsics import is_unknown

Schema = Mapping[str, Any]

_NAMES = {
    "string": "String",
    "integer": "Integer",
    "number": "Number",
    "boolean": "Boolean",
    "object": "JSONObject",
    "array": "JSONArray",
}
_INTEGER = re.compile(r"[-+]?\d+$")
REGION = "us-east-1"
"""The region whose schemas are used: it has every type and property first."""


@lru_cache(maxsize=1)
def _index() -> tuple[Path, Mapping[str, str]] | None:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "data" / "schemas"
    file = folder / "providers" / f"{REGION}.json"
    return (folder, json.loads(file.read_bytes())) if file.exists() else None


@lru_cache(maxsize=256)
def schema_of(kind: str) -> Schema | None:
    """The schema of a resource type, or None when there is none."""
    found = _index()
    if found is None or kind not in found[1]:
        return None
    folder, names = found
    loaded: Schema = json.loads((folder / "resources" / f"{names[kind]}.json").read_bytes())
    return loaded


def known_types() -> frozenset[str]:
    """Every resource type that AWS has."""
    found = _index()
    return frozenset(found[1]) if found else frozenset()


def top_level(schema: Schema, keyword: str) -> frozenset[str]:
    """Top-level property names of `createOnlyProperties` and its kin."""
    return frozenset(pointer.split("/")[2] for pointer in schema.get(keyword) or () if pointer.count("/") >= 2)


def violations(kind: str, properties: Mapping[str, Any]) -> list[str]:
    """What is wrong with the properties, each as CloudFormation words it. Values not known yet are not judged."""
    schema = schema_of(kind)
    if schema is None:
        return []
    readonly = top_level(schema, "readOnlyProperties")
    allowed = {**schema, "properties": {k: v for k, v in schema["properties"].items() if k not in readonly}}
    return list(_check(allowed, properties, "#", schema))


def message(logical_id: str, problems: list[str], *, static: bool) -> str:
    """The status reason: problems found before anything started are in brackets."""
    listed = f"[{', '.join(problems)}]" if static else "\n".join(problems)
    return f"Properties validation failed for resource {logical_id} with message:\n{listed}"


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target.get(part, {})
        schema = target
    return schema


def _check(schema: Schema, value: Any, path: str, root: Schema) -> Iterator[str]:
    schema = _resolved(schema, root)
    if isinstance(value, str) and (is_unknown(value) or "{{resolve:" in value):
        return
    schema = _alternative(schema, value, root)
    types = schema.get("type")
    wanted = [types] if isinstance(types, str) else list(types or ())
    if wanted and not any(_is(value, kind) for kind in wanted):
        names = ", ".join(_NAMES.get(kind, kind) for kind in wanted)
        yield f"{path}: expected type: {names}, found: {_found(value)}"
        return
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        yield f"{path}: {value} is not a valid enum value"
    if isinstance(value, Mapping):
        yield from _object(schema, value, path, root)
    elif isinstance(value, list):
        yield from _array(schema, value, path, root)
    elif "string" in wanted and not isinstance(value, bool):
        yield from _string(schema, str(value), path)
    elif "integer" in wanted or "number" in wanted:
        yield from _number(schema, float(value), path)


def _alternative(schema: Schema, value: Any, root: Schema) -> Schema:
    """Of several forms that a value may have, the one that its type tells."""
    forms = schema.get("oneOf") or schema.get("anyOf")
    if "type" in schema or not forms:
        return schema
    for form in (_resolved(form, root) for form in forms):
        if isinstance(form.get("type"), str) and _is(value, form["type"]):
            return form
    return schema


def _object(schema: Schema, value: Mapping[str, Any], path: str, root: Schema) -> Iterator[str]:
    for name in schema.get("required") or ():
        if name not in value:
            yield f"{path}: required key [{name}] not found"
    properties = schema.get("properties") or {}
    patterns = schema.get("patternProperties") or {}
    for name, item in value.items():
        if name in properties:
            yield from _check(properties[name], item, f"{path}/{name}", root)
            continue
        matched = [inner for pattern, inner in patterns.items() if _matches(pattern, str(name))]
        for inner in matched:
            yield from _check(inner, item, f"{path}/{name}", root)
        if not matched and schema.get("additionalProperties") is False:
            yield f"{path}: extraneous key [{name}] is not permitted"


def _array(schema: Schema, value: list[Any], path: str, root: Schema) -> Iterator[str]:
    if len(value) < int(schema.get("minItems", 0)):
        yield f"{path}: expected minimum item count: {schema['minItems']}, found: {len(value)}"
    if "maxItems" in schema and len(value) > int(schema["maxItems"]):
        yield f"{path}: expected maximum item count: {schema['maxItems']}, found: {len(value)}"
    if schema.get("uniqueItems") and len({json.dumps(v, sort_keys=True, default=str) for v in value}) < len(value):
        yield f"{path}: array items are not unique"
    items = schema.get("items")
    if isinstance(items, Mapping):
        for index, item in enumerate(value):
            yield from _check(items, item, f"{path}/{index}", root)


def _string(schema: Schema, value: str, path: str) -> Iterator[str]:
    if len(value) < int(schema.get("minLength", 0)):
        yield f"{path}: expected minLength: {schema['minLength']}, actual: {len(value)}"
    if "maxLength" in schema and len(value) > int(schema["maxLength"]):
        yield f"{path}: expected maxLength: {schema['maxLength']}, actual: {len(value)}"
    if "pattern" in schema and not _matches(str(schema["pattern"]), value):
        yield f"{path}: failed validation constraint for keyword [pattern]"


def _number(schema: Schema, value: float, path: str) -> Iterator[str]:
    if "minimum" in schema and value < float(schema["minimum"]):
        yield f"{path}: failed validation constraint for keyword [minimum]"
    if "maximum" in schema and value > float(schema["maximum"]):
        yield f"{path}: failed validation constraint for keyword [maximum]"


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        # A Java expression that Python does not read is not judged.
        return True


def _is(value: Any, kind: str) -> bool:
    """Whether a value can be of a type: CloudFormation reads numbers and booleans from text, and writes them as text."""
    if kind == "object":
        return isinstance(value, Mapping)
    if kind == "array":
        return isinstance(value, list)
    if isinstance(value, (Mapping, list)) or value is None:
        return False
    if kind == "string":
        return True
    if kind == "boolean":
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if isinstance(value, bool):
        return False
    if kind == "integer":
        return (
            isinstance(value, int)
            or (isinstance(value, float) and value.is_integer())
            or bool(_INTEGER.match(str(value)))
        )
    try:
        float(value)
    except ValueError:
        return False
    return True


def _same(value: Any, choice: Any) -> bool:
    if isinstance(choice, bool):
        return str(value).lower() == str(choice).lower()
    return bool(value == choice) or str(value) == str(choice)


def _found(value: Any) -> str:
    if value is None:
        return "Null"
    for kind, name in ((bool, "Boolean"), (int, "Integer"), (float, "Number"), (str, "String"), (list, "JSONArray")):
        if isinstance(value, kind):
            return name
    return "JSONObject"
