"""Laws of remedies: none loses data, every status has one, and each has words."""

from __future__ import annotations

import pytest
from hypothesis import given

from tablewright.deploy.remedy import (
    ContinueRollback,
    DeleteStack,
    NoRemedy,
    RefuseIt,
    RollBack,
    StuckIt,
    WaitForIt,
    remedy,
)
from tablewright.deploy.situation import OwnedTable, Situation, Survivor
from tablewright.deploy.status import ROWS, row
from tablewright.model.stack import ChangeSet
from tablewright.model.table import Contents, Holds
from tablewright.plan.actual import Standing
from tests.laws.stacks import STACK_ID, live, situations, stack


@given(situations)
def test_no_stack_is_deleted_while_it_owns_a_table_that_may_hold_items(situation: Situation) -> None:
    if any(t.contents.holds is not Holds.NOTHING for t in situation.owned):
        assert not isinstance(remedy(situation), DeleteStack)


@given(situations)
def test_nothing_is_undone_that_would_delete_a_table_that_may_hold_items(situation: Situation) -> None:
    chosen = remedy(situation)
    if isinstance(chosen, RollBack | ContinueRollback):
        assert all(t.contents.holds is Holds.NOTHING for t in situation.owned if t.born)
    if isinstance(chosen, RollBack) and situation.status.verb == "create":
        assert all(t.contents.holds is Holds.NOTHING for t in situation.owned)


@given(situations)
def test_nothing_is_deleted_while_something_could_not_be_read(situation: Situation) -> None:
    if situation.unread:
        assert not isinstance(remedy(situation), DeleteStack | RollBack)


@given(situations)
def test_a_shell_is_not_deleted_while_a_survivor_could_not_come_back(situation: Situation) -> None:
    if any(s.logical_id and s.obstacle for s in situation.survivors):
        assert not isinstance(remedy(situation), DeleteStack)


@given(situations)
def test_only_failed_stacks_are_acted_upon(situation: Situation) -> None:
    if situation.status.standing is not Standing.BROKEN:
        assert not isinstance(remedy(situation), DeleteStack | RollBack | ContinueRollback)


@given(situations)
def test_what_a_person_must_do_is_said(situation: Situation) -> None:
    chosen = remedy(situation)
    assert chosen.why
    if isinstance(chosen, RefuseIt | StuckIt | WaitForIt):
        assert chosen.code and chosen.summary and len(chosen.why) > 40
        assert situation.stack is not None and situation.stack.name not in chosen.summary


@pytest.mark.parametrize("status", [*(r.status for r in ROWS), "BRAND_NEW_COMPLETE", "BRAND_NEW_IN_PROGRESS"])
def test_every_status_and_an_unknown_one_has_a_remedy_with_words(status: str) -> None:
    chosen = remedy(Situation(stack(status)))
    assert chosen.why
    if status.startswith("BRAND_NEW"):
        assert isinstance(chosen, StuckIt), "an unknown status is never taken for good"
        assert row(status).standing is Standing.UNHEARD_OF and not row(status).healthy


def test_the_table_holds_the_23_statuses_once() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("cloudformation")
    known = set(model.shape_for("StackStatus").enum)  # type: ignore[attr-defined]
    listed = [r.status for r in ROWS]
    assert len(listed) == len(set(listed)) == 23
    assert set(listed) == known


def test_a_dead_shell_with_nothing_in_it_is_deleted() -> None:
    assert isinstance(remedy(Situation(stack("ROLLBACK_COMPLETE"))), DeleteStack)


def test_a_dead_shell_whose_table_survived_is_deleted_and_says_what_stays() -> None:
    chosen = remedy(Situation(stack("ROLLBACK_COMPLETE"), survivors=(Survivor(live("orders"), "Orders"),)))
    assert isinstance(chosen, DeleteStack) and "orders stays" in chosen.why


def test_a_protected_empty_table_is_left_behind_when_deleting_is_tried_again() -> None:
    owned = OwnedTable("Orders", "orders", Contents(Holds.NOTHING), live("orders", protected=True))
    chosen = remedy(Situation(stack("DELETE_FAILED"), owned=(owned,)))
    assert chosen == DeleteStack(STACK_ID, chosen.why, ("Orders",))


def test_a_shell_with_own_leftovers_is_used() -> None:
    own = ChangeSet("arn:own", "tablewright-1-2", STACK_ID, "CREATE_COMPLETE", "AVAILABLE")
    assert not isinstance(remedy(Situation(stack("REVIEW_IN_PROGRESS"), change_sets=(own,))), RefuseIt | NoRemedy)
