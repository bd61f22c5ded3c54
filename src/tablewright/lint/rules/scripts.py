"""Deploy scripts in shell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tablewright.lint.rule import ERROR, INFO, WARNING, Problem, rule
from tablewright.lint.scripts import Command, Script
from tablewright.template.capabilities import capabilities

_ERREXIT = re.compile(r"^set\s+(-[a-z]*e[a-z]*\b|-o\s+errexit|.*\s-e\b)|^#!.*\s-[a-z]*e")
_NO_ERREXIT = re.compile(r"^set\s+(\+[a-z]*e|\+o\s+errexit)")
_TESTS_STATUS = re.compile(r"\[\[?\s*\"?\$\?\"?\s+(-ne|!=|-gt|-eq|==?)\s")
_GUARDED = re.compile(r"(\|\||&&)\s*\S|^(if|while|until|elif)\s|\bthen$")
_UNQUOTED = re.compile(r"--[a-z-]+(?:\s+|=)(\$\{?[A-Za-z_][A-Za-z0-9_]*\}?)(?=\s|$)")
_OTHER_STATES = ("REVIEW_IN_PROGRESS", "ROLLBACK_FAILED", "_FAILED", "IN_PROGRESS")


@rule("TW-OPS-004", "capability-not-needed", WARNING, "script")
def capability_not_needed(script: Script) -> Iterator[Problem]:
    """A capability that the template does not need

    What it finds: --capabilities CAPABILITY_IAM or CAPABILITY_NAMED_IAM for a template without IAM resources, macros
        and nested stacks; the template must be among the files that are checked.
    Why it matters: the day somebody adds a role to the template, nobody is asked.
    Instead: leave the option out; CloudFormation says when it is needed.
    When to ignore: the template is about to get roles.
    Source: CloudFormation API reference, CreateStack (Capabilities).
    """
    for command in script.commands:
        asked = command.option("capabilities")
        stack = script.template_of(command) if command.deploys and asked else None
        if stack is not None and asked is not None and "IAM" in asked and not capabilities(stack.tree):
            yield Problem(command.at("--capabilities"), f"{asked} is given, and {stack.path} has no IAM resource")


@rule("TW-OPS-005", "dead-failure-branch", ERROR, "script")
def dead_failure_branch(script: Script) -> Iterator[Problem]:
    """A failure branch that is never reached

    What it finds: a test of $? after a command that, under set -e, ends the script when it fails.
    Why it matters: what the branch would do (show the events, clean up, tell someone) never happens.
    Instead: if ! command; then … fi, or command || handle_failure.
    When to ignore: never; the branch is dead.
    Source: Bash manual, "The Set Builtin" (-e); tried out.
    """
    errexit = script.text.startswith("#!") and bool(_ERREXIT.search(script.text.partition("\n")[0]))
    before: Command | None = None
    for command in script.commands:
        if _NO_ERREXIT.match(command.text):
            errexit = False
        elif _ERREXIT.match(command.text):
            errexit = True
        tested = _TESTS_STATUS.search(command.text)
        if (
            errexit
            and tested
            and before is not None
            and not _GUARDED.search(before.text)
            and not before.text.endswith("||")
        ):
            first = before.text.split()[0] if before.text.split() else before.text
            yield Problem(
                command.position,
                f"Under set -e the script has ended when {first} in line {before.line} fails: this branch is dead",
                f"Write if ! {first} …; then … fi around line {before.line}.",
            )
        before = command


@rule("TW-OPS-010", "errors-taken-for-absence", WARNING, "script")
def errors_taken_for_absence(script: Script) -> Iterator[Problem]:
    """Every error is taken for: there is no stack

    What it finds: a describe call of the AWS CLI whose errors are thrown away and answered by a word: 2>/dev/null ||
        echo ….
    Why it matters: an expired token, a denied permission or a throttled call then reads as an absent stack, and the
        script goes on to create one.
    Instead: look at the message: only "does not exist" means that there is none.
    When to ignore: never; at least the reason must be shown.
    Source: AWS CLI user guide, return codes.
    """
    for command in script.commands:
        hidden = re.search(r"2>\s*/dev/null|&>\s*/dev/null", command.text)
        if (
            command.aws
            and command.aws[0] in ("cloudformation", "dynamodb")
            and hidden
            and re.search(r"\|\|\s*echo", command.text)
        ):
            yield Problem(
                command.at("/dev/null"),
                f"Any error of {' '.join(command.aws)} reads as absence: no permission, expired credentials, throttling",
            )


@rule("TW-OPS-011", "deletes-by-status", WARNING, "script")
def deletes_by_status(script: Script) -> Iterator[Problem]:
    """A stack is deleted because of its status

    What it finds: delete-stack in a script that tests for ROLLBACK_COMPLETE.
    Why it matters: a stack in that state can still own tables with items, when a retained or protected table survived;
        and where tables with names of their own survive, creating the stack again fails, because they exist.
    Instead: tablewright deploy, which looks at what is left before it deletes anything, and takes surviving tables in.
    When to ignore: nothing in the stack holds data.
    Source: CloudFormation user guide, "Stack status codes"; "DeletionPolicy attribute".
    """
    if not any("ROLLBACK_COMPLETE" in command.text for command in script.commands):
        return
    for command in script.commands:
        if command.aws == ("cloudformation", "delete-stack"):
            yield Problem(
                command.at("delete-stack"), "The stack is deleted by its status alone, whatever it still holds"
            )


@rule("TW-OPS-012", "one-status-handled", WARNING, "script")
def one_status_handled(script: Script) -> Iterator[Problem]:
    """Only one of the states that stop a deployment is handled

    What it finds: a script that handles ROLLBACK_COMPLETE and none of REVIEW_IN_PROGRESS, the _FAILED and the
        _IN_PROGRESS states.
    Why it matters: each of them refuses the next deployment, with a message that says little: a change set left behind,
        a rollback that failed, somebody else's deployment that still runs.
    Instead: handle each, or tablewright deploy.
    When to ignore: somebody looks at every failure.
    Source: CloudFormation user guide, "Stack status codes".
    """
    if any(state in line for state in _OTHER_STATES for line in _without_comments(script)):
        return
    for command in script.commands:
        if "ROLLBACK_COMPLETE" in command.text and re.match(r"(if|elif|\[|case)", command.text):
            yield Problem(command.position, "ROLLBACK_COMPLETE is handled, and no other state that stops a deployment")
            return


@rule("TW-OPS-013", "no-review-of-changes", INFO, "script")
def no_review_of_changes(script: Script) -> Iterator[Problem]:
    """A deployment that nobody sees before it happens

    What it finds: aws cloudformation deploy, without --no-execute-changeset, in a script that nowhere describes a
        change set.
    Why it matters: a change that replaces a table, and so empties it, is executed at once.
    Instead: tablewright plan and deploy, which refuses to remove or replace tables; or a change set that is looked at
        first.
    When to ignore: a gate stands before the script.
    Source: CloudFormation user guide, "Update stacks using change sets".
    """
    reviewed = any(
        "describe-change-set" in command.text or "--no-execute-changeset" in command.text for command in script.commands
    )
    for command in script.commands:
        if command.aws == ("cloudformation", "deploy") and not reviewed:
            yield Problem(
                command.at("deploy"), "The change set is executed at once: nobody sees a replacement before it happens"
            )


@rule("TW-OPS-014", "relative-template", INFO, "script")
def relative_template(script: Script) -> Iterator[Problem]:
    """The script works from one directory only

    What it finds: a template named without a directory, in a script that never changes to its own.
    Why it matters: run from elsewhere, as CI does, the template is not found.
    Instead: cd "$(dirname "$0")" at the top.
    When to ignore: it is always run from there.
    Source: reading.
    """
    if re.search(r"\bcd\b|dirname|BASH_SOURCE|pushd", script.text):
        return
    for command in script.commands:
        named = command.option("template-file") or (command.option("template-body") or "").removeprefix("file://")
        if command.deploys and named and not named.startswith(("/", "$", "~", "http", "s3:")):
            yield Problem(command.at(named), f"{named} is found only when the script is run from its directory")


@rule("TW-OPS-015", "unquoted-variable", INFO, "script")
def unquoted_variable(script: Script) -> Iterator[Problem]:
    """A variable without quotes in a call of AWS

    What it finds: an option of an AWS CLI command whose value is a variable without double quotes; the first of each
        command.
    Why it matters: an empty value makes the next option the value, and a space splits it: another stack, or none.
    Instead: "${STACK_NAME}".
    When to ignore: the value is a constant without spaces.
    Source: ShellCheck SC2086.
    """
    for command in script.commands:
        found = _UNQUOTED.search(command.text) if command.aws else None
        if found is not None:
            yield Problem(command.at(found.group(1)), f"{found.group(1)} is not quoted", f'Write "{found.group(1)}".')


@rule("TW-OPS-016", "newest-events-only", INFO, "script")
def newest_events_only(script: Script) -> Iterator[Problem]:
    """The newest events are not the cause

    What it finds: describe-stack-events with --max-items or --max-records.
    Why it matters: events come newest first: after a failure the first ten are the rollback. The cause is the earliest
        FAILED.
    Instead: tablewright why, or all events of the operation, filtered by FAILED, oldest first.
    When to ignore: never, to find a cause.
    Source: CloudFormation API reference, DescribeStackEvents (reverse chronological order).
    """
    for command in script.commands:
        if command.aws == ("cloudformation", "describe-stack-events") and (
            command.option("max-items") or command.option("max-records")
        ):
            yield Problem(command.at("--max-"), "The newest events are those of the rollback, not the cause")


@rule("TW-OPS-017", "success-not-read-back", INFO, "script")
def success_not_read_back(script: Script) -> Iterator[Problem]:
    """What is deployed is said, not looked at

    What it finds: a script that deploys and then prints what was deployed, without asking AWS for any of it.
    Why it matters: the text stays when the template changes; and CloudFormation calls a stack complete while a new
        index still fills, so that queries on it fail.
    Instead: read the outputs and the tables back; wait for IndexStatus ACTIVE.
    When to ignore: the text names nothing that could change.
    Source: Template reference, Table (GlobalSecondaryIndexes: CloudFormation does not wait for the index).
    """
    commands = script.commands
    last = max((number for number, command in enumerate(commands) if command.deploys), default=None)
    if last is None:
        return
    after = commands[last + 1 :]
    asked = any(
        command.aws
        and (
            command.aws[1].startswith(("describe-table", "list-"))
            or command.aws == ("cloudformation", "describe-stacks")
        )
        for command in after
    )
    for command in after:
        if (
            not asked
            and command.text.startswith(("echo", "printf"))
            and re.search(r"table|테이블", command.text, re.IGNORECASE)
        ):
            yield Problem(command.position, "This is said, not read back from AWS")
            return


@rule("TW-OPS-018", "metrics-of-a-fixed-day", INFO, "script")
def metrics_of_a_fixed_day(script: Script) -> Iterator[Problem]:
    """Metrics of a day that is written out

    What it finds: get-metric-statistics or get-metric-data with a start time that is written out.
    Why it matters: one-minute data is kept for 15 days, five-minute data for 63: soon the answer is empty. With
        TableName alone a table's indexes are left out; and the Sum of consumed capacity must be divided by the period
        to be a rate.
    Instead: --start-time "$(date -u -d '-1 hour' +%FT%TZ)", and the indexes with GlobalSecondaryIndexName.
    When to ignore: it documents one incident.
    Source: CloudWatch API reference, GetMetricStatistics (retention).
    """
    for command in script.commands:
        start = command.option("start-time") if command.aws and command.aws[0] == "cloudwatch" else None
        if start and re.match(r"\d{4}-\d{2}-\d{2}", start):
            yield Problem(command.at("--start-time"), f"{start} is written out: soon there is no data of it")


@rule("TW-OPS-019", "backups-looked-for-in-part", INFO, "script")
def backups_looked_for_in_part(script: Script) -> Iterator[Problem]:
    """Backups are looked for in one place of two

    What it finds: dynamodb list-backups, in a script that never asks for continuous backups.
    Why it matters: point-in-time recovery does not show there: a table that can be restored to any second looks as if
        it had no backup, and a table with a backup may have no recovery.
    Instead: dynamodb describe-continuous-backups as well.
    When to ignore: on-demand backups are what is looked for.
    Source: API reference, ListBackups and DescribeContinuousBackups.
    """
    if "describe-continuous-backups" in script.text:
        return
    for command in script.commands:
        if command.aws == ("dynamodb", "list-backups"):
            yield Problem(command.at("list-backups"), "list-backups does not show point-in-time recovery")


@rule("TW-OPS-020", "account-not-checked", INFO, "script")
def account_not_checked(script: Script) -> Iterator[Problem]:
    """Nothing says which account is meant

    What it finds: a script that deploys with whatever credentials it finds: no --profile, no look at the caller's
        account.
    Why it matters: with another shell's credentials, production's template goes to another account, or another's to
        production.
    Instead: compare aws sts get-caller-identity with the account that is meant; tablewright does (account in
        tablewright.toml).
    When to ignore: the credentials come from the pipeline, for one account.
    Source: reading.
    """
    if re.search(r"get-caller-identity|--profile|AWS_PROFILE|assume-role", script.text):
        return
    for command in script.commands:
        if command.deploys:
            yield Problem(command.position, "It deploys to whichever account the credentials are of")
            return


def _without_comments(script: Script) -> list[str]:
    return [command.text for command in script.commands]
