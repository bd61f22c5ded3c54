"""The composite GitHub action: check, rehearse, plan and deploy. ``action.yml`` at the repository's top is this text.

Every input reaches the shell as an environment variable: none is ever part of a script's text. Actions are pinned by commit.
"""

from __future__ import annotations

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
CREDENTIALS = "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3"
"""Other people's actions by commit: a tag can be moved to other code, a commit cannot. The comment is what updaters go by."""


def action_text() -> str:
    """The action's file."""
    return _ACTION.replace("<SETUP_PYTHON>", SETUP_PYTHON).replace("<CREDENTIALS>", CREDENTIALS)


_ACTION = r"""# Made by tablewright. Inputs reach the scripts as environment variables only.
name: tablewright
description: Check, rehearse, plan and deploy DynamoDB tables kept as CloudFormation.

inputs:
  command:
    description: check, rehearse, plan or deploy.
    required: true
  install:
    description: >-
      What to install tablewright from, pinned: tablewright==VERSION, the path of a wheel in the repository, a wheel's URL with
      its #sha256=, or git+https://HOST/OWNER/NAME@TAG.
    required: true
  index-url:
    description: Package index to install from, where it is not PyPI.
    default: ''
  python-version:
    description: Python to run on.
    default: '3.12'
  project:
    description: Folder with tablewright.toml, or below it.
    default: '.'
  environment:
    description: Environment of tablewright.toml (its default_environment where it is empty).
    default: ''
  paths:
    description: "check: files and folders, one a line (everything where it is empty)."
    default: ''
  base:
    description: "rehearse: commit to deploy first, so that the change itself is rehearsed, such as HEAD^1."
    default: ''
  skip-unimitated:
    description: "rehearse: true puts placeholders for resource types that the embedded AWS does not imitate."
    default: 'false'
  script:
    description: "deploy: deploy script to run instead of tablewright deploy; it gets --env and --yes."
    default: ''
  timeout:
    description: "deploy: stop watching after this span, such as 50m; what runs at AWS goes on."
    default: ''
  role-to-assume:
    description: "plan, deploy: ARN of the role to assume by OpenID Connect; the job needs the permission id-token: write."
    default: ''
  aws-region:
    description: "plan, deploy: region of the credentials."
    default: us-east-1
  allowed-account-ids:
    description: "plan, deploy: accounts that the credentials may be of, with commas between."
    default: ''
  comment:
    description: "plan: true comments it on the pull request; the job needs the permission pull-requests: write."
    default: 'true'
  github-token:
    description: "plan: token to comment with."
    default: ${{ github.token }}

outputs:
  exit-code:
    description: tablewright's exit code.
    value: >-
      ${{ steps.check.outputs.exit-code || steps.rehearse.outputs.exit-code || steps.plan.outputs.exit-code
      || steps.deploy.outputs.exit-code }}
  changes:
    description: "plan: whether there is something to change, true or false."
    value: ${{ steps.plan.outputs.changes }}
  refused:
    description: "plan: whether deploying would be refused, because it would lose data for example."
    value: ${{ steps.plan.outputs.refused }}

runs:
  using: composite
  steps:
    - name: Look at what is asked for
      id: asked
      shell: bash
      env:
        TW_COMMAND: ${{ inputs.command }}
        TW_INSTALL: ${{ inputs.install }}
        TW_ROLE: ${{ inputs.role-to-assume }}
      run: |
        set -euo pipefail
        stop() {
          local code="$1" title="$2"
          shift 2
          echo "::error title=$title::$*"
          exit "$code"
        }

        # It runs with this repository's credentials, and a pull request's code would run with them.
        if [[ "${GITHUB_EVENT_NAME:-}" == pull_request_target ]]; then
          stop 3 'pull_request_target is refused' \
            'It gives the credentials to whoever opens a pull request. Use pull_request.'
        fi
        extra=
        case "$TW_COMMAND" in
          rehearse) extra='[local]' ;;
          check | plan | deploy) ;;
          *) stop 2 'There is no such command' 'The input command is check, rehearse, plan or deploy.' ;;
        esac
        if [[ "$TW_COMMAND" == plan || "$TW_COMMAND" == deploy ]]; then
          if [[ -n "$TW_ROLE" && -z "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]]; then
            stop 3 'There is no identity token' 'The job needs permissions: id-token: write.' \
              'A pull request from a fork gets none: check and rehearse need no credentials.'
          fi
        fi

        name='[A-Za-z0-9][A-Za-z0-9._-]*'
        version='[0-9][A-Za-z0-9.!+_-]*'
        url='[A-Za-z0-9._~%:/-]+'
        if [[ -z "$TW_INSTALL" ]]; then
          stop 2 'tablewright is installed from nowhere' 'Say what from with the input install.' \
            'Variables of the repository reach no pull request from a fork: for those, write it in the workflow.'
        elif [[ "$TW_INSTALL" =~ ^($name)==($version)$ ]]; then
          requirement="${BASH_REMATCH[1]}$extra==${BASH_REMATCH[2]}"
        elif [[ "$TW_INSTALL" =~ ^git\+(https|ssh)://$url(@$url)?@([A-Za-z0-9._/-]+)$ ]]; then
          case "${BASH_REMATCH[3]}" in
            HEAD | main | master | develop | trunk)
              stop 2 'The source is not pinned' 'A branch moves: name a tag or a commit after the @.'
              ;;
          esac
          requirement="tablewright$extra @ $TW_INSTALL"
        elif [[ "$TW_INSTALL" =~ ^https://[A-Za-z0-9._~%:/+-]+\.whl#sha256=[0-9a-f]{64}$ ]]; then
          requirement="tablewright$extra @ $TW_INSTALL"
        elif [[ "$TW_INSTALL" =~ ^[A-Za-z0-9._~+/][A-Za-z0-9._~+/-]*\.whl$ ]]; then
          [[ -f "$TW_INSTALL" ]] || stop 2 'There is no such wheel' 'The input install names a file that is not there.'
          requirement="$TW_INSTALL$extra"
        else
          stop 2 'The source is not pinned' 'Write tablewright==VERSION, the path of a wheel,' \
            "a wheel's URL with #sha256=, or git+https://HOST/OWNER/NAME@TAG."
        fi
        echo "requirement=$requirement" >> "$GITHUB_OUTPUT"

    - uses: <SETUP_PYTHON>
      with:
        python-version: ${{ inputs.python-version }}

    # In an environment of its own: what the project installs and what tablewright needs do not meet.
    - name: Install tablewright
      shell: bash
      env:
        TW_REQUIREMENT: ${{ steps.asked.outputs.requirement }}
        TW_INDEX: ${{ inputs.index-url }}
      run: |
        set -euo pipefail
        if [[ -n "$TW_INDEX" ]]; then export PIP_INDEX_URL="$TW_INDEX"; fi
        python -m venv "$RUNNER_TEMP/tablewright"
        "$RUNNER_TEMP/tablewright/bin/python" -m pip install --disable-pip-version-check --no-input --quiet -- "$TW_REQUIREMENT"
        echo "$RUNNER_TEMP/tablewright/bin" >> "$GITHUB_PATH"
        "$RUNNER_TEMP/tablewright/bin/tablewright" --version

    - if: inputs.role-to-assume != '' && (inputs.command == 'plan' || inputs.command == 'deploy')
      uses: <CREDENTIALS>
      with:
        role-to-assume: ${{ inputs.role-to-assume }}
        aws-region: ${{ inputs.aws-region }}
        allowed-account-ids: ${{ inputs.allowed-account-ids }}

    # Findings are annotations where they are; the summary has them as a person reads them.
    - name: Check
      id: check
      if: inputs.command == 'check'
      shell: bash
      env:
        TW_PROJECT: ${{ inputs.project }}
        TW_ENVIRONMENT: ${{ inputs.environment }}
        TW_PATHS: ${{ inputs.paths }}
      run: |
        set -uo pipefail
        words=(--project "$TW_PROJECT")
        if [[ -n "$TW_ENVIRONMENT" ]]; then words+=(--env "$TW_ENVIRONMENT"); fi
        words+=(--)
        while IFS= read -r path; do
          if [[ -n "$path" ]]; then words+=("$path"); fi
        done <<< "$TW_PATHS"
        code=0
        tablewright check --format github "${words[@]}" || code=$?
        echo "exit-code=$code" >> "$GITHUB_OUTPUT"
        {
          printf '### Check\n\n'
          # Indented, not fenced: what is checked may hold whatever would end a fence.
          { GITHUB_STEP_SUMMARY='' tablewright check --format human --no-color "${words[@]}" 2>&1 || true; } | sed 's/^/    /'
          printf '\n'
        } >> "$GITHUB_STEP_SUMMARY"
        exit "$code"

    # On the embedded AWS of this runner: no credentials, and nothing reaches AWS.
    - name: Rehearse
      id: rehearse
      if: inputs.command == 'rehearse'
      shell: bash
      env:
        TW_PROJECT: ${{ inputs.project }}
        TW_ENVIRONMENT: ${{ inputs.environment }}
        TW_BASE: ${{ inputs.base }}
        TW_SKIP: ${{ inputs.skip-unimitated }}
      run: |
        set -uo pipefail
        export TABLEWRIGHT_LOCAL_HOME="$RUNNER_TEMP/tablewright-aws"
        trap 'tablewright local stop > /dev/null 2>&1' EXIT
        words=(--local --yes)
        if [[ -n "$TW_ENVIRONMENT" ]]; then words+=(--env "$TW_ENVIRONMENT"); fi
        if [[ "$TW_SKIP" == true ]]; then words+=(--skip-unimitated); fi
        before="$RUNNER_TEMP/tablewright-base"
        if [[ -n "$TW_BASE" ]] && git worktree add --quiet --detach -- "$before" "$TW_BASE"; then
          echo "::group::As it is before the change"
          GITHUB_STEP_SUMMARY='' tablewright deploy --project "$before/$TW_PROJECT" "${words[@]}" ||
            echo '::notice title=Not rehearsed as a change::What stands before it could not be deployed here.'
          echo "::endgroup::"
          git worktree remove --force -- "$before"
        fi
        code=0
        tablewright deploy --project "$TW_PROJECT" "${words[@]}" || code=$?
        echo "exit-code=$code" >> "$GITHUB_OUTPUT"
        exit "$code"

    # 10: there are changes, which is no failure. 3: deploying would be refused, because it would lose data for example.
    - name: Plan
      id: plan
      if: inputs.command == 'plan'
      shell: bash
      env:
        TW_PROJECT: ${{ inputs.project }}
        TW_ENVIRONMENT: ${{ inputs.environment }}
        TW_COMMENT: ${{ inputs.comment }}
        GH_TOKEN: ${{ inputs.github-token }}
      run: |
        set -uo pipefail
        words=(--project "$TW_PROJECT")
        if [[ -n "$TW_ENVIRONMENT" ]]; then words+=(--env "$TW_ENVIRONMENT"); fi
        page="$RUNNER_TEMP/tablewright-plan.md"
        code=0
        tablewright plan "${words[@]}" --exit-code --output markdown > "$page" || code=$?
        if [[ ! -s "$page" ]]; then
          {
            printf '### Plan\n\n❌ The plan could not be made (exit code %s): the run says why. ' "$code"
            printf 'An earlier plan no longer holds.\n'
          } > "$page"
        fi
        cat -- "$page" >> "$GITHUB_STEP_SUMMARY"
        {
          echo "exit-code=$code"
          if [[ "$code" == 0 ]]; then echo 'changes=false'; else echo 'changes=true'; fi
          if [[ "$code" == 3 ]]; then echo 'refused=true'; else echo 'refused=false'; fi
        } >> "$GITHUB_OUTPUT"
        said=0
        if [[ "$TW_COMMENT" == true ]]; then
          tablewright comment "$page" --marker "plan $TW_PROJECT $TW_ENVIRONMENT" || said=$?
        fi
        if [[ "$code" != 0 && "$code" != 10 ]]; then exit "$code"; fi
        exit "$said"

    # Killed or timed out, the operation goes on at AWS; run again, deploy follows it.
    - name: Deploy
      id: deploy
      if: inputs.command == 'deploy'
      shell: bash
      env:
        TW_PROJECT: ${{ inputs.project }}
        TW_ENVIRONMENT: ${{ inputs.environment }}
        TW_SCRIPT: ${{ inputs.script }}
        TW_TIMEOUT: ${{ inputs.timeout }}
      run: |
        set -uo pipefail
        words=(--yes)
        if [[ -n "$TW_ENVIRONMENT" ]]; then words+=(--env "$TW_ENVIRONMENT"); fi
        if [[ -n "$TW_TIMEOUT" ]]; then words+=(--timeout "$TW_TIMEOUT"); fi
        code=0
        if [[ -n "$TW_SCRIPT" ]]; then
          bash -- "$TW_SCRIPT" "${words[@]}" || code=$?
        else
          tablewright deploy --project "$TW_PROJECT" "${words[@]}" || code=$?
        fi
        echo "exit-code=$code" >> "$GITHUB_OUTPUT"
        exit "$code"
"""
