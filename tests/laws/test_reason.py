"""Laws of causes: rollback noise never stands in for a failure."""

from __future__ import annotations

from hypothesis import given

from tablewright.deploy.messages import MESSAGES
from tablewright.deploy.reason import FAILURES, TURNS, cause, is_noise, last_operation
from tablewright.model.stack import StackEvent
from tests.laws.stacks import events


def _real(operation: tuple[StackEvent, ...]) -> list[StackEvent]:
    """The failures of resources before the rollback that are not noise, found the slow way."""
    found = []
    for event in operation:
        if event.is_of_stack and event.status in TURNS:
            break
        if not event.is_of_stack and event.status in FAILURES and not is_noise(event):
            found.append(event)
    return found


@given(events())
def test_the_cause_is_the_first_real_failure(operation: tuple[StackEvent, ...]) -> None:
    real, why = _real(operation), cause(operation, "orders")
    if real:
        assert why is not None
        assert (why.logical_id, why.text, why.at) == (real[0].logical_id, real[0].reason, real[0].at)
        assert len(why.others) == len(real) - 1


@given(events())
def test_a_cause_is_never_noise(operation: tuple[StackEvent, ...]) -> None:
    why = cause(operation, "orders")
    assert why is None or "cancelled" not in why.text


@given(events())
def test_an_operation_begins_with_its_beginning_and_keeps_the_order(operation: tuple[StackEvent, ...]) -> None:
    found = last_operation(reversed(operation))
    assert found == operation[len(operation) - len(found) :]


def test_message_ids_are_unique_and_every_row_has_words() -> None:
    assert len({m.id for m in MESSAGES}) == len(MESSAGES)
    assert all(m.meaning.endswith(".") and m.remedy.endswith((".", "BUCKET.")) for m in MESSAGES)
