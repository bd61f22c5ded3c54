"""Every moment at which a deployment can be killed: run again it ends done, and no item is lost.

Exhaustive over the calls that a run makes, before and after each call's effect, and over pairs of such moments.
"""

from __future__ import annotations

import pytest

from tablewright.deploy.options import DeployOptions
from tablewright.deploy.run import deploy
from tablewright.events import Ending, Event, Finished
from tablewright.template.read import read_design
from tests.models.world import Killed, Killer, World, account

TABLE = """
  Orders:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: {policy}
    Properties:
      TableName: orders
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
"""
SECOND = TABLE.replace("Orders", "Results").replace("orders", "results")
THIRD = TABLE.replace("Orders", "Thirds").replace("orders", "thirds")
BROKEN = "  Bad: {Type: 'Test::Always::Broken'}\n"


def body(*blocks: str, policy: str = "RetainExceptOnCreate") -> str:
    return "Resources:" + "".join(block.format(policy=policy) if "{policy}" in block else block for block in blocks)


def run(world: World, text: str, killer: Killer | None = None) -> Finished | None:
    """The end of a deployment, None if it was killed."""
    events: list[Event] = []
    try:
        for event in deploy(read_design(text, stack="orders", path="t.yaml"), account(world, killer)):
            events.append(event)
    except Killed:
        return None
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def nothing() -> World:
    return World()


def standing() -> World:
    world = World()
    run(world, body(TABLE))
    world.items["orders"] = 5
    return world


def dead_shell_with_a_survivor() -> World:
    world = World()
    run(world, body(TABLE, BROKEN, policy="Retain"))
    assert next(iter(world.records.values())).stack.status == "ROLLBACK_COMPLETE"
    world.items["orders"] = 5
    return world


def orphan() -> World:
    world = World()
    world.items["orders"] = 5
    return world


SCENES = {
    "a-new-stack": (nothing, body(TABLE, SECOND)),
    "an-update": (standing, body(TABLE, SECOND)),
    "a-dead-shell-with-a-survivor": (dead_shell_with_a_survivor, body(TABLE, SECOND, policy="Retain")),
    "a-table-that-exists": (orphan, body(TABLE, SECOND)),
}


def calls(scene: str) -> int:
    make, text = SCENES[scene]
    killer = Killer()
    world = make()
    ended = run(world, text, killer)
    assert ended is not None and ended.ending is Ending.DONE, ended
    return killer.calls


def check(world: World, scene: str, text: str) -> None:
    ended = run(world, text)
    assert ended is not None and ended.ending in (Ending.DONE, Ending.NOTHING_TO_DO), ended
    assert world.lost == []
    record = world.named("orders")
    assert record is not None and record.stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert {r.physical_id for r in record.resources.values()} == {"orders", "results"}
    if scene != "a-new-stack":
        assert world.items["orders"] == 5


@pytest.mark.parametrize("scene", SCENES)
def test_killed_once_at_any_call(scene: str) -> None:
    make, text = SCENES[scene]
    for at in range(1, calls(scene) + 1):
        for after in (False, True):
            world = make()
            assert run(world, text, Killer(at, after=after)) is None
            check(world, scene, text)


@pytest.mark.parametrize("scene", SCENES)
def test_killed_twice_at_any_two_calls(scene: str) -> None:
    make, text = SCENES[scene]
    total = calls(scene)
    for first in range(2, total + 1, 2):
        for second in range(1, total + 1, 3):
            world = make()
            run(world, text, Killer(first, after=True))
            run(world, text, Killer(second, after=True))
            check(world, scene, text)


def test_a_broken_template_never_loses_what_it_found() -> None:
    for make in (standing, orphan):
        world = make()
        ended = run(world, body(TABLE, SECOND, BROKEN))
        assert ended is not None and ended.ending is Ending.FAILED
        assert world.lost == [] and world.items["orders"] == 5
        mended = run(world, body(TABLE, SECOND))
        assert mended is not None and mended.ending is Ending.DONE, mended
        assert world.lost == [] and world.items["orders"] == 5


@pytest.mark.parametrize("interactive", [False, True])
def test_another_deployment_that_runs_is_followed_and_then_planned_anew(interactive: bool) -> None:
    world = standing()
    record = world.named("orders")
    assert record is not None
    record.pending_body, record.ticks = body(TABLE, THIRD), 4
    world.move(record, "UPDATE_IN_PROGRESS", "User Initiated")
    design = read_design(body(TABLE, SECOND, THIRD), stack="orders", path="t.yaml")
    last = list(deploy(design, account(world), options=DeployOptions(interactive=interactive)))[-1]
    assert isinstance(last, Finished)
    if interactive:
        assert last.ending is Ending.DONE
    else:
        assert (last.ending, last.code) == (Ending.MUST_WAIT, "other-deployment-ran")
        assert "results" not in world.items
    done = run(world, body(TABLE, SECOND, THIRD))
    assert done is not None and done.ending in (Ending.DONE, Ending.NOTHING_TO_DO)
    assert world.lost == [] and set(world.items) == {"orders", "results", "thirds"}


def test_a_run_out_of_time_says_that_aws_goes_on_and_the_next_follows() -> None:
    world = World()
    design = read_design(body(TABLE), stack="orders", path="t.yaml")
    events = list(deploy(design, account(world), options=DeployOptions(timeout=0.0)))
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.ending, last.code) == (Ending.MUST_WAIT, "timeout")
    assert last.hint == "tablewright deploy t.yaml --stack orders"
    done = run(world, body(TABLE))
    assert done is not None and done.ending is Ending.DONE
