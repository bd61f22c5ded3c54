"""The copy's state machine against a world that loses, repeats, throttles, refuses, cuts off and crashes: nothing is lost.

The world is a source of segments and pages, and a target that is a dictionary. What may happen to a request: it is carried out
and answered; carried out and the answer is lost, or comes twice; not carried out; partly carried out; throttled. The process
may die at any moment: what it had not acknowledged is gone, and what it had sent may still be carried out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import Buffer

from tablewright.migrate.engine.commands import (
    Acknowledge,
    Ending,
    Failure,
    Finish,
    Input,
    NewCeilings,
    PageRead,
    Read,
    ReadFailed,
    Stop,
    Wait,
    Write,
    WriteFailed,
    Written,
)
from tablewright.migrate.engine.machine import Machine
from tablewright.migrate.engine.pace import Pacer
from tablewright.migrate.engine.values import Acknowledged, SetAside, SourcePage
from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.transform.protocol import Page, Rejected

MEMORY = 4_000
PAGE_BYTES = 900


def item(key: str, **more: str) -> bytes:
    return orjson.dumps({"k": {"S": key}} | {name: {"S": value} for name, value in more.items()})


def refused(items: Sequence[Buffer]) -> Failure | None:
    """How the target refuses these items together; None where it takes them."""
    told = [bytes(memoryview(each)) for each in items]
    if any(b'"garble"' in each for each in told):
        return Failure.GARBLED
    return Failure.INVALID if any(b'"poison"' in each for each in told) else None


def key_of(text: Buffer) -> bytes:
    return orjson.dumps(orjson.loads(memoryview(text))["k"])


@dataclass(frozen=True)
class Reshape:
    """A transform of the model's: each item becomes ``copies`` of it under keys of their own; some it refuses, some it drops."""

    copies: int = 1
    level: int = 2
    fingerprint: str = "model"
    reads: frozenset[str] | None = None
    invertible: None = None
    injective: bool = True
    parses: bool = False

    @property
    def keeps_keys(self) -> bool:
        return self.copies == 1

    def describe(self) -> tuple[str, ...]:
        return ()

    def apply(self, item: Buffer) -> tuple[bytes, ...]:
        told = orjson.loads(memoryview(item))
        if told.get("bad") == {"S": "transform"}:
            raise ValueError("refused")
        if told.get("bad") == {"S": "drop"}:
            return ()
        if self.copies == 1:
            return (bytes(memoryview(item)),)
        return tuple(
            orjson.dumps(told | {"k": {"S": f"{told['k']['S']}-{number % 2}"}, "n": {"N": str(number)}})
            for number in range(self.copies)
        )

    def page(self, items: Sequence[Buffer]) -> Page:
        became: list[bytes] = []
        rejected: list[Rejected] = []
        for each in items:
            try:
                became += self.apply(each)
            except ValueError as error:
                rejected.append(Rejected(bytes(memoryview(each)), str(error)))
        return Page(became, rejected, None if self.keeps_keys else [key_of(each) for each in became])


@dataclass
class World:
    """What stands outside the process: it survives a crash."""

    pages: dict[int, list[list[bytes]]]
    target: dict[bytes, bytes] = field(default_factory=dict)
    positions: dict[int, bytes | None] = field(default_factory=dict)  # acknowledged
    done: set[int] = field(default_factory=set)
    letters: list[SetAside] = field(default_factory=list)
    stray: list[Sequence[Buffer]] = field(default_factory=list)  # sent by a dead process, not carried out yet

    def put(self, items: Sequence[Buffer]) -> None:
        for each in items:
            self.target[key_of(each)] = bytes(memoryview(each))

    def expected(self, transform: Reshape) -> tuple[dict[bytes, bytes], list[bytes]]:
        target: dict[bytes, bytes] = {}
        aside: list[bytes] = []
        for each in itertools.chain.from_iterable(itertools.chain.from_iterable(self.pages.values())):
            try:
                became = transform.apply(each)
            except ValueError:
                aside.append(each)
                continue
            if refused(became):
                aside.append(each)  # as it was read, once, whatever it became
                continue
            for one in became:
                target[key_of(one)] = one
        return target, sorted(aside)


sources = st.lists(  # segments of pages of items, each marked as good or bad in its way
    st.lists(
        st.lists(st.sampled_from(["", "", "", "", "", "transform", "drop", "poison", "garble"]), max_size=30),
        max_size=4,
    ),
    min_size=1,
    max_size=3,
)


