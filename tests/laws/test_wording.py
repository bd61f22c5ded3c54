"""One of a thing is not several: the sentences that count."""

from __future__ import annotations

import re
from dataclasses import replace

from tablewright.cli.faces.log_screen import _words
from tablewright.deploy.preview.run import offline
from tablewright.deploy.words import refusal
from tablewright.events import Finished
from tablewright.model.loss import Loss, Weight
from tablewright.template.read import read_design

ONE = """\
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
LOSS = Loss("removed", Weight.GUARDED, "orders", "Orders", "It would be deleted.", item_count=1, size_bytes=1)


def test_one_of_a_thing_is_not_several() -> None:
    end = list(offline(read_design(ONE, stack="s", path="t.yaml")))[-1]
    assert isinstance(end, Finished) and end.summary == "t.yaml holds 1 resource, 1 of them a table"
    two = ONE + ONE.removeprefix("Resources:\n").replace("  T:", "  U:") + "  L: {Type: AWS::Logs::LogGroup}\n"
    end = list(offline(read_design(two, stack="s", path="t.yaml")))[-1]
    assert isinstance(end, Finished) and end.summary == "t.yaml holds 3 resources, 2 of them tables"
    assert _words("changes-found", {"change_set": {"changes": [{}]}})[1] == "1 change found"
    assert _words("changes-found", {"change_set": {"changes": []}})[1] == "0 changes found"
    said = refusal([LOSS], "s", "tablewright deploy").detail
    assert "about 1 item, 1 byte (" in said and not re.search(r"\b1 (items|bytes)", said)


def test_a_name_that_matches_nothing_is_said() -> None:
    said = refusal([LOSS], "s", "tablewright deploy", frozenset({"ord*", "Orders", "other"})).detail
    flat = " ".join(said.split())
    assert (
        "--allow-data-loss ord* names no table that would lose anything: it takes exact names and no wildcards" in flat
    )
    assert (
        "--allow-data-loss Orders names no table that would lose anything: that is a logical ID, and the table is orders"
        in flat
    )
    assert "--allow-data-loss other names no table that would lose anything." in flat
    assert "names no table" not in refusal([LOSS], "s", "tablewright deploy", frozenset({"orders"})).detail


def test_the_way_that_loses_nothing_is_said_before_the_one_that_does() -> None:
    replaced = replace(LOSS, kind="table-replaced")
    removed = replace(LOSS, kind="table-removed", table="events")
    said = " ".join(refusal([replaced, removed], "s", "tablewright deploy").detail.split())
    assert "To keep the items of orders: a key, a name and a local index are a table's for life." in said
    assert "To keep the items of events: tablewright remove table takes a table out" in said
    assert said.index("To keep the items of events") < said.index("If losing it is what you want")
    assert "To keep the items" not in refusal([replace(LOSS, kind="ttl-enabled")], "s", "tablewright deploy").detail
    allowed = replace(replaced, allowed=True)
    assert "orders:" not in refusal([allowed, removed], "s", "tablewright deploy").detail.split("To keep")[1]


def test_the_command_that_allows_a_loss_says_each_name_once_and_none_that_loses_nothing() -> None:
    typed = "tablewright deploy 'a b.yaml' --allow-data-loss orders --yes --allow-data-loss=ordres"
    both = [LOSS, replace(LOSS, table="events", allowed=True)]
    hint = refusal(both, "s", typed, frozenset({"orders", "ordres"})).hint
    assert hint == "tablewright deploy 'a b.yaml' --yes --allow-data-loss events --allow-data-loss orders"
