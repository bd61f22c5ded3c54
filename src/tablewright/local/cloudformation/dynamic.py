"""Dynamic references, `{{resolve:service:key}}`: found, judged, and filled in. Pure but for `fetch`, which asks the services.

A stack keeps and shows its properties with the references as they are written; what a reference stands for is read when a
resource that carries it is made or updated, and is kept beside it. Sources: user guide, "Get values stored in other services
using dynamic references" (formats, supported places, at most 60 in a template, what an update reads again); "SSM Secure reference
is not supported in" (serverless-application-model 1528), "cannot be found" (public issue threads), "Could not find a value
associated with JSONKey in SecretString" and "Secrets Manager can't find the specified secret" (coverage-roadmap 1822, 1187).
The words of the other refusals are not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tablewright.local.cloudformation.errors import CfnError, validation
from tablewright.local.cloudformation.intrinsics import is_unknown, resolve
from tablewright.local.cloudformation.program import Program
from tablewright.local.cloudformation.resources.registry import KINDS
from tablewright.local.services import ServiceError, Services

MOST = 60
_REFERENCE = re.compile(r"\{\{resolve:([^:{}]+):([^{}]*)\}\}")
_PARAMETER = re.compile(r"([a-zA-Z0-9_.\-/]+)(?::(\d+))?$")
SERVICES = ("ssm", "ssm-secure", "secretsmanager")

SECURE = {
    ("AWS::DirectoryService::MicrosoftAD", "Password"),
    ("AWS::DirectoryService::SimpleAD", "Password"),
    ("AWS::ElastiCache::ReplicationGroup", "AuthToken"),
    ("AWS::IAM::User", "LoginProfile/Password"),
    ("AWS::KinesisFirehose::DeliveryStream", "RedshiftDestinationConfiguration/Password"),
    ("AWS::KinesisFirehose::DeliveryStream", "RedshiftDestinationConfiguration/Username"),
    ("AWS::OpsWorks::App", "AppSource/Password"),
    ("AWS::OpsWorks::Stack", "CustomCookbooksSource/Password"),
    ("AWS::RDS::DBCluster", "MasterUserPassword"),
    ("AWS::RDS::DBInstance", "MasterUserPassword"),
    ("AWS::Redshift::Cluster", "MasterUserPassword"),
}
"""The properties that take a secure string; the embedded AWS imitates none of their types."""

Values = dict[str, str]
"""What references stand for, by their text."""


@dataclass(frozen=True, slots=True)
class DynamicReference:
    """One reference: its text, its service and what follows."""

    text: str
    service: str
    key: str

    @property
    def pinned(self) -> bool:
        """Whether it always stands for the same: a version of a parameter does."""
        found = _PARAMETER.match(self.key)
        return self.service == "ssm" and found is not None and found[2] is not None


def references(value: Any) -> Iterator[DynamicReference]:
    """Every reference in the texts of `value`."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, str) and "{{resolve:" in value:
        for match in _REFERENCE.finditer(value):
            yield DynamicReference(match[0], match[1], match[2])


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """`value` with each reference replaced by what it stands for."""
    if not values:
        return value
    if isinstance(value, Mapping):
        return {key: filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, values) for item in value]
    if isinstance(value, str) and "{{resolve:" in value:
        return _REFERENCE.sub(lambda match: values.get(match[0], match[0]), value)
    return value


def insecure_places(program: Program) -> list[str]:
    """Where the program has a secure string that CloudFormation takes nowhere there."""
    places: list[str] = []
    for declared in _declared(program):
        for path, reference in _placed(declared.properties, ""):
            if reference.service == "ssm-secure" and (declared.type, path) not in SECURE:
                places.append(f"{declared.type}/Properties/{path}")
    return places


def insecure(places: list[str]) -> CfnError:
    return validation(f"SSM Secure reference is not supported in: [{','.join(places)}]")


async def check(program: Program, services: Services, *, account: str, region: str) -> None:
    """Refuse before anything starts what can be told by then. Raises ValidationError."""
    if not any("{{resolve:" in json.dumps(declared.properties, default=str) for declared in _declared(program)):
        return
    values = program.values()
    found = [
        reference
        for declared in _declared(program)
        if declared.type in KINDS
        for reference in references(resolve(dict(declared.properties), values))
    ]
    if len(found) > MOST:
        raise validation(f"The template has {len(found)} dynamic references; at most {MOST} are allowed.")
    missing = []
    for reference in dict.fromkeys(found):
        _check_form(reference)
        if reference.service != "ssm" or is_unknown(reference.key):
            continue
        try:
            await _parameter(reference, services, account=account, region=region)
        except _Missing:
            missing.append(f"ssm:{reference.key}")
    if missing:
        raise validation(f"Parameters: [{', '.join(missing)}] cannot be found.")


async def fetch(
    properties: Mapping[str, Any], known: Mapping[str, str], services: Services, *, account: str, region: str
) -> Values:
    """What the references in `properties` stand for now; those that are pinned and known are not read again. Raises CfnError."""
    where = {"account": account, "region": region}
    values: Values = {}
    for reference in references(properties):
        if reference.text in values:
            continue
        _check_form(reference)
        if reference.pinned and reference.text in known:
            values[reference.text] = known[reference.text]
        elif reference.service == "ssm":
            try:
                values[reference.text] = await _parameter(reference, services, **where)
            except _Missing:
                raise validation(f"Parameters: [ssm:{reference.key}] cannot be found.") from None
        elif reference.service == "secretsmanager":
            values[reference.text] = await _secret(reference, services, **where)
    return values


def read_again(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether a parameter that the resource refers to has another value now: an update reads those again, and secrets not."""
    return any(text in old and old[text] != value for text, value in new.items() if text.startswith("{{resolve:ssm:"))


class _Missing(Exception):
    """The parameter is not there."""


def _declared(program: Program) -> list[Any]:
    return [program.template.resources[name] for name in program.graph]


def _placed(value: Any, path: str) -> Iterator[tuple[str, DynamicReference]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            inner = path if key.startswith("Fn::") else f"{path}/{key}".lstrip("/")
            yield from _placed(item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _placed(item, f"{path}/{index}")
    else:
        for reference in references(value):
            yield path, reference


def _check_form(reference: DynamicReference) -> None:
    if reference.service not in SERVICES:
        raise validation(f"Invalid dynamic reference: [{reference.text}]")
    if reference.service.startswith("ssm") and not is_unknown(reference.key) and not _PARAMETER.match(reference.key):
        raise validation(f"Incorrect format is used in the following SSM reference: [{reference.text}]")


async def _parameter(reference: DynamicReference, services: Services, *, account: str, region: str) -> str:
    try:
        found = await services.call("ssm", "GetParameter", {"Name": reference.key}, account=account, region=region)
    except ServiceError as error:
        if error.code in ("ParameterNotFound", "ParameterVersionNotFound"):
            raise _Missing from None
        raise validation(error.message) from None
    parameter = found["Parameter"]
    if parameter["Type"] == "SecureString":
        raise validation(f"Parameters of type SecureString cannot be used in an ssm reference: [{reference.text}]")
    return str(parameter["Value"])


async def _secret(reference: DynamicReference, services: Services, *, account: str, region: str) -> str:
    """secret-id:secret-string:json-key:version-stage:version-id; an ARN as the id has seven parts of its own."""
    parts = reference.key.split(":")
    count = 7 if parts[0] == "arn" else 1
    name, rest = ":".join(parts[:count]), parts[count:]
    kind, key, stage, version = [*rest, "", "", "", ""][:4]
    if kind and kind != "SecretString":
        raise validation(f"Invalid dynamic reference: [{reference.text}]")
    asked: dict[str, object] = {"SecretId": name}
    asked |= {"VersionStage": stage} if stage else {}
    asked |= {"VersionId": version} if version else {}
    try:
        found = await services.call("secretsmanager", "GetSecretValue", asked, account=account, region=region)
    except ServiceError as error:
        suffix = f"(Service: AWSSecretsManager; Status Code: {error.status}; Error Code: {error.code})"
        raise validation(f"{error.message} {suffix}") from None
    text = str(found.get("SecretString") or "")
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError):
        raise validation("Could not find a value associated with JSONKey in SecretString") from None
