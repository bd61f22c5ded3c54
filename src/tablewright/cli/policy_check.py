"""``tablewright policy check``: what a policy grants too much or too little."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tablewright.cli import exits
from tablewright.cli.options import Common, SpreadCommand, display_options, where_options
from tablewright.cli.terminal import output
from tablewright.errors import TablewrightError, UsageError

if TYPE_CHECKING:
    from tablewright.access.audit import Issue
    from tablewright.access.policy import Policy
    from tablewright.access.scope import Scope
    from tablewright.lint.check import FileReport
    from tablewright.model.finding import Finding


@click.command(cls=SpreadCommand, short_help="Find what a policy grants too much or too little.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--for", "patterns", metavar="PATTERN", multiple=True, help="What the policy is for; repeatable.")
@click.option("--table", metavar="NAME", multiple=True, help="The tables that it is for (default: all of the stack).")
@click.option("--template", type=click.Path(path_type=Path), help="The template (default: tablewright.toml's).")
@click.option("--stack", metavar="NAME", help="Read the tables from this deployed stack.")
@click.option("--parameters", metavar="KEY=VALUE ...", multiple=True, help="Template parameters.")
@click.option("--account", metavar="ID", help="The account of the template's tables (default: the policy's own).")
@where_options
@display_options(("human", "json"))
def check(
    common: Common, file: Path, patterns: tuple[str, ...], table: tuple[str, ...], template: Path | None, stack: str | None,
    parameters: tuple[str, ...], account: str | None,
) -> int:  # fmt: skip
    """Find what the policy in FILE (JSON) grants too much or too little.

    Each call around the tables is put to the evaluator. With --for, the policy is held against what it is for: every call
    beyond the patterns, and every call of theirs that it denies, is a finding. The tables come from the template of
    tablewright.toml or --template, or with --stack (or --local and what it is --for) from the deployed stack. Exits with 1 when
    a warning or an error is found.

    \b
    Examples:
      tablewright policy check policy.json
      tablewright policy check policy.json --for read --for query:sessionId-index --table ai-chef-results
      tablewright policy check policy.json --stack ai-chef-dynamodb --local --output json
    """
    from tablewright.access.audit import Subject, audit
    from tablewright.access.grant import table_or_all
    from tablewright.access.patterns import wish
    from tablewright.access.read import read_policy
    from tablewright.lint.check import FileReport, Report

    text = _text(file)
    policy = read_policy(text, str(file))
    wishes = tuple(wish(one) for one in patterns)
    needed = bool(wishes or table or stack or template)
    scope = _scope(common, policy, template, stack, parameters, account, needed=needed)
    subject = Subject(policy, scope, table_or_all(scope, table) if scope else (), wishes)
    linted = _linted(file, text)
    found = [_finding(issue, linted) for issue in audit(subject) if not _said(issue, linted)]
    everything = tuple(sorted((*linted.findings, *found), key=lambda one: (one.line, one.column, one.rule)))
    report = Report((FileReport(str(file), "policy", text, everything),))
    out = output(sys.stdout, color=common.color)
    if common.output == "json":
        from tablewright.lint.report import rendered

        out.text(rendered("json", report, "").rstrip("\n"))
    else:
        from tablewright.cli.faces.findings import report_lines

        out.lines(report_lines(report, out.width, out.marks, everything=False, mending=""))
    failing = any(one.severity.rank < 2 and not one.ignored for one in everything)
    return exits.FAILED.code if failing else exits.DONE.code


def _text(file: Path) -> str:
    from tablewright.template.decode import decode_bytes

    try:
        return decode_bytes(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError("policy-unreadable", "The policy cannot be read", f"{file}: {error.strerror}.") from None


def _scope(
    common: Common, policy: Policy, template: Path | None, stack: str | None, parameters: tuple[str, ...], account: str | None,
    *, needed: bool,
) -> Scope | None:  # fmt: skip
    """The tables around the policy. None where they are not asked for and cannot be known."""
    from tablewright.cli.policy_scope import deployed_scope, designed_scope
    from tablewright.cli.target import project_settings

    if (stack is not None or (common.local and needed)) and account is None and template is None:
        return deployed_scope(common, stack)
    arns = [text.split(":", 5) for one in policy.statements for text in one.resources or () if ":dynamodb:" in text]
    named = next((arn for arn in arns if len(arn) == 6 and arn[4].isdigit()), None)
    known = account or (named[4] if named else project_settings(common, stack).account or "")
    where = common if common.region or not named or not named[3] else replace(common, region=named[3])
    try:
        return designed_scope(where, template, stack, parameters, known)
    except TablewrightError:
        if not needed:
            return None
        if known:
            raise
        raise UsageError(
            "no-account",
            "The account is not known",
            "The policy names no table's ARN with an account: give it with --account and --region, or as account in "
            "tablewright.toml; or give --stack for the tables as they are deployed.",
        ) from None


def _linted(file: Path, text: str) -> FileReport:
    """What the rules of ``tablewright check`` find in the text."""
    from tablewright.lint.options import Options
    from tablewright.lint.run import Asked, check_sources
    from tablewright.lint.sources import Source

    source = Source(str(file), text.encode(), True)
    return check_sources([source], Asked(Options(select=("TW-IAM",)), generic=False)).files[0]


def _said(issue: Issue, linted: FileReport) -> bool:
    """Whether a rule has found the same."""
    return any(one.rule in issue.twins for one in linted.findings)


def _finding(issue: Issue, linted: FileReport) -> Finding:
    from tablewright.model.finding import Finding

    line, column = _place(linted.text, linted.path, issue.statement)
    return Finding(
        issue.code, issue.name, issue.severity, issue.message, linted.path, line, column, "", issue.why, issue.instead
    )


def _place(text: str, path: str, number: int) -> tuple[int, int]:
    """Where the statement stands; the document's beginning for the whole policy."""
    from tablewright.template.decode import decode
    from tablewright.template.tree import Mapping, Sequence

    try:
        tree = decode(text, path)
    except TablewrightError:
        return 1, 1
    inner = tree.get("PolicyDocument")
    statements = (inner if isinstance(inner, Mapping) else tree).get("Statement")
    if isinstance(statements, Sequence) and 0 < number <= len(statements.items):
        statements = statements.items[number - 1]
    return (statements.position.line, statements.position.column) if statements is not None and number else (1, 1)
