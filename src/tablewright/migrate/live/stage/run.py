"""What every state works with: both ends, the journal, the tails with their threads, the gates, the pointer, the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from tablewright.errors import Refused, Stuck, TablewrightError
from tablewright.events import Noted
from tablewright.migrate.live.asked import from_plain
from tablewright.migrate.live.events import Followed, StateEntered
from tablewright.migrate.live.fencing.run import CommandGate, Gate, PolicyGate
from tablewright.migrate.live.hooks import LONGEST_S, run_hook
from tablewright.migrate.live.items.run import Items
from tablewright.migrate.live.journal import Journal, Side
from tablewright.migrate.live.options import LiveOptions
from tablewright.migrate.live.outputs import outputs_of
from tablewright.migrate.live.patience.run import patiently
from tablewright.migrate.live.pointing.run import CommandPointer, ParameterPointer, Pointer
from tablewright.migrate.live.spool import Spool
from tablewright.migrate.live.states import State, Step, row, step
from tablewright.migrate.live.tail.run import Tail
from tablewright.migrate.live.watching.run import JOURNAL, commands_of
from tablewright.migrate.looking.run import End
from tablewright.migrate.request import Request
from tablewright.migrate.transform.protocol import Transform
from tablewright.ports import Account, Clock

__all__ = ["IN_FLIGHT_S", "End2", "Halted", "Stage"]

End2 = Literal["source", "target"]
_PASSING = frozenset(
    {
        "aws-unavailable",
        "credentials-expired",
        "endpoint-answers-strangely",
        "endpoint-silent",
        "endpoint-unreachable",
        "throttled",
    }
)
_BEFORE_THE_BARRIER = frozenset({State.PREPARING, State.SPOOLING, State.BACKFILLING, State.BARRIER})
_ONLY_HEARD = frozenset({State.SWITCHED, State.ROLLING_BACK})
"""States behind a switch: what is still written to the table that was left is heard of, and not replayed over what is in use."""
_COMPARED_LATER = frozenset({State.VERIFYING, State.FENCING, State.DRAINING, State.RECHECKING})
"""States in which what moves is noted, to be compared behind the fence."""
IN_FLIGHT_S = 2.0
"""How long what a process had sent when it was killed may still be on its way; nothing newer is written before that."""
_PATIENCE_S = 600.0
_TIME_WITHIN_S = 20.0
_TICK_S = 0.1
_SHOWN_EVERY_S = 1.0
_POLL_EVERY_S = 0.4


class Halted(Exception):
    """Somebody asked the process to stop; the migration stands where it stands."""


class Stage:
    """One process's view of one live migration."""

    def __init__(
        self,
        request: Request,
        options: LiveOptions,
        job: str,
        folder: Path,
        source: End,
        target: End,
        transform: Transform,
        clock: Clock,
    ) -> None:
        self.request = request
        self.options = options
        self.job = job
        self.folder = folder
        self.source = source
        self.target = target
        self.transform = transform
        self.clock = clock
        self.journal = Journal(folder / JOURNAL)
        self.items: dict[End2, Items] = {"source": self._items(source), "target": self._items(target)}
        self.outputs = outputs_of(transform, target.keys)
        self._followers: dict[Side, Follower] = {}
        self._shown = 0.0
        self._began = self.now()
        self.fresh = True
        """Whether the state that is being worked at was entered by another process."""
        self.resumed = self.journal.entered() is not None
        """Whether another process worked at it before."""

    def _items(self, end: End) -> Items:
        assert end.account is not None and end.account.data is not None and end.found is not None
        return Items(end.account.data, str(end.asked), end.keys, self.clock)

    def take_up_options(self) -> None:
        """The protocol's options as they are asked for now: whoever left a wish may have given others."""
        asked = self.journal.noted("asked")
        if asked is not None:
            self.options = from_plain(asked).live

    # ---------------------------------------------------------------- states

    @property
    def state(self) -> State:
        """Where the migration stands."""
        entered = self.journal.entered()
        return entered.state if entered is not None else State.PREPARING

    def go(self, by: Step, why: str, *, granted: Sequence[str] = (), **notes: Any) -> Iterator[StateEntered | Noted]:
        """Take a step, by which wishes may be granted: durable when the first event comes."""
        yield from self.enter(step(self.state, by), why, granted=granted, **notes)

    def enter(
        self, state: State, why: str, *, granted: Sequence[str] = (), **notes: Any
    ) -> Iterator[StateEntered | Noted]:
        """Stand in a state, and say so."""
        self.journal.enter(state, self.now(), why, granted=granted, **notes)
        self.fresh = False
        yield self.entered()
        if "entered" in self.options.hooks:
            try:
                told = {**self.told(), "state": state.value}
                run_hook("entered", self.options.hooks["entered"], told, timeout_s=self._patience_of_telling())
            except TablewrightError as error:
                yield Noted("warning", f"{error.summary}: {error.detail}")

    def _patience_of_telling(self) -> float:
        """How long a hook that is merely told may take: while a pause is counted, not long."""
        counted = self.journal.noted("pause_until") is not None
        return min(LONGEST_S, max(self.left() / 4, 1.0)) if counted else LONGEST_S

    def entered(self) -> StateEntered:
        """The state in which the migration stands, as an event."""
        entry = self.journal.entered()
        state, why = (entry.state, entry.why) if entry is not None else (State.PREPARING, "")
        rows = row(state)
        commands = commands_of(state, self.job)
        return StateEntered(self.job, state.value, why, rows.does, rows.application, commands, self.deadline(state))

    def told(self) -> dict[str, str]:
        """What hooks are told of the migration."""
        return {"job": self.job, "source": str(self.source.asked), "target": str(self.target.asked)}

    # ------------------------------------------------------------------ time

    def now(self) -> float:
        """Epoch seconds by this machine's clock."""
        return self.clock.now().timestamp()

    def deadline(self, state: State | None = None) -> datetime | None:
        """When the fence lapses by whose clock it does, in a state that it bounds."""
        noted = self.journal.noted("deadline")
        timed = row(state or self.state).timed
        return datetime.fromtimestamp(noted, UTC) if noted is not None and timed else None

    def left(self) -> float:
        """Seconds that are left of the pause."""
        until = self.journal.noted("pause_until")
        return float(until) - self.now() if until is not None else 0.0

    def pass_time(self, side: Side | None = None) -> Iterator[Followed]:
        """Let a moment pass; about once a second the tail's snapshot. Raises Halted, and what went wrong in the tail."""
        if self.request.stopping():
            raise Halted
        if side is not None:
            self.follower(side).check()
        self.clock.sleep(_TICK_S)
        if side is not None:
            yield from self.look_in(side)

    def look_in(self, side: Side) -> Iterator[Followed]:
        """As ``pass_time``, amid work: no time passes."""
        if self.request.stopping():
            raise Halted
        self.follower(side).check()
        if self.now() - self._shown >= _SHOWN_EVERY_S:
            self._shown = self.now()
            yield self.followed(side)

    def followed(self, side: Side) -> Followed:
        """The tail's snapshot; kept for ``status`` in another terminal as well."""
        follower = self.follower(side)
        lag = follower.tail.lag()
        spooled, replayed, shards, opened = follower.tail.counted()
        at = self.clock.now()
        snapshot = Followed(
            job=self.job,
            state=self.state.value,
            at=at,
            side=side,
            spooled=spooled,
            replayed=replayed,
            lag_records=lag.records,
            lag_s=round(lag.seconds, 1),
            records_per_s=follower.rate(replayed, at.timestamp()),
            spool_bytes=follower.spool.bytes,
            shards=shards,
            shards_open=opened,
            moved=self.journal.touched_count(side),
            set_aside=len(self.journal.asides(side)),
            throttled=follower.items.throttled,
            deadline=self.deadline(),
        )
        self.journal.note(followed=_plain(snapshot))
        return snapshot

    # ----------------------------------------------------------------- tails

    def follower(self, side: Side) -> Follower:
        """The tail of a side with its threads, started when it is first asked for; before the barrier it does not replay."""
        if side not in self._followers:
            source = self.source if side == "forward" else self.target
            assert source.account is not None and source.account.streams is not None
            inverse = self.transform.invertible
            outputs = self.outputs
            if side == "back":
                assert inverse is not None
                outputs = outputs_of(inverse, self.source.keys)
            spool = Spool(self.folder / f"spool-{side}")
            tail = Tail(
                side,
                str(self.journal.noted(f"stream_{side}")),
                source.account.streams,
                spool,
                self.journal,
                self.clock,
                keys=source.keys,
                since=float(self.journal.noted(f"since_{side}")),
            )
            items = self.items["target" if side == "forward" else "source"]
            leads = self.transform if side == "forward" else inverse or self.transform
            keeps, strangers = leads.keeps_keys, not leads.injective
            holds = self.state in _BEFORE_THE_BARRIER | _ONLY_HEARD

            def moves() -> bool:
                return side == "back" or self.state in _COMPARED_LATER

            def replay() -> int:
                kept = self.held_elsewhere if side == "back" and not keeps else (lambda keys: ())
                return tail.replay(outputs, items, remember=not keeps, strangers=strangers, kept=kept, moves=moves)

            delay = max(self._began + IN_FLIGHT_S - self.now(), 0.0) if self.resumed else 0.0
            self._followers[side] = Follower(tail, spool, items, self.clock, None if holds else replay, delay)
        return self._followers[side]

    def held_elsewhere(self, keys: Sequence[bytes]) -> set[bytes]:
        """Which of the source's items stand on the target, whatever the changes so far say that is deleted there.

        The forward tail moves an item by a put and a deletion. Where the reverse tail begins between the two, it hears of the
        deletion alone.
        """
        homes: dict[bytes, bytes] = {}
        for key, item in self.items["source"].read(keys).items():
            try:
                homes.update(dict.fromkeys(self.outputs(item), key))
            except ValueError:
                continue
        return {homes[target] for target in self.items["target"].read(homes)}

    def stop_following(self, side: Side | None = None) -> None:
        """End the threads; all that they did stands."""
        for name in list(self._followers):
            if side in (None, name):
                self._followers.pop(name).stop()

    # ------------------------------------------------------- gates and pointer

    def gate(self, end: End2) -> Gate:
        """Holds the writers of one of the tables."""
        held = self.source if end == "source" else self.target
        if "fence" in self.options.hooks:
            return CommandGate(self.options.hooks, str(held.asked), self.told(), lambda: self.time_of(end))
        assert held.account is not None and held.found is not None
        if held.account.policies is None:
            raise Refused("no-policies", "The account was opened without table policies", "Open it with open_account.")
        caller = held.account.identity.whereabouts().arn
        return PolicyGate(held.account.policies, held.found.table.arn, caller, self.clock, self._mark(held.account))

    def _mark(self, account: Account) -> str:
        """By what this migration knows its fences again, on whatever machine it is; durable before a fence bears it."""
        mark = self.journal.noted("mark")
        if mark is None:
            mark = "".join(filter(str.isalnum, account.tokens.token()))[-12:]
            self.journal.note(mark=mark)
        return str(mark)

    def pointer(self, within_s: float | None = None) -> Pointer:
        """Where the application looks, which may take ``within_s`` seconds. Raises Refused ``no-pointer``."""
        if "switch" in self.options.hooks:
            return CommandPointer(self.options.hooks, self.told(), within_s)
        assert self.source.account is not None
        if not self.options.parameter or self.source.account.parameters is None:
            raise Refused(
                "no-pointer",
                "Nothing says where the application looks up its table",
                "The cut-over has to point the application at the target: by a parameter of Parameter Store whose value is the "
                "table's name (--pointer NAME), or by a command of yours (--hook switch=…).",
                "tablewright migrate cutover --help",
            )
        tables = (str(self.source.asked), str(self.target.asked))
        return ParameterPointer(self.source.account.parameters, self.options.parameter, tables, self.clock, within_s)

    def name(self, end: End2) -> str:
        """The table's name, as it was asked for."""
        return str((self.source if end == "source" else self.target).asked)

    def time_of(self, end: End2) -> datetime:
        """The time by DynamoDB's clock, which its records bear; this machine's where no answer tells it."""
        held = self.source if end == "source" else self.target
        assert held.account is not None and held.account.data is not None
        plane = held.account.data
        answer = patiently(
            self.clock,
            lambda: plane.call("DescribeTable", orjson.dumps({"TableName": str(held.asked)})),
            _TIME_WITHIN_S,
        )
        try:
            return parsedate_to_datetime(answer.headers.get("date", "")).replace(tzinfo=UTC)
        except (TypeError, ValueError):
            return self.clock.now()

    def after(self, seconds: float, gate: Gate) -> datetime:
        """A deadline so far ahead, by the clock that the gate goes by."""
        return gate.now() + timedelta(seconds=seconds)

    def close(self) -> None:
        """Let go of everything."""
        self.stop_following()
        self.journal.close()


