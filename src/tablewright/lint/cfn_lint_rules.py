"""Our rules for cfn-lint itself: ``cfn-lint --append-rules tablewright.lint.cfn_lint_rules``, so that an editor shows them.

Every rule of templates and of policies becomes a rule of cfn-lint with its own ID, severity and place. cfn-lint selects rules by
the first letters of their IDs, E and W by default: here errors and warnings are selected with those, infos with I, and
``--ignore-checks TW-SAF`` works as for its own. The file is read by our reader, so that a rule sees what it sees in check.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from tablewright.lint.check import find
from tablewright.lint.options import Options
from tablewright.lint.rule import Rule, rules
from tablewright.lint.sources import Reading, Source, read
from tablewright.lint.suppress import applied, ignores
from tablewright.model.finding import Finding, Severity

_LETTERS = {Severity.ERROR: "E", Severity.WARNING: "W", Severity.INFO: "I"}
_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "informational"}
_NEWEST: dict[str, tuple[bytes, list[Finding]]] = {}


class _TablewrightRule(CloudFormationLintRule):  # type: ignore[misc]
    """One of our rules. It has no ID of its own, so cfn-lint leaves this class out."""

    id = ""
    rule: Rule

    @property
    def severity(self) -> str:
        return _WORDS[self.rule.severity]

    def is_enabled(
        self, include_experimental: bool = False, ignore_rules: Any = None, include_rules: Any = None, mandatory_rules: Any = None
    ) -> bool:  # fmt: skip
        letter = _LETTERS[self.rule.severity]
        if any(self.id.startswith(one) for one in mandatory_rules or ()):
            return True
        if any(one and self.id.startswith(one) for one in ignore_rules or ()):
            return False
        return any(self.id.startswith(one) or letter == one for one in include_rules or ())

    def match(self, cfn: Any) -> list[Any]:
        return [_as_match(finding) for finding in _findings(cfn.filename) if finding.rule == self.id]


def _as_match(finding: Finding) -> Any:
    path = ["Resources", finding.resource] if finding.resource else []
    start = (finding.line - 1, finding.column - 1)
    return RuleMatch(path, finding.message, location=(*start, finding.line - 1, finding.column))


def _findings(filename: str | None) -> list[Finding]:
    """What our rules find in a file, once for all of them; what is ignored in place is left out."""
    if not filename:
        return []
    try:
        data = Path(filename).read_bytes()
    except OSError:
        return []
    known = _NEWEST.get(filename)
    if known is None or known[0] != data:
        _NEWEST.clear()
        options = Options()
        reading = read(Source(filename, data), options)
        _NEWEST[filename] = known = (data, [*_open(reading, options)])
    return known[1]


def _open(reading: Reading, options: Options) -> Iterator[Finding]:
    tree = reading.stack.tree if reading.stack is not None else None
    hiding, _ = ignores(reading.text, reading.kind, tree, rules())
    yield from (finding for finding in applied(find(reading, options), hiding) if not finding.ignored)


def _class_of(rule: Rule) -> type[_TablewrightRule]:
    body = {
        "__module__": __name__,
        "id": rule.id,
        "rule": rule,
        "shortdesc": rule.title,
        "description": rule.section("What it finds"),
        "source_url": "",
        "tags": ["dynamodb", rule.family.lower()],
    }
    return type(rule.id.replace("-", ""), (_TablewrightRule,), body)


for _rule in rules().values():
    if _rule.subject in ("template", "policy"):
        globals()[_rule.id.replace("-", "")] = _class_of(_rule)
