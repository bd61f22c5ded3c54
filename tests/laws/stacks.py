"""Strategies: stacks, resources, events and situations, plausible and implausible alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tablewright.deploy.situation import OwnedTable, Situation, Survivor
from tablewright.deploy.status import ROWS
from tablewright.model.stack import ChangeSet, Stack, StackEvent, StackResource
from tablewright.model.table import Contents, Holds, Index, Key, OnDemand, Table

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STATUSES = tuple(row.status for row in ROWS)
TABLE = "AWS::DynamoDB::Table"
STACK_ID = "arn:aws:cloudformation:us-east-1:111111111111:stack/orders/1"

statuses = st.sampled_from((*STATUSES, "SOMETHING_NEW_IN_PROGRESS", "EVEN_BETTER_COMPLETE"))
names = st.sampled_from(("orders", "results", "sessions"))
contents = st.builds(Contents, st.sampled_from(Holds), reason=st.sampled_from(("", "denied")))


def stack(status: str = "CREATE_COMPLETE", **fields: object) -> Stack:
    """A stack in a status."""
    return Stack(STACK_ID, "orders", status, NOW, **fields)  # type: ignore[arg-type]


def live(name: str, *, status: str = "ACTIVE", protected: bool = False, index: str | None = None) -> Table:
    """A live table with the key ``id``."""
    indexes = (Index("by-owner", "global", (Key("owner", "S", "HASH"),), "ALL", status=index),) if index else ()
    arn = f"arn:aws:dynamodb:us-east-1:111111111111:table/{name}"
    return Table(
        name, arn, "id", status, (Key("id", "S", "HASH"),), OnDemand(), NOW, indexes, deletion_protection=protected
    )


tables = st.builds(
    live,
    names,
    status=st.sampled_from(("ACTIVE", "UPDATING", "DELETING")),
    protected=st.booleans(),
    index=st.sampled_from((None, "ACTIVE", "CREATING")),
)


@st.composite
def owned_tables(draw: st.DrawFn) -> OwnedTable:
    """A table that a stack owns."""
    table = draw(tables)
    return OwnedTable(
        table.name.title(), table.name, draw(contents), table, draw(st.sampled_from(("", "Inner"))), draw(st.booleans())
    )


change_sets = st.builds(
    lambda name, status: ChangeSet(f"arn:{name}", name, STACK_ID, status, "AVAILABLE"),
    st.sampled_from(("tablewright-abc-1", "tablewright-plan-abc-1", "review-me")),
    st.sampled_from(("CREATE_COMPLETE", "CREATE_IN_PROGRESS", "FAILED")),
)


@st.composite
def events(draw: st.DrawFn) -> tuple[StackEvent, ...]:
    """An operation's events, oldest first, in any order that a mind can think of."""
    made = []
    for number in range(draw(st.integers(0, 12))):
        of_stack = draw(st.booleans())
        status = draw(
            st.sampled_from(
                (
                    "CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED",
                    "ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE",
                )
            )
        )  # fmt: skip
        reason = draw(
            st.sampled_from(
                ("", "Resource creation cancelled", "Resource update cancelled", "Rate exceeded",
                 "The following resource(s) failed to create: [A].", "Table already exists: orders")
            )
        )  # fmt: skip
        made.append(
            StackEvent(
                f"e{number}", NOW + timedelta(seconds=number), STACK_ID,
                "orders" if of_stack else draw(st.sampled_from(("A", "B"))),
                STACK_ID if of_stack else "x",
                "AWS::CloudFormation::Stack" if of_stack else TABLE,
                status, reason,
            )
        )  # fmt: skip
    return tuple(made)


situations = st.builds(
    lambda status, owned, survivors, sets, unread, happened: Situation(
        stack(status),
        tuple(StackResource(o.logical_id, o.name, TABLE, "CREATE_COMPLETE") for o in owned),
        happened,
        None,
        tuple(owned),
        tuple(survivors),
        tuple(sets),
        unread,
        NOW,
    ),
    statuses,
    st.lists(owned_tables(), max_size=3),
    st.lists(
        st.builds(Survivor, tables, st.sampled_from((None, "Orders")), st.sampled_from(("", "no policy"))), max_size=2
    ),
    st.lists(change_sets, max_size=2),
    st.sampled_from(({}, {"its events": "denied"})),
    events(),
)
