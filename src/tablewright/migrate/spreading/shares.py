"""Who may use how much of the pace: capacity units leased for a while, so that all together never use more than there is; pure.

Each worker renews its lease before it ends and then takes its even share of the total, as far as the others have given theirs up.
A lease that is not renewed (its worker is gone) ends by itself. The rule that holds at every moment: leases never sum up to more
than the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["LEASE_S", "Lease", "Ledger", "given_up", "renewed"]

LEASE_S = 20.0
"""How long a lease lasts: several renewals, and some of the clocks' difference between machines."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Units a second, for reading and for writing, until a time (seconds since the epoch)."""

    read: float
    write: float
    until: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """The totals and every lease. ``version`` rises with each change, so that of two at once one is refused and looks again."""

    read: float | None = None
    write: float | None = None
    leases: Mapping[str, Lease] = field(default_factory=dict)
    version: int = 0

    def held(self, now: float, *, but: str = "") -> tuple[float, float]:
        """What others hold at a time."""
        others = [lease for worker, lease in self.leases.items() if worker != but and lease.until > now]
        return sum(lease.read for lease in others), sum(lease.write for lease in others)


def renewed(ledger: Ledger, worker: str, now: float) -> Ledger:
    """The ledger with the worker's lease renewed: its even share, or what is left for the moment. Ended leases are dropped."""
    living = {other: lease for other, lease in ledger.leases.items() if lease.until > now and other != worker}
    sharers = len(living) + 1
    held_read, held_write = ledger.held(now, but=worker)

    def share(total: float | None, held: float) -> float:
        return 0.0 if total is None else max(0.0, min(total / sharers, total - held))

    mine = Lease(share(ledger.read, held_read), share(ledger.write, held_write), now + LEASE_S)
    return Ledger(ledger.read, ledger.write, {**living, worker: mine}, ledger.version + 1)


def given_up(ledger: Ledger, worker: str) -> Ledger:
    """The ledger without the worker's lease: it has no more use for its share."""
    others = {other: lease for other, lease in ledger.leases.items() if other != worker}
    return Ledger(ledger.read, ledger.write, others, ledger.version + 1)
