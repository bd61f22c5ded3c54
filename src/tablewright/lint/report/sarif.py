"""SARIF 2.1.0, for code scanning. Findings ignored in place are suppressed results, with their reason."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from tablewright.lint.check import FileReport, Report
from tablewright.lint.rule import Rule, rules
from tablewright.model.finding import Finding, Severity

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report, version: str) -> str:
    """One run with the rules that found something, and a result for each finding."""
    known = rules()
    used = {finding.rule: finding for finding in report.findings}
    order = {rule: at for at, rule in enumerate(used)}
    run = {
        "tool": {
            "driver": {
                "name": "tablewright",
                "semanticVersion": version,
                "rules": [_rule(known.get(id_), finding) for id_, finding in used.items()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, order[finding.rule], file) for file in report.files for finding in file.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: Rule | None, finding: Finding) -> dict[str, Any]:
    if rule is None:
        return {
            "id": finding.rule,
            "shortDescription": {"text": finding.name},
            "properties": {"tags": [finding.origin]},
        }
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.section("What it finds")},
        "help": {
            "text": "\n\n".join(f"{name}: {rule.section(name)}" for name in ("Why it matters", "Instead", "Source"))
        },
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, index: int, file: FileReport) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(finding.path.replace("\\", "/"))},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    location: dict[str, Any] = {"physicalLocation": place}
    if finding.resource:
        location["logicalLocations"] = [{"name": finding.resource, "kind": "resource"}]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {"tablewright/v1": _fingerprint(finding)},
    }
    if finding.ignored:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.ignored}]
    return result


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding when lines move."""
    return hashlib.sha256(f"{finding.rule}|{finding.path}|{finding.resource}|{finding.message}".encode()).hexdigest()[
        :32
    ]
