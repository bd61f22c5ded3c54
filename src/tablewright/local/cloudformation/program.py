"""A template together with the values it is deployed with: everything known before a resource exists.

`prepare` does all checks that CloudFormation does before it starts: form, parameters, conditions, references, types, order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tablewright.local.cloudformation.errors import template_error, template_format, validation
from tablewright.local.cloudformation.expand import LANGUAGE_EXTENSIONS, SUPPORTED, expand, uses_extensions
from tablewright.local.cloudformation.intrinsics import KNOWN_AFTER_APPLY, NO_VALUE, is_unknown, resolve, text, truth
from tablewright.local.cloudformation.parameters import ParameterValue, typed
from tablewright.local.cloudformation.references import check_cycles, check_outputs, check_references, dependencies
from tablewright.local.cloudformation.rules import check_rules
from tablewright.local.cloudformation.template import Template, read_sections, read_template, transforms_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack lives: what the pseudo parameters say."""

    account: str
    region: str
    stack_id: str
    stack_name: str
    notification_arns: tuple[str, ...] = ()

    def pseudo(self, name: str) -> Any:
        values: dict[str, Any] = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::NotificationARNs": list(self.notification_arns),
            "AWS::Partition": partition(self.region),
            "AWS::URLSuffix": "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com",
            "AWS::NoValue": NO_VALUE,
        }
        return values.get(name)


def partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


@dataclass(slots=True)
class Values:
    """A Scope: parameters, pseudo parameters, mappings, conditions, and whatever is known of resources and imports.

    `resource(logical_id, attribute)` gives Ref (attribute empty) or GetAtt; None means not known yet.
    """

    place: Place
    template: Template
    parameters: Mapping[str, str]
    resource: Callable[[str, str], Any] = lambda _logical_id, _attribute: None
    imported: Callable[[str], str] | None = None
    _conditions: dict[str, bool] = field(default_factory=dict)
    _deciding: list[str] = field(default_factory=list)

    def ref(self, name: str) -> Any:
        declared = self.template.parameters.get(name)
        if declared is not None:
            return typed(declared, self.parameters[name])
        value = self.place.pseudo(name)
        if value is not None:
            return value
        if name not in self.template.resources:
            raise template_format(f"Unresolved resource dependencies [{name}] in the Resources block of the template")
        return self._known(name, "")

    def get_att(self, logical_id: str, attribute: str) -> Any:
        return self._known(logical_id, attribute)

    def _known(self, logical_id: str, attribute: str) -> Any:
        value = self.resource(logical_id, attribute)
        return KNOWN_AFTER_APPLY if value is None else value

    def import_value(self, name: str) -> str:
        return KNOWN_AFTER_APPLY if self.imported is None else self.imported(name)

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        found = self.template.mappings.get(name)
        return found if isinstance(found, Mapping) else None

    def zones(self, region: str) -> list[str]:
        return [f"{region}{letter}" for letter in "abc"]

    def condition(self, name: str) -> bool:
        if name not in self._conditions:
            if name not in self.template.conditions:
                raise template_format(f"Unresolved condition dependency {name} in the Resources block of the template")
            if name in self._deciding:
                raise template_error(f"Circular dependency between conditions: [{', '.join(self._deciding)}]")
            self._deciding.append(name)
            self._conditions[name] = truth(self.template.conditions[name], self)
            self._deciding.remove(name)
        return self._conditions[name]


@dataclass(frozen=True, slots=True)
class Program:
    """A checked template with its parameter values, active resources and their order."""

    template: Template
    processed: Mapping[str, Any]
    parameters: tuple[ParameterValue, ...]
    place: Place
    graph: Mapping[str, frozenset[str]]
    """Active logical IDs, in the template's order, each with those that must exist before it."""

    def values(
        self,
        resource: Callable[[str, str], Any] = lambda _logical_id, _attribute: None,
        imported: Callable[[str], str] | None = None,
    ) -> Values:
        texts = {p.key: p.effective for p in self.parameters}
        return Values(self.place, self.template, texts, resource, imported)

    def active_outputs(self) -> list[str]:
        values = self.values()
        return [
            key
            for key, output in self.template.outputs.items()
            if not output.condition or values.condition(output.condition)
        ]


@dataclass(frozen=True, slots=True)
class Types:
    """What preparing has to know of resource types."""

    names: frozenset[str]
    attribute: Callable[[str, str], bool]
    custom: bool = False
    """Whether custom resources (`Custom::...`) are taken too."""

    def known(self, name: str) -> bool:
        return name in self.names or (self.custom and name.startswith("Custom::"))


