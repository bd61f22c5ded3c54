"""GitHub Actions workflows that deploy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.scripts import Workflow, scalar
from tablewright.model.design import Position
from tablewright.template.tree import Entry, Mapping, Scalar, walk

_DEPLOYS = re.compile(
    r"cloudformation\s+(deploy|create-stack|update-stack|execute-change-set)|tablewright\s+deploy|deploy[\w.-]*\.sh|sam\s+deploy"
)
_REQUEST = re.compile(r"github\.(event\.pull_request\.(head|merge_commit_sha)|head_ref)|refs/pull/")
_REF = re.compile(r"github\.(ref|ref_name|base_ref|event)")


@rule("TW-OPS-006", "any-branch-deploys", ERROR, "workflow")
def any_branch_deploys(workflow: Workflow) -> Iterator[Problem]:
    """A push to any branch deploys

    What it finds: a workflow that deploys on push without branches or tags, where no job has an environment and none
        asks for the branch.
    Why it matters: paths narrow which files count, not which branch: the first push of a half-made change deploys it.
    Instead: branches: [main] under push, environment: production on the job (its protection rules ask first), and
        concurrency, so that two deployments never overlap.
    When to ignore: each branch deploys to an environment of its own.
    Source: GitHub documentation, "Events that trigger workflows" (push) and "Using environments for deployment".
    """
    push = _push(workflow)
    if push is None or not _deploys(workflow):
        return
    entry, body = push
    if isinstance(body, Mapping) and any(body.get(key) is not None for key in ("branches", "branches-ignore", "tags")):
        return
    if any(
        job.get("environment") is not None or _REF.search(scalar(job.get("if")) or "") for _, job, _ in workflow.jobs
    ):
        return
    yield Problem(
        entry,
        "A push to any branch deploys",
        "Add branches: [main] under push, and environment: production and concurrency to the job.",
    )


@rule("TW-OPS-007", "long-lived-keys", WARNING, "workflow")
def long_lived_keys(workflow: Workflow) -> Iterator[Problem]:
    """Keys instead of a role

    What it finds: a deploying workflow that is given AWS keys from secrets, or that shows no permission id-token: write
        and so cannot have a role.
    Why it matters: a key in a repository's secrets does not expire, and works from anywhere for whoever gets hold of
        it.
    Instead: permissions: id-token: write, and configure-aws-credentials with role-to-assume; the role trusts this
        repository only.
    When to ignore: the runners are your own, and have a role.
    Source: GitHub documentation, "Configuring OpenID Connect in Amazon Web Services".
    """
    keys = [node for node in walk(workflow.tree) if isinstance(node, Mapping)]
    for node in keys:
        for entry in node.entries:
            if entry.key.lower() in ("aws-access-key-id", "aws_access_key_id") and "secrets." in (
                scalar(entry.value) or ""
            ):
                yield Problem(
                    entry.key_position,
                    "An AWS key from the repository's secrets deploys",
                    "Write permissions: id-token: write and role-to-assume instead.",
                )
                return
    if not _deploys(workflow) or _may_have_token(workflow) or _self_hosted(workflow):
        return
    if any(
        "configure-aws-credentials" in (scalar(step.get("uses")) or "")
        for _, job, _ in workflow.jobs
        for step in workflow.steps(job)
    ):
        if not any(entry.key == "role-to-assume" for node in keys for entry in node.entries):
            return
    elif workflow.jobs and not _calls_aws(workflow):
        return
    triggers = workflow.triggers
    yield Problem(
        triggers[1] if triggers else Position(1, 1),
        "The workflow deploys, and has no permission id-token: write: it can have no role",
        "Write permissions: id-token: write and contents: read.",
    )


@rule("TW-OPS-024", "deployments-overlap", INFO, "workflow")
def deployments_overlap(workflow: Workflow) -> Iterator[Problem]:
    """Two deployments may overlap

    What it finds: a deploying workflow without concurrency.
    Why it matters: two pushes in a row start two deployments; the second fails, because the stack is being updated.
    Instead: concurrency: group: deploy-production, cancel-in-progress: false.
    When to ignore: tablewright deploys: it follows the running deployment and goes on after it.
    Source: GitHub documentation, "Control the concurrency of workflows and jobs".
    """
    if _push(workflow) is None or not _deploys(workflow) or workflow.tree.get("concurrency") is not None:
        return
    if any(job.get("concurrency") is not None for _, job, _ in workflow.jobs):
        return
    triggers = workflow.triggers
    yield Problem(triggers[1] if triggers else Position(1, 1), "Two pushes in a row deploy at the same time")


@rule("TW-OPS-025", "strangers-code-with-credentials", ERROR, "workflow")
def strangers_code_with_credentials(workflow: Workflow) -> Iterator[Problem]:
    """A stranger's code runs with the credentials

    What it finds: a workflow on pull_request_target that checks out the pull request's commit and has AWS credentials, or
        may have a token for them.
    Why it matters: pull_request_target runs for pull requests from forks with the repository's secrets and token. What
        the pull request brings, a template's script or a requirements file, then runs with them.
    Instead: on: pull_request. A pull request from a fork has no credentials there: check and rehearse it without.
    When to ignore: nothing of what is checked out is ever run or installed.
    Source: GitHub documentation, "Events that trigger workflows" (pull_request_target) and "Secure use reference".
    """
    triggers = workflow.triggers
    if triggers is None:
        return
    node, _ = triggers
    entries = node.entries if isinstance(node, Mapping) else ()
    places = [entry.key_position for entry in entries if entry.key == "pull_request_target"]
    if not isinstance(node, Mapping):
        named = [inner for inner in walk(node) if isinstance(inner, Scalar)]
        places += [inner.position for inner in named if inner.text == "pull_request_target"]
    if not places or not any(
        _checks_out_the_request(step) for _, job, _ in workflow.jobs for step in workflow.steps(job)
    ):
        return
    if _may_have_token(workflow) or "secrets." in workflow.text or "configure-aws-credentials" in workflow.text:
        yield Problem(
            places[0],
            "The code of whoever opens a pull request runs with this repository's credentials",
            "Write pull_request instead of pull_request_target.",
        )


def _checks_out_the_request(step: Mapping) -> bool:
    given = step.get("with")
    ref = scalar(given.get("ref")) if isinstance(given, Mapping) else None
    return "actions/checkout" in (scalar(step.get("uses")) or "") and bool(_REQUEST.search(ref or ""))


def _push(workflow: Workflow) -> tuple[Position, object] | None:
    """The place and the body of the trigger push."""
    if workflow.triggers is None:
        return None
    node, place = workflow.triggers
    if isinstance(node, Mapping):
        found: Entry | None = next((entry for entry in node.entries if entry.key == "push"), None)
        return (found.key_position, found.value) if found is not None else None
    named = [item for item in walk(node) if isinstance(item, Scalar) and item.text == "push"]
    return (named[0].position, None) if named else (place, None) if scalar(node) == "push" else None


def _deploys(workflow: Workflow) -> bool:
    """Whether it surely deploys: a job says so, or, without jobs, its paths are those of a deploy script."""
    if workflow.jobs:
        return any(
            _DEPLOYS.search(scalar(step.get("run")) or "") or _by_the_action(step)
            for _, job, _ in workflow.jobs
            for step in workflow.steps(job)
        )
    triggers = workflow.triggers
    return triggers is not None and any(
        isinstance(node, Scalar) and _DEPLOYS.search(node.text.rsplit("/", 1)[-1]) for node in walk(triggers[0])
    )


def _by_the_action(step: Mapping) -> bool:
    """Whether tablewright's own action deploys there."""
    given = step.get("with")
    return (
        "tablewright" in (scalar(step.get("uses")) or "")
        and isinstance(given, Mapping)
        and scalar(given.get("command")) == "deploy"
    )


def _calls_aws(workflow: Workflow) -> bool:
    runs = [scalar(step.get("run")) or "" for _, job, _ in workflow.jobs for step in workflow.steps(job)]
    return any(re.search(r"\baws\s|\bsam\s", run) for run in runs)


def _may_have_token(workflow: Workflow) -> bool:
    for holder in (workflow.tree, *(job for _, job, _ in workflow.jobs)):
        permissions = holder.get("permissions")
        if scalar(permissions) == "write-all":
            return True
        if isinstance(permissions, Mapping) and scalar(permissions.get("id-token")) == "write":
            return True
    return any(job.get("uses") is not None for _, job, _ in workflow.jobs)


def _self_hosted(workflow: Workflow) -> bool:
    return any(
        isinstance(node, Scalar) and "self-hosted" in node.text for _, job, _ in workflow.jobs for node in walk(job)
    )