class Copying(RuleBasedStateMachine):
    """Any interleaving of what may happen ends, when it is let end, with target = transform(source)."""

    @initialize(
        source=sources,
        copies=st.integers(1, 3),
        most=st.sampled_from([1, 3, 25, None]),
        ceiling=st.sampled_from([None, 8.0, 500.0]),
    )
    def begin(self, source: list[list[list[str]]], copies: int, most: int | None, ceiling: float | None) -> None:
        number = itertools.count()
        pages = {
            segment: [
                # Files take everything: only a table refuses an item.
                [
                    item(str(next(number)), bad="" if most is None and bad in ("poison", "garble") else bad)
                    for bad in page
                ]
                for page in of
            ]
            or [[]]
            for segment, of in enumerate(source)
        }
        self.world = World(pages)
        # Whole pages go to files, where nothing is put twice under a key.
        self.transform = Reshape(copies if most is not None else 1)
        self.most = most
        self.ceiling = ceiling
        self.now = 1000.0
        self.seed = 0.37
        self.begin_process()

    def begin_process(self) -> None:
        starts = {s: self.world.positions.get(s) for s in self.world.pages if s not in self.world.done}
        self.reads: dict[int, Read] = {}
        self.writes: dict[int, Write] = {}
        self.answered: list[Input] = []
        self.finish: Finish | None = None
        self.machine = Machine(
            starts,
            transform=self.transform,
            read_pacer=Pacer(self.ceiling, self.now),
            write_pacer=Pacer(self.ceiling, self.now),
            same=lambda one, other: canonical(one) == canonical(other),
            memory=MEMORY,
            budget=10_000,
            patience_s=1e9,
            now=self.now,
            most=self.most,
        )
        self.until = self.now
        self.step()

    def step(self, *inputs: Input) -> None:
        self.seed = (self.seed * 7.13 + 0.19) % 1.0
        free = (3 - len(self.reads), 4 - len(self.writes))
        commands = self.machine.step(inputs, now=self.now, draw=self.seed, reads=free[0], writes=free[1])
        for command in commands:
            if isinstance(command, Read):
                assert all(read.segment != command.segment for read in self.reads.values())
                self.reads[command.read] = command
            elif isinstance(command, Write):
                keys = [key_of(each) for each in command.items]
                assert 0 < len(keys) <= (self.most or 10_000)
                assert len(set(keys)) == len(keys)
                self.writes[command.write] = command
            elif isinstance(command, Acknowledge):
                for page in command.pages:
                    self.acknowledge(page)
            elif isinstance(command, Wait):
                self.until = command.until
            else:
                assert not self.reads and not self.writes
                self.finish = command

    def acknowledge(self, page: Acknowledged) -> None:
        """What is acknowledged stands in the target, or is set aside, this very moment."""
        before = self.world.positions.get(page.segment)
        index = int(before) if before is not None else 0
        source = self.world.pages[page.segment][index]
        aside = {letter.item for letter in page.set_aside}
        assert page.counts.read == len(source)
        assert page.counts.set_aside == len(page.set_aside)
        for each in source:
            if b'"transform"' in each:
                assert each in aside
                continue
            for one in self.transform.apply(each):
                assert each in aside or key_of(one) in self.world.target
        assert (page.position is None) == (index + 1 == len(self.world.pages[page.segment]))
        if self.most is None:
            assert len(page.items) == page.counts.written
        self.world.letters += page.set_aside
        if page.position is None:
            self.world.done.add(page.segment)
        self.world.positions[page.segment] = page.position

    def page_of(self, read: Read) -> SourcePage:
        pages = self.world.pages[read.segment]
        index = int(read.after) if read.after is not None else 0
        after = str(index + 1).encode() if index + 1 < len(pages) else None
        return SourcePage(read.segment, pages[index], after, PAGE_BYTES, len(pages[index]) / 4)

    def tell(self, answer: Input) -> None:
        self.answered.append(answer)
        self.step(answer)

    @precondition(lambda self: self.reads)
    @rule(data=st.data(), how=st.sampled_from(["good", "good", "good", "throttled", "lost"]))
    def read_comes_back(self, data: st.DataObject, how: str) -> None:
        read = self.reads.pop(data.draw(st.sampled_from(sorted(self.reads))))
        if how == "good":
            self.tell(PageRead(read.read, self.page_of(read)))
        else:
            self.tell(ReadFailed(read.read, Failure.THROTTLED if how == "throttled" else Failure.AGAIN, how))

    @precondition(lambda self: self.writes)
    @rule(data=st.data(), how=st.sampled_from(["good", "good", "good", "part", "throttled", "lost", "done and lost"]))
    def write_comes_back(self, data: st.DataObject, how: str) -> None:
        write = self.writes.pop(data.draw(st.sampled_from(sorted(self.writes))))
        if how == "good":
            self.carry_out(write)
        elif how == "part":
            self.carry_out(write, taken=data.draw(st.integers(0, len(write.items))))
        elif how == "throttled":
            self.tell(WriteFailed(write.write, Failure.THROTTLED, how))
        else:
            if how == "done and lost" and not refused(write.items):
                self.world.put(write.items)
            self.tell(WriteFailed(write.write, Failure.AGAIN, how))

    def carry_out(self, write: Write, taken: int | None = None) -> None:
        items = [bytes(memoryview(each)) for each in write.items]
        failure = refused(items)
        if failure is not None:
            self.tell(WriteFailed(write.write, failure, "refused"))
            return
        taken = len(items) if taken is None else taken
        self.world.put(items[:taken])
        self.tell(Written(write.write, items[taken:], float(taken)))

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def an_answer_comes_again(self, data: st.DataObject) -> None:
        self.step(data.draw(st.sampled_from(self.answered)))

    @rule(seconds=st.sampled_from([0.01, 0.2, 3.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.step()

    @rule(ceiling=st.sampled_from([None, 2.0, 100.0]))
    def the_pace_changes(self, ceiling: float | None) -> None:
        self.step(NewCeilings(ceiling, ceiling))

    @rule(data=st.data())
    def the_process_dies(self, data: st.DataObject) -> None:
        """What it sent may still be carried out, now or after the next one has begun."""
        for write in self.writes.values():
            if not refused(write.items):
                fate = data.draw(st.sampled_from(["lost", "done", "stray"]))
                if fate == "done":
                    self.world.put(write.items)
                elif fate == "stray":
                    self.world.stray.append(write.items)
        self.begin_process()

    @precondition(lambda self: self.world.stray)
    @rule()
    def a_stray_write_arrives(self) -> None:
        self.world.put(self.world.stray.pop())

    @rule(grace=st.sampled_from([0.0, 5.0]))
    def it_is_stopped_and_resumed(self, grace: float) -> None:
        self.step(Stop(grace))
        reads, writes, end = set(self.reads), set(self.writes), self.now + grace
        while self.finish is None:
            self.come_back_well()
            assert set(self.reads) <= reads
            assert set(self.writes) <= writes or self.now < end
            if self.finish is None and not self.reads and not self.writes:
                assert self.until <= end
                self.now = max(self.now, self.until)
                self.step()
        assert self.finish.ending in (Ending.STOPPED, Ending.DONE)
        self.begin_process()

    @invariant()
    def memory_is_bounded(self) -> None:
        """What is made of the pages that are on their way (three at most) is not known when they are asked for."""
        if hasattr(self, "machine"):
            made = max((self._made(page) for pages in self.world.pages.values() for page in pages), default=0)
            assert self.machine.reading.held <= max(MEMORY, PAGE_BYTES) + 3 * made

    def _made(self, page: Sequence[bytes]) -> int:
        return sum(memoryview(each).nbytes for each in self.transform.page(page).items)

    def come_back_well(self) -> None:
        for number in list(self.reads):
            read = self.reads.pop(number)
            self.step(PageRead(read.read, self.page_of(read)))
        for number in list(self.writes):
            self.carry_out(self.writes.pop(number))

    def teardown(self) -> None:
        if not hasattr(self, "machine"):
            return
        for _ in range(20_000):
            if self.finish is not None:
                break
            if not self.reads and not self.writes:
                assert self.until < float("inf"), "it waits for nothing"
                self.now = max(self.now, self.until)
                self.step()
            self.come_back_well()
        assert self.finish is not None
        assert self.finish.ending is Ending.DONE
        assert not self.finish.unacknowledged
        for items in self.world.stray:
            self.world.put(items)
        target, aside = self.world.expected(self.transform)
        if self.transform.copies < 3:  # three copies meet in two keys: which one stays is not said
            assert self.world.target == target
        assert set(self.world.target) == set(target)
        assert sorted(letter.item for letter in self.world.letters) == aside
        assert self.world.done == set(self.world.pages)


TestCopying = Copying.TestCase
TestCopying.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
