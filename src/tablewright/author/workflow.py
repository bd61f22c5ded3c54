"""The workflow that deploys: checked and planned on pull requests, deployed from one branch behind an environment's approval."""

from __future__ import annotations

from dataclasses import dataclass

_SETUP = """\
      - uses: actions/checkout@v6.0.2
        timeout-minutes: 5
        with:
          persist-credentials: false

      - uses: actions/setup-python@v6.2.0
        timeout-minutes: 5
        with:
          python-version: '3.12'

      - name: Install tablewright
        timeout-minutes: 10
        run: python -m pip install "$TABLEWRIGHT_REQUIREMENT"
        env:
          TABLEWRIGHT_REQUIREMENT: {requirement}
"""

_WORKFLOW = """\
name: Deploy DynamoDB

on:
  push:
    # Without branches, a push to any branch would deploy production.
    branches: [{branch}]
    paths:
{paths}
  pull_request:
    paths:
{paths}
  workflow_dispatch:

permissions:
  contents: read

jobs:
  # Needs no credentials, so it runs for pull requests from forks as well: the rules, and a rehearsal on the embedded AWS.
  check:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    steps:
{setup}
      - name: Install the embedded AWS
        timeout-minutes: 10
        run: python -m pip install 'tablewright[local]'

      - name: Check
        run: tablewright check {template} --format github

      - name: Rehearse
        run: tablewright deploy --local --yes

  plan:
    # A pull request from a fork gets no credentials.
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-24.04
    timeout-minutes: 20
    permissions:
      contents: read
      id-token: write
      pull-requests: write
    steps:
{setup}
      # A role of its own, which may make and delete change sets but not execute them.
      - uses: aws-actions/configure-aws-credentials@v6.2.3
        timeout-minutes: 5
        with:
          role-to-assume: ${{{{ vars.AWS_PLAN_ROLE_ARN }}}}
          aws-region: {region}

      # Exit code 3: deploying this would be refused, because it would lose data. 10: there are changes, which is no failure.
      - name: Plan
        run: |
          code=0
          tablewright plan --env {environment} --exit-code --output markdown > plan.md || code=$?
          cat plan.md >> "$GITHUB_STEP_SUMMARY"
          gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file plan.md
          [ "$code" -eq 0 ] || [ "$code" -eq 10 ] || exit "$code"
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          GH_REPO: ${{{{ github.repository }}}}
          PULL_REQUEST: ${{{{ github.event.pull_request.number }}}}

  deploy:
    # workflow_dispatch can be started on any branch.
    if: github.event_name != 'pull_request' && github.ref == 'refs/heads/{branch}'
    runs-on: ubuntu-24.04
    permissions:
      contents: read
      id-token: write
    # One deployment at a time; the one that runs is never cancelled half-way.
    concurrency:
      group: deploy-dynamodb-{environment}
      cancel-in-progress: false
    # Its protection rules (reviewers, branches) ask before the tables are touched.
    environment: {environment}
    timeout-minutes: 60
    steps:
{setup}
      # A variable of the environment: the role's trust policy names this repository and environment.
      - uses: aws-actions/configure-aws-credentials@v6.2.3
        timeout-minutes: 5
        with:
          role-to-assume: ${{{{ vars.AWS_DEPLOY_ROLE_ARN }}}}
          aws-region: {region}

      # Killed or timed out, the operation goes on at AWS; run again, deploy follows it.
      - name: Deploy
        run: {script} --env {environment} --yes
"""


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a project's workflow is about. Paths are relative to the repository's top.

    ``requirement`` is what pip installs tablewright from, pinned: a version, a wheel's path, a git tag's URL; empty for the
    repository's variable TABLEWRIGHT_REQUIREMENT.
    """

    template: str
    script: str
    path: str = ".github/workflows/deploy-dynamodb.yml"
    branch: str = "main"
    environment: str = "production"
    region: str = "us-east-1"
    requirement: str = ""


def workflow_text(wish: Workflow) -> str:
    """The workflow's file."""
    requirement = _quoted(wish.requirement) if wish.requirement else "${{ vars.TABLEWRIGHT_REQUIREMENT }}"
    setup = _SETUP.format(requirement=requirement)
    paths = "\n".join(f"      - '{path}'" for path in (wish.template, wish.script, wish.path))
    return _WORKFLOW.format(
        branch=wish.branch,
        environment=wish.environment,
        region=wish.region,
        template=wish.template,
        script=wish.script if "/" in wish.script else f"./{wish.script}",
        paths=paths,
        setup=setup,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
