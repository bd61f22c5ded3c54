"""The acknowledgements that a template needs, and the refusal without them.

Source: CreateStack API reference, parameter Capabilities: the listed IAM types need CAPABILITY_IAM, or CAPABILITY_NAMED_IAM
when they have a custom name; a template with macros deployed directly needs CAPABILITY_AUTO_EXPAND.
"""

from __future__ import annotations

from collections.abc import Iterable

from tablewright.local.cloudformation.errors import insufficient_capabilities
from tablewright.local.cloudformation.template import Template

IAM = "CAPABILITY_IAM"
NAMED_IAM = "CAPABILITY_NAMED_IAM"
AUTO_EXPAND = "CAPABILITY_AUTO_EXPAND"

NAME_PROPERTY = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    # An inline policy always has a name; only resources with an optional custom name count as named.
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}


def needed(template: Template) -> tuple[tuple[str, ...], str]:
    """The capabilities that the template needs and the reason as ValidateTemplate words it."""
    types = sorted({r.type for r in template.resources.values() if r.type in NAME_PROPERTY})
    if not types:
        return (), ""
    named = any(
        NAME_PROPERTY.get(r.type) and NAME_PROPERTY[r.type] in r.properties for r in template.resources.values()
    )
    reason = f"The following resource(s) require capabilities: [{', '.join(types)}]"
    return ((NAMED_IAM,) if named else (IAM,)), reason


def check(template: Template, given: Iterable[str], *, direct: bool) -> None:
    """Raise InsufficientCapabilitiesException; `direct` is a deployment without a change set to look at the macros' result."""
    have = set(given)
    wanted, _ = needed(template)
    if wanted and not (have & {NAMED_IAM, *wanted}):
        raise insufficient_capabilities(wanted)
    if direct and template.transforms and AUTO_EXPAND not in have:
        raise insufficient_capabilities((AUTO_EXPAND,))
