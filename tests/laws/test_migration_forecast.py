"""What a plan says of a sample, worked by hand, and reckoned up by prices and pace."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tablewright.cost.prices import prices
from tablewright.migrate.items.values import to_json
from tablewright.migrate.planning.forecast import Forecast, forecast
from tablewright.migrate.planning.sample import Change, Collision, Misfit, Sample, Sampling, SetAside
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import from_flags
from tablewright.migrate.transform.functions import FunctionTransform
from tablewright.model.table import Index, Key

SOURCE = (Key("id", "S", "HASH"),)
TARGET = (Key("PK", "S", "HASH"),)
NOW = 1_800_000_000


def _sample(items: list[dict[str, Any]], *, indexes: tuple[Index, ...] = (), **flags: list[str]) -> Sample:
    flags.setdefault("key", ["PK=T#{id}"])
    sampling = Sampling(
        Declared(from_flags(flags), SOURCE, TARGET), SOURCE, TARGET, now=NOW, ttl="expiresAt", indexes=indexes
    )
    sampling.add(map(to_json, items))
    return sampling.taken(whole=True)


def test_differences_are_counted_by_attribute() -> None:
    sample = _sample(
        [{"id": "1", "n": "5", "old": "x"}, {"id": "2", "n": "6"}, {"id": "3"}],
        retype=["n:N"],
        drop=["old"],
        default=["n=0"],
    )
    assert sample.changes == (
        Change("n", added=1, changed=2, kinds=("S > N", "> N")),
        Change("old", removed=1, kinds=("S >",)),
        Change("PK", added=3, kinds=("> S",)),
    )
    assert (sample.read, sample.written, sample.unchanged, sample.refused) == (3, 3, 0, 0)
    assert sample.examples[0].after[0].startswith(b'{"id":{"S":"1"},"n":{"N":"5"}')


def test_items_that_meet_in_one_key_are_named() -> None:
    sample = _sample(
        [{"id": "1", "mail": "a@x"}, {"id": "2", "mail": "a@x"}, {"id": "3", "mail": "b@x"}], key=["PK={mail}"]
    )
    assert sample.collisions == (Collision('{"PK":{"S":"a@x"}}', ('{"id":{"S":"1"}}', '{"id":{"S":"2"}}'), 2),)


def test_what_would_be_set_aside_is_counted_by_its_reason() -> None:
    sample = _sample([{"id": "1"}, {"id": "2"}, {"id": "3", "mail": ""}, {"id": "4", "mail": "m"}], key=["PK={mail}"])
    assert sample.set_aside == (
        SetAside("attribute 'mail' is missing, and a composed attribute needs it", 2, '{"id":{"S":"1"}}'),
        SetAside("key attribute 'PK' is empty, which DynamoDB does not take in a key", 1, '{"id":{"S":"3"}}'),
    )
    big = _sample([{"id": "1", "blob": "x" * 409_590}], add=["more=0123456789"])
    assert big.set_aside[0].reason == "the item would have 409,616 bytes, and DynamoDB takes 409,600"


def test_expired_items_are_counted_as_ttl_deletes_them() -> None:
    old = NOW - 6 * 365 * 86_400  # more than five years: TTL leaves it
    sample = _sample([{"id": str(n), "expiresAt": at} for n, at in enumerate([NOW - 1, NOW + 1, old, "text"])])
    assert (sample.expired, sample.ttl) == (1, "expiresAt")


def test_an_index_key_of_another_type_is_said() -> None:
    index = Index("byScore", "global", (Key("score", "N", "HASH"),), "ALL")
    sample = _sample(
        [{"id": "1", "score": 5}, {"id": "2", "score": "5"}, {"id": "3", "score": "6"}, {"id": "4"}], indexes=(index,)
    )
    assert sample.misfits == (Misfit("byScore", "score", "N", "S", 2),)
    assert sample.index_units == {"byScore": 1}


def test_units_are_of_whole_items_and_projected_entries() -> None:
    # id 2 + "1" 1 + PK 2 + "T#1" 3 + s 1 + number 2 + text 4 + 2,000 = 2,015 bytes: 2 units; the entry of keys alone: 1.
    index = Index("byS", "global", (Key("s", "N", "HASH"),), "KEYS_ONLY")
    sample = _sample([{"id": "1", "s": 7, "text": "x" * 2000}], indexes=(index,))
    assert (sample.bytes_read, sample.bytes_written) == (2010, 2015)
    assert (sample.write_units, sample.index_units, sample.read_units) == (2, {"byS": 1}, 2010 / 4096)


def test_in_place_only_what_changes_is_written() -> None:
    transform = Declared(from_flags({"drop": ["old"]}), SOURCE, SOURCE, in_place=True)
    sampling = Sampling(transform, SOURCE, SOURCE, now=NOW, in_place=True)
    sampling.add([to_json({"id": "1", "old": "x" * 1500}), to_json({"id": "2"})])
    assert sampling.taken(whole=True).write_units == 2  # by the size before, which is the larger


def test_a_function_that_gives_another_answer_each_time_is_noticed() -> None:
    counted: list[int] = []

    def unsteady(item: dict[str, Any]) -> dict[str, Any]:
        counted.append(1)
        return {"PK": item["id"], "n": len(counted)}

    sampling = Sampling(FunctionTransform(unsteady, SOURCE, TARGET, name="f", source=""), SOURCE, TARGET, now=NOW)
    sampling.add([to_json({"id": "1"})])
    assert sampling.taken(whole=True).unsteady == 1


def _forecast(sample: Sample, items: int, **more: Any) -> Forecast:
    given: dict[str, Any] = {
        "prices": prices(),
        "source_region": "us-east-1",
        "target_region": "us-east-1",
        "source_on_demand": True,
        "target_on_demand": True,
        "allowed": (None, None),
    }
    return forecast(sample, items=items, **{**given, **more})


def test_money_and_time_by_hand() -> None:
    """A thousand items of 4,096 bytes read and 2,048 written, taken for a million."""
    sample = Sample(
        read=1000, written=1000, bytes_read=4_096_000, bytes_written=2_048_000, read_units=1000, write_units=2000
    )
    made = _forecast(sample, 1_000_000, allowed=(500.0, 4000.0))
    assert (made.read_units, made.write_units) == (1_000_000, 2_000_000)
    # 1 million read units at 0.125, 2 million write units at 0.625; time: 1,000,000 / 500 beats 2,000,000 / 4,000
    assert made.bill.usd == Decimal("0.125") + Decimal("1.25")
    assert (made.seconds, made.limit) == (2000, "reading")
    assert made.verifying.usd == Decimal("0.125") + Decimal("0.0625")
    # 4.096 GB exported at 0.10, 2.048 GB imported at 0.15
    assert made.other is not None
    assert made.other.bill.usd == Decimal("0.4096") + Decimal("0.3072")
    assert not made.other.bill.sure  # the list has no primary source for these prices
    assert made.may_run


@pytest.mark.parametrize(
    ("more", "usd", "other"),
    [
        ({"target_region": None}, "0.125", False),
        ({"source_region": None}, "1.25", False),
        ({"target_on_demand": False}, "0.125", False),
        ({"target_is_empty_table": False}, "1.375", False),
        ({"target_class": "STANDARD_INFREQUENT_ACCESS"}, "1.685", True),
        (
            {"source_region": "ap-northeast-2", "target_region": "ap-northeast-2"},
            "1.4955",
            False,
        ),  # no price of an export there
    ],
)
def test_only_what_is_charged_is_billed(more: dict[str, Any], usd: str, other: bool) -> None:
    sample = Sample(
        read=1000, written=1000, bytes_read=4_096_000, bytes_written=2_048_000, read_units=1000, write_units=2000
    )
    made = _forecast(sample, 1_000_000, **more)
    assert made.bill.usd == Decimal(usd)
    assert made.bill.complete
    assert (made.other is not None) is other


def test_a_region_without_prices_has_no_total() -> None:
    made = _forecast(
        Sample(read=1, written=1, read_units=1, write_units=1),
        10,
        source_region="eu-north-1",
        target_region="eu-north-1",
    )
    assert not made.bill.complete
    assert made.other is None


def test_nothing_read_is_nothing_reckoned() -> None:
    made = _forecast(Sample(whole=True), 0)
    assert made.read_units == 0
    assert made.bill.usd == 0
    assert made.seconds is None and made.may_run
