"""What a change set may lose, before the evidence is in: changes in their stacks, and suspicions."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.model.design import Design
from tablewright.model.loss import Weight
from tablewright.model.stack import ResourceChange


@dataclass(frozen=True, slots=True)
class Placed:
    """A change in the stack it belongs to: the deployed and the wanted design of that stack, None where they are not known.

    ``nested_in`` are the logical ids of the nested stacks around it, a slash behind each. ``owned`` are the tables that a nested
    stack owns, ``keys`` its KMS keys (ids), when the change removes or may touch it as a whole. ``gone`` is the name of the table
    if it was deleted behind CloudFormation's back, so that the change makes it anew.
    """

    change: ResourceChange
    deployed: Design | None = None
    wanted: Design | None = None
    nested_in: str = ""
    owned: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something that may be lost: ``attribute`` is TTL's, ``stream`` the ARN, ``weight`` what it is if the evidence is bad."""

    kind: str
    table: str
    logical_id: str
    what: str
    weight: Weight = Weight.GUARDED
    attribute: str = ""
    stream: str = ""


def top(path: str) -> str:
    """The property that a path leads into: ``Replicas`` of ``Replicas/0/Region``."""
    return path.split("/")[0].split(".")[0].split("[")[0]


def touches(change: ResourceChange, name: str) -> bool:
    """Whether the change set says that a property, or what is in it, changes."""
    return any(top(prop.path) == name for prop in change.properties)
