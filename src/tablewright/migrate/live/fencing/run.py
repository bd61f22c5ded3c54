"""Putting a fence up and taking it down: by the table's own policy, or by the user's commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tablewright.errors import Failed, Refused, TablewrightError
from tablewright.migrate.live.fence import excepted, fenced, found, lifted, same_policy
from tablewright.migrate.live.hooks import run_hook
from tablewright.migrate.live.patience.run import patiently
from tablewright.model.table_policy import TablePolicy
from tablewright.ports import Clock, TablePolicies

__all__ = ["PATIENCE_S", "CommandGate", "Gate", "Lifted", "PolicyGate", "lift_patiently"]

PATIENCE_S = 120.0
"""A policy may be changed once in 15 seconds (Developer Guide, "Resource-based policy considerations")."""
_NO_REVISION = "none-that-there-is"
_SEEN_WITHIN = timedelta(seconds=20)
_LOOKS = 4
"""GetResourcePolicy may show what was there before a change for some seconds (API reference): one look proves nothing."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """What came of taking a fence down. ``was_up`` False: there was none. ``as_before``: the bytes are those that were saved."""

    was_up: bool
    as_before: bool | None = None


class Gate(Protocol):
    """Holds the writers of one table."""

    def now(self) -> datetime:
        """The time by which the deadline is told."""
        ...

    def holds(self) -> bool:
        """Whether the fence stands now, as far as can be told."""
        ...

    def prove(self) -> str | None:
        """Show that what is there now can be put back, before anything is changed; returns it (None: nothing is).

        Raises Refused ``fence-cannot-be-lifted``.
        """
        ...

    def up(self, deadline: datetime, within_s: float = PATIENCE_S) -> None:
        """Hold the writers until then at the latest. With a fence that is up already: until then instead.

        What fails and may pass is tried again for ``within_s`` seconds.
        """
        ...

    def down(self, saved: str | None) -> Lifted:
        """Let the writers go; ``saved`` is what ``prove`` returned. May be done again."""
        ...


class PolicyGate:
    """A fence in the table's own policy. ``caller``: the ARN of whoever works at the migration, as AWS names it.

    ``owner`` tells this migration's fence from another's, which is neither replaced nor taken down while it holds.
    """

    def __init__(self, policies: TablePolicies, table_arn: str, caller: str, clock: Clock, owner: str) -> None:
        self._policies = policies
        self._owner = owner
        self._arn = table_arn
        self._principals = excepted(caller)
        self._clock = clock

    def now(self) -> datetime:
        """AWS's time."""
        return self._policies.get(self._arn).at

    def holds(self) -> bool:
        """Whether the statement is there, and has not lapsed."""
        held = self._policies.get(self._arn)
        fence = found(held.text)
        return fence is not None and fence.owner == self._owner and fence.holds(held.at)

    def prove(self) -> str | None:
        """Write the policy as it is once more: who may do that may put it back. Returns its text without any fence."""
        try:
            held = patiently(self._clock, self._rewrite, PATIENCE_S)
            without = lifted(held.text)
            if without != held.text:
                lift_patiently(self._policies, self._arn, self._clock)
            fenced(without, self._arn, self._principals, held.at, self._owner)  # whether there is room
            return without
        except Refused:
            raise
        except TablewrightError as error:
            raise Refused(
                "fence-cannot-be-lifted",
                "The fence could not be taken down again, so it is not put up",
                f"Putting the policy of {self._arn} back as it is was tried, and failed: {error.summary}. {error.detail}\n\n"
                "tablewright needs dynamodb:GetResourcePolicy, dynamodb:PutResourcePolicy and dynamodb:DeleteResourcePolicy "
                "on the table. Where it cannot have them, hold your writers by commands: --hook fence=… --hook unfence=…",
            ) from error

    def _rewrite(self) -> TablePolicy:
        """Write the policy once more as it is now, if no fence is in it; what it is."""
        held = self._policies.get(self._arn)
        self._refuse_another(held)
        if held.text is None:
            # One that was put a moment ago may not show yet, and is not to be removed: whoever may not is refused all the same.
            try:
                self._policies.delete(self._arn, expected=_NO_REVISION)
            except Failed as error:
                if error.code != "policy-changed":
                    raise
        elif lifted(held.text) == held.text:
            self._policies.put(self._arn, held.text, expected=held.revision)
        return held

    def up(self, deadline: datetime, within_s: float = PATIENCE_S) -> None:
        """Put the statement into the policy, or into the place of the one that is there."""

        def put() -> None:
            held = self._policies.get(self._arn)
            self._refuse_another(held)
            text = fenced(held.text, self._arn, self._principals, deadline, self._owner)
            self._policies.put(self._arn, text, expected=held.revision)

        patiently(self._clock, put, within_s)
        self._see(deadline)

    def _refuse_another(self, held: TablePolicy) -> None:
        fence = found(held.text)
        if fence is None or fence.owner == self._owner or not fence.holds(held.at):
            return
        table = self._arn.rpartition("/")[2]
        raise Refused(
            "fenced-by-another",
            "Another migration holds the table's writers",
            f"{self._arn} is fenced until {fence.deadline:%Y-%m-%d %H:%M:%S} UTC by another live migration, perhaps on another "
            "machine. A table has one fence: with two migrations behind it, one would let the writers go while the other still "
            "needs them held, and writes would be lost. End the other one first. If nobody works at it any more, let its "
            "writers go by hand:",
            f"tablewright migrate unfence {table}",
        )

    def _see(self, deadline: datetime) -> None:
        """Wait until the fence can be seen: only from then on is it applied, and only then can it be found to be taken down."""
        until = self._clock.now() + _SEEN_WITHIN
        while True:
            fence = found(patiently(self._clock, lambda: self._policies.get(self._arn), _SEEN_WITHIN.seconds).text)
            if fence is not None and fence.owner == self._owner and fence.deadline >= deadline.replace(microsecond=0):
                return
            if self._clock.now() >= until:
                raise Failed(
                    "fence-not-seen",
                    "The fence is not to be seen",
                    f"The policy of {self._arn} was put, and does not show it within {_SEEN_WITHIN.seconds} seconds. Whether "
                    "writers are held is not known; it lapses by itself at its deadline.",
                )
            self._clock.sleep(0.5)

    def down(self, saved: str | None) -> Lifted:
        """Cut the statement out; what is left is compared with what was saved."""
        return lift_patiently(self._policies, self._arn, self._clock, saved, owner=self._owner)


