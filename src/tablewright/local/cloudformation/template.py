"""A template's structure: its sections read and checked, nothing resolved yet.

Messages are those that CloudFormation gives from CreateStack, CreateChangeSet and ValidateTemplate before anything starts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tablewright.local.cloudformation.errors import template_format, validation
from tablewright.local.cloudformation.template_form import check_form
from tablewright.local.cloudformation.template_text import parse

SECTIONS = frozenset(
    [
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Rules",
        "Mappings",
        "Conditions",
        "Transform",
        "Hooks",
        "Resources",
        "Outputs",
    ]
)
RESOURCE_ATTRIBUTES = frozenset(
    [
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "Metadata",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "CreationPolicy",
        "UpdatePolicy",
    ]
)
OUTPUT_MEMBERS = frozenset({"Condition", "Description", "Export", "Value"})
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
REPLACE_POLICIES = ("Delete", "Retain", "Snapshot")

INLINE_LIMIT = 51_200
"""Bytes of a template given in the request itself (quota page of the user guide)."""
OBJECT_LIMIT = 1_048_576
"""Bytes of a template read from S3 (quota page of the user guide)."""
MAX_RESOURCES = 500
MAX_OUTPUTS = 200
MAX_PARAMETERS = 200

_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}$")


@dataclass(frozen=True, slots=True)
class ResourceDeclaration:
    """One entry of Resources as written: values may hold intrinsic functions."""

    logical_id: str
    type: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    condition: str = ""
    metadata: Mapping[str, Any] | None = None
    deletion_policy: Any = ""
    update_replace_policy: Any = ""


@dataclass(frozen=True, slots=True)
class OutputDeclaration:
    key: str
    value: Any
    description: str = ""
    export: Any = None
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """The sections of a template, each checked for its form."""

    raw: Mapping[str, Any]
    description: str = ""
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    transforms: tuple[str, ...] = ()
    resources: Mapping[str, ResourceDeclaration] = field(default_factory=dict)
    outputs: Mapping[str, OutputDeclaration] = field(default_factory=dict)
    metadata: Any = None


def read_sections(text: str) -> dict[str, Any]:
    """The template as a mapping, its sections known. Raises ValidationError."""
    value = parse(text)
    if not isinstance(value, dict):
        raise template_format("unsupported structure.")
    unknown = [name for name in value if name not in SECTIONS]
    if unknown:
        raise validation(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = value.get("AWSTemplateFormatVersion")
    if version is not None and str(version) != "2010-09-09":
        raise template_format(f"{version} is not a supported value for AWSTemplateFormatVersion.")
    for name in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Rules"):
        section = value.get(name)
        if section is not None and not isinstance(section, dict):
            raise template_format(f"[/{name}] '{name}' section must be an object.")
    check_form(value)
    return value


def read_template(sections: Mapping[str, Any]) -> Template:
    """The checked template of its (expanded) sections. Raises ValidationError."""
    resources = sections.get("Resources")
    if not resources:
        raise template_format("At least one Resources member must be defined.")
    if len(resources) > MAX_RESOURCES:
        raise template_format(
            f"Number of resources, {len(resources)}, is greater than maximum allowed, {MAX_RESOURCES}"
        )
    outputs = sections.get("Outputs") or {}
    if len(outputs) > MAX_OUTPUTS:
        raise template_format(f"Number of outputs, {len(outputs)}, is greater than maximum allowed, {MAX_OUTPUTS}")
    return Template(
        raw=sections,
        description=_description(sections.get("Description")),
        parameters=_parameters(sections.get("Parameters") or {}),
        mappings=sections.get("Mappings") or {},
        conditions=sections.get("Conditions") or {},
        transforms=transforms_of(sections),
        resources={name: _resource(name, body) for name, body in resources.items()},
        outputs={name: _output(name, body) for name, body in outputs.items()},
        metadata=sections.get("Metadata"),
    )


def transforms_of(sections: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the macros that the template asks for, in order."""
    declared = sections.get("Transform") or []
    entries = declared if isinstance(declared, list) else [declared]
    return tuple(str(item.get("Name", "")) if isinstance(item, dict) else str(item) for item in entries)


