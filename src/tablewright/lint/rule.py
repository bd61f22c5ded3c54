"""What a rule is: a function from a subject to problems, with a stable ID, a name, and a docstring in fixed sections.

Documentation, ``tablewright explain``, SARIF and cfn-lint all read the same docstring. An ID is never used again for
something else, even when its rule is gone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from tablewright.model.design import Position
from tablewright.model.finding import Fix, Severity

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

FAMILIES: dict[str, str] = {
    "KEY": "Keys and attributes",
    "IDX": "Indexes",
    "CAP": "Capacity",
    "TTL": "Time to live",
    "SAF": "Safety of the data",
    "STR": "Streams and replicas",
    "CLS": "Table classes",
    "ALM": "Alarms and dashboards",
    "IAM": "Access",
    "OPS": "Operation: scripts, workflows, code",
    "TPL": "Files",
}
"""The families: the middle of each rule's ID, and what it is about."""

SECTIONS = ("What it finds", "Why it matters", "Instead", "When to ignore", "Source")

_MODULES = (
    "keys", "attributes", "indexes", "index_design", "vectors", "capacity", "scaling", "ttl", "safety", "streams", "classes",
    "alarms", "alarm_coverage", "dashboards", "policies", "policy_scope", "resource_policies", "templates", "scripts",
    "workflows", "code",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where a rule finds what it looks for. ``severity`` overrides the rule's where the evidence says so."""

    at: Position
    message: str
    instead: str = ""
    resource: str = ""
    fix: Fix | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. ``subject`` is the kind of file it reads: template, script, workflow, code or policy.

    ``covers`` are the cfn-lint rules whose finding at the same place says the same. ``policy`` names the switch of the
    environment's policy table that turns the rule off (``deletion-protection = false``).
    """

    id: str
    name: str
    severity: Severity
    subject: str
    check: Callable[[Any], Iterable[Problem]]
    covers: tuple[str, ...] = ()
    policy: str = ""

    @property
    def family(self) -> str:
        """The family's short name: the middle of the ID."""
        return self.id.split("-")[1]

    @property
    def title(self) -> str:
        """The docstring's first line."""
        return (inspect.getdoc(self.check) or "").partition("\n")[0].rstrip(".")

    def section(self, name: str) -> str:
        """One of the docstring's fixed sections, as running text."""
        text = _sections(self.id).get(name, "")
        return text if text.startswith("tablewright ") else text[:1].upper() + text[1:]


_REGISTERED: dict[str, Rule] = {}


def rule(
    id: str,
    name: str,
    severity: Severity,
    subject: str = "template",
    *,
    covers: tuple[str, ...] = (),
    policy: str = "",
) -> Callable[[Callable[[Any], Iterable[Problem]]], Callable[[Any], Iterable[Problem]]]:
    """Register the decorated function as a rule."""

    def register(check: Callable[[Any], Iterable[Problem]]) -> Callable[[Any], Iterable[Problem]]:
        assert id not in _REGISTERED, id
        _REGISTERED[id] = Rule(id, name, severity, subject, check, covers, policy)
        return check

    return register


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its ID, in the order of the IDs."""
    for module in _MODULES:
        import_module(f"tablewright.lint.rules.{module}")
    order = list(FAMILIES)
    return dict(sorted(_REGISTERED.items(), key=lambda item: (order.index(item[1].family), item[0])))


@cache
def _sections(id: str) -> dict[str, str]:
    doc = inspect.getdoc(_REGISTERED[id].check) or ""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in doc.splitlines()[1:]:
        head, colon, rest = line.partition(":")
        if colon and head in SECTIONS:
            current = found.setdefault(head, [])
            line = rest
        if current is not None:
            current.append(line.strip())
    return {name: " ".join(part for part in lines if part) for name, lines in found.items()}
