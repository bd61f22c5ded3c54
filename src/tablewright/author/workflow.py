"""The workflow that deploys: checked and planned on pull requests, deployed from one branch behind an environment's approval."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tablewright.author.action import CHECKOUT
from tablewright.errors import UsageError

ACTION = ".github/actions/tablewright/action.yml"
"""Where a project keeps its copy of the action: nothing outside of the repository and its pinned actions is relied on."""

_WORKFLOW = """\
name: Deploy DynamoDB

on:
  push:
    # Without branches, a push to any branch would deploy {environment}.
    branches: [{branch}]
    paths:
{paths}
  # Never pull_request_target: it would give the credentials to the code of whoever opens a pull request.
  pull_request:
    paths:
{paths}
  workflow_dispatch:

permissions:
  contents: read

env:
  # What tablewright is installed from, pinned: tablewright==VERSION, a wheel's path, git+https://HOST/OWNER/NAME@TAG.
{source}
jobs:
  # Needs no credentials, so it runs for pull requests from forks as well: the rules, and a rehearsal on the embedded AWS.
  check:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 2 # with the commit that the pull request would change
          persist-credentials: false

      - name: Check
        uses: ./{action}
        with:
          command: check
          install: ${{{{ env.TABLEWRIGHT }}}}
{project}          paths: |
{checked}

      - name: Rehearse
        if: '!cancelled()'
        uses: ./{action}
        with:
          command: rehearse
          install: ${{{{ env.TABLEWRIGHT }}}}
{project}{named}          base: HEAD^1

  plan:
    # A pull request from a fork gets no credentials.
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    permissions:
      contents: read
      id-token: write
      pull-requests: write
    # The newest plan of a pull request is the one that is commented last.
    concurrency:
      group: plan-dynamodb-{environment}-${{{{ github.event.pull_request.number }}}}
      cancel-in-progress: false
    steps:
      - uses: {checkout}
        with:
          persist-credentials: false

      # A role of its own, which may make and delete change sets but not execute them.
      - name: Plan
        uses: ./{action}
        with:
          command: plan
          install: ${{{{ env.TABLEWRIGHT }}}}
{project}{named}          role-to-assume: ${{{{ vars.AWS_PLAN_ROLE_ARN }}}}
          aws-region: {region}
{accounts}
  deploy:
    # workflow_dispatch can be started on any branch.
    if: github.event_name != 'pull_request' && github.ref == 'refs/heads/{branch}'
    runs-on: ubuntu-24.04
    permissions:
      contents: read
      id-token: write
    # One deployment at a time, the others queued in their order; none is ever cancelled half-way.
    concurrency:
      group: deploy-dynamodb-{environment}
      cancel-in-progress: false
      queue: max
    # Its protection rules (reviewers, branches) ask before the tables are touched.
    environment: {environment}
    timeout-minutes: 60
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0 # the history: an older commit never takes back what a newer one deployed
          persist-credentials: false

      # The role is a variable of the environment: its trust policy names this repository and environment.
      - name: Deploy
        uses: ./{action}
        with:
          command: deploy
          install: ${{{{ env.TABLEWRIGHT }}}}
{script}{named}          role-to-assume: ${{{{ vars.AWS_DEPLOY_ROLE_ARN }}}}
          aws-region: {region}
{accounts}          timeout: 50m
"""


_BY_VARIABLE = """\
  # GitHub gives variables to no pull request from a fork: for those, write it here.
  TABLEWRIGHT: ${{ vars.TABLEWRIGHT_REQUIREMENT }}
"""

_PINNED = (
    r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.!+_-]*",
    r"git\+(?:https|ssh)://[A-Za-z0-9._~%:/-]+(?:@[A-Za-z0-9._~%:/-]+)?@(?!(?:HEAD|main|master|develop|trunk)$)[A-Za-z0-9._/-]+",
    r"https://[A-Za-z0-9._~%:/+-]+\.whl#sha256=[0-9a-f]{64}",
    r"[A-Za-z0-9._~+/][A-Za-z0-9._~+/-]*\.whl",
)
"""What the action takes as pinned; it asks the same in its first step."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a project's workflow is about. Paths are relative to the repository's top; ``script`` may be empty.

    ``environment`` is GitHub's, and tablewright.toml's too where ``named``. ``account`` is the one that credentials may be of.
    ``requirement`` is what pip installs tablewright from, pinned (``check_pinned``); empty for the repository's variable
    TABLEWRIGHT_REQUIREMENT, which pull requests from forks do not see.
    """

    template: str
    script: str
    path: str = ".github/workflows/deploy-dynamodb.yml"
    branch: str = "main"
    environment: str = "production"
    region: str = "us-east-1"
    requirement: str = ""
    settings: str = "tablewright.toml"
    named: bool = True
    account: str = ""


def workflow_text(wish: Workflow) -> str:
    """The workflow's file."""
    if wish.requirement:
        check_pinned(wish.requirement)
    folder = wish.settings.rpartition("/")[0]
    checked = [path for path in (wish.template, wish.script, wish.path) if path]
    watched = [*checked[:-1], wish.settings, wish.path, ACTION]
    return _WORKFLOW.format(
        branch=wish.branch,
        environment=wish.environment,
        region=wish.region,
        script=f"          script: {_quoted(wish.script)}\n" if wish.script else "",
        named=f"          environment: {wish.environment}\n" if wish.named else "",
        accounts=f"          allowed-account-ids: '{wish.account}'\n" if wish.account else "",
        paths="\n".join(f"      - {_quoted(path)}" for path in watched),
        checked="\n".join(f"            {path}" for path in checked),
        source=f"  TABLEWRIGHT: {_quoted(wish.requirement)}\n" if wish.requirement else _BY_VARIABLE,
        project=f"          project: {_quoted(folder)}\n" if folder else "",
        checkout=CHECKOUT,
        action=ACTION.rpartition("/")[0],
    )


def check_pinned(requirement: str) -> None:
    """Raise UsageError for a source of tablewright that may be other code tomorrow."""
    if not any(re.fullmatch(form, requirement) for form in _PINNED):
        raise UsageError(
            "source-not-pinned",
            "The source to install tablewright from is not pinned",
            f"{requirement!r} may be other code tomorrow, and it deploys. Write tablewright==VERSION, a path to a wheel in the "
            "repository, a wheel's URL with #sha256=, or git+https://HOST/OWNER/NAME@TAG.",
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