def _description(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise template_format("Description must be a string.")
    if len(value.encode()) > 1024:
        raise template_format("'Description' length is greater than 1024.")
    return value


def _parameters(section: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    if len(section) > MAX_PARAMETERS:
        raise template_format(
            f"Number of parameters, {len(section)}, is greater than maximum allowed, {MAX_PARAMETERS}"
        )
    for name, body in section.items():
        if not _LOGICAL_ID.match(name):
            raise template_format(f"Parameter name {name} is non alphanumeric.")
        if not isinstance(body, dict):
            raise template_format(f"Any Parameters member must be a JSON object.: {name}")
        if "Type" not in body:
            raise template_format(f"Every Parameters object must contain a Type member.: {name}")
    return dict(section)


def _resource(name: str, body: Any) -> ResourceDeclaration:
    if not _LOGICAL_ID.match(name):
        raise template_format(f"Resource name {name} is non alphanumeric.")
    if not isinstance(body, dict):
        raise template_format("Any Resources member must be an object.")
    kind = body.get("Type")
    if not isinstance(kind, str) or not kind:
        raise template_format(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    unknown = [key for key in body if key not in RESOURCE_ATTRIBUTES]
    if unknown:
        raise validation(f"Invalid template resource property '{unknown[0]}'")
    properties = body.get("Properties")
    if properties is not None and (not isinstance(properties, dict) or _is_function(properties)):
        raise template_format(f"[/Resources/{name}/Properties] 'Properties' must be an object.")
    if not isinstance(body.get("Metadata", {}), dict):
        raise template_format(f"[/Resources/{name}/Metadata] 'Metadata' must be an object.")
    return ResourceDeclaration(
        logical_id=name,
        type=kind,
        properties=properties or {},
        depends_on=_depends_on(name, body.get("DependsOn")),
        condition=_condition_name(f"/Resources/{name}", body.get("Condition")),
        metadata=body.get("Metadata"),
        deletion_policy=_policy(name, body, "DeletionPolicy", DELETION_POLICIES),
        update_replace_policy=_policy(name, body, "UpdateReplacePolicy", REPLACE_POLICIES),
    )


def _is_function(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is a call: what it gives is not known to be a mapping."""
    name = str(next(iter(value))) if len(value) == 1 else ""
    return name == "Ref" or (name.startswith("Fn::") and not name.startswith("Fn::ForEach"))


def _depends_on(name: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise template_format(f"[/Resources/{name}/DependsOn] DependsOn must be a string or a list of strings.")


def _condition_name(path: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise template_format(f"[{path}/Condition] Every Condition member must be a string.")
    return value


def _policy(name: str, body: Mapping[str, Any], attribute: str, allowed: tuple[str, ...]) -> Any:
    value = body.get(attribute)
    if value is None:
        return ""
    if not isinstance(value, str):
        # An intrinsic function there is AWS::LanguageExtensions' business, which resolves it first.
        raise template_format(f"Every {attribute} member must be a string.")
    if value not in allowed:
        raise template_format(f"Unrecognized {attribute} {value} for resource {name}")
    return value


def _output(name: str, body: Any) -> OutputDeclaration:
    if not _LOGICAL_ID.match(name):
        raise template_format(f"Output name {name} is non alphanumeric.")
    if not isinstance(body, dict):
        raise template_format(f"[/Outputs/{name}] Every Outputs member must be an object.")
    if body.get("Value") is None:
        raise template_format(f"Output {name} is malformed. The Value field of every Outputs member must be defined.")
    unknown = [member for member in body if member not in OUTPUT_MEMBERS]
    if unknown:
        raise validation(f"Invalid template output property '{unknown[0]}'")
    if not isinstance(body.get("Description", ""), str):
        raise template_format(f"[/Outputs/{name}/Description] Every Description member must be a string.")
    export = body.get("Export")
    if export is not None and (not isinstance(export, dict) or "Name" not in export):
        raise template_format(f"Output {name} is malformed. Export must be an object with a Name.")
    return OutputDeclaration(
        key=name,
        value=body["Value"],
        description=str(body.get("Description") or ""),
        export=export["Name"] if export else None,
        condition=_condition_name(f"/Outputs/{name}", body.get("Condition")),
    )
