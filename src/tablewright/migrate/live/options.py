"""How a live migration is to go about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tablewright.errors import UsageError
from tablewright.migrate.live.hooks import NAMES

__all__ = ["LiveOptions"]


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Times in seconds.

    ``pause``: the longest for which writers may be held at a switch; when it is over they are let go. ``quiet``: how long every
    shard must have had nothing new before it counts as drained. ``lag``: how far behind the target may be when a cut-over
    begins. ``settle``: how long writers may take to look where the pointer points, before the old side's policy is put back.
    ``hold``: for how long the source stays fenced after the switch without being renewed. ``parameter``: the pointer's name in
    Parameter Store. ``hooks``: commands by their names (``hooks.NAMES``).
    """

    pause: float = 60.0
    quiet: float = 5.0
    lag: float = 10.0
    settle: float = 30.0
    hold: float = 24 * 3600.0
    parameter: str | None = None
    hooks: Mapping[str, str] = field(default_factory=dict)

    def checked(self) -> LiveOptions:
        """These options. Raises UsageError for such as cannot be."""
        unknown = sorted(set(self.hooks) - set(NAMES))
        if unknown:
            raise UsageError(
                "no-such-hook",
                "There is no such hook",
                f"{', '.join(unknown)} is none of {', '.join(NAMES)}.",
                "tablewright migrate live --help",
            )
        if ("fence" in self.hooks) != ("unfence" in self.hooks):
            raise UsageError(
                "hook-missing",
                "A hook is missing",
                "fence and unfence belong together: who holds the writers must be able to let them go.",
            )
        if self.parameter and "switch" in self.hooks:
            raise UsageError(
                "two-pointers",
                "There are two pointers",
                "Give the parameter or the hook switch, not both: one must decide.",
            )
        if self.pause < 2 * self.quiet + 1:
            raise UsageError(
                "pause-too-short",
                "The pause is too short",
                f"Within {self.pause:g} seconds the shards cannot have been silent for {self.quiet:g} seconds and the keys in "
                "motion be compared. Give a longer --pause or a shorter --quiet.",
            )
        return self

    @property
    def can_switch(self) -> bool:
        """Whether there is a pointer at all."""
        return bool(self.parameter) or "switch" in self.hooks

    def as_plain(self) -> dict[str, Any]:
        """For the journal."""
        return {**asdict(self), "hooks": dict(self.hooks)}
