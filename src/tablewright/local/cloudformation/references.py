"""Which names a template uses, whether they exist, and the order that they force.

Source of the order: user guide, "DependsOn attribute": Ref, Fn::GetAtt and Fn::Sub are dependencies, beside DependsOn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.local.cloudformation.errors import template_error, template_format, validation
from tablewright.local.cloudformation.intrinsics import SUB_VARIABLE, get_att_names, sub_parts
from tablewright.local.cloudformation.template import Template

PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ["AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix"]
)

Prune = Callable[[str], bool]
"""Tells the value of a condition, so that only the branch taken of an Fn::If is looked at."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name: by Ref or Sub (`attribute` empty), or by GetAtt or a dotted Sub."""

    name: str
    attribute: str = ""
    function: str = "Ref"


def references(value: Any, prune: Prune | None = None) -> Iterator[Reference]:
    """Every reference in `value`; with `prune`, only those in the branches that are taken."""
    if isinstance(value, list):
        for item in value:
            yield from references(item, prune)
        return
    if not isinstance(value, dict):
        return
    if len(value) == 1:
        (name, argument), *_ = value.items()
        if name == "Ref":
            yield Reference(str(argument))
            return
        if name == "Fn::GetAtt":
            logical_id, attribute = get_att_names(argument)
            yield Reference(logical_id, attribute if isinstance(attribute, str) else "*", "Fn::GetAtt")
            if not isinstance(attribute, str):
                yield from references(attribute, prune)
            return
        if name == "Fn::Sub":
            yield from _sub_references(argument, prune)
            return
        if name == "Fn::If" and prune is not None and isinstance(argument, list) and len(argument) == 3:
            yield from references(argument[1] if prune(str(argument[0])) else argument[2], prune)
            return
    for item in value.values():
        yield from references(item, prune)


def _sub_references(argument: Any, prune: Prune | None) -> Iterator[Reference]:
    template, variables = sub_parts(argument)
    for match in SUB_VARIABLE.finditer(template):
        name = match.group(1).strip()
        if name in variables:
            continue
        logical_id, _, attribute = name.partition(".")
        yield Reference(logical_id, attribute, "Fn::Sub")
    yield from references(dict(variables), prune)


def conditions_used(value: Any) -> Iterator[str]:
    """Names of the conditions that Fn::If uses in `value`."""
    if isinstance(value, list):
        for item in value:
            yield from conditions_used(item)
    elif isinstance(value, dict):
        branch = value.get("Fn::If")
        if isinstance(branch, list) and branch and isinstance(branch[0], str):
            yield branch[0]
        for item in value.values():
            yield from conditions_used(item)


def check_references(template: Template, attribute_exists: Callable[[str, str], bool]) -> None:
    """Refuse names that nothing declares. `attribute_exists(type, attribute)` knows what GetAtt can return."""
    known = set(template.parameters) | set(template.resources) | PSEUDO_PARAMETERS
    for block, values in (
        (
            "Resources",
            [(r.properties, r.deletion_policy, r.update_replace_policy) for r in template.resources.values()],
        ),
        ("Outputs", [(o.value, o.export) for o in template.outputs.values()]),
    ):
        found = [reference for value in values for reference in references(list(value))]
        missing = [r.name for r in found if not r.attribute and r.name not in known]
        if block == "Resources":
            depends = (name for r in template.resources.values() for name in r.depends_on)
            missing += [name for name in depends if name not in template.resources]
        if missing:
            names = ", ".join(dict.fromkeys(missing))
            raise template_format(f"Unresolved resource dependencies [{names}] in the {block} block of the template")
        for reference in found:
            _check_attribute(template, reference, attribute_exists)
        for argument in _imports([list(value) for value in values]):
            if not _settled(template, argument):
                raise template_error(f"the attribute in Fn::ImportValue {_NO_RESOURCE}")
    for output in template.outputs.values():
        if not _settled(template, output.export):
            raise template_format(f"Output {output.key} is malformed.  The Name field of Export {_NO_RESOURCE}.")
    _check_conditions(template)


def _check_attribute(template: Template, reference: Reference, exists: Callable[[str, str], bool]) -> None:
    if not reference.attribute:
        return
    declared = template.resources.get(reference.name)
    if declared is None:
        if reference.function == "Fn::Sub":
            where = f"{reference.name}.{reference.attribute}"
            raise template_error(f"instance of Fn::Sub references invalid resource attribute {where}")
        raise template_error(f"instance of Fn::GetAtt references undefined resource {reference.name}")
    if reference.attribute != "*" and not exists(declared.type, reference.attribute):
        raise template_error(
            f"resource {reference.name} does not support attribute type {reference.attribute} in Fn::GetAtt"
        )


