"""Verification: both sides read to their ends and compared by content; where they differ, which items, and how.

First each side becomes 65,536 sums (``buckets``), the source's items transformed. Where sums differ, both sides are read once
more for the keys that differ (``narrowing``), and those items are read by their keys, strongly consistent, and compared attribute
by attribute (``difference``). Memory is bounded whatever the tables' size. A verification that is stopped goes on where it was.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from tablewright.errors import Failed
from tablewright.events import Ending, Finished, Noted
from tablewright.migrate.engine.run import scan
from tablewright.migrate.engine.values import PageSource, SourcePage
from tablewright.migrate.events import Differed, MigrationEvent, Paused, PhaseEnded, PhaseStarted, Progress
from tablewright.migrate.items.key import KeyReader, KeyRefused
from tablewright.migrate.job import Pace
from tablewright.migrate.transform.protocol import Transform
from tablewright.migrate.verify import state_file, verdict
from tablewright.migrate.verify.aside import Aside
from tablewright.migrate.verify.buckets import Buckets
from tablewright.migrate.verify.identity import identity_of, of_part
from tablewright.migrate.verify.narrowing import Narrowing, Suspect, rounds
from tablewright.migrate.verify.report_file import FILE_NAME, Report
from tablewright.migrate.verify.rereading.run import confirmed, items_by_key
from tablewright.migrate.verify.state_file import Half
from tablewright.migrate.wire.door import OpenTable
from tablewright.model.table import Key
from tablewright.ports import Clock

__all__ = ["MOST", "Compared", "VerifySettings", "verify"]

MOST = 1000
"""Differing items that are listed, unless more are asked for."""

_SHOWN_EVERY_S = 1.0
_KEPT_EVERY_S = 15.0
_GOES_ON_S = 900.0
"""For so long after it was stopped a comparison goes on: what was read before that says too little of what stands now."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One side. ``name`` is for people, ``identity`` its own; ``keys`` its key attributes, () where it has none of its own.

    ``capacity``: read units a second that it gives, None where that is unknown. ``expected``: items, for display.
    """

    side: OpenTable | PageSource
    name: str
    identity: str
    keys: tuple[Key, ...] = ()
    segments: int = 4
    capacity: float | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class VerifySettings:
    """How a verification goes about it.

    ``folder``: where its state and its report are kept. ``most``: differing items to list, at least one for each bucket that is
    looked into; the rest is said in number of buckets. ``values``: attribute values in the report, and not their types and
    sizes alone. ``extras``: items on the target alone are differences; without, the target may hold more, and each item of the
    source is looked up in it by its key. ``aside``: what is known not to have been brought over, which is no difference.
    ``held``: items whose keys are held at once, of both sides. ``memory``: bytes of pages held at once, a side.
    """

    folder: Path
    most: int = MOST
    values: bool = False
    extras: bool = True
    aside: Aside = field(default_factory=Aside)
    held: int = 200_000
    pace: Pace = field(default_factory=Pace)
    memory: int = 24 << 20


def verify(
    source: Compared,
    target: Compared,
    *,
    transform: Transform,
    clock: Clock,
    settings: VerifySettings,
    stopping: Callable[[], bool] = bool,
) -> Iterator[MigrationEvent]:
    """Compare; the last event is Finished: DONE where both hold the same, FAILED ``verify-differs`` where they do not, and
    ``verify-incomplete`` where the transform refuses items, so that nobody knows.

    ``target.keys`` are those by which items are told apart. Raises what reading raises, and OSError for the folder.
    """
    enabled = gc.isenabled()
    gc.disable()  # items are parsed and dropped by the million, and none is part of a cycle
    try:
        yield from _Verification(source, target, transform, clock, settings, stopping).events()
    finally:
        if enabled:
            gc.enable()


class _Verification:
    def __init__(
        self,
        source: Compared,
        target: Compared,
        transform: Transform,
        clock: Clock,
        settings: VerifySettings,
        stopping: Callable[[], bool],
    ) -> None:
        self._source, self._target = source, target
        self._transform = transform
        self._clock = clock
        self._settings = settings
        self._stopping = stopping
        self._keys = identity_of(source.keys, target.keys, transform)
        self._source_keys = KeyReader(source.keys) if source.keys else None
        self._state = settings.folder / state_file.FILE_NAME
        self._began = clock.now()
        self._shown = self._kept = self._began.timestamp()
        self._read = self._bytes = 0
        self._units = 0.0
        self._recent = (self._shown, 0, 0)

    def events(self) -> Iterator[MigrationEvent]:
        names = f"{self._source.name} and {self._target.name}"
        yield PhaseStarted("verify", f"comparing {names}")
        self._settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._settings.extras and isinstance(self._target.side, OpenTable):
            yield from self._look_up()
            return
        now = self._clock.now().timestamp()
        kept = state_file.load(self._state, self._question(), since=now - _GOES_ON_S, until=now)
        if kept is not None:
            yield Noted("note", "the comparison goes on where it was stopped")
        halves = kept or (Half(Buckets(), {}), Half(Buckets(), {}))
        yield from self._sum(*halves)
        if self._stopping():
            yield from self._stopped()
            return
        unequal = halves[0].buckets.unequal(halves[1].buckets)
        if not unequal:
            yield self._progress("verify")
            yield PhaseEnded("verify", f"{halves[0].buckets.items:,} items on each side, all the same")
            state_file.remove(self._state)
            yield verdict.same(names, halves, known=self._settings.aside.refused)
            return
        yield PhaseEnded("verify", f"the two sides differ in {len(unequal):,} of 65,536 buckets of keys")
        yield from self._look_into(halves, unequal)

    # First pass: sums.

    def _sum(self, source: Half, target: Half) -> Iterator[MigrationEvent]:
        """Both sides' pages in turn, so that a table that is written to is read on both sides at about the same time."""
        sides = [
            (source, self._add_source, self._pages(self._source, source)),
            (target, self._add_target, self._pages(self._target, target)),
        ]
        try:
            while sides:
                for side in list(sides):
                    half, add, pages = side
                    page = next(pages, None)
                    if page is None:
                        sides.remove(side)
                        continue
                    add(half, page)
                    half.positions[page.segment] = page.position
                    yield from self._shows(page)
                stopping = self._stopping()
                if stopping or self._is_time("_kept", _KEPT_EVERY_S):
                    self._keep(source, target)
                if stopping:
                    return
        finally:
            for _, _, pages in sides:
                pages.close()
        self._keep(source, target)

    def _keep(self, source: Half, target: Half) -> None:
        state_file.save(self._state, self._question(), (source, target), self._clock.now().timestamp())

    def _add_source(self, half: Half, page: SourcePage) -> None:
        made = self._transform.page(page.items)
        half.refused += len(made.rejected)
        if made.keys is None:
            half.buckets.add(made.items, self._keys)
        else:
            half.buckets.add_keyed(made.items, made.keys)

    def _add_target(self, half: Half, page: SourcePage) -> None:
        try:
            half.buckets.add(page.items, self._keys)
        except KeyRefused as error:
            raise Failed(
                "item-without-key",
                "An item cannot be told apart from others",
                f"{self._target.name} holds an item by whose key it cannot be compared: {error}. Name a target whose items have "
                f"{' and '.join(key.name for key in self._keys.keys)}.",
            ) from None

    def _pages(self, end: Compared, half: Half | None) -> Generator[SourcePage, None, None]:
        side = end.side
        if isinstance(side, OpenTable):
            starts = (half or Half(Buckets(), {})).to_read(end.segments)
            if starts:
                yield from scan(
                    side,
                    segments=end.segments,
                    starts=starts,
                    pace=self._settings.pace,
                    capacity=end.capacity,
                    memory=self._settings.memory,
                )
            return
        for segment, after in (half or Half(Buckets(), {})).to_read(side.segments).items():
            at: bytes | None = after
            while True:
                page = side.read(segment, at)
                yield page
                if page.position is None:
                    break
                at = page.position

    # Where the target may hold more: by key.

    def _look_up(self) -> Iterator[MigrationEvent]:
        """Each item of the source against what the target has under its key."""
        items = refused = 0
        with closing(self._report()) as report:
            for page in self._pages(self._source, None):
                narrowing = Narrowing(None, self._source_keys, self._keys)
                refused += narrowing.add_source(page.items, self._transform)
                items += len(page.items)
                keys = narrowing.keys()
                for found in items_by_key(self._target.side, keys, self._keys, self._clock).values():
                    narrowing.add_target([orjson.dumps(item) for item in found])
                for difference in self._confirmed(list(narrowing.suspects())):
                    if difference is not None:
                        report.add(difference)
                yield from self._shows(page)
                if self._stopping():
                    yield from self._stopped()
                    return
                if report.total >= self._settings.most:
                    break
            yield self._progress("verify")
            yield PhaseEnded("verify", verdict.counted(report.counts) or f"{items:,} items looked up, all the same")
            if report.total:
                yield Differed(str(report.path), dict(report.counts))
            more = report.total >= self._settings.most
            yield verdict.looked_up(
                self._names,
                items,
                refused,
                report.counts,
                str(report.path),
                more=more,
                known=self._settings.aside.refused,
            )

    # Second pass: which items.

    def _look_into(self, halves: tuple[Half, Half], unequal: tuple[int, ...]) -> Iterator[MigrationEvent]:
        yield PhaseStarted("differences", "finding the items that differ")
        groups = list(rounds(halves[0].buckets, halves[1].buckets, unequal, self._settings.held))
        looked = settled = 0
        cut = False
        with closing(self._report()) as report:
            for group in groups:
                if report.total >= self._settings.most:
                    break
                narrowing = Narrowing(group, self._source_keys, self._keys)
                yield from self._narrow(narrowing)
                if self._stopping():
                    yield from self._stopped()
                    return
                left: list[Suspect] = []
                room = self._settings.most - report.total
                for suspect in narrowing.suspects():
                    known = of_part(self._keys, suspect.key) in self._settings.aside.keys
                    room -= not known
                    if room >= 0 or known:
                        left.append(suspect)
                cut = cut or room < 0
                for found in self._confirmed(left):
                    if found is None:
                        settled += 1
                    else:
                        report.add(found)
                looked += len(group)
            yield self._progress("differences")
            but = ", but for those set aside" if self._settings.aside.keys else ""
            yield PhaseEnded("differences", verdict.counted(report.counts) or f"no item differs any more{but}")
            state_file.remove(self._state)
            if report.total:
                yield Differed(str(report.path), dict(report.counts))
            unread = len(unequal) - looked
            more = cut or (unread > 0 and report.total >= self._settings.most)
            known_refused = self._settings.aside.refused
            yield verdict.differing(
                self._names, halves, report.counts, str(report.path), settled, unread, more=more, known=known_refused
            )

    def _narrow(self, narrowing: Narrowing) -> Iterator[MigrationEvent]:
        for page in self._pages(self._source, None):
            narrowing.add_source(page.items, self._transform)
            yield from self._shows(page, "differences")
            if self._stopping():
                return
        for page in self._pages(self._target, None):
            narrowing.add_target(page.items)
            yield from self._shows(page, "differences")
            if self._stopping():
                return

    def _confirmed(self, suspects: list[Suspect]) -> Iterator[verdict.Found]:
        """How each differs as it stands now; those that a copy is known to have set aside are left out."""
        aside = self._settings.aside
        found = confirmed(
            suspects,
            self._source.side,
            self._target.side,
            source_keys=self._source_keys,
            target_keys=self._keys,
            transform=self._transform,
            clock=self._clock,
        )
        for suspect, difference in zip(suspects, found, strict=True):
            if difference is None or not aside.explains(of_part(self._keys, suspect.key), difference):
                yield difference

    # Saying.

    @property
    def _names(self) -> str:
        return f"{self._source.name} and {self._target.name}"

    def _report(self) -> Report:
        return Report(self._settings.folder / FILE_NAME, values=self._settings.values, keyed=bool(self._keys.keys))

    def _question(self) -> Mapping[str, object]:
        """What a kept state must belong to, to be gone on with."""
        ends = [
            [end.identity, end.segments if isinstance(end.side, OpenTable) else end.side.segments]
            for end in (self._source, self._target)
        ]
        return {"ends": ends, "transform": self._transform.fingerprint, "keys": [key.name for key in self._keys.keys]}

    def _stopped(self) -> Iterator[MigrationEvent]:
        yield Paused("somebody asked it to stop; what was compared is kept")
        yield Finished(
            Ending.MUST_WAIT,
            "Stopped, and it can go on",
            f"{self._read:,} items were read. Nothing was written to either side. Run the same command again to go on.",
            code="stopped",
        )

    def _is_time(self, which: str, every: float) -> bool:
        now = self._clock.now().timestamp()
        if now - getattr(self, which) < every:
            return False
        setattr(self, which, now)
        return True

    def _shows(self, page: SourcePage, phase: str = "verify") -> Iterator[Progress]:
        self._read += len(page.items)
        self._bytes += page.size
        self._units += page.units
        if self._is_time("_shown", _SHOWN_EVERY_S):
            gc.collect(1)
            yield self._progress(phase)

    def _progress(self, phase: str) -> Progress:
        now = self._clock.now()
        then, read, size = self._recent
        span = max(now.timestamp() - then, 0.001)
        self._recent = (now.timestamp(), self._read, self._bytes)
        expected = [end.expected for end in (self._source, self._target)]
        total = sum(each for each in expected if each is not None) if None not in expected else None
        rate = (self._read - read) / span
        return Progress(
            phase=phase,
            at=now,
            elapsed_s=(now - self._began).total_seconds(),
            items_read=self._read,
            bytes_read=self._bytes,
            expected=total,
            items_per_s=rate,
            bytes_per_s=(self._bytes - size) / span,
            read_units=self._units,
            eta_s=(total - self._read) / rate if total and rate and phase == "verify" and total > self._read else None,
        )
