"""cfn-lint's findings as ours: what it said of a template, without what a rule of ours says better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from tablewright.lint.rule import Rule
from tablewright.lint.stack import Stack
from tablewright.model.finding import Finding, Severity

_SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING, "informational": Severity.INFO}


@dataclass(frozen=True)
class GenericMatch:
    """One match of cfn-lint. ``resource`` is the logical ID that its path names, or empty."""

    rule: str
    name: str
    severity: str
    message: str
    line: int
    column: int
    resource: str = ""
    url: str = ""


@dataclass(frozen=True)
class Generic:
    """What cfn-lint said of one template; ``failure`` says why it did not finish, else it is empty."""

    matches: tuple[GenericMatch, ...] = ()
    failure: str = ""


def mistaken(stack: Stack) -> set[tuple[str, str]]:
    """Where cfn-lint is known to be wrong: (its rule, the resource).

    E3039 does not know that the search schema of a vector index needs its attributes defined.
    """
    return {("E3039", table.logical_id) for table in stack.tables if table.vectors}


def as_findings(
    generic: Generic, path: str, ours: Sequence[Finding], rules: Mapping[str, Rule], wrong: Set[tuple[str, str]]
) -> list[Finding]:
    """cfn-lint's matches as findings, but for those that a rule of ours covers in the same resource, and the ``wrong``."""
    covered = {(code, finding.resource) for finding in ours for code in rules[finding.rule].covers} | wrong
    found = []
    for match in generic.matches:
        if match.rule in rules or (match.rule, match.resource) in covered:
            continue
        found.append(
            Finding(
                rule=match.rule,
                name=match.name,
                severity=_SEVERITIES.get(match.severity, Severity.WARNING),
                message=match.message,
                path=path,
                line=match.line,
                column=match.column,
                resource=match.resource,
                origin="cfn-lint",
            )
        )
    return found