def _plain(snapshot: Followed) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in ((name, getattr(snapshot, name)) for name in Followed.__slots__)
    }


@dataclass(frozen=True, slots=True)
class _Rate:
    at: float
    replayed: int
    per_s: float


class Follower:
    """A tail with its threads: one spools, and one replays if it may. What goes wrong in one comes out of ``check``."""

    def __init__(
        self,
        tail: Tail,
        spool: Spool,
        items: Items,
        clock: Clock,
        replay: Callable[[], int] | None = None,
        delay: float = 0.0,
    ) -> None:
        self.tail = tail
        self.spool = spool
        self.items = items
        self.replaying = replay is not None
        self._clock = clock
        self._stop = threading.Event()
        self._problem: BaseException | None = None
        self._rate = _Rate(0.0, 0, 0.0)
        works = [(tail.poll, 0.0)] + ([(replay, delay)] if replay is not None else [])
        self._threads = [
            threading.Thread(target=self._work, args=work, name=f"tablewright-{tail.side}-{n}", daemon=True)
            for n, work in enumerate(works)
        ]
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise what went wrong in a thread, if something did that does not pass."""
        if self._problem is not None:
            if isinstance(self._problem, TablewrightError):
                raise self._problem
            raise Stuck("tail-stopped", "The tail stopped", repr(self._problem)) from self._problem

    def rate(self, replayed: int, now: float) -> float:
        """Records a second over the last few seconds."""
        if not self._rate.at or now - self._rate.at > 2.0:
            span = now - self._rate.at
            per_s = (replayed - self._rate.replayed) / span if self._rate.at else 0.0
            self._rate = replace(self._rate, at=now, replayed=replayed, per_s=round(max(per_s, 0.0), 1))
        return self._rate.per_s

    def stop(self) -> None:
        """End after the rounds that are going on."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.spool.close()

    def _work(self, work: Callable[[], int], delay: float) -> None:
        failing_since: float | None = None
        self._stop.wait(delay)
        while not self._stop.is_set() and self._problem is None:
            try:
                done = work()
                failing_since = None
                if not done:
                    self._stop.wait(_POLL_EVERY_S / 2)
            except TablewrightError as error:
                now = self._clock.now().timestamp()
                failing_since = failing_since or now
                if error.code not in _PASSING or now - failing_since > _PATIENCE_S:
                    self._problem = error
                    return
                self._stop.wait(_POLL_EVERY_S)
            except BaseException as error:
                self._problem = error
                return
