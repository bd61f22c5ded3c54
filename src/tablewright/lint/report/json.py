"""JSON: every finding, infos and those ignored in place included."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tablewright.lint.check import Report
from tablewright.model.finding import Finding


def render(report: Report, version: str) -> str:
    """One object: ``version``, ``files``, ``findings`` and ``summary``. Lines and columns count from 1."""
    counts = Counter(finding.severity.value for finding in report.open)
    body = {
        "tablewright": version,
        "files": [{"path": file.path, "kind": file.kind or None} for file in report.files],
        "findings": [plain(finding) for finding in report.findings],
        "summary": {
            "errors": counts["error"],
            "warnings": counts["warning"],
            "infos": counts["info"],
            "ignored": len(report.findings) - len(report.open),
        },
    }
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def plain(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity.value,
        "file": finding.path,
        "line": finding.line,
        "column": finding.column,
        "resource": finding.resource or None,
        "message": finding.message,
        "why": finding.why or None,
        "instead": finding.instead or None,
        "origin": finding.origin,
        "fixable": finding.fix is not None,
        "ignored": finding.ignored or None,
    }
