"""A change as DescribeChangeSet shows it. Pure.

Source: CloudFormation API reference, ResourceChange, ResourceChangeDetail, ResourceTargetDefinition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tablewright.local.cloudformation.changes import Change
from tablewright.local.cloudformation.compare import ABSENT, Difference
from tablewright.local.cloudformation.documents import Doc
from tablewright.local.cloudformation.events import STACK_TYPE
from tablewright.local.cloudformation.intrinsics import is_unknown, text
from tablewright.local.cloudformation.program import Program
from tablewright.local.cloudformation.references import references
from tablewright.local.cloudformation.resources.protocol import Recreation
from tablewright.local.cloudformation.resources.registry import KINDS, kind_of

_REMOVED = {"Delete": "Delete", "Retain": "Retain", "RetainExceptOnCreate": "Retain", "Snapshot": "Snapshot"}
_REPLACED = {"Delete": "ReplaceAndDelete", "Retain": "ReplaceAndRetain", "Snapshot": "ReplaceAndSnapshot"}


def shown(change: Change, old: Program | None, new: Program) -> Doc:
    """The Change structure, with every property value; `without_values` takes them out again."""
    entry: Doc = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
    }
    if change.before is not None:
        entry["PhysicalResourceId"] = change.before.physical_id
        entry["BeforeContext"] = _context(
            change.before.properties,
            change.before.metadata,
            change.before.deletion_policy,
            change.before.update_replace_policy,
        )
    if change.action == "Import":
        entry["PhysicalResourceId"] = str(change.after.get(kind_of(change.type).name_property, "")) or None
    if change.action == "Add" and change.type not in KINDS:
        # AWS gives no physical ID here: it tells a placeholder from what is rehearsed.
        entry["PhysicalResourceId"] = kind_of(change.type).planned_name("", change.logical_id, change.after)
    if change.action != "Remove":
        entry["AfterContext"] = _context(
            change.after, change.metadata, change.deletion_policy, change.update_replace_policy
        )
    if change.action == "Remove":
        entry["PolicyAction"] = _REMOVED.get(change.deletion_policy, "Delete")
    if change.action == "Modify":
        details = _details(change, old, new)
        entry["Scope"] = list(change.scope)
        entry["Details"] = details
        entry["Replacement"] = _replacement(details)
        if entry["Replacement"] != "False":
            entry["PolicyAction"] = _REPLACED.get(change.update_replace_policy, "ReplaceAndDelete")
    return {"Type": "Resource", "ResourceChange": entry}


def _context(properties: Doc, metadata: Doc | None, deletion: str, replace: str) -> str:
    context: Doc = {"Properties": _as_text(properties)}
    if metadata is not None:
        context["Metadata"] = metadata
    if deletion != "Delete":
        context["DeletionPolicy"] = deletion
    if replace != "Delete":
        context["UpdateReplacePolicy"] = replace
    return json.dumps(context, separators=(",", ":"), ensure_ascii=False)


def _as_text(value: Any) -> Any:
    """Scalars as text, which is how change sets show them."""
    if isinstance(value, Mapping):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return value if value is None else text(value)


def _details(change: Change, old: Program | None, new: Program) -> list[Doc]:
    found = []
    for difference in change.differences:
        attribute = "Tags" if difference.path[:1] == ("Tags",) else "Properties"
        cause, entity = _cause(change.logical_id, difference, old, new)
        unknown = difference.after is not ABSENT and is_unknown(json.dumps(difference.after, default=str))
        dynamic = cause in ("ResourceReference", "ResourceAttribute") and unknown
        target: Doc = {
            "Attribute": attribute,
            "RequiresRecreation": _recreation(change, difference),
            "Path": difference.pointer,
            "AttributeChangeType": difference.kind,
        }
        if attribute == "Properties":
            target["Name"] = str(difference.path[0])
        if difference.before is not ABSENT:
            target["BeforeValue"] = _value(difference.before)
        if difference.after is not ABSENT:
            target["AfterValue"] = _value(difference.after)
        detail: Doc = {"Target": target, "Evaluation": "Dynamic" if dynamic else "Static", "ChangeSource": cause}
        if entity:
            detail["CausingEntity"] = entity
        found.append(detail)
    for attribute in ("Metadata", "DeletionPolicy", "UpdateReplacePolicy"):
        if attribute in change.scope:
            target = {"Attribute": attribute, "RequiresRecreation": "Never", "Path": f"/{attribute}"}
            found.append({"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"})
    if change.type == STACK_TYPE and not any(d["Target"]["Attribute"] == "Properties" for d in found):
        target = {"Attribute": "Properties", "RequiresRecreation": "Never"}
        found.append({"Target": target, "Evaluation": "Dynamic", "ChangeSource": "Automatic"})
    if "Tags" in change.scope and not any(d["Target"]["Attribute"] == "Tags" for d in found):
        target = {"Attribute": "Tags", "RequiresRecreation": "Never"}
        found.append({"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"})
    return found


def _recreation(change: Change, difference: Difference) -> str:
    assert change.before is not None
    return str(kind_of(change.type).recreation(difference.path, change.before.properties, change.after))


def _value(value: Any) -> str:
    return json.dumps(_as_text(value), separators=(",", ":")) if isinstance(value, (dict, list)) else text(value)


def _cause(logical_id: str, difference: Difference, old: Program | None, new: Program) -> tuple[str, str]:
    """ChangeSource and CausingEntity: the template itself, a parameter, or another resource."""
    name = str(difference.path[0])
    declared = new.template.resources[logical_id].properties.get(name)
    before = old.template.resources.get(logical_id) if old is not None else None
    if before is None or old is None or before.properties.get(name) != declared:
        return "DirectModification", ""
    values = {p.key: p.effective for p in old.parameters}
    changed = {p.key for p in new.parameters if values.get(p.key) != p.effective}
    used = list(references(declared, new.values().condition))
    for reference in used:
        if reference.name in changed:
            return "ParameterReference", reference.name
    for reference in used:
        if reference.name in new.template.resources:
            if reference.attribute:
                return "ResourceAttribute", f"{reference.name}.{reference.attribute}"
            return "ResourceReference", reference.name
    return "DirectModification", ""


def _replacement(details: list[Doc]) -> str:
    static = {d["Target"]["RequiresRecreation"] for d in details if d["Evaluation"] == "Static"}
    dynamic = {d["Target"]["RequiresRecreation"] for d in details if d["Evaluation"] == "Dynamic"}
    if Recreation.ALWAYS.value in static:
        return "True"
    if (static | dynamic) & {Recreation.ALWAYS.value, Recreation.CONDITIONALLY.value}:
        return "Conditional"
    return "False"


def without_values(entry: Doc) -> Doc:
    """The same change as it is shown without IncludePropertyValues: one detail for each property."""
    change = {k: v for k, v in entry["ResourceChange"].items() if k not in ("BeforeContext", "AfterContext")}
    if "Details" in change:
        kept: list[Doc] = []
        for detail in change["Details"]:
            target = {k: v for k, v in detail["Target"].items() if k in ("Attribute", "Name", "RequiresRecreation")}
            plain = {**detail, "Target": target}
            if plain not in kept:
                kept.append(plain)
        change["Details"] = kept
    return {"Type": entry["Type"], "ResourceChange": change}
