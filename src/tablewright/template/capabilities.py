"""Which capabilities CloudFormation will ask to be acknowledged, derived from what a template contains.

Source: CloudFormation API reference, CreateChangeSet, "Capabilities".
"""

from __future__ import annotations

from tablewright.template.tree import Mapping, Node, Scalar, Sequence, walk

_NAMED_BY = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
_UNNAMED = frozenset({"AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"})
_NESTING = frozenset({"AWS::CloudFormation::Stack", "AWS::CloudFormation::Macro"})
_PLAIN_TRANSFORMS = frozenset({"AWS::LanguageExtensions"})


def transforms(template: Mapping) -> tuple[str, ...]:
    """The macros that the template runs through, sorted: those at its top and those called inside."""
    found = set(_names(template.get("Transform")))
    for node in walk(template):
        if isinstance(node, Mapping):
            inner = node.get("Fn::Transform")
            if isinstance(inner, Mapping):
                found.update(_names(inner.get("Name")))
            elif inner is not None:
                found.update(_names(inner))
    return tuple(sorted(found))


def capabilities(template: Mapping) -> tuple[str, ...]:
    """The capabilities to send. A nested stack or a macro may hold anything, so it asks for all of them."""
    named = unnamed = expands = False
    for name in transforms(template):
        expands = True
        named = named or name not in _PLAIN_TRANSFORMS
    resources = template.get("Resources")
    for entry in resources.entries if isinstance(resources, Mapping) else ():
        if not isinstance(entry.value, Mapping):
            continue
        type_, properties = entry.value.get("Type"), entry.value.get("Properties")
        kind = type_.text if isinstance(type_, Scalar) else ""
        if kind in _NAMED_BY:
            unnamed = True
            named = named or (isinstance(properties, Mapping) and properties.get(_NAMED_BY[kind]) is not None)
        unnamed = unnamed or kind in _UNNAMED
        if kind in _NESTING:
            named = expands = True
    wanted = ["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM"] if unnamed else []
    return tuple([*wanted, "CAPABILITY_AUTO_EXPAND"] if expands else wanted)


def _names(node: Node | None) -> list[str]:
    if isinstance(node, Scalar):
        return [node.text]
    if isinstance(node, Sequence):
        return [name for item in node.items for name in _names(item)]
    if isinstance(node, Mapping):
        return _names(node.get("Name"))
    return []
