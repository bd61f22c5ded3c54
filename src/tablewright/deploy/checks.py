"""What is checked before anything is changed: the right place, the right owner, no older commit over a newer one."""

from __future__ import annotations

from datetime import UTC

from tablewright.deploy.options import Expected
from tablewright.errors import Refused
from tablewright.model.design import Design
from tablewright.model.stack import Stack
from tablewright.model.whereabouts import Whereabouts
from tablewright.plan.tags import Commit, deployed_commit


def check_whereabouts(expected: Expected, where: Whereabouts) -> None:
    """Raise Refused where the run would act in another account, partition, region or endpoint than the environment says."""
    for code, what, wanted, found in (
        ("wrong-account", "account", expected.account, where.account),
        ("wrong-partition", "partition", expected.partition, where.partition),
        ("wrong-region", "region", expected.region, where.region),
    ):
        if wanted is not None and wanted != found:
            raise Refused(
                code,
                f"This is another {what}",
                f"The environment belongs to {what} {wanted}, and these credentials reach {what} {found} (as {where.arn}). "
                f"Nothing was changed. Use the credentials of {wanted}, or correct tablewright.toml.",
            )
    check_endpoint(expected, where.endpoint)


def check_endpoint(expected: Expected, endpoint: str | None) -> None:
    """Raise Refused where requests would go elsewhere than the environment says. Nobody need be asked, so it comes first."""
    if expected.any_endpoint or (endpoint or "").rstrip("/") == (expected.endpoint or "").rstrip("/"):
        return
    named = f"names {expected.endpoint}" if expected.endpoint else "names none, which means AWS itself"
    raise Refused(
        "unexpected-endpoint",
        "This is not the endpoint of the environment",
        f"Requests would go to {endpoint or 'AWS itself'}, and the environment {named}. Is AWS_ENDPOINT_URL exported, or "
        "set in the profile? Nothing was changed. Unset it, or say endpoint_url in tablewright.toml.",
    )


_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AWS CDK", ("aws:cdk:path", "AWS::CDK::Metadata", "/cdk-bootstrap/")),
    ("AWS SAM", ("AWS::Serverless-2016-10-31", "SamResourceId")),
    ("the Serverless Framework", ("ServerlessDeploymentBucket",)),
)


def check_owner(design: Design, stack: Stack, template: str | None) -> str:
    """Raise Refused where another tool deployed the stack and this template does not come from it.

    Where the template bears the same tool's marks, the words of a warning are returned; otherwise nothing. A stack that is
    nested in another belongs to that one.
    """
    if stack.root_id is not None and stack.root_id != stack.id:
        raise Refused(
            "nested-stack",
            "This stack is nested in another",
            f"Stack {stack.name} belongs to {stack.root_id}. Changing it by itself would set the two at odds, and the next "
            "update of the outer stack would undo it. Nothing was changed. Deploy the outer stack.",
        )
    tool = owner_of(stack, template)
    if tool is None:
        return ""
    if any(mark in design.body for name, marks in _MARKS if name == tool for mark in marks):
        return (
            f"Stack {stack.name} was deployed with {tool}; deploying it from here as well can undo what the other does."
        )
    raise Refused(
        "owned-by-another-tool",
        "Another tool owns this stack",
        f"Stack {stack.name} was deployed with {tool}, and {design.path} does not come from it: deploying would remove or "
        f"overwrite what {tool} manages. Nothing was changed. Deploy it with {tool}, or give this template another stack.",
    )


def owner_of(stack: Stack, template: str | None) -> str | None:
    """The tool whose marks the deployed stack bears, None for none."""
    for tag, value in stack.tags.items():
        if tag.startswith("aws-cdk:"):
            return "AWS CDK"
        if tag == "lambda:createdBy" and value == "SAM":
            return "AWS SAM"
    for name, marks in _MARKS:
        if template is not None and any(mark in template for mark in marks):
            return name
    return None


def check_commit(commit: Commit | None, stack: Stack) -> str:
    """Raise Refused where the stack was deployed from a newer commit than this one.

    The repository's history decides; where it does not know the deployed commit, or the two are on different branches, their
    times do, and the words of a note are returned.
    """
    deployed = deployed_commit(stack)
    if commit is None or deployed is None or deployed[0] == commit.id:
        return ""
    at = deployed[1]
    older = commit.precedes(deployed[0]) if commit.precedes is not None else None
    known = older is not None
    if older is None:
        older = at is not None and commit.at < at
    if older:
        when = f" of {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at is not None else ""
        how = (
            "which has this one in its history"
            if known
            else "which is later by its time (the history here does not tell)"
        )
        raise Refused(
            "older-commit",
            "The stack was deployed from a newer commit",
            f"Stack {stack.name} was deployed from commit {deployed[0][:12]}{when}, {how}; this is {commit.id[:12]} of "
            f"{commit.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC. Deploying it would undo what came after. Nothing was changed. "
            "Pull first; to go back on purpose, revert the newer commit and deploy that.",
        )
    if known:
        return ""
    how = "is not the older one by its time" if at is not None else "may be the older one: the stack tells no time"
    return (
        f"Stack {stack.name} was deployed from commit {deployed[0][:12]}, which the history here does not set before or after "
        f"this one (a shallow clone, or another branch). {commit.id[:12]} {how}."
    )
