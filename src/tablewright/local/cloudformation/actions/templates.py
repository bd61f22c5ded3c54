"""GetTemplate, GetTemplateSummary, ValidateTemplate."""

from __future__ import annotations

import json
from typing import Any

from tablewright.local.cloudformation import capabilities
from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.deployment import program_of, template_text
from tablewright.local.cloudformation.documents import Doc
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.expand import LANGUAGE_EXTENSIONS, expand
from tablewright.local.cloudformation.importing import identifier_names
from tablewright.local.cloudformation.parameters import default_text, no_echo
from tablewright.local.cloudformation.program import Place, Values, check_template, sections_of
from tablewright.local.cloudformation.resources.registry import KINDS, TYPES
from tablewright.local.cloudformation.template import Template, read_template, transforms_of
from tablewright.local.cloudformation.template_text import parse


async def get_template(call: Call) -> Doc:
    stage = str(call.get("TemplateStage") or "Original")
    if call.get("ChangeSetName"):
        change_set = call.change_set()
        stack, deployment = call.store.need_stack(change_set.stack_id), change_set.deployment
    elif call.get("StackName"):
        name = str(call["StackName"])
        found = call.find(name)
        if found is None:
            raise validation(f"Stack with id {name} does not exist")
        stack, deployment = found, found.deployment
    else:
        raise validation("Either StackName or ChangeSetName must be specified.")
    if not deployment.get("template"):
        return {"TemplateBody": "", "StagesAvailable": ["Original", "Processed"]}
    text = call.store.template(deployment["template"])
    if stage == "Processed" and transforms_of(parse(text)):
        processed = program_of(call.store, stack, deployment).processed
        text = json.dumps(processed, ensure_ascii=False)
    return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}


async def _template(call: Call) -> tuple[dict[str, Any], Template]:
    """The sections of the template that the request gives, and the template, expanded as far as defaults allow."""
    if call.get("StackName"):
        stack = call.stack()
        text = call.store.template(stack.deployment["template"])
    elif call.get("StackSetName"):
        raise validation("Stack sets are not available.")
    else:
        text = await template_text(call.params, call.services, account=call.account, region=call.region, previous=None)
    sections = sections_of(text)
    processed = sections
    if LANGUAGE_EXTENSIONS in transforms_of(sections):
        declared = sections.get("Parameters") or {}
        defaults = {name: default_text(body.get("Default", "")) for name, body in declared.items()}
        place = Place(call.account, call.region, "", "")
        bare = Template(sections, parameters=declared, mappings=sections.get("Mappings") or {})
        processed = expand(sections, Values(place, bare, defaults))
    return sections, read_template(processed)


def _parameters(template: Template, *, detailed: bool) -> list[Doc]:
    shown = []
    for name, declared in template.parameters.items():
        entry: Doc = {"ParameterKey": name, "NoEcho": no_echo(declared)}
        if "Default" in declared:
            entry["DefaultValue"] = default_text(declared["Default"])
        if declared.get("Description"):
            entry["Description"] = str(declared["Description"])
        if detailed:
            entry["ParameterType"] = str(declared["Type"])
            allowed = declared.get("AllowedValues")
            entry["ParameterConstraints"] = {"AllowedValues": [default_text(v) for v in allowed]} if allowed else {}
        shown.append(entry)
    return shown


async def validate_template(call: Call) -> Doc:
    _, template = await _template(call)
    check_template(template, TYPES)
    needed, reason = capabilities.needed(template)
    return {
        "Parameters": _parameters(template, detailed=False),
        "Description": template.description or None,
        "Capabilities": list(needed) or None,
        "CapabilitiesReason": reason or None,
        "DeclaredTransforms": list(template.transforms) or None,
    }


async def get_template_summary(call: Call) -> Doc:
    sections, template = await _template(call)
    needed, reason = capabilities.needed(template)
    types = sorted({r.type for r in template.resources.values()})
    identifiers: dict[str, list[str]] = {}
    for name, resource in template.resources.items():
        identifiers.setdefault(resource.type, []).append(name)
    return {
        "Parameters": _parameters(template, detailed=True),
        "Description": template.description or None,
        "Capabilities": list(needed) or None,
        "CapabilitiesReason": reason or None,
        "ResourceTypes": types,
        "Version": str(sections.get("AWSTemplateFormatVersion") or "2010-09-09"),
        "Metadata": json.dumps(template.metadata) if template.metadata is not None else None,
        "DeclaredTransforms": list(transforms_of(sections)) or None,
        "ResourceIdentifierSummaries": [
            {
                "ResourceType": kind,
                "LogicalResourceIds": names,
                "ResourceIdentifiers": identifier_names(kind),
            }
            for kind, names in identifiers.items()
            if kind in KINDS and KINDS[kind].name_property
        ],
        "Warnings": {"UnrecognizedResourceTypes": [kind for kind in types if kind not in KINDS]},
    }