AWS_TRANSFORMS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::Include",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",
    "AWS::ServiceCatalog",
)
"""Transforms that AWS hosts and that are not imitated. Source: user guide, "Transform reference"."""


def sections_of(text: str) -> dict[str, Any]:
    """The template's sections. Raises ValidationError for a malformed one or an unsupported transform."""
    sections = read_sections(text)
    for name in transforms_of(sections):
        if name in AWS_TRANSFORMS:
            raise validation(
                f"The embedded CloudFormation does not imitate the transform {name}. Deploy the template that it turns into."
            )
        if name not in SUPPORTED:
            raise validation(f"No transform named {name} found.")
    if _inline_transform([sections.get(name) for name in ("Mappings", "Conditions", "Resources", "Outputs")]):
        raise validation("The embedded CloudFormation does not imitate Fn::Transform (AWS::Include and macros).")
    return sections


def _inline_transform(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "Fn::Transform" in value or any(_inline_transform(item) for item in value.values())
    return isinstance(value, list) and any(_inline_transform(item) for item in value)


def declarations(sections: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The declared parameters, which have to be known before the template can be expanded."""
    if not sections.get("Resources"):
        raise template_format("At least one Resources member must be defined.")
    head = {"Parameters": sections.get("Parameters") or {}, "Resources": {"X": {"Type": "X"}}}
    return read_template(head).parameters


def check_template(template: Template, types: Types) -> None:
    """Refuse what is wrong with a template whatever its parameters are: types, policies, names, order."""
    unknown = list(dict.fromkeys(r.type for r in template.resources.values() if not types.known(r.type)))
    if unknown:
        raise template_format(f"Unrecognized resource types: [{', '.join(unknown)}]")
    for declared in template.resources.values():
        if declared.deletion_policy == "Snapshot" or declared.update_replace_policy == "Snapshot":
            raise template_error(f"resource type {declared.type} does not support deletion policy Snapshot")
    check_references(template, types.attribute)
    check_cycles(template)


def prepare(sections: Mapping[str, Any], parameters: tuple[ParameterValue, ...], place: Place, types: Types) -> Program:
    """The program that `sections` and `parameters` are. Raises ValidationError as CloudFormation does before it starts."""
    processed: Mapping[str, Any] = sections
    if LANGUAGE_EXTENSIONS in transforms_of(sections):
        bare = Template(
            raw=sections,
            parameters=sections.get("Parameters") or {},
            mappings=sections.get("Mappings") or {},
            conditions=sections.get("Conditions") or {},
        )
        processed = expand(sections, Values(place, bare, {p.key: p.effective for p in parameters}))
    elif function := uses_extensions([sections.get("Resources"), sections.get("Outputs")]):
        if function.startswith("Fn::ForEach"):
            raise template_format(f"[/Resources/{function}] resource definition is malformed")
        raise template_error(f"encountered unsupported function: {function}")
    template = read_template(processed)
    if processed is not sections:
        template = replace(template, transforms=transforms_of(sections))
    check_template(template, types)
    values = Values(place, template, {p.key: p.effective for p in parameters})
    check_rules(sections.get("Rules") or {}, values)
    for name in template.conditions:
        values.condition(name)
    active = [n for n, r in template.resources.items() if not r.condition or values.condition(r.condition)]
    if not active:
        raise template_format("At least one Resources member must be defined.")
    graph = dependencies(template, active, values.condition)
    for declared in template.resources.values():
        if declared.logical_id in graph:
            # Mappings, Select and their kin are refused before anything starts when their arguments are known.
            resolve(dict(declared.properties), values)
    check_outputs(template, graph, values.condition)
    _check_values(template, values)
    return Program(template, processed, parameters, place, graph)


def _check_values(template: Template, values: Values) -> None:
    """Refuse outputs that are no text, and export names that are empty or there twice, as far as they are known."""
    exports: dict[str, str] = {}
    for output in template.outputs.values():
        if output.condition and not values.condition(output.condition):
            continue
        if isinstance(resolve(output.value, values), (dict, list)):
            raise template_format(
                f"The Value field of every Outputs member must evaluate to a String. Output: {output.key}"
            )
        name = "" if output.export is None else text(resolve(output.export, values))
        if output.export is None or is_unknown(name):
            continue
        if not name:
            raise template_format(f"Output {output.key} is malformed. The Name field of Export must not be empty.")
        if exports.setdefault(name, output.key) != output.key:
            raise template_format(f"Outputs {exports[name]} and {output.key} have the same export name: {name}")
