"""A fence in a policy that shows what was put into it only after a while, as GetResourcePolicy does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tablewright.errors import Failed, Refused
from tablewright.migrate.live.fence import found
from tablewright.migrate.live.fencing.run import PolicyGate, lift_patiently
from tablewright.model.table_policy import TablePolicy

ARN = "arn:aws:dynamodb:us-east-1:111122223333:table/orders"
CALLER = "arn:aws:iam::111122223333:user/migrator"
OWN = '{"Version":"2012-10-17", "Statement":[]}'


class Clock:
    """Passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def steady(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Policies:
    """Shows a change ``lag`` seconds after it was made; a change must name the revision that really stands."""

    def __init__(self, clock: Clock, lag: float, text: str | None = OWN) -> None:
        self.clock, self.lag = clock, lag
        self.changes: list[tuple[datetime, str | None]] = [(clock.at - timedelta(days=1), text)]
        self.refuses: Failed | None = None

    @property
    def text(self) -> str | None:
        return self.changes[-1][1]

    def get(self, table_arn: str) -> TablePolicy:
        seen = [
            (n, text)
            for n, (at, text) in enumerate(self.changes)
            if at + timedelta(seconds=self.lag) <= self.clock.at or not n
        ]
        number, text = seen[-1]
        return TablePolicy(text, None if text is None else str(number), self.clock.at)

    def put(self, table_arn: str, text: str | None, *, expected: str | None) -> str:
        if self.refuses is not None:
            raise self.refuses
        if expected != (None if self.text is None else str(len(self.changes) - 1)):
            raise Failed("policy-changed", "changed")
        if text != self.text:
            self.changes.append((self.clock.at, text))
        return str(len(self.changes) - 1)

    def delete(self, table_arn: str, *, expected: str | None) -> None:
        if self.text is not None:
            self.put(table_arn, None, expected=expected)


@pytest.mark.parametrize("before", [OWN, None], ids=["a policy", "none"])
def test_a_fence_that_shows_late_is_up_when_it_shows_and_is_taken_down(before: str | None) -> None:
    clock = Clock()
    policies = Policies(clock, 1.2, before)
    gate = PolicyGate(policies, ARN, CALLER, clock, "a1")
    saved = gate.prove()
    put_at = clock.at
    gate.up(clock.at + timedelta(seconds=90))
    assert gate.holds() and clock.at - put_at >= timedelta(seconds=1.2)
    gate.up(clock.at + timedelta(seconds=500))
    fence = found(policies.text)
    assert fence is not None and fence.deadline > clock.at + timedelta(seconds=400)
    assert gate.down(saved).was_up and policies.text == before


def test_a_fence_that_was_put_a_moment_ago_is_found_though_it_does_not_show_yet() -> None:
    clock = Clock()
    policies = Policies(clock, 1.2)
    gate = PolicyGate(policies, ARN, CALLER, clock, "a1")
    policies.lag = 60.0
    with pytest.raises(Failed, match="not to be seen"):
        gate.up(clock.at + timedelta(seconds=90))
    assert found(policies.text) is not None
    policies.lag = clock.at.timestamp() - policies.changes[-1][0].timestamp() + 1.0  # it shows in a second
    assert gate.down(OWN).was_up and policies.text == OWN


def test_no_fence_is_put_up_by_whoever_may_not_take_it_down() -> None:
    clock = Clock()
    policies = Policies(clock, 0.0)
    policies.refuses = Failed("access-denied", "Access denied", "dynamodb:PutResourcePolicy")
    with pytest.raises(Refused) as told:
        PolicyGate(policies, ARN, CALLER, clock, "a1").prove()
    assert told.value.code == "fence-cannot-be-lifted" and found(policies.text) is None


@pytest.mark.parametrize("before", [OWN, None], ids=["a policy", "none"])
def test_another_migrations_fence_is_neither_replaced_nor_taken_down(before: str | None) -> None:
    clock = Clock()
    policies = Policies(clock, 0.0, before)
    one, other = (PolicyGate(policies, ARN, CALLER, clock, owner) for owner in ("a1", "b2"))
    saved = one.prove()
    one.up(clock.at + timedelta(seconds=90))
    standing = policies.text

    for act in (other.prove, lambda: other.up(clock.at + timedelta(seconds=900))):
        with pytest.raises(Refused) as told:
            act()
        assert told.value.code == "fenced-by-another"
        assert told.value.hint == "tablewright migrate unfence orders"
    assert not other.holds()
    assert not other.down(saved).was_up
    assert policies.text == standing and one.holds()

    assert lift_patiently(policies, ARN, clock).was_up, "a person may take down any"
    assert policies.text == before


def test_a_fence_of_another_that_has_lapsed_stands_in_nobodys_way() -> None:
    clock = Clock()
    policies = Policies(clock, 0.0)
    one, other = (PolicyGate(policies, ARN, CALLER, clock, owner) for owner in ("a1", "b2"))
    one.up(clock.at + timedelta(seconds=90))
    clock.sleep(91)

    saved = other.prove()
    other.up(clock.at + timedelta(seconds=90))

    assert saved == OWN and other.holds() and not one.holds()
    assert not one.down(OWN).was_up and other.holds()
    assert other.down(saved).was_up and policies.text == OWN
