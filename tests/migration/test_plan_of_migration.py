"""A plan reads a sample over HTTP and says what a run would do; nothing is written."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

import pytest

from tablewright.account import open_account
from tablewright.errors import UsageError
from tablewright.migrate.files import opening
from tablewright.migrate.job import Files, Options, Place, TableAt
from tablewright.migrate.planning.run import plan
from tablewright.migrate.request import Request
from tablewright.migrate.run import migrate
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import from_flags
from tablewright.migrate.transform.load import load_transform
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account
from tests.conftest import EmbeddedAws
from tests.migration.conftest import Tables, sessions


def _account(aws: EmbeddedAws) -> Account:
    return open_account(region="us-east-1", endpoint_url=aws.endpoint, credentials=Credentials("000000000000", "local"))


def _request(source: Any, target: Any, tmp_path: Path, flags: dict[str, list[str]], **more: Any) -> Request:
    def make(source_keys: Any, target_keys: Any) -> Any:
        in_place = more.get("options", Options()).in_place
        return Declared(from_flags(flags), source_keys, target_keys, in_place=in_place)

    return Request(source, target, PurePath(tmp_path), PurePath(tmp_path), make, **more)


def test_a_plan_of_several_pages_says_what_a_run_would_do(aws: EmbeddedAws, tables: Tables, tmp_path: Path) -> None:
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    tables.fill(source, [*sessions(300, 5_000), {"sessionId": {"S": "odd"}, "createdAt": {"S": "today"}}])
    account = _account(aws)
    flags = {"key": ["PK=SESSION#{sessionId}", "SK=AT#{createdAt:012}"]}
    request = _request(TableAt(source), TableAt(target), tmp_path, flags)
    made = plan(request, lambda place: account, account.clock, sample=5_000)
    assert made.sample.whole
    assert (made.items, made.sample.read, made.sample.written) == (301, 301, 300)
    assert [(each.items, each.key) for each in made.sample.set_aside] == [(1, '{"sessionId":{"S":"odd"}}')]
    assert "not a whole number of at most 12 digits" in made.sample.set_aside[0].reason
    assert not made.may_run
    assert made.write_units == 5 * 300  # a little less than five KB each
    assert made.bill.complete
    assert tables.items(target) == []
    few = plan(request, lambda place: account, account.clock, sample=40)
    assert few.sample.read == 40
    assert not few.sample.whole
    assert few.items == 301


def test_plans_of_files_and_in_place(aws: EmbeddedAws, tables: Tables, tmp_path: Path) -> None:
    source = tables.make("sessionId")
    tables.fill(source, sessions(10))
    account = _account(aws)
    into = _request(TableAt(source), Files(str(tmp_path / "out")), tmp_path, {"drop": ["said"]})
    made = plan(into, lambda place: account, account.clock)
    assert (made.items, made.write_units, made.may_run) == (10, 0, True)
    assert not (tmp_path / "out").exists()
    (tmp_path / "in.json").write_text('{"Item":{"sessionId":{"S":"a"}}}\n{"Item":{"id":{"S":"b"}}}\n')
    out_of = Request(
        Files(str(tmp_path / "in.json")),
        TableAt(source, Place()),
        PurePath(tmp_path),
        PurePath(tmp_path),
        lambda source_keys, target_keys: load_transform(None, (), target_keys),
    )
    made = plan(out_of, lambda place: account, account.clock)
    assert [each.reason for each in made.sample.set_aside] == ["key attribute 'sessionId' is missing"]
    rekeyed = tables.make("PK")
    given = _request(Files(str(tmp_path / "in.json")), TableAt(rekeyed), tmp_path, {"key": ["PK=S#{sessionId}"]})
    made = plan(given, lambda place: account, account.clock)
    assert (made.sample.written, made.injective) == (1, False), "files have no keys of which to be sure"
    in_place = _request(
        TableAt(source), TableAt(source), tmp_path, {"rename": ["said=spoken"]}, options=Options(in_place=True)
    )
    made = plan(in_place, lambda place: account, account.clock)
    assert (made.write_units, made.injective, made.other) == (10, True, None)
    with pytest.raises(UsageError, match="is in the table's key"):
        wrong = _request(
            TableAt(source), TableAt(source), tmp_path, {"drop": ["sessionId"]}, options=Options(in_place=True)
        )
        plan(wrong, lambda place: account, account.clock)


@pytest.mark.parametrize(
    ("form", "compression", "package"), [("parquet", "gzip", "pyarrow"), ("json", "zstd", "zstandard")]
)
def test_a_package_that_is_missing_is_asked_for_before_a_page_is_read(
    form: str,
    compression: str,
    package: str,
    aws: EmbeddedAws,
    tables: Tables,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tables.make("sessionId")
    tables.fill(source, sessions(3))
    account = _account(aws)
    monkeypatch.setattr(opening, "find_spec", lambda name: None if name == package else object())
    into = _request(TableAt(source), Files(str(tmp_path / "out"), form, compression), tmp_path, {})
    begun = (
        lambda: plan(into, lambda place: account, account.clock),
        lambda: list(migrate(into, lambda place: account, account.clock)),
    )
    for begin in begun:
        with pytest.raises(UsageError, match="not installed") as refused:
            begin()
        assert refused.value.code == "extra-missing" and package in refused.value.detail
    assert list(tmp_path.iterdir()) == []
