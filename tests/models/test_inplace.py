"""A change in place loses no update of anybody's, whatever is interleaved, lost, delayed or killed; and it can be undone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.migrate.inplace.edit import shows
from tests.models.inplace_world import TRANSFORMS, World


def _live(world: World, data: st.DataObject) -> None:
    for _ in range(200):
        choices = world.choices()
        if world.command is None:
            return
        world.do(data.draw(st.sampled_from(choices)))
    raise AssertionError("it does not end")


@pytest.mark.parametrize("name", TRANSFORMS)
@settings(max_examples=25)
@given(data=st.data())
def test_no_update_is_lost_or_made_twice(name: str, data: st.DataObject) -> None:
    _lived_and_undone(name, data)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSFORMS)
@settings(max_examples=600)
@given(data=st.data())
def test_no_update_is_lost_or_made_twice_however_long_one_looks(name: str, data: st.DataObject) -> None:
    _lived_and_undone(name, data)


def _lived_and_undone(name: str, data: st.DataObject) -> None:
    transform, reads = TRANSFORMS[name]
    world = World(transform, reads)
    _live(world, data)
    made, item = [*world.made], world.item
    world.late.clear()  # a request does not stay on its way until somebody undoes
    world.writes, world.losses, world.kills = 1, 1, 1
    world.undo()
    _live(world, data)
    if made and item is not None and world.writes:
        assert world.item is not None
        assert shows(world.item, made[0]), "not undone, though nobody wrote to it"
