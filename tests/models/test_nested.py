"""Nested stacks: the cause inside them, the tables that they own, and the guard that sees through them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tablewright.deploy.explaining.run import why
from tablewright.deploy.guarding.run import losses, suspect
from tablewright.deploy.looking.run import look, owned_tables
from tablewright.model.stack import ChangeSet, ResourceChange, StackResource
from tablewright.ports import Account
from tablewright.template.read import read_design
from tests.models.world import CREATED, Record, World, account

NESTED = "AWS::CloudFormation::Stack"
TABLE = "AWS::DynamoDB::Table"
OUTER = "Resources:\n  Inner: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: 'https://x'}}\n"


def family() -> tuple[World, Record, Record]:
    """A stack with a stack in it that owns the table ``orders``, which holds items."""
    world = World()
    outer, inner = world.new_stack("outer", "CREATE_COMPLETE"), world.new_stack("outer-Inner-1", "CREATE_COMPLETE")
    outer.body = OUTER
    outer.resources["Inner"] = StackResource("Inner", inner.stack.id, NESTED, "CREATE_COMPLETE")
    inner.resources["Orders"] = StackResource("Orders", "orders", TABLE, "CREATE_COMPLETE")
    world.items["orders"] = 5
    return world, outer, inner


def lost(ports: Account, change: ResourceChange) -> list[Any]:
    design = read_design("Resources: {Other: {Type: 'AWS::SNS::Topic'}}", stack="outer")
    return list(losses(ports, suspect(ports, look(design, ports), [change]), ()))


def test_the_tables_of_nested_stacks_are_owned() -> None:
    world, outer, _ = family()
    assert owned_tables(account(world), outer.stack.id) == ("orders",)


def test_removing_a_nested_stack_removes_its_tables() -> None:
    world, _, inner = family()
    (loss,) = lost(account(world), ResourceChange("Remove", "Inner", inner.stack.id, NESTED))
    assert (loss.kind, loss.table, loss.refuses) == ("table-removed", "orders", True)


def test_the_change_set_of_a_nested_stack_is_looked_into() -> None:
    world, _, inner = family()
    gone = ResourceChange("Remove", "Orders", "orders", TABLE, policy_action="Delete")
    inner.change_sets["arn:nested"] = ChangeSet(
        "arn:nested", "n", inner.stack.id, "CREATE_COMPLETE", "UNAVAILABLE", changes=(gone,)
    )
    change = ResourceChange("Modify", "Inner", inner.stack.id, NESTED, "False", nested_change_set_id="arn:nested")
    (loss,) = lost(account(world), change)
    assert (loss.kind, loss.table, loss.refuses) == ("table-removed", "orders", True)
    inner.change_sets["arn:nested"] = replace(
        inner.change_sets["arn:nested"], changes=(replace(gone, action="Modify"),)
    )
    assert lost(account(world), change) == []


def test_a_nested_change_that_cannot_be_seen_counts_as_a_loss() -> None:
    world, _, inner = family()
    (loss,) = lost(account(world), ResourceChange("Modify", "Inner", inner.stack.id, NESTED, "False"))
    assert (loss.kind, loss.refuses) == ("nested-unknown", True)


def test_a_dead_shell_whose_nested_stack_holds_items_is_not_deleted() -> None:
    world, outer, _ = family()
    outer.stack = replace(outer.stack, status="ROLLBACK_COMPLETE")
    seen = look(read_design(OUTER, stack="outer"), account(world))
    assert [(t.name, t.nested_in) for t in seen.situation.holding] == [("orders", "Inner")]


def test_the_cause_is_looked_for_inside_the_nested_stack() -> None:
    world, outer, inner = family()
    world.move(inner, "CREATE_IN_PROGRESS")
    world.say(inner, "Orders", TABLE, "CREATE_FAILED", "Table already exists: orders")
    world.move(inner, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Orders].")
    world.move(outer, "CREATE_IN_PROGRESS")
    world.say(
        outer,
        "Inner",
        NESTED,
        "CREATE_FAILED",
        "Embedded stack x was not successfully created: failed to create: [Orders].",
    )
    outer.events[-1] = replace(outer.events[-1], physical_id=inner.stack.id)
    world.move(outer, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Inner].")
    found = why("outer", account(world))
    assert found.cause is not None
    assert (found.cause.logical_id, found.cause.text) == ("Inner/Orders", "Table already exists: orders")
    assert outer.stack.created_at >= CREATED
