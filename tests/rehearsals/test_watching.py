"""Watching over HTTP: a look that fails for a moment, and keys that nobody should see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tablewright.errors import TablewrightError
from tablewright.model.series import KeyShare, TopKeys
from tablewright.watch.run import _hidden, watch
from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, table
from tests.rehearsals.between import Answer, between
from tests.rehearsals.deploying import opened
from tests.rehearsals.test_checks import through


@pytest.mark.slow
def test_a_look_that_fails_shows_the_one_before_and_the_next_goes_on(aws: EmbeddedAws, account: str) -> None:
    table(aws.client("dynamodb", account=account), "orders")
    broken = True

    def rule(operation: str, number: int) -> Answer | None:
        return (503, "ServiceUnavailable", "") if broken and "DescribeTable" in operation else None

    with between(aws.endpoint, rule) as gate:
        account_through = through(gate.endpoint, account)
        with pytest.raises(TablewrightError):
            next(watch(["orders"], account_through, every=timedelta(0)))
        broken = False
        boards = watch(["orders"], account_through, every=timedelta(0))
        first = next(boards)
        broken = True
        second = next(boards)
        broken = False
        third = next(boards)

    assert not first.unread and not third.unread
    assert second.rows == first.rows and [name for name in second.unread if name.startswith("the look after")]


def test_the_busiest_keys_are_told_without_what_is_hidden(aws: EmbeddedAws, account: str) -> None:
    table(aws.client("dynamodb", account=account), "orders", attributes=("tag",), indexes=[index("byTag", "tag")])
    found = opened(aws, account).tables.describe("orders")
    assert found is not None
    top = TopKeys(
        accessed=(KeyShare(("kim@example.com",), 9, 0.9),), throttled=(KeyShare(("kim@example.com",), 3, 1.0),)
    )

    shown = _hidden((found,), {("orders", None): top, ("orders", "byTag"): top}, lambda of, name: name == "pk")

    assert "kim" not in str(shown["orders", None]) and [each.share for each in shown["orders", None].accessed] == [0.9]
    assert "kim" in str(_hidden((found,), {("orders", None): top}, None)["orders", None])
    only_tag = _hidden((found,), {("orders", "byTag"): top}, lambda of, name: name == "tag")
    assert "kim" not in str(only_tag["orders", "byTag"])
