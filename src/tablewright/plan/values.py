"""Which value each parameter gets: the one given, else the one deployed, else the template's default.

A value that is not given stays as it is deployed, as with ``aws cloudformation deploy``: a default that took over would
rename things behind the reader's back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tablewright.errors import UsageError
from tablewright.model.design import Design
from tablewright.model.stack import Stack

OWN_TAGS = "tablewright:"
"""The prefix of the tags that record a run; they never make a change by themselves."""


@dataclass(frozen=True, slots=True)
class Values:
    """``sent`` are the values sent, ``kept`` the names whose deployed value stays, ``effective`` what holds afterwards."""

    sent: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    effective: Mapping[str, str] = field(default_factory=dict)


def values(design: Design, stack: Stack | None) -> Values:
    """The values of the design's parameters over ``stack``. Raises UsageError where one has no value at all."""
    deployed = stack.parameters if stack is not None else {}
    sent: dict[str, str] = {}
    kept: list[str] = []
    effective: dict[str, str] = {}
    missing: list[str] = []
    for parameter in design.declared:
        name = parameter.name
        if name in design.parameters:
            sent[name] = effective[name] = design.parameters[name]
        elif name in deployed:
            kept.append(name)
            effective[name] = deployed[name]
        elif parameter.default is not None:
            effective[name] = parameter.default
        else:
            missing.append(name)
    if missing:
        given = " ".join(f"{name}=VALUE" for name in missing)
        raise UsageError(
            "missing-parameter",
            "Parameter has no value",
            f"{design.path} declares {', '.join(missing)} without a default, and no value was given.\n\n"
            f"Give it with --parameters {given}, or under [parameters] in tablewright.toml.",
        )
    return Values(sent, tuple(kept), effective)


def same_values(design: Design, stack: Stack) -> bool:
    """Whether the stack was deployed with the values that the design would give it. A hidden value is not the same."""
    try:
        wanted = values(design, stack)
    except UsageError:
        return False
    return all(stack.parameters.get(name) == value for name, value in wanted.effective.items()) and set(
        stack.parameters
    ) == set(wanted.effective)


def foreign_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags without AWS's own and without those that record a run."""
    return {key: value for key, value in tags.items() if not key.startswith(("aws:", OWN_TAGS))}


def same_tags(design: Design, stack: Stack) -> bool:
    """Whether the stack bears the design's tags; a design without any keeps what is there."""
    return not design.tags or foreign_tags(stack.tags) == foreign_tags(design.tags)
