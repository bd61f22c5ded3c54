"""Lost items: found by comparing a copy with the table, key by key, and put back where nothing stands.

An item that stands is left alone, unless it is named and may be replaced: then it is handed to ``keep`` before, and written over
on the condition that it is still what was seen. Every item that was put back is read again, strongly consistent, and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from tablewright.backup.lost import (
    Put,
    Stood,
    compared,
    expires,
    key_of,
    mark_of_key,
    put_missing,
    put_over,
    same,
    ttl_of,
)
from tablewright.errors import Refused, TablewrightError, UsageError
from tablewright.events import Ending, Event, Finished, Noted
from tablewright.model.items import Item
from tablewright.model.table import Table
from tablewright.ports import Account, Items

__all__ = ["Surveyed", "both", "put_back", "survey"]

_BATCH = 100
_WORKERS = 8
_SHOWN = 20
_NOTED_EVERY = 100_000
_MOST_LOST = 2_000_000
"""Lost items that one run remembers, some 100 bytes each: no others than those that were listed are put back."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a comparison found: items of the copy that were read, lost, changed and expired ones, and the first of their keys.

    ``expired`` of the lost are not put back: TTL would delete them again at once. ``named``: only these keys were looked at.
    """

    read: int
    lost: int
    changed: int
    expired: int = 0
    lost_keys: tuple[Item, ...] = ()
    changed_keys: tuple[Item, ...] = ()
    named: tuple[Stood, ...] | None = None
    marks: frozenset[bytes] = frozenset()  # of every lost item's key

    @property
    def going(self) -> int:
        """How many would be put back: all that are lost and not expired, and of named ones those that changed too."""
        return self.lost - self.expired + (self.changed if self.named is not None else 0)


@dataclass(slots=True)
class _Tally:
    put: int = 0
    there: int = 0
    vanished: int = 0
    rewritten: int = 0
    expired: int = 0
    since: int = 0


def both(copy: str, table: str, account: Account) -> tuple[Table, Table]:
    """The copy and the table. Raises UsageError where one is missing, they are the same, or their keys differ."""
    if copy == table:
        raise UsageError(
            "same-table", "The copy is the table itself", f"Name another table than {table} to take items from."
        )
    found = []
    for name in (copy, table):
        described = account.tables.describe(name)
        if described is None:
            raise UsageError("no-table", "There is no such table", f"{name}: not in this account and region.")
        found.append(described)
    if _schema(found[0]) != _schema(found[1]):
        raise UsageError(
            "other-keys",
            "The two tables have different keys",
            f"Items of {copy} cannot be told apart by the key of {table}. For other keys there is tablewright migrate run.",
        )
    return found[0], found[1]


def survey(copy: Table, table: Table, account: Account, *, named: Sequence[Item] = ()) -> Iterator[Noted | Surveyed]:
    """Compare by key; the last thing yielded is what was found. ``named``: look at these keys alone.

    Raises UsageError ``not-in-copy`` for a named key that the copy lacks, Refused ``too-many-lost`` for more than a run holds.
    """
    if named:
        yield _named(copy, table, account, named)
        return
    read = lost = changed = expired = 0
    lost_keys: list[Item] = []
    changed_keys: list[Item] = []
    marks: set[bytes] = set()
    ttl, now = ttl_of(table), account.clock.now()
    for stood in _stood(copy, table, account):
        if lost > _MOST_LOST:
            raise Refused(
                "too-many-lost",
                "More items are lost than one run holds",
                f"More than {_MOST_LOST:,} items of {copy.name} are not in {table.name}. A migration into the table that holds "
                "items brings them over in any number, and resumes; it writes none over either.",
                f"tablewright migrate run --source {copy.name} --target {table.name} --into-existing {table.name}",
            )
        for each in stood:
            read += 1
            if read % _NOTED_EVERY == 0:
                yield Noted("note", f"{read:,} items compared, {lost:,} are lost so far")
            if each.lost:
                lost += 1
                marks.add(mark_of_key(each.key))
                expired += expires(each.was, ttl, now)
                lost_keys += [each.key] if len(lost_keys) < _SHOWN else []
            elif each.changed:
                changed += 1
                changed_keys += [each.key] if len(changed_keys) < _SHOWN else []
    yield Surveyed(read, lost, changed, expired, tuple(lost_keys), tuple(changed_keys), marks=frozenset(marks))


def put_back(
    copy: Table,
    table: Table,
    account: Account,
    *,
    found: Surveyed | None = None,
    named: Sequence[Item] = (),
    keep: Callable[[Item], None] | None = None,
) -> Iterator[Event]:
    """Put the lost items back, compared anew as it goes; DONE only when each was read again and is the copy's.

    ``found``: what was listed; an item that went since then, perhaps on purpose, stays away.
    ``named``: these keys alone; one that stands and differs is replaced if ``keep`` takes what stands, and refused without.
    """
    tally = _Tally()
    ttl, now = ttl_of(table), account.clock.now()
    batches = (
        [_looked_up(copy, table, account, named)] if named else _stood(copy, table, account)
    )  # named ones are at most as many as a command line holds
    with ThreadPoolExecutor(_WORKERS) as pool:
        try:
            for stood in batches:
                puts: list[tuple[Stood, Put]] = []
                for each in stood:
                    if each.lost and not named and found is not None and mark_of_key(each.key) not in found.marks:
                        tally.since += 1
                    elif (each.lost or (named and each.changed)) and expires(each.was, ttl, now):
                        tally.expired += 1
                    elif each.lost:
                        puts.append((each, put_missing(table.name, each.was, table.keys)))
                    elif named and each.changed:
                        puts.append((each, _over(table.name, each, keep)))
                wrote = list(pool.map(partial(_put, _items(account)), [put for _, put in puts]))
                tally.there += wrote.count(False)
                written = [stood for (stood, _), ok in zip(puts, wrote, strict=True) if ok]
                _verify(written, table, account, tally)
                if puts and tally.put // 1000 > (tally.put - len(written)) // 1000:
                    yield Noted("note", f"{tally.put:,} items are put back")
        except TablewrightError as error:
            if error.code == "not-replaced":
                raise
            yield _cut_off(error, tally, copy.name, table.name, named=bool(named))
            return
    yield _ended(tally, copy.name, table.name)


def _cut_off(error: TablewrightError, tally: _Tally, copy: str, table: str, *, named: bool) -> Finished:
    """What an error in the middle leaves: what is back is not lost any more, so the same command does the rest."""
    return Finished(
        Ending.FAILED,
        "Putting back was cut off",
        f"{error.summary}: {error.detail or error.text}\n\n{tally.put:,} items are back in {table}, each read again; some more "
        "may have been put. Run it again: what is still lost is found anew.",
        None if named else f"tablewright backup put-back {table} --copy {copy}",
        code="put-back-cut-off",
        facts={"put back": str(tally.put), "because": error.code},
    )


def _over(table: str, stood: Stood, keep: Callable[[Item], None] | None) -> Put:
    assert stood.now is not None
    put = put_over(table, stood.was, stood.now)
    if keep is None or put is None:
        why = "nothing keeps what stands" if keep is None else "it has more attributes than one condition can hold"
        raise Refused("not-replaced", "An item that stands would be replaced", f"Nothing was written over: {why}.")
    keep(stood.now)
    return put


def _put(items: Items, put: Put) -> bool:
    """Whether it was written, or may have been: False where its condition kept it out."""
    try:
        items.put(put)
    except TablewrightError as error:
        if error.code not in ("condition-failed", "write-unsure"):
            raise
        return error.code == "write-unsure"  # looked at afterwards, as all that was written
    return True


def _verify(written: Sequence[Stood], table: Table, account: Account, tally: _Tally) -> None:
    for begin in range(0, len(written), _BATCH):
        part = written[begin : begin + _BATCH]
        found = _items(account).batch(table.name, [each.key for each in part])
        for now in compared([each.was for each in part], found, table.keys):
            tally.vanished += now.lost
            tally.rewritten += now.changed
            tally.put += not now.lost and not now.changed


def _ended(tally: _Tally, copy: str, table: str) -> Finished:
    facts = {"put back": str(tally.put)}
    wrong = []
    if tally.since:
        facts["gone since it was listed, and left"] = f"{tally.since:,}"
    if tally.there:
        facts["there by now"] = str(tally.there)
        wrong.append(f"{tally.there:,} were written by others meanwhile and left as they are")
    if tally.expired:
        wrong.append(f"{tally.expired:,} have expired: TTL on {table} would delete them at once. Switch it off first")
    if tally.vanished:
        wrong.append(f"{tally.vanished:,} were put and are not there any more: something deletes them")
    if tally.rewritten:
        wrong.append(f"{tally.rewritten:,} were put and then changed by others")
    if tally.expired or tally.vanished or tally.rewritten or tally.there:
        return Finished(
            Ending.FAILED,
            "Not every item was put back",
            f"{tally.put:,} items of {copy} are in {table} again, each read again. Of the others, {'; '.join(wrong)}.",
            code="not-all-put-back",
            facts=facts,
        )
    if not tally.put:
        return Finished(Ending.NOTHING_TO_DO, f"{table} lacks nothing that {copy} has", facts=facts)
    many = "item is" if tally.put == 1 else "items are"
    return Finished(Ending.DONE, f"{tally.put:,} {many} back in {table}, read again and compared", facts=facts)


def _named(copy: Table, table: Table, account: Account, named: Sequence[Item]) -> Surveyed:
    stood = _looked_up(copy, table, account, named)
    ttl, now = ttl_of(table), account.clock.now()
    lost = [each for each in stood if each.lost]
    changed = [each for each in stood if each.changed]
    return Surveyed(
        read=len(stood),
        lost=len(lost),
        changed=len(changed),
        expired=sum(expires(each.was, ttl, now) for each in (*lost, *changed)),
        lost_keys=tuple(each.key for each in lost),
        changed_keys=tuple(each.key for each in changed),
        named=stood,
    )


def _looked_up(copy: Table, table: Table, account: Account, keys: Sequence[Item]) -> tuple[Stood, ...]:
    items = _items(account)
    stood: list[Stood] = []
    for begin in range(0, len(keys), _BATCH):
        part = keys[begin : begin + _BATCH]
        copied = items.batch(copy.name, part)
        lacking = [key for key in part if not any(same(key, key_of(item, copy.keys)) for item in copied)]
        if lacking:
            raise UsageError(
                "not-in-copy",
                "The copy has no such item",
                f"{len(lacking)} of the keys that are named are not in {copy.name}. Nothing was written.",
            )
        stood += compared(copied, items.batch(table.name, part), table.keys)
    return tuple(stood)


def _stood(copy: Table, table: Table, account: Account) -> Iterator[tuple[Stood, ...]]:
    """All items of the copy, in pages, each against what the table has under its key; both read strongly consistent."""
    items = _items(account)
    request: dict[str, object] = {"TableName": copy.name, "ConsistentRead": True}
    while True:
        page = items.scan(request)
        for begin in range(0, len(page.items), _BATCH):
            part = page.items[begin : begin + _BATCH]
            found = items.batch(table.name, [key_of(item, table.keys) for item in part])
            yield compared(part, found, table.keys)
        if page.after is None:
            return
        request["ExclusiveStartKey"] = page.after


def _schema(table: Table) -> list[tuple[str, str, str]]:
    return sorted((key.role, key.name, key.type) for key in table.keys)


def _items(account: Account) -> Items:
    assert account.items is not None
    return account.items