def lift_patiently(
    policies: TablePolicies, table_arn: str, clock: Clock, saved: str | None = None, *, owner: str | None = None
) -> Lifted:
    """Take a fence out of a table's policy: that of ``owner``, or None for whosever it is.

    What is not to be seen is looked for some times more.
    """
    for _ in range(_LOOKS - 1):
        lifted_now = patiently(clock, lambda: lift_policy(policies, table_arn, saved, owner), PATIENCE_S)
        if lifted_now.was_up:
            return lifted_now
        clock.sleep(0.5)
    return patiently(clock, lambda: lift_policy(policies, table_arn, saved, owner), PATIENCE_S)


def lift_policy(policies: TablePolicies, table_arn: str, saved: str | None = None, owner: str | None = None) -> Lifted:
    """One attempt at it, by what the policy shows now; nothing else of the policy is touched."""
    held = policies.get(table_arn)
    without = lifted(held.text)
    if without == held.text:
        return Lifted(False)
    fence = found(held.text)
    if owner is not None and fence is not None and fence.owner != owner:
        return Lifted(False)
    if without is None:
        policies.delete(table_arn, expected=held.revision)
        return Lifted(True, saved is None)
    # Where AWS gave the JSON back in another form, the text that was saved is the one to put back.
    text = saved if saved is not None and same_policy(without, saved) else without
    policies.put(table_arn, text, expected=held.revision)
    return Lifted(True, None if saved is None else text == saved)


class CommandGate:
    """A fence of the user's own: two commands. ``now``: the time by which the table's stream tells when a change was made."""

    def __init__(
        self, hooks: Mapping[str, str], table: str, told: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self._hooks = hooks
        self._table = table
        self._told = told
        self._now = now

    def now(self) -> datetime:
        """The table's time."""
        return self._now()

    def holds(self) -> bool:
        """Nobody can be asked: what the command did stands."""
        return True

    def prove(self) -> str | None:
        """Let the writers go, though they are not held: a command that cannot is known now."""
        try:
            self._run("unfence")
        except Failed as error:
            raise Refused(
                "fence-cannot-be-lifted",
                "The fence could not be taken down again, so it is not put up",
                f"The command that lets the writers go was tried before they are held. {error.detail}",
            ) from error
        return None

    def up(self, deadline: datetime, within_s: float = PATIENCE_S) -> None:
        """Run the command that holds them; once."""
        self._run("fence", deadline=deadline.isoformat(timespec="seconds"))

    def down(self, saved: str | None) -> Lifted:
        """Run the command that lets them go."""
        self._run("unfence")
        return Lifted(True)

    def _run(self, name: str, **more: str) -> None:
        run_hook(name, self._hooks[name], {**self._told, "table": self._table, **more})
