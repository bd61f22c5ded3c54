"""What is known of a file besides what stands in it: whether it could be read, and what became of its comments and checks."""

from __future__ import annotations

from dataclasses import dataclass, field

from tablewright.lint.rule import Problem


@dataclass
class FileFacts:
    """The facts of one file that the rules of the family TPL speak of."""

    path: str
    size: int = 0
    too_large: bool = False
    mistake: Problem | None = None
    generic_failure: str = ""
    bad_ignores: list[Problem] = field(default_factory=list)
    unused_ignores: list[Problem] = field(default_factory=list)
    failed_rules: list[tuple[str, str]] = field(default_factory=list)
