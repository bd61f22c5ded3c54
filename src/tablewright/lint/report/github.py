"""GitHub annotations: a workflow command for each finding that is not ignored in place."""

from __future__ import annotations

from tablewright.lint.check import Report
from tablewright.model.finding import Finding, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, version: str) -> str:
    """The commands, a line each."""
    return "".join(_line(finding) for finding in report.open)


def _line(finding: Finding) -> str:
    title = _property(f"{finding.rule} {finding.name}")
    place = f"file={_property(finding.path)},line={finding.line},col={finding.column},title={title}"
    text = finding.message if not finding.instead else f"{finding.message}\n{finding.instead}"
    return f"::{_COMMANDS[finding.severity]} {place}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
