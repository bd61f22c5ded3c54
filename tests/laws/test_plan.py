"""Laws of plans: what was done is not planned again, and a plan is a value."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tablewright.deploy.status import row
from tablewright.model.design import Design
from tablewright.plan.actual import Actual, Standing
from tablewright.plan.drift import Drift
from tablewright.plan.plan import plan
from tablewright.plan.steps import AwaitTable, CreateStack, Follow, Protect, Recover, Revert, UpdateStack
from tablewright.plan.values import values
from tablewright.template.read import read_design, resolve
from tests.laws.stacks import live, stack, statuses

BODY = """
Parameters:
  Name: {Type: String, Default: orders}
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: !Ref Name
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def _resolved(design: Design, actual: Actual) -> Design:
    return resolve(design, values(design, actual.stack).effective, {})


@st.composite
def cases(draw: st.DrawFn) -> tuple[Design, Actual]:
    given_values = draw(st.sampled_from(({}, {"Name": "orders"}, {"Name": "other"})))
    tags = draw(st.sampled_from(({}, {"Team": "a"})))
    design = read_design(BODY, stack="orders", parameters=given_values, tags=tags)
    status = draw(statuses)
    template = draw(st.sampled_from((None, BODY, BODY + "# more\n")))
    there = draw(
        st.sampled_from(
            (None, stack(status, parameters={"Name": "orders"}, tags=draw(st.sampled_from(({}, {"Team": "a"})))))
        )
    )
    standing = row(status).standing if there is not None else Standing.ABSENT
    tables = {
        name: live(name, index=draw(st.sampled_from((None, "ACTIVE", "CREATING"))))
        for name in draw(st.sets(st.sampled_from(("orders", "other"))))
    }
    actual = Actual(there if standing is not Standing.ABSENT else None, standing, template, (), tables)
    return _resolved(design, actual), actual


def _done(design: Design, actual: Actual) -> Actual:
    """The world after the first step of the plan, as AWS would leave it."""
    step = plan(design, actual, protection=True).first
    match step:
        case None:
            return actual
        case Follow():
            assert actual.stack is not None
            return replace(actual, stack=replace(actual.stack, status="UPDATE_COMPLETE"), standing=Standing.SETTLED)
        case Recover():
            return replace(actual, stack=None, standing=Standing.ABSENT, template=None)
        case CreateStack() | UpdateStack():
            effective = values(design, actual.stack).effective
            after = stack(
                "CREATE_COMPLETE", parameters=effective, tags=design.tags or (actual.stack.tags if actual.stack else {})
            )
            name = design.tables[0].physical_name
            assert isinstance(name, str)
            tables = {**actual.tables, name: actual.tables.get(name, live(name, index="CREATING"))}
            return Actual(after, Standing.SETTLED, design.body, (), tables)
        case Revert():
            return replace(actual, drift=(), reverted=True)
        case AwaitTable(table=table):
            return replace(actual, tables={**actual.tables, table: live(table, index="ACTIVE")})
        case Protect(enabled=enabled):
            assert actual.stack is not None
            return replace(actual, stack=replace(actual.stack, termination_protection=enabled))


@given(cases())
def test_doing_the_first_step_again_and_again_ends_with_nothing_to_do(case: tuple[Design, Actual]) -> None:
    design, actual = case
    for _ in range(8):
        actual = _done(design, actual)
        design = _resolved(design, actual)
    assert plan(design, actual, protection=True).steps == ()


@given(cases(), st.booleans())
def test_drift_is_put_right_once_and_only_where_the_stack_stands(case: tuple[Design, Actual], reverted: bool) -> None:
    design, actual = case
    drift = (Drift("orders", "Orders", ("TTL of orders is DISABLED, not on end",)),)
    steps = plan(design, replace(actual, drift=drift, reverted=reverted)).steps
    expected = actual.standing is Standing.SETTLED and not reverted
    assert [s.tables for s in steps if isinstance(s, Revert)] == ([("orders",)] if expected else [])
    assert steps[:-1] == plan(design, actual).steps if expected else steps == plan(design, actual).steps


def test_what_is_taken_in_as_it_is_is_put_right_after_the_import() -> None:
    body = BODY + "      DeletionProtectionEnabled: true\n"
    design = resolve(read_design(body, stack="orders"), {"Name": "orders"}, {})
    actual = Actual(None, Standing.ABSENT, None, (), {"orders": live("orders")})
    assert [step.kind for step in plan(design, actual).steps] == ["create", "revert"]
    protected = replace(actual, tables={"orders": live("orders", protected=True)})
    assert [step.kind for step in plan(design, protected).steps] == ["create"]


@given(cases())
def test_a_plan_is_a_value(case: tuple[Design, Actual]) -> None:
    design, actual = case
    first, second = plan(design, actual), plan(design, actual)
    assert first == second and first.digest == second.digest
    assert first.reason


@given(cases())
def test_a_stack_that_is_not_known_to_be_settled_is_never_updated_first(case: tuple[Design, Actual]) -> None:
    design, actual = case
    first = plan(design, actual).first
    if isinstance(first, UpdateStack):
        assert actual.standing is Standing.SETTLED
    if isinstance(first, CreateStack):
        assert actual.standing in (Standing.ABSENT, Standing.SHELL)
