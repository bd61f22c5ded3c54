"""Auto scaling taken out again, with what only it used: its outputs, and a role that nothing else is scaled by."""

from __future__ import annotations

from collections.abc import Collection

from tablewright.author.chains import unchained
from tablewright.author.editing import Text, take_entry
from tablewright.author.scaling import scaling_of
from tablewright.author.siblings import family, mentions
from tablewright.errors import UsageError
from tablewright.template.tree import Entry, Mapping, Node, Scalar, Sequence, walk

_ROLE = "AWS::IAM::Role"
_ATTACHED = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy")
_SERVICE = "application-autoscaling"


def remove_scaling(text: Text, table: str, index: str = "") -> Text:
    """The targets of a table, or of one index, their policies, and what only they used gone, whoever wrote them.

    Raises UsageError where there are none, and where something that stays refers to one.
    """
    found = family(text).named(table)
    if not scaling_of(text, found.logical_id, index):
        raise UsageError(
            "not-there", "It is not there", f"{text.path} has no auto scaling of {index or found.logical_id}."
        )
    return without_scaling(text, found.logical_id, index)


def without_scaling(text: Text, table_id: str, index: str | None = "") -> Text:
    """As ``remove_scaling``, by logical ID; the same text where nothing is scaled. ``index`` None: the table and all indexes."""
    scaling = scaling_of(text, table_id, index)
    if not scaling:
        return text
    gone = {*scaling, *_roles(text, scaling)}
    text = unchained(text, gone)
    for entry in _entries(text, "Outputs"):
        if _mentioned(entry.value, gone) and not _mentioned(entry.value, _others(text, gone)):
            text = take_entry(text, ("Outputs", entry.key))
    users = {
        f"{section}.{entry.key}": _mentioned(entry.value, gone)
        for section in ("Resources", "Outputs")
        for entry in _entries(text, section)
        if not (section == "Resources" and entry.key in gone) and _mentioned(entry.value, gone)
    }
    if users:
        said = "; ".join(f"{user} refers to {', '.join(names)}" for user, names in users.items())
        raise UsageError(
            "still-in-use",
            "The auto scaling is still in use",
            f"{said}. It would refer to nothing, and CloudFormation would refuse the template. Take that out first. "
            "The file is unchanged.",
        )
    for key in reversed([entry.key for entry in _entries(text, "Resources") if entry.key in gone]):
        text = take_entry(text, ("Resources", key))  # the last first: each is its neighbour's place
    return text


def _roles(text: Text, scaling: Collection[str]) -> set[str]:
    """Roles for Application Auto Scaling that nothing but ``scaling`` uses, and the policies that are theirs alone.

    A role that an output shows is kept: another stack may scale by it.
    """
    entries = _entries(text, "Resources")
    found: set[str] = set()
    for role in entries:
        if _type(role) != _ROLE or not _trusts_scaling(role.value):
            continue
        users = [one for one in entries if one.key != role.key and mentions(one.value, role.key)]
        theirs = {one.key for one in users if one.key not in scaling and _is_of(one, role.key)}
        shown = [one for one in _entries(text, "Outputs") if _mentioned(one.value, {role.key, *theirs})]
        shared = [
            one for one in entries if one.key not in {role.key, *theirs, *scaling} and _mentioned(one.value, theirs)
        ]
        used = {one.key for one in users}
        if used & set(scaling) and used <= {*scaling, *theirs} and not shown and not shared:
            found |= {role.key, *theirs}
    return found


def _is_of(entry: Entry, role: str) -> bool:
    """Whether a policy is attached to this role, and to nothing else."""
    properties = entry.value.get("Properties") if isinstance(entry.value, Mapping) else None
    if _type(entry) not in _ATTACHED or not isinstance(properties, Mapping):
        return False
    if properties.get("Users") is not None or properties.get("Groups") is not None:
        return False
    to = properties.get("Roles") or properties.get("RoleName")
    listed = to.items if isinstance(to, Sequence) else (to,)
    return bool(listed) and all(one is not None and mentions(one, role) for one in listed)


def _trusts_scaling(role: Node) -> bool:
    properties = role.get("Properties") if isinstance(role, Mapping) else None
    trust = properties.get("AssumeRolePolicyDocument") if isinstance(properties, Mapping) else None
    return trust is not None and any(isinstance(one, Scalar) and _SERVICE in one.text for one in walk(trust))


def _mentioned(node: Node, names: Collection[str]) -> list[str]:
    return [name for name in sorted(names) if mentions(node, name)]


def _others(text: Text, gone: Collection[str]) -> list[str]:
    return [entry.key for entry in _entries(text, "Resources") if entry.key not in gone]


def _type(entry: Entry) -> str:
    node = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
    return node.text if isinstance(node, Scalar) else ""


def _entries(text: Text, section: str) -> tuple[Entry, ...]:
    node = text.tree.get(section)
    return node.entries if isinstance(node, Mapping) else ()
