"""``tablewright policy simulate``: whether a call is allowed, and by which statement."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.faces.marks import Line
from tablewright.cli.options import Common, display_options, pairs
from tablewright.cli.terminal import output
from tablewright.errors import UsageError

if TYPE_CHECKING:
    from tablewright.access.decide import Decision, Policies
    from tablewright.access.policy import Policy
    from tablewright.access.request import Request

_FILE = click.Path(path_type=Path)


@click.command(short_help="Say whether a call is allowed, and by which statement.")
@click.argument("action")
@click.argument("resource", default="*")
@click.option(
    "--policy", "policies", type=_FILE, multiple=True, help="Identity-based policy of the caller; repeatable."
)
@click.option("--resource-policy", type=_FILE, help="The resource's own policy.")
@click.option("--boundary", type=_FILE, help="The caller's permissions boundary.")
@click.option("--session", type=_FILE, multiple=True, help="Session policy; repeatable.")
@click.option("--service-control", type=_FILE, multiple=True, help="Service control policy, one for each level.")
@click.option("--resource-control", type=_FILE, multiple=True, help="Resource control policy; repeatable.")
@click.option("--caller", "who", metavar="ARN", help="Who calls (default: a role session of the resource's account).")
@click.option(
    "--context", metavar="KEY=VALUE", multiple=True, help="Condition key of the request; values joined by commas."
)
@click.option("--account", metavar="ID", help="Account of a table named without its ARN (default: the policies' own).")
@click.option(
    "--region", metavar="REGION", help="Region of a table named without its ARN (default: the policies' own)."
)
@display_options(("human", "json"))
def simulate(common: Common, action: str, resource: str, account: str | None, **given: object) -> int:
    """Say whether ACTION on RESOURCE is allowed by policies in files, and by which statement.

    RESOURCE is an ARN, * (the default, for actions that act on none), or a table's name, with /index/NAME or /stream/LABEL
    after it. Only the policies given are known: nothing is read from AWS. Exits with 1 when the call is denied.

    \b
    Examples:
      tablewright policy simulate dynamodb:GetItem ai-chef-results --policy policy.json
      tablewright policy simulate dynamodb:Scan ai-chef-results --policy policy.json --context dynamodb:LeadingKeys=me
      tablewright policy simulate dynamodb:ListTables --policy policy.json --boundary boundary.json --output json
    """
    from tablewright.access.decide import decide

    if ":" not in action or " " in action:
        raise UsageError(
            "malformed-action", "The action is malformed", f"{action!r} is not service:Name, as dynamodb:GetItem."
        )
    policies = _policies(given)
    of_table = next(_places(policies), ("us-east-1", "111122223333"))
    request = _request(action, resource, account or of_table[1], common.region or of_table[0], given)
    decision = decide(request, policies)
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.cli.faces.json_lines import encode

        out.text(encode(_body(request, decision), out))
    else:
        out.lines(_lines(request, decision))
    return exits.DONE.code if decision.allowed else exits.FAILED.code


def _request(action: str, resource: str, account: str, region: str, given: dict[str, object]) -> Request:
    from tablewright.access.request import Request, caller
    from tablewright.access.scope import partition_of

    arn = resource
    if resource != "*" and not resource.startswith("arn:"):
        arn = f"arn:{partition_of(region)}:dynamodb:{region}:{account}:table/{resource}"
    parts = arn.split(":", 5)
    owner = parts[4] if len(parts) == 6 and parts[4] else account
    who = given["who"] or f"arn:aws:sts::{owner}:assumed-role/Program/session"
    written = given["context"]
    assert isinstance(written, tuple)
    context = {key: tuple(value.split(",")) if value else () for key, value in pairs("--context", written).items()}
    return Request(action, arn, caller(str(who)), context)


def _places(policies: Policies) -> Iterator[tuple[str, str]]:
    """Region and account of each ARN of a table that the policies name."""
    several = (
        *policies.identity,
        *(policies.session or ()),
        *(one for one in (policies.resource, policies.boundary) if one),
    )
    for policy in several:
        for statement in policy.statements:
            for written in statement.resources or ():
                parts = written.split(":", 5)
                if (
                    len(parts) == 6
                    and parts[2] == "dynamodb"
                    and parts[3].replace("-", "").isalnum()
                    and parts[4].isdigit()
                ):
                    yield parts[3], parts[4]


def _policies(given: dict[str, object]) -> Policies:
    from tablewright.access.decide import Policies

    session = _several(given["session"])
    found = Policies(
        identity=_several(given["policies"]),
        resource=_one(given["resource_policy"]),
        boundary=_one(given["boundary"]),
        session=session or None,
        service_control=tuple((one,) for one in _several(given["service_control"])),
        resource_control=_several(given["resource_control"]),
    )
    if found == Policies():
        raise UsageError(
            "no-policy", "No policy is given", "Name the files with --policy, --resource-policy and the like."
        )
    return found


def _several(paths: object) -> tuple[Policy, ...]:
    assert isinstance(paths, tuple)
    return tuple(policy for path in paths if (policy := _one(path)) is not None)


def _one(path: object) -> Policy | None:
    from tablewright.access.read import read_policy
    from tablewright.template.decode import decode_bytes

    if not isinstance(path, Path):
        return None
    try:
        return read_policy(decode_bytes(path.read_bytes(), str(path)), str(path))
    except OSError as error:
        raise UsageError("policy-unreadable", "The policy cannot be read", f"{path}: {error.strerror}.") from None


def _body(request: Request, decision: Decision) -> dict[str, object]:
    by = [{"kind": one.kind, "policy": one.policy, "statement": one.statement.label} for one in decision.by]
    near = [
        {"kind": one.kind, "policy": one.policy, "statement": one.statement.label, "why": one.why}
        for one in decision.near
    ]
    return {
        "action": request.action, "resource": request.resource, "caller": request.caller.arn, "allowed": decision.allowed,
        "effect": decision.effect.value, "why": decision.why, "by": by, "near": near,
    }  # fmt: skip


def _lines(request: Request, decision: Decision) -> list[Line]:
    tone = "good" if decision.allowed else "bad"
    lines: list[Line] = [
        ((decision.effect.value, tone), (f"  {request.action} on {request.resource}", "strong")),
        ((f"  for {request.caller.arn}", "dim"),),
        ((f"  {decision.why}", ""),),
    ]
    if decision.near:
        lines += [(), (("  Statements that would allow the action:", ""),)]
        lines += [
            ((f"    {one.statement.label} of {one.policy or 'the ' + one.kind}: {one.why}", ""),)
            for one in decision.near
        ]
    return lines
