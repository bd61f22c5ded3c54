"""JUnit XML: a suite for each file, a case for each finding; errors and warnings fail, infos are skipped."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from tablewright.lint.check import FileReport, Report
from tablewright.model.finding import Finding, Severity


def render(report: Report, version: str) -> str:
    """The document. A file without findings is a suite with one case that passes."""
    suites = "".join(_suite(file) for file in report.files)
    failed = sum(1 for finding in report.open if finding.severity is not Severity.INFO)
    count = sum(max(1, len(file.findings)) for file in report.files)
    head = f'<testsuites name="tablewright check" tests="{count}" failures="{failed}">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{suites}</testsuites>\n'


def _suite(file: FileReport) -> str:
    failed = sum(1 for one in file.findings if _fails(one))
    skipped = len(file.findings) - failed
    cases = (
        "".join(_case(finding) for finding in file.findings) or '  <testcase name="no findings" classname="check"/>\n'
    )
    count = max(1, len(file.findings))
    head = f'<testsuite name={_attribute(file.path)} tests="{count}" failures="{failed}" skipped="{skipped}">'
    return f"{head}\n{cases}</testsuite>\n"


def _fails(finding: Finding) -> bool:
    return not finding.ignored and finding.severity is not Severity.INFO


def _case(finding: Finding) -> str:
    name = _attribute(f"{finding.rule} {finding.name} (line {finding.line})")
    message = _attribute(finding.message)
    where = f"{finding.path}:{finding.line}:{finding.column}"
    body = escape(_printable(f"{where}\n{finding.message}\n\n{finding.instead}"))
    if _fails(finding):
        inner = f'    <failure type="{finding.severity.value}" message={message}>{body}</failure>\n'
    else:
        said = _attribute(f"ignored: {finding.ignored}" if finding.ignored else finding.message)
        inner = f"    <skipped message={said}/>\n"
    return f"  <testcase name={name} classname={_attribute(finding.path)}>\n{inner}  </testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_printable(text))


def _printable(text: str) -> str:
    """The text without characters that XML does not have."""
    return "".join(
        c for c in text if c in "\n\t" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000"
    )
