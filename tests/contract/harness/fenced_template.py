"""Whether a template makes, takes in or changes anything but what has the run's prefix in its name.

CloudFormation acts on what a template names. A template may leave a name out (CloudFormation then derives one from the stack's),
give one that begins with the prefix, or refer to something of its own. Anything else is refused, and so is every resource type
that is not in the table below: what the fence doesn't know, it doesn't let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlparse

from tablewright.local.cloudformation.errors import CfnError
from tablewright.local.cloudformation.schema import known_types
from tablewright.local.cloudformation.template_text import parse

NAMING: Mapping[str, tuple[str, ...]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ("ResourceId",),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("ResourceId", "ScalingTargetId"),
    "AWS::Backup::BackupPlan": (),
    "AWS::Backup::BackupSelection": ("BackupPlanId",),
    "AWS::Backup::BackupVault": ("BackupVaultName",),
    "AWS::CloudFormation::Stack": ("TemplateURL", "Parameters"),
    "AWS::CloudFormation::WaitConditionHandle": (),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::DynamoDB::GlobalTable": ("TableName",),
    "AWS::DynamoDB::Table": ("TableName",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "Roles", "Users", "Groups"),
    "AWS::IAM::Policy": ("Roles", "Users", "Groups"),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::KMS::Key": (),
    "AWS::Kinesis::Stream": ("Name",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SNS::Subscription": ("TopicArn",),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SNS::TopicPolicy": ("Topics",),
    "AWS::SSM::Parameter": ("Name",),
}
"""Resource types that a contract test may use, and their properties that say what is made or changed."""

_LEADING = re.compile(r"^(alias/|/|table/)?")
_TRANSFORMS = ("AWS::LanguageExtensions",)
_NAMES = "|".join(sorted({name for names in NAMING.values() for name in names}))
_NAMED = re.compile(rf"\b({_NAMES})\b\"?\s*:\s*\"?([^\s\",}}\]]+)")


def begins(text: str, prefix: str) -> bool:
    """Whether a name (of a path, an alias, a table, or of the bucket in a URL) begins with the prefix."""
    bare = bucket_of(text) if "://" in text else text[_LEADING.match(text).end() :]  # type: ignore[union-attr]
    return re.match(rf"{re.escape(prefix)}(?![a-z0-9])", bare) is not None


def bucket_of(url: str) -> str:
    """The bucket of an S3 URL, in path or virtual-hosted style; empty for another URL."""
    parts = urlparse(url)
    host = parts.hostname or ""
    if host == "127.0.0.1" or re.match(r"s3[.-]", host):
        return parts.path.lstrip("/").split("/", 1)[0]
    return host.split(".s3", 1)[0] if ".s3" in host else ""


def outside(text: str, given: Mapping[str, str], prefix: str) -> list[str]:
    """What in the template is not the run's own; `given` are the parameters that it is deployed with."""
    try:
        template = parse(text)
    except CfnError:
        # Nothing that AWS would deploy either; should it, then under names of the run's own.
        return [f"{name}: {value}" for name, value in _NAMED.findall(text) if not begins(value, prefix)]
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        return []
    declared = template.get("Parameters")
    values = {
        **{
            name: str(body["Default"])
            for name, body in (declared.items() if isinstance(declared, dict) else ())
            if isinstance(body, dict) and "Default" in body and not str(body.get("Type")).startswith("AWS::SSM::")
        },
        **given,
    }
    resources = template["Resources"]

    for name in set(declared if isinstance(declared, dict) else ()) - set(values):
        # A parameter whose value is not known here, or is not here: a name of somebody else's, for all we know.
        values[name] = ""

    def own(value: Any) -> bool:
        return _own(value, prefix, values, resources)

    asked = template.get("Transform") or []
    macros = [m for m in (asked if isinstance(asked, list) else [asked]) if m not in _TRANSFORMS]
    problems = [f"the transform {macro}" for macro in macros if not (isinstance(macro, str) and begins(macro, prefix))]
    return problems + [problem for name, body in resources.items() for problem in _problems(name, body, own)]


def _problems(name: str, body: Any, own: Callable[[Any], bool]) -> list[str]:
    if name.startswith("Fn::ForEach::") and isinstance(body, list) and isinstance(body[-1], dict):
        return [problem for inner, one in body[-1].items() for problem in _problems(f"{name}/{inner}", one, own)]
    if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
        return []
    kind = body["Type"]
    if kind not in NAMING:
        return [f"{name}: the type {kind}"] if kind in known_types() or kind.startswith("Custom::") else []
    properties = body.get("Properties")
    if not isinstance(properties, dict):
        return []
    said = {key: value for key, value in properties.items() if key in NAMING[kind] or key.startswith("Fn::")}
    return [f"{name}: {key} {value!r}" for key, value in said.items() if not own(value)]


def _own(value: Any, prefix: str, given: Mapping[str, str], resources: Mapping[str, Any]) -> bool:
    if isinstance(value, list):
        return all(_own(item, prefix, given, resources) for item in value)
    if isinstance(value, str):
        return begins(value, prefix)
    if not isinstance(value, dict):
        return False
    if not any(key == "Ref" or key.startswith("Fn::") for key in value):
        # The parameters of an inner stack: its template may use any of them for a name.
        return all(_own(item, prefix, given, resources) for item in value.values())
    if len(value) != 1:
        return False
    ((function, argument),) = value.items()
    if function == "Ref":
        if argument in given:
            return begins(given[argument], prefix)
        # What nothing declares, CloudFormation refuses.
        return argument in resources or not str(argument).startswith("AWS::")
    if function == "Fn::GetAtt":
        return (argument[0] if isinstance(argument, list) else str(argument).split(".")[0]) in resources
    if function == "Fn::Sub" and isinstance(argument, str):
        return _own_text(argument, prefix, given, resources)
    if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
        return all(_own(branch, prefix, given, resources) or _absent(branch) for branch in argument[1:])
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
        first = argument[1][0] if argument[1] else ""
        rest = argument[1][1] if first in ("table/", "table") and len(argument[1]) > 1 else first
        return _own(rest, prefix, given, resources)
    return False


def _own_text(text: str, prefix: str, given: Mapping[str, str], resources: Mapping[str, Any]) -> bool:
    bare = text[_LEADING.match(text).end() :]  # type: ignore[union-attr]
    variable = re.match(r"\$\{([^}!.]+)[}.]", bare)
    if variable is None:
        return begins(text, prefix)
    name = variable.group(1).strip()
    return name == "AWS::StackName" or name in resources or (name in given and begins(given[name], prefix))


def _absent(branch: Any) -> bool:
    return isinstance(branch, dict) and branch == {"Ref": "AWS::NoValue"}
