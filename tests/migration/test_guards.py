"""What is refused before anything is written, and what is said, over the two ends as they may be found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tablewright.errors import Refused, UsageError
from tablewright.migrate import guards
from tablewright.migrate.guards import Found
from tablewright.model.table import (
    Contents,
    Holds,
    Index,
    Key,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Table,
    TimeToLive,
)
from tablewright.model.whereabouts import Whereabouts

BORN = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = Table(
    name="orders",
    arn="arn:aws:dynamodb:us-east-1:123456789012:table/orders",
    id="id-1",
    status="ACTIVE",
    keys=(Key("id", "S", "HASH"),),
    billing=OnDemand(),
    created_at=BORN,
    ttl=TimeToLive("DISABLED"),
    recovery=PointInTimeRecovery(True),
    deletion_protection=True,
)
HERE = Whereabouts("123456789012", "arn:aws:iam::123456789012:user/me", "us-east-1", "aws")
SOURCE = Found(TABLE, HERE)
OTHER = Found(replace(TABLE, id="id-2", name="orders-v2"), HERE)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (SOURCE, SOURCE),
        (SOURCE, replace(SOURCE, whereabouts=replace(HERE, endpoint="http://localhost:4599"))),
        # Without ids: one ARN, born at one time.
        (
            Found(replace(TABLE, id=""), HERE),
            Found(replace(TABLE, id=""), replace(HERE, endpoint="http://127.0.0.1:1")),
        ),
        # A replica of the same global table, which has an id of its own.
        (
            Found(replace(TABLE, replicas=("eu-west-1",)), HERE),
            Found(replace(TABLE, id="id-9"), replace(HERE, region="eu-west-1")),
        ),
    ],
)
def test_one_table_by_any_name_is_one_table(source: Found, target: Found) -> None:
    with pytest.raises(Refused) as raised:
        guards.refuse_same(source, target)
    assert raised.value.code == "source-is-target"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (SOURCE, OTHER),
        # Two DynamoDB Locals have tables of one ARN.
        (Found(replace(TABLE, id=""), HERE), Found(replace(TABLE, id="", created_at=BORN.replace(day=2)), HERE)),
        (SOURCE, Found(replace(TABLE, id="id-9"), replace(HERE, region="eu-west-1"))),
        (
            Found(replace(TABLE, replicas=("eu-west-1",)), HERE),
            Found(replace(TABLE, id="id-9"), replace(HERE, region="eu-west-1", account="999999999999")),
        ),
    ],
)
def test_two_tables_are_two(source: Found, target: Found) -> None:
    guards.refuse_same(source, target)


@pytest.mark.parametrize(
    ("contents", "into", "code"),
    [
        (Contents(Holds.NOTHING), None, None),
        (Contents(Holds.ITEMS, 3), None, "target-holds-items"),
        (Contents(Holds.UNKNOWN, reason="dynamodb:Scan is denied"), None, "target-holds-items"),
        (Contents(Holds.ITEMS, 3), "orders-v2", None),
        (Contents(Holds.NOTHING), "orders", "into-existing-names-another"),
    ],
)
def test_a_target_that_holds_items_or_may_hold_some_is_refused(
    contents: Contents, into: str | None, code: str | None
) -> None:
    if code is None:
        guards.refuse_items(OTHER, contents, into_existing=into)
        return
    with pytest.raises((Refused, UsageError)) as raised:
        guards.refuse_items(OTHER, contents, into_existing=into, others=("a-job",))
    assert raised.value.code == code
    if contents.holds is Holds.UNKNOWN:
        assert "dynamodb:Scan is denied" in raised.value.detail
        assert "a-job" in raised.value.detail


@pytest.mark.parametrize(
    ("ttl", "suspend", "code"),
    [
        (TimeToLive("DISABLED"), False, None),
        (TimeToLive("ENABLED", "ttl"), False, "target-ttl-on"),
        (TimeToLive("ENABLING", "ttl"), False, "target-ttl-on"),
        (TimeToLive("DISABLING", "ttl"), False, "target-ttl-on"),
        (TimeToLive("ENABLED", "ttl"), True, None),
        (None, False, "target-ttl-unknown"),
        (None, True, "target-ttl-unknown"),  # what is not known cannot be switched off
    ],
)
def test_ttl_at_the_target_is_refused_unless_it_may_be_switched_off(
    ttl: TimeToLive | None, suspend: bool, code: str | None
) -> None:
    found = Found(replace(TABLE, ttl=ttl), HERE)
    if code is None:
        guards.refuse_ttl(found, suspend=suspend)
        return
    with pytest.raises(Refused) as raised:
        guards.refuse_ttl(found, suspend=suspend)
    assert raised.value.code == code


def test_a_table_that_is_not_there_or_not_ready_is_said() -> None:
    for status, code in (
        (None, "no-target-table"),
        ("CREATING", "target-not-active"),
        ("DELETING", "target-not-active"),
    ):
        with pytest.raises((UsageError, Refused)) as raised:
            guards.must_stand(replace(TABLE, status=status) if status else None, "orders", "target", "AWS")
        assert raised.value.code == code
    assert guards.must_stand(replace(TABLE, status="UPDATING"), "orders", "source", "AWS").name == "orders"


def test_what_a_person_should_know_is_said() -> None:
    risky = replace(
        TABLE,
        deletion_protection=False,
        recovery=PointInTimeRecovery(False),
        stream_arn="arn",
        stream_view="NEW_IMAGE",
        replicas=("eu-west-1",),
        indexes=(Index("by-user", "global", (Key("userId", "S", "HASH"),), "ALL", status="CREATING"),),
    )
    text = "\n".join(guards.warnings(Found(replace(TABLE, ttl=TimeToLive("ENABLED", "ttl")), HERE), Found(risky, HERE)))
    for words in (
        "deletion protection",
        "point-in-time",
        "stream is on",
        "eu-west-1",
        "by-user",
        "TTL is on at the source",
    ):
        assert words in text
    assert list(guards.warnings(SOURCE, OTHER)) == []
    shown = [check.found for check in guards.checked(SOURCE, Found(replace(TABLE, billing=Provisioned(5, 10)), HERE))]
    assert "on demand" in shown[0]
    assert "5 read and 10 write units" in shown[1]
