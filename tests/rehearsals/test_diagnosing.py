"""Each problem made on purpose is named, with its evidence; healthy tables are left in peace."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tablewright.local import control
from tablewright.model.diagnosis import Sure
from tablewright.watch.diagnose import PROBLEMS
from tests.conftest import EmbeddedAws
from tests.contract.load_support import started
from tests.rehearsals.diagnosing import SCENARIOS, Scenario, World, matrix_row, named

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "diagnosis-matrix.md"
_ACCOUNTS = count(200_000_000_000)
_QUICK = {
    ("provisioned-throttling", "queries of an index that has few read units"),
    ("hot-partition", "one key written over and over"),
    ("index-back-pressure", "an index with fewer units than its table"),
    ("stale-ttl", "milliseconds"),
    (None, "conditions that fail and a few mistakes"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with started(tmp_path_factory.mktemp("diagnosing") / "state") as aws, control.held(aws.endpoint):
        yield aws


@pytest.fixture
def world(running: EmbeddedAws) -> Iterator[World]:
    world = World(running, str(next(_ACCOUNTS)))
    yield world
    world.clear()


def _parameters() -> Iterator[object]:
    for each in SCENARIOS:
        marks = () if (each.problem, each.name) in _QUICK else pytest.mark.slow
        yield pytest.param(each, id=f"{each.problem or 'healthy'}: {each.name}", marks=marks)


@pytest.mark.parametrize("made", list(_parameters()))
def test_what_is_made_is_named_and_nothing_else(world: World, made: Scenario) -> None:
    report = made.load(world)

    found = named(report)
    assert made.right(found), [(each.problem, each.cause, each.evidence) for each in report.diagnoses]
    assert matrix_row(made, found) in PAGE.read_text(encoding="utf-8").splitlines()
    for each in report.diagnoses:
        assert each.evidence and each.remedies
        assert all(fact.source for fact in each.evidence)


def test_every_problem_is_made_three_ways_and_ten_tables_are_healthy() -> None:
    made = [each.problem for each in SCENARIOS]

    assert {problem: made.count(problem) for problem in PROBLEMS} == dict.fromkeys(PROBLEMS, 3)
    assert made.count(None) == 10


def test_the_busiest_keys_are_named_where_insights_are_on(world: World) -> None:
    made = next(each for each in SCENARIOS if each.name == "one key written over and over")

    [diagnosis] = made.load(world).diagnoses

    assert diagnosis.sure is Sure.CERTAIN
    assert any("hot (100%)" in fact.text for fact in diagnosis.evidence)


def test_what_was_read_is_counted_and_every_question_is_answered(world: World) -> None:
    world.client.create_table(
        TableName="quiet",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    report = world.diagnosed("quiet")

    answers = {each.problem: each.answer for each in report.looked}
    assert set(answers) == set(PROBLEMS)
    # A table without a request says nothing of its latency, and one of an hour nothing of what is usual.
    assert answers["high-latency"] == answers["cost-surge"] == "unknown"
    assert report.price is not None and report.points == sum(len(each.values) for each in report.series.values())
    assert not report.diagnoses
