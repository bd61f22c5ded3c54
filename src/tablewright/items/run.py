"""Reads within a budget, single writes on purpose. Items are redacted here, before anything else sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from tablewright.errors import TablewrightError, UsageError
from tablewright.items.budget import Budget
from tablewright.items.continuation import Place, decode, encode
from tablewright.items.keys import place_of
from tablewright.items.redaction import Redaction, withheld
from tablewright.items.request import Look
from tablewright.model.items import Item
from tablewright.model.table import Table
from tablewright.ports import Account, Items

__all__ = ["End", "Found", "Loaded", "count", "describe", "execute", "load", "read", "single", "write"]

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Found:
    """Items of one page, redacted."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class End:
    """How a read ended. ``items``: shown or counted; ``read``: read for it; ``units``: read units.

    ``stopped``: "end" (there is no more), "budget" or "limit". ``continuation`` goes on from there; it is None at the end, and
    where it would hold a value that is redacted (``sealed``).
    """

    items: int
    read: int
    units: float
    stopped: str
    continuation: str | None = None
    sealed: bool = False


def describe(name: str, account: Account) -> Table:
    """The table, its settings left out. Raises UsageError ``no-table``, ``table-by-arn``."""
    if ":" in name:
        # DynamoDB takes an ARN for a name, by which [redact] does not know the table, and which may be another account's.
        raise UsageError(
            "table-by-arn",
            "The table is named by its ARN",
            f"Name it by its name alone, {name.rpartition('/')[2]}, and its account and region with --profile and --region.",
        )
    table = account.tables.describe(name, settings=False)
    if table is None:
        raise UsageError("no-table", "There is no such table", f"{name}: not in this account and region.")
    return table


def single(request: Mapping[str, Any], account: Account, redaction: Redaction) -> Iterator[Found | End]:
    """One item by its key."""
    page = _asked(_items(account).get, request, redaction)
    yield Found(tuple(map(redaction.shown, page.items)))
    yield End(page.count, page.read, page.units or 0.0, "end")


def read(
    look: Look,
    account: Account,
    redaction: Redaction,
    *,
    budget: float,
    limit: int | None = None,
    begin: str | None = None,
    leave_out: bool = False,
) -> Iterator[Found | End]:
    """The items of a Query or Scan, until there are no more, ``limit`` are found, or a page more might overrun the budget.

    ``leave_out``: what is redacted is left out instead of replaced. Raises UsageError for a ``begin`` of another read.
    """
    items = _items(account)
    ask = items.query if look.operation == "query" else items.scan
    hidden = any(redaction.hides([name]) for name in look.key_names)
    left = Budget(budget, consistent=bool(look.request["ConsistentRead"]))
    after = decode(begin, look.request).after if begin else None
    shown = 0
    while left.allows:
        size = left.page()
        if limit is not None and "FilterExpression" not in look.request:
            size = min(size, limit - shown)
        request = {**look.request, "Limit": size, **({"ExclusiveStartKey": after} if after else {})}
        page = _asked(ask, request, redaction)
        left = left.after(page.units, page.read, size)
        found, after = page.items, page.after
        if limit is not None and shown + len(found) > limit:
            found = found[: limit - shown]
            after = place_of(found[-1], *look.keys)
        shown += page.count if look.request.get("Select") == "COUNT" else len(found)
        if found:
            yield Found(tuple(map(redaction.without if leave_out else redaction.shown, found)))
        if after is None:
            yield End(shown, left.read, left.spent, "end")
            return
        if limit is not None and shown >= limit:
            yield _stopped("limit", shown, left, None if hidden else encode(Place(after), look.request))
            return
    place = Place(after) if after else None
    yield _stopped("budget", shown, left, None if hidden or place is None else encode(place, look.request))


def _stopped(why: str, shown: int, left: Budget, continuation: str | None) -> End:
    return End(shown, left.read, left.spent, why, continuation, sealed=continuation is None)


def count(look: Look, account: Account, *, budget: float, begin: str | None, redaction: Redaction) -> End:
    """How many items a Query or Scan finds, as far as the budget goes."""
    ends = [each for each in read(look, account, redaction, budget=budget, begin=begin) if isinstance(each, End)]
    return ends[-1]


def execute(
    request: Mapping[str, Any],
    account: Account,
    redaction: Redaction,
    *,
    budget: float,
    begin: str | None = None,
    writes: bool = False,
) -> Iterator[Found | End]:
    """A PartiQL statement; what it reads, page by page within the budget. A write is one request."""
    left = Budget(budget, consistent=bool(request.get("ConsistentRead")))
    token = decode(begin, request).token if begin else None
    shown = 0
    while left.allows:
        size = left.page()
        sent = {**request, **({} if writes else {"Limit": size}), **({"NextToken": token} if token else {})}
        page = _asked(partial(_items(account).execute, writes=writes), sent, redaction)
        # How many items were read for it is not told: what was asked for bounds it where there is more.
        left = left.after(page.units, size if page.token else max(1, page.read), size)
        shown += len(page.items)
        if page.items:
            yield Found(tuple(map(redaction.shown, page.items)))
        token = page.token
        if token is None:
            yield End(shown, shown, left.spent, "end")
            return
    # Whether the token of an endpoint that is not AWS's holds a key is not known, so it is not shown beside redactions.
    word = None if redaction.entries else encode(Place(token=token), request)
    yield End(shown, shown, left.spent, "budget", word, sealed=word is None)


def write(
    operation: str, request: Mapping[str, Any], account: Account, redaction: Redaction, *, unmet: str = ""
) -> float:
    """One put or delete, conditionally as the request says; returns the write units.

    Raises Failed ``condition-failed``, with ``unmet`` as its detail where it is given.
    """
    items = _items(account)
    try:
        page = _asked(items.put if operation == "put" else items.delete, request, redaction)
    except TablewrightError as error:
        if error.code == "condition-failed" and unmet:
            error.detail = unmet
        raise
    return page.units or 0.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """How a load ended: ``there``: kept, since the table had them; ``next``: the line to go on from, None at the end."""

    written: int
    there: int
    units: float
    next: int | None = None


def load(requests: Sequence[Mapping[str, Any]], account: Account, redaction: Redaction, *, budget: float) -> Loaded:
    """Put items one after the other; one that its condition keeps out is counted and passed. ``budget`` is in write units."""
    written = there = 0
    units = 0.0
    for at, request in enumerate(requests):
        if units + 1 > budget:
            return Loaded(written, there, units, at)
        try:
            units += max(1.0, write("put", request, account, redaction))
            written += 1
        except TablewrightError as error:
            if error.code != "condition-failed":
                raise
            there += 1
            units += 1.0  # a write that its condition keeps out is charged as well
    return Loaded(written, there, units)


def _items(account: Account) -> Items:
    assert account.items is not None
    return account.items


def _asked(ask: Callable[[Mapping[str, Any]], _Answer], request: Mapping[str, Any], redaction: Redaction) -> _Answer:
    try:
        return ask(request)
    except TablewrightError as error:
        raise withheld(error, request, redaction) from None
