"""Looking at the ends: which table it is, at whose account, and whether it can be worked with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tablewright.errors import TablewrightError, UsageError
from tablewright.migrate.files.opening import need_packages
from tablewright.migrate.guards import Found, identity, must_stand
from tablewright.migrate.job import Files, Place, Source, TableAt
from tablewright.migrate.wire.door import OpenTable
from tablewright.model.table import Key, OnDemand, Provisioned
from tablewright.model.whereabouts import Whereabouts
from tablewright.ports import Account

__all__ = ["Accounts", "End", "look"]

Accounts = Callable[[Place], Account]
"""Opens the account of a place, or hands out the one that is open."""


@dataclass(frozen=True, slots=True)
class End:
    """One end, looked at. ``found`` is None for files, and ``account`` for those of this machine."""

    asked: Source
    found: Found | None = None
    account: Account | None = None

    @property
    def identity(self) -> str:
        """What it is, whatever it was called by."""
        if self.found is not None:
            return identity(self.found)
        assert isinstance(self.asked, Files)
        path = self.asked.path
        return path.rstrip("/") if path.startswith("s3://") else str(Path(path).resolve())

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key attributes, partition key first; () for files."""
        return tuple(sorted(self.found.table.keys, key=lambda key: key.role != "HASH")) if self.found else ()

    @property
    def where(self) -> str:
        """Region, account or endpoint, for people."""
        if self.found is None:
            return ""
        where = self.found.whereabouts
        return f"{where.endpoint or f'account {where.account}'}, {where.region}"

    @property
    def title(self) -> str:
        """The end in a line, for people."""
        return str(self.found) if self.found is not None else str(self.asked)

    def open(self) -> OpenTable:
        """The table, ready to be read and written. Its name is the one that was asked for: an ARN reaches other accounts."""
        assert self.account is not None and self.account.data is not None and isinstance(self.asked, TableAt)
        return OpenTable(self.account.data, self.asked.name, tuple(key.name for key in self.keys))

    def capacity(self) -> tuple[float | None, float | None]:
        """Read and write units a second that the table gives, as far as it is known; None where nothing is."""
        if self.found is None:
            return None, None
        table = self.found.table
        match table.billing:
            case Provisioned(read=read, write=write):
                return float(read) or None, float(write) or None
            case OnDemand(max_read=read, max_write=write):
                return _units(read or table.warm_read), _units(write or table.warm_write)


def look(asked: Source, side: str, accounts: Accounts, known: Whereabouts | None = None) -> End:
    """The end as it stands. Raises UsageError when it is not there, Refused when it cannot be worked with."""
    if isinstance(asked, Files):
        need_packages(asked)
        return End(asked, account=accounts(asked.place) if asked.path.startswith("s3://") else None)
    account = accounts(asked.place)
    whereabouts = known or _whereabouts(account, asked.place)
    described = account.tables.describe(asked.name)
    place = f"{whereabouts.endpoint or f'account {whereabouts.account}'}, {whereabouts.region},"
    table = must_stand(described, asked.name, side, place)
    if account.data is None:
        raise UsageError("no-data-path", "The account was opened without its data path", "Open it with open_account.")
    return End(asked, Found(table, whereabouts), account)


def _whereabouts(account: Account, place: Place) -> Whereabouts:
    """Who asks, and where. A server that is DynamoDB alone (DynamoDB Local, Alternator) knows no STS, and no account."""
    try:
        return account.identity.whereabouts()
    except TablewrightError:
        if place.endpoint_url is None or account.data is None:
            raise
        return Whereabouts("none", "nobody in particular", account.data.region, "aws", place.endpoint_url)


def _units(number: int | None) -> float | None:
    return float(number) if number else None
