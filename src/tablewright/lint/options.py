"""What is asked of a check: which rules, from which severity on it fails, and what an environment requires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tablewright.lint.rule import Rule
from tablewright.model.finding import Finding, Severity

SWITCHES: dict[str, str] = {
    "deletion-policy": "tables are kept when their stack, or their line, is deleted (TW-SAF-001)",
    "deletion-protection": "tables are protected from DeleteTable (TW-SAF-002)",
    "point-in-time-recovery": "tables can be restored to an earlier time (TW-SAF-005)",
}
"""What an environment may require or not, in ``[check.environments.NAME]`` of tablewright.toml; all are required by default."""


@dataclass(frozen=True)
class Options:
    """``select`` and ``ignore`` hold rule IDs, their beginnings (``TW-ALM``), names, severities, or ``cfn-lint``.

    ``parameters`` and ``pseudo`` are what is known of the deployment; ``certain`` says that defaults count as known as well,
    because the environment is.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.WARNING
    policy: Mapping[str, bool] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    pseudo: Mapping[str, str] = field(default_factory=dict)
    certain: bool = False

    def runs(self, rule: Rule) -> bool:
        """Whether a rule is to be run."""
        if rule.policy and not self.policy.get(rule.policy, True):
            return False
        return self.wants(rule.id, rule.name, rule.severity.value, "tablewright")

    def keeps(self, finding: Finding) -> bool:
        """Whether a finding is to be reported: its own severity counts, which may differ from its rule's."""
        return self.wants(finding.rule, finding.name, finding.severity.value, finding.origin)

    def wants(self, id: str, name: str, severity: str, origin: str) -> bool:
        """Whether something of this ID, name, severity and origin is selected and not ignored."""

        def named(patterns: tuple[str, ...]) -> bool:
            return any(id.startswith(one) or one in (name, severity, origin) for one in patterns)

        return (not self.select or named(self.select)) and not named(self.ignore)

    def fails(self, finding: Finding) -> bool:
        """Whether a finding makes the check fail."""
        return self.fail_on is not None and not finding.ignored and finding.severity.rank <= self.fail_on.rank