def _conditions_named(expression: Any) -> Iterator[str]:
    """Names of the conditions that a condition is made of."""
    if isinstance(expression, dict) and set(expression) == {"Condition"}:
        yield str(expression["Condition"])
    for item in (
        expression if isinstance(expression, list) else expression.values() if isinstance(expression, dict) else ()
    ):
        yield from _conditions_named(item)


def _check_conditions(template: Template) -> None:
    for block, values in (
        ("Resources", [(r.condition, r.properties) for r in template.resources.values()]),
        ("Outputs", [(o.condition, [o.value, o.export]) for o in template.outputs.values()]),
    ):
        for condition, value in values:
            for name in [*([condition] if condition else []), *conditions_used(value)]:
                if name not in template.conditions:
                    raise template_format(
                        f"Unresolved condition dependency {name} in the {block} block of the template"
                    )
    for expression in template.conditions.values():
        for name in _conditions_named(expression):
            if name not in template.conditions:
                raise template_format(f"Unresolved condition dependency {name} in the Conditions block of the template")
        wrong = [
            r.name
            for r in references(expression)
            if r.name not in template.parameters and r.name not in PSEUDO_PARAMETERS
        ]
        if wrong:
            raise template_format(
                f"Unresolved dependencies [{', '.join(dict.fromkeys(wrong))}]. "
                "Cannot reference resources in the Conditions block of the template"
            )


_NO_RESOURCE = "must not depend on any resources, imported values, or Fn::GetAZs"
"""What an export's name and the argument of an import must be. Source: AWS's texts in cfn-lint 1632 and kube-aws 1304."""


def _settled(template: Template, value: Any) -> bool:
    """Whether a value is known before any resource is, and without asking around."""
    if any(reference.name in template.resources for reference in references(value)):
        return False
    return not _uses(value, ("Fn::ImportValue", "Fn::GetAZs"))


def _uses(value: Any, functions: tuple[str, ...]) -> bool:
    if isinstance(value, list):
        return any(_uses(item, functions) for item in value)
    return isinstance(value, dict) and any(key in functions or _uses(item, functions) for key, item in value.items())


def _imports(value: Any) -> Iterator[Any]:
    """The argument of every Fn::ImportValue."""
    items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    if isinstance(value, dict) and set(value) == {"Fn::ImportValue"}:
        yield value["Fn::ImportValue"]
    for item in items:
        yield from _imports(item)


def check_cycles(template: Template) -> None:
    """Refuse a circle of references, whatever the conditions are; `dependencies` looks at the branches that are taken."""
    always = {
        name
        for name, declared in template.resources.items()
        if not declared.condition and not _uses(declared.properties, ("Fn::If",))
    }
    graph = {
        name: frozenset(
            {r.name for r in references(template.resources[name].properties)} | set(template.resources[name].depends_on)
        )
        & always
        for name in always
    }
    if cycle := _in_cycles({name: graph[name] for name in template.resources if name in graph}):
        raise validation(f"Circular dependency between resources: [{', '.join(cycle)}]")


def check_outputs(template: Template, active: Iterable[str], prune: Prune) -> None:
    """Refuse an output that refers to a resource whose condition is false."""
    alive = set(active)
    missing: list[str] = []
    for output in template.outputs.values():
        if not output.condition or prune(output.condition):
            names = (r.name for r in references(output.value, prune))
            missing += [name for name in names if name in template.resources and name not in alive]
    if missing:
        listed = ", ".join(dict.fromkeys(missing))
        raise template_format(f"Unresolved resource dependencies [{listed}] in the Outputs block of the template")


def dependencies(template: Template, active: Iterable[str], prune: Prune) -> dict[str, frozenset[str]]:
    """For each active resource, the resources that must exist before it. Refuses references to inactive ones, and cycles."""
    alive = set(active)
    graph: dict[str, frozenset[str]] = {}
    missing: list[str] = []
    for name in template.resources:
        if name not in alive:
            continue
        declared = template.resources[name]
        wanted = {r.name for r in references(declared.properties, prune) if r.name in template.resources}
        missing += sorted(wanted - alive)
        # A DependsOn on a resource whose condition is false is dropped, a reference is not.
        graph[name] = frozenset((wanted & alive) | (set(declared.depends_on) & alive))
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise template_format(f"Unresolved resource dependencies [{names}] in the Resources block of the template")
    cycle = _in_cycles(graph)
    if cycle:
        raise validation(f"Circular dependency between resources: [{', '.join(cycle)}]")
    return graph


def _in_cycles(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """Nodes that remain when everything that can be ordered, from either end, is taken away."""
    left = {name: set(needs) for name, needs in graph.items()}
    while ready := [name for name, needs in left.items() if not needs]:
        for name in ready:
            del left[name]
        for needs in left.values():
            needs.difference_update(ready)
    while True:
        needed = set().union(*left.values()) if left else set()
        loose = [name for name in left if name not in needed]
        if not loose:
            return list(left)
        for name in loose:
            del left[name]
