"""Workers that share a pace never hold more than there is, and come to even shares."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tablewright.migrate.spreading.rows import ledger_of, ledger_row
from tablewright.migrate.spreading.run import parts
from tablewright.migrate.spreading.shares import LEASE_S, Ledger, renewed

_workers = st.sampled_from(["a", "b", "c", "d"])


@given(st.lists(st.tuples(_workers, st.floats(0, LEASE_S * 2)), max_size=25), st.floats(1, 1e6))
@settings(max_examples=60)
def test_leases_never_sum_up_to_more_than_there_is(renewals: list[tuple[str, float]], total: float) -> None:
    ledger, now = Ledger(read=total, write=None), 1_000.0
    for worker, later in renewals:
        now += later
        ledger = ledger_of(ledger_row("job", renewed(ledger, worker, now)))
        read, write = ledger.held(now)
        assert read <= total * (1 + 1e-9)
        assert write == 0
        assert ledger.leases[worker].until > now


@given(st.integers(1, 4), st.floats(1, 1e6))
@settings(max_examples=20)
def test_workers_that_renew_come_to_even_shares(count: int, total: float) -> None:
    ledger, now = Ledger(read=total, write=total / 2), 0.0
    workers = [f"w{number}" for number in range(count)]
    for _ in range(3):
        for worker in workers:
            now += LEASE_S / 4 / count
            ledger = renewed(ledger, worker, now)
    assert all(abs(lease.read - total / count) < total * 1e-6 for lease in ledger.leases.values())
    gone = renewed(ledger, workers[0], now + LEASE_S * 2)
    assert gone.leases[workers[0]].read == total  # the others are gone, and their shares free


@given(st.integers(1, 200), st.integers(0, 50))
@settings(max_examples=20)
def test_every_segment_is_dealt_out_once(segments: int, workers: int) -> None:
    dealt = parts(segments, workers)
    assert sorted(segment for part in dealt for segment in part) == list(range(segments))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
