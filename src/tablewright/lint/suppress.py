"""Ignoring in place: comments, and Metadata where a file has no comments. A reason is required, and must still apply.

    # tablewright: ignore TW-ALM-005 because the dashboard is watched around the clock
    # tablewright: ignore-file TW-SAF-007, TW-OPS-003 because backups are planned centrally

A comment counts for what stands on its line, or, alone on its line, for what follows: in YAML the whole block under it (a
property, an index, a resource), elsewhere the next command. In JSON: "Metadata": {"tablewright": {"ignore": {"ID": "reason"}}}.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tablewright.lint.rule import Problem, Rule
from tablewright.model.design import Position
from tablewright.model.finding import Finding
from tablewright.template.tree import Mapping as Tree
from tablewright.template.tree import Node, Scalar

_COMMENT = re.compile(r"(?:^|\s)#\s*tablewright:\s*ignore(-file)?\b[ \t]*(.*)$")
_REASON = re.compile(r"^(.*?)\s*\bbecause\b\s*(.*)$", re.DOTALL)
_FOREIGN = re.compile(r"[EWI]\d{4}")
_MARK = "tablewright:"


@dataclass
class Ignore:
    """One rule ignored from ``first`` to ``last`` line, with its reason. ``used`` once it hid a finding."""

    rule: str
    reason: str
    position: Position
    first: int
    last: int
    used: bool = field(default=False, compare=False)

    def covers(self, finding: Finding) -> bool:
        """Whether it hides a finding."""
        return finding.rule == self.rule and self.first <= finding.line <= self.last


def ignores(text: str, kind: str, tree: Node | None, rules: Mapping[str, Rule]) -> tuple[list[Ignore], list[Problem]]:
    """The ignores of a file, and what is wrong with those that do not count."""
    found, wrong = list[Ignore](), list[Problem]()
    if _MARK in text:
        lines = text.splitlines()
        for number, line in enumerate(lines, start=1):
            comment = _COMMENT.search(line) if _MARK in line else None
            if comment is None:
                continue
            at = Position(number, line.index("#", comment.start()) + 1)
            first, last = (1, len(lines)) if comment.group(1) else _span(lines, number, kind)
            _take(comment.group(2), at, first, last, rules, found, wrong)
    if isinstance(tree, Tree) and '"tablewright"' in text:
        _from_metadata(tree, text, rules, found, wrong)
    return found, wrong


def _take(
    said: str, at: Position, first: int, last: int, rules: Mapping[str, Rule], found: list[Ignore], wrong: list[Problem]
) -> None:
    parts = _REASON.match(said.strip())
    named, reason = (parts.group(1), parts.group(2).strip()) if parts else (said, "")
    ids = [one for one in re.split(r"[\s,]+", named) if one]
    if not ids:
        wrong.append(Problem(at, "The comment names no rule"))
    elif not reason:
        example = f"# tablewright: ignore {', '.join(ids)} because …"
        wrong.append(Problem(at, "The comment gives no reason, so it does not count", f"Write {example}"))
    else:
        for one in ids:
            known = _known(one, rules)
            if known is None:
                wrong.append(Problem(at, f"There is no rule {one}", "tablewright explain lists the rules."))
            else:
                found.append(Ignore(known, reason, at, first, last))


def _known(named: str, rules: Mapping[str, Rule]) -> str | None:
    if named in rules or _FOREIGN.fullmatch(named):
        return named
    return next((rule.id for rule in rules.values() if rule.name == named), None)


def _span(lines: list[str], number: int, kind: str) -> tuple[int, int]:
    """The lines that a comment in line ``number`` counts for."""
    line = lines[number - 1]
    start = number
    if line.lstrip().startswith("#"):
        start = number + 1
        while start <= len(lines) and (not lines[start - 1].strip() or lines[start - 1].lstrip().startswith("#")):
            start += 1
    if start > len(lines):
        return number, number
    if kind not in ("template", "workflow", "policy"):
        last = start
        while last < len(lines) and lines[last - 1].rstrip().endswith("\\"):
            last += 1
        return number, last
    indent = _indent(lines[start - 1])
    last = start
    for following in range(start + 1, len(lines) + 1):
        text = lines[following - 1]
        if text.strip() and not text.lstrip().startswith("#"):
            deeper = _indent(text) > indent
            item = (
                _indent(text) == indent
                and text.lstrip().startswith("- ")
                and not lines[start - 1].lstrip().startswith("- ")
            )
            if not deeper and not item:
                break
            last = following
    return number, last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _from_metadata(tree: Tree, text: str, rules: Mapping[str, Rule], found: list[Ignore], wrong: list[Problem]) -> None:
    last = text.count("\n") + 1
    _metadata_of(tree, 1, last, rules, found, wrong)
    resources = tree.get("Resources")
    entries = resources.entries if isinstance(resources, Tree) else ()
    for at, entry in enumerate(entries):
        until = entries[at + 1].key_position.line - 1 if at + 1 < len(entries) else last
        if isinstance(entry.value, Tree):
            _metadata_of(entry.value, entry.key_position.line, until, rules, found, wrong)


def _metadata_of(
    holder: Tree, first: int, last: int, rules: Mapping[str, Rule], found: list[Ignore], wrong: list[Problem]
) -> None:
    node: Node | None = holder
    for key in ("Metadata", "tablewright", "ignore"):
        node = node.get(key) if isinstance(node, Tree) else None
    for entry in node.entries if isinstance(node, Tree) else ():
        reason = entry.value.text.strip() if isinstance(entry.value, Scalar) else ""
        said = f"{entry.key} because {reason}" if reason else entry.key
        _take(said, entry.key_position, first, last, rules, found, wrong)


def applied(findings: Iterable[Finding], found: list[Ignore]) -> list[Finding]:
    """The findings, those that are ignored in place marked with the reason."""
    shown = []
    for finding in findings:
        hiding = next((ignore for ignore in found if ignore.covers(finding)), None)
        if hiding is not None:
            hiding.used = True
            finding = replace(finding, ignored=hiding.reason)
        shown.append(finding)
    return shown


def unused(found: list[Ignore], judged: Iterable[str]) -> list[Problem]:
    """The ignores that hid nothing although their rule was run."""
    ran = set(judged)
    return [
        Problem(ignore.position, f"{ignore.rule} finds nothing here any more", "Remove the comment.")
        for ignore in found
        if not ignore.used and ignore.rule in ran
    ]
