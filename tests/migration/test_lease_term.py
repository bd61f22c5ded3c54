"""The lease among machines, on DynamoDB's own conditional writes: one holder, taken over only from one that is silent."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tablewright.account import open_account
from tablewright.errors import Failed, Refused, UsageError
from tablewright.migrate.lease.terms import run as terms_run
from tablewright.migrate.lease.terms.run import Term
from tablewright.model.whereabouts import Credentials
from tablewright.ports import DataPlane
from tests.conftest import EmbeddedAws
from tests.faces.shell import Ran
from tests.migration.conftest import Tables, sessions

TERM_S = 0.6
"""For a holder that is silent, so that nobody waits long to take over from it."""
LONG_S = 60.0
"""For one that renews: a machine that stalls renews in this, too."""


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holders renew so often that whoever wants their lease need not watch for long."""
    monkeypatch.setattr(terms_run, "_BEATS", 300)


@pytest.fixture
def plane(aws: EmbeddedAws) -> DataPlane:
    account = open_account(
        region="us-east-1", endpoint_url=aws.endpoint, credentials=Credentials("000000000000", "local")
    )
    assert account.data is not None
    return account.data


def term(plane: DataPlane, table: str, holder: str, term_s: float = TERM_S) -> Term:
    return Term(plane, table, "the-target", holder, term_s=term_s)


@pytest.mark.usefixtures("often")
def test_one_holder_at_a_time_and_the_next_when_it_is_given_back(
    tables: Tables, plane: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tables.make("id")
    with term(plane, table, "laptop:1", LONG_S) as first:
        with pytest.raises(Refused, match="Another run") as raised:
            term(plane, table, "server:2", LONG_S).take()
        assert "laptop:1" in raised.value.detail
        assert first.lost == ""
        with Term(plane, table, "another-target", "server:2", term_s=LONG_S):
            pass
    monkeypatch.setattr(Term, "_watch", lambda *_: pytest.fail("it was given back: nobody waits"))
    with term(plane, table, "server:2", LONG_S) as second:
        assert second.lost == ""


def test_a_silent_holder_is_taken_over_from_and_knows_that_it_lost(tables: Tables, plane: DataPlane) -> None:
    table = tables.make("id")
    silent = term(plane, table, "laptop:1")
    silent.take()
    silent._over.set()  # its process is stopped, or cut off from the network
    with term(plane, table, "server:2"):
        assert silent.lost
        assert silent.or_lost(lambda: False)()
        with pytest.raises(Failed) as raised:
            silent.check()
        assert raised.value.code == "lease-lost"
        # It wakes up: it may not renew, and what it gives back is not the other's.
        assert not silent._update("SET beat = beat + :one", "fence = :fence", {":one": 1, ":fence": silent._fence})
        silent.release()
        seen = silent._read()
        assert seen is not None
        assert seen.holder == "server:2"


@pytest.mark.slow
@pytest.mark.usefixtures("often")
def test_of_many_who_want_a_free_lease_one_gets_it(tables: Tables, plane: DataPlane) -> None:
    table = tables.make("id")
    got: list[Term] = []
    refused: list[Exception] = []

    def want(number: int) -> None:
        try:
            got.append(term(plane, table, f"machine:{number}", LONG_S).take())
        except Refused as error:
            refused.append(error)

    threads = [threading.Thread(target=want, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert (len(got), len(refused)) == (1, 5)
    got[0].release()


def test_a_table_that_cannot_hold_leases_is_said(tables: Tables, plane: DataPlane) -> None:
    for name in (tables.make("PK", "SK"), "no-such-table"):
        with pytest.raises(UsageError) as raised:
            term(plane, name, "x").take()
        assert raised.value.code == "no-lease-table"


@pytest.mark.slow
@pytest.mark.usefixtures("often")
def test_a_run_on_another_machine_is_kept_out(tables: Tables, migrate: Callable[..., Ran], plane: DataPlane) -> None:
    source, target, leases = tables.make("sessionId"), tables.make("sessionId"), tables.make("id")
    tables.fill(source, sessions(3))
    identity = tables.client.describe_table(TableName=target)["Table"]["TableId"]
    words = ("run", "--local", "--source", source, "--target", target, "--lease-table", leases)
    with Term(plane, leases, identity, "server:2", term_s=LONG_S):
        refused = migrate(*words)
        assert refused.code == 3
        assert "server:2 holds the lease" in refused.err
    assert tables.items(target) == []
    assert migrate(*words).code == 0
