"""From a request's template, parameters and tags to a checked deployment, and from a kept deployment back to its program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlparse

from tablewright.local.cloudformation.documents import Deployment, Doc, Stack
from tablewright.local.cloudformation.errors import validation
from tablewright.local.cloudformation.parameters import ParameterValue, choose, ssm_type
from tablewright.local.cloudformation.program import Place, Program, declarations, prepare, sections_of
from tablewright.local.cloudformation.resources.registry import types_for
from tablewright.local.cloudformation.store import Store
from tablewright.local.cloudformation.template import INLINE_LIMIT, OBJECT_LIMIT
from tablewright.local.services import ServiceError, Services

MAX_TAGS = 50


def place_of(stack: Stack, deployment: Mapping[str, Any]) -> Place:
    return Place(
        stack.account, stack.region, stack.stack_id, stack.name, tuple(deployment.get("notification_arns") or ())
    )


def program_of(store: Store, stack: Stack, deployment: Mapping[str, Any]) -> Program:
    """The program of a deployment that was accepted before."""
    parameters = tuple(ParameterValue(**entry) for entry in deployment["parameters"])
    sections = sections_of(store.template(deployment["template"]))
    return prepare(sections, parameters, place_of(stack, deployment), types_for(deployment.get("capabilities") or ()))


async def template_text(
    params: Mapping[str, Any], services: Services, *, account: str, region: str, previous: str | None
) -> str:
    """The template that a request gives: inline, in S3, or the stack's present one."""
    body, url = params.get("TemplateBody"), params.get("TemplateURL")
    reuse = bool(params.get("UsePreviousTemplate"))
    if sum((body is not None, url is not None, reuse)) != 1:
        if body is None and url is None:
            raise validation("Either Template URL or Template Body must be specified.")
        raise validation("You cannot specify more than one of Template URL, Template Body and UsePreviousTemplate.")
    if reuse:
        if previous is None:
            raise validation("Cannot use the previous template: there is none.")
        return previous
    if body is not None:
        if len(str(body).encode()) > INLINE_LIMIT:
            raise validation(
                f"1 validation error detected: Value '{str(body)[:100]}...' at 'templateBody' failed to satisfy constraint: "
                f"Member must have length less than or equal to {INLINE_LIMIT}"
            )
        return str(body)
    return await from_s3(str(url), services, account, region)


async def from_s3(url: str, services: Services, account: str, region: str) -> str:
    """The text of a document that a request names by its URL. Raises ValidationError."""
    bucket, key = _bucket_and_key(url)
    try:
        found = await services.call("s3", "GetObject", {"Bucket": bucket, "Key": key}, account=account, region=region)
    except ServiceError as error:
        raise validation(f"S3 error: {error.message}") from None
    body = found["Body"]
    text = body.decode() if isinstance(body, bytes) else str(body)
    if len(text.encode()) > OBJECT_LIMIT:
        raise validation(f"Template may not exceed {OBJECT_LIMIT} bytes in size.")
    return text


def _bucket_and_key(url: str) -> tuple[str, str]:
    """Bucket and key of a template URL, in virtual-hosted or path style."""
    parts = urlparse(url)
    path = unquote(parts.path.lstrip("/"))
    host = parts.hostname or ""
    if not path or not host:
        raise validation("TemplateURL must be a supported URL.")
    if ".s3" in host and not host.startswith("s3"):
        return host.split(".s3", 1)[0], path
    bucket, _, key = path.partition("/")
    if not key:
        raise validation("TemplateURL must reference a valid S3 object to which you have access.")
    return bucket, key


async def parameter_values(
    sections: Mapping[str, Any],
    params: Mapping[str, Any],
    previous: Mapping[str, Any],
    services: Services,
    *,
    account: str,
    region: str,
) -> tuple[ParameterValue, ...]:
    """Chosen, checked, and for SSM types looked up."""
    declared = declarations(sections)
    before = {entry["key"]: entry["value"] for entry in previous.get("parameters", [])}
    texts = choose(declared, params.get("Parameters") or [], before, updating=bool(previous))
    values = []
    for key, value in texts.items():
        inner = ssm_type(declared[key])
        resolved = await _from_parameter_store(value, services, account, region) if inner else None
        values.append(ParameterValue(key, value, resolved))
    return tuple(values)


async def _from_parameter_store(name: str, services: Services, account: str, region: str) -> str:
    try:
        found = await services.call("ssm", "GetParameter", {"Name": name}, account=account, region=region)
    except ServiceError as error:
        if error.code == "ParameterNotFound":
            raise validation(f"Unable to fetch parameters [{name}] from parameter store for this account.") from None
        raise validation(error.message) from None
    return str(found["Parameter"]["Value"])


def tags_of(params: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, str]:
    """The stack's tags: absent in an update means unchanged."""
    given = params.get("Tags")
    if given is None:
        return dict(previous.get("tags", {}))
    tags: dict[str, str] = {}
    for tag in given:
        key = str(tag.get("Key", ""))
        if key.lower().startswith("aws:"):
            raise validation("aws: prefixed tag key names are not allowed for external use.")
        if key in tags:
            raise validation(f"Duplicate tag keys found: {key}")
        tags[key] = str(tag.get("Value", ""))
    if len(tags) > MAX_TAGS:
        raise validation(f"You can specify a maximum of {MAX_TAGS} tags.")
    return tags


def make(
    store: Store,
    text: str,
    program: Program,
    params: Mapping[str, Any],
    previous: Mapping[str, Any],
) -> Doc:
    """The deployment document of a checked request."""

    def kept(member: str, key: str, empty: Any) -> Any:
        given = params.get(member)
        return previous.get(key, empty) if given is None else given

    return Deployment(
        template=store.keep_template(text),
        parameters=[{"key": p.key, "value": p.value, "resolved": p.resolved} for p in program.parameters],
        tags=tags_of(params, previous),
        capabilities=list(params.get("Capabilities") or []),
        notification_arns=list(kept("NotificationARNs", "notification_arns", [])),
        rollback=kept("RollbackConfiguration", "rollback", {}),
        role_arn=str(kept("RoleARN", "role_arn", "")),
        description=program.template.description,
    ).to_doc()


def check_types(old: Program, new: Program) -> None:
    """A logical ID keeps its type."""
    changed = [
        name
        for name in new.graph
        if name in old.graph and old.template.resources[name].type != new.template.resources[name].type
    ]
    if changed:
        raise validation(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: "
            f"[{', '.join(changed)}]"
        )
