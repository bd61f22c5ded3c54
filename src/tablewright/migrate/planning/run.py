"""Planning a migration: both ends are looked at and a sample is read; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import islice

from tablewright.cost.prices import PriceList, prices
from tablewright.migrate import guards
from tablewright.migrate.engine.run import ceilings, scan
from tablewright.migrate.engine.values import SourcePage
from tablewright.migrate.job import Pace
from tablewright.migrate.looking.run import Accounts, End, look
from tablewright.migrate.opening.run import open_source
from tablewright.migrate.planning.forecast import Forecast, forecast
from tablewright.migrate.planning.sample import Sample, Sampling
from tablewright.migrate.request import Request
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.wire.door import OpenTable
from tablewright.model.table import OnDemand
from tablewright.ports import Clock

__all__ = ["DEFAULT_SAMPLE", "plan"]

DEFAULT_SAMPLE = 1_000
_SEGMENTS = 4
"""Segments of the table from whose beginnings the sample is taken, so that it is not all of one partition."""


def plan(
    request: Request,
    accounts: Accounts,
    clock: Clock,
    *,
    sample: int = DEFAULT_SAMPLE,
    price_list: PriceList | None = None,
) -> Forecast:
    """What ``migrate(request, …)`` would do, from a sample of so many items.

    Raises UsageError and Refused for ends or transforms that cannot be, as the migration itself would.
    """
    in_place = request.options.in_place
    source = look(request.source, "source", accounts)
    target = source if in_place else look(request.target, "target", accounts)
    if source.found is not None and target.found is not None and not in_place:
        guards.refuse_same(source.found, target.found)
    transform = request.make(source.keys, target.keys)
    taken = _taken(source, target, transform, clock.now().timestamp(), sample, in_place=in_place)
    total = taken.read if taken.whole else max(taken.read, _count(source))
    pace = request.pace or request.options.pace or Pace()
    (read_capacity, _), (_, write_capacity) = source.capacity(), target.capacity()
    return forecast(
        taken,
        items=total,
        prices=price_list or prices(),
        source_region=_region(source),
        target_region=_region(target),
        source_on_demand=_on_demand(source),
        target_on_demand=_on_demand(target),
        allowed=ceilings(pace, read_capacity, write_capacity),
        source_class=source.found.table.table_class if source.found else "STANDARD",
        target_class=target.found.table.table_class if target.found else "STANDARD",
        injective=transform.injective and bool(source.keys),  # files may hold an item twice
        target_is_empty_table=target.found is not None and not in_place and request.into_existing is None,
        notes=tuple(guards.warnings(None if in_place else source.found, target.found)),
    )


def _taken(source: End, target: End, transform: Transform, now: float, most: int, *, in_place: bool) -> Sample:
    found = source.found or target.found
    gathered = Sampling(
        transform,
        source.keys,
        target.keys,
        now=now,
        ttl=found.table.ttl.attribute if found is not None and found.table.ttl is not None else None,
        indexes=target.found.table.indexes if target.found is not None else (),
        in_place=in_place,
    )
    whole = True
    with closing(_pages(source)) as pages:
        for page in pages:
            left = most - gathered.read
            share = min(left, -(-most // _SEGMENTS))
            gathered.add(islice(page.items, share))
            whole = whole and share >= len(page.items)
            if gathered.read >= most:
                whole = whole and next(pages, None) is None
                break
    return gathered.taken(whole=whole)


def _pages(source: End) -> Generator[SourcePage, None, None]:
    opened = open_source(source)
    if isinstance(opened, OpenTable):
        yield from scan(opened, segments=_SEGMENTS, memory=8 << 20)
        return
    for segment in range(opened.segments):
        after = None
        while True:
            page = opened.read(segment, after)
            yield page
            after = page.position
            if after is None:
                break


def _count(source: End) -> int:
    """Items of the source as DescribeTable or a manifest has them; 0 where neither says."""
    if source.found is not None:
        return source.found.table.item_count
    return getattr(open_source(source), "expected", None) or 0


def _region(end: End) -> str | None:
    return end.found.whereabouts.region if end.found is not None else None


def _on_demand(end: End) -> bool:
    return end.found is not None and isinstance(end.found.table.billing, OnDemand)
