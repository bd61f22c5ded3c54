"""The states in which writers are held: fence, drain, compare once more, switch; in either direction, by one code.

``END`` is the table whose writers are held. Whatever goes wrong or takes too long leads to the fence being taken down.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tablewright.errors import Refused, Stuck, TablewrightError
from tablewright.events import Noted, Waiting
from tablewright.migrate.live.building.run import LiveEvent
from tablewright.migrate.live.comparing.run import TimeIsUp, recheck
from tablewright.migrate.live.events import Rechecked
from tablewright.migrate.live.fencing.run import Lifted
from tablewright.migrate.live.journal import Side
from tablewright.migrate.live.outputs import outputs_of
from tablewright.migrate.live.patience.run import patiently
from tablewright.migrate.live.stage.run import IN_FLIGHT_S, End2, Stage
from tablewright.migrate.live.tail.run import Trimmed

__all__ = ["draining", "fencing", "rechecking", "switching", "unfencing"]

GRACE_S = 30.0
"""How much later than the announced pause the fence's own deadline is: it is the net under tablewright's own time-out."""
_LEAST_LEFT_S = 1.0
"""With less than this left of the pause, the pointer is not switched any more."""
_CLOCK_STEP_S = 0.2
"""A wall clock that went otherwise than the machine's steady one, by so much, was set: silence is reckoned by it."""
_ASKED_WITHIN_S = 10.0
_LAPSED_S = 5.0
"""This machine's clock may be wrong by as much: before that, a fence is not said to have lapsed."""
_SLOW_FENCE_S = 15.0
"""How long AWS may take until a new policy holds everywhere; a write after that was not held."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A direction: whose writers are held, which tail is drained, and where the pointer goes."""

    end: End2
    side: Side
    to: End2


def crossing(end: End2) -> Crossing:
    """The direction in which this table is left."""
    return Crossing("source", "forward", "target") if end == "source" else Crossing("target", "back", "source")


def fencing(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    """Prove that the fence can be taken down, put it up, and begin to count the time."""
    if stage.fresh:
        yield from stage.go("timed-out", "the process ended while the fence was put up")
        return
    gate = stage.gate(end)
    pause = stage.options.pause
    try:
        saved = gate.prove()
        stage.journal.note(**{f"saved_{end}": saved, f"fenced_{end}": True})
        deadline = stage.after(pause + GRACE_S, gate)
        stage.journal.note(deadline=deadline.timestamp(), pause_until=stage.now() + pause, fenced_at=stage.now())
        gate.up(deadline, stage.left())
    except TablewrightError as error:
        yield from _give_up(stage, error.summary, error)
        return
    stage.journal.note(fenced_at=stage.now(), fenced_by_aws=gate.now().timestamp(), fenced_until=deadline.timestamp())
    lapses = f"the fence lapses by itself at {deadline:%H:%M:%S} UTC"
    yield from stage.go("ready", f"writers of {stage.name(end)} are held for {pause:.0f} s at most; {lapses}")


def draining(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    """Replay until every shard has been silent for the quiet period, which began behind the fence."""
    if stage.fresh and not _holds(stage, end):
        yield from _time_is_up(stage, "the fence did not stand any more when somebody came back to it")
        return
    why = f"every shard has been silent for {stage.options.quiet:g} s, and everything is replayed"
    try:
        yield from _run_dry(stage, end)
    except _Ends as over:
        if over.by == "unfence":
            yield from stage.go("unfence", over.why)
        else:
            yield from _time_is_up(stage, over.why)
    except TablewrightError as error:
        if isinstance(error, Trimmed) and end == "target":
            stage.stop_following("back")
            stage.journal.note(stream_back=None)  # the way back is lost
        yield from _give_up(stage, error.summary, error)
    else:
        yield from stage.go("ready", why, drained_at=stage.now())


@dataclass(frozen=True, slots=True)
class _Looked:
    """A look at this machine's clock, between two at the one that nobody can set; a process may be held up between them."""

    before: float
    now: float
    after: float

    @property
    def unsure(self) -> float:
        return self.after - self.before

    @classmethod
    def at(cls, stage: Stage) -> _Looked:
        looks: list[_Looked] = []
        while not looks or (looks[-1].unsure > _CLOCK_STEP_S / 2 and len(looks) < 5):
            looks.append(cls(stage.clock.steady(), stage.now(), stage.clock.steady()))
        return min(looks, key=lambda look: look.unsure)

    def set_by(self, later: _Looked) -> float:
        """By how many seconds the clock was surely set since; 0 where it may not have been."""
        step = later.now - self.now - (later.before - self.before)
        return step if abs(step) > _CLOCK_STEP_S + self.unsure + later.unsure else 0.0


class _Ends(Exception):
    """The draining ends before the shards are silent: the step that it asks for, and why."""

    def __init__(self, by: Literal["unfence", "timed-out"], why: str) -> None:
        super().__init__(why)
        self.by, self.why = by, why


def _run_dry(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    """Replay until every shard has been silent for the quiet period. Raises _Ends where that does not come to pass."""
    way = crossing(end)
    tail, quiet = stage.follower(way.side).tail, stage.options.quiet
    fenced_at = float(stage.journal.noted("fenced_at") or 0.0)
    fenced_by_aws = float(stage.journal.noted("fenced_by_aws") or fenced_at)
    first = _Looked.at(stage)
    began = first.now
    yield Waiting(f"every shard has to be silent for {quiet:g} s behind the fence")
    while True:
        yield from stage.pass_time(way.side)
        step = first.set_by(_Looked.at(stage))
        if step:
            raise _Ends(
                "timed-out", f"this machine's clock was set by {step:+.1f} s, so how long it was silent is not known"
            )
        if _is_asked_to_unfence(stage):
            raise _Ends("unfence", "somebody asked for the fence to be taken down")
        lag = tail.lag()
        begin = max(fenced_at, tail.heard_at, began)  # whoever came back may have another clock
        # The stream is looked at when the quiet period is over: a child may be listed some time after its parent has ended.
        if tail.described_at < begin + quiet <= stage.now():
            tail.look_again()
        silent = lag.silent_since is not None and lag.silent_since >= begin + quiet
        if silent and not lag.records and tail.described_at >= begin + quiet:
            return
        late = tail.newest - fenced_by_aws
        if late > _SLOW_FENCE_S:
            why = f"a writer goes on past the fence: a change was made {late:.0f} s after it went up"
            yield Noted("warning", f"{why}. Does it use the principal that the fence excepts, or another way in?")
            raise _Ends("timed-out", why)
        if stage.left() <= _LEAST_LEFT_S:
            raise _Ends("timed-out", "the pause is over, and the shards were not silent")


def rechecking(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    """Compare every key that moved since the verification, by strongly consistent reads."""
    way = crossing(end)
    outputs, first, second = stage.outputs, stage.items["source"], stage.items["target"]
    if way.side == "back":
        inverse = stage.transform.invertible
        assert inverse is not None
        outputs, first, second = outputs_of(inverse, stage.source.keys), second, first
    found = Rechecked(0, 0)
    try:
        for event in recheck(stage, way.side, outputs, first, second):
            found = event if isinstance(event, Rechecked) else found
            yield event
    except TimeIsUp:
        yield from _time_is_up(stage, "the pause was over before every key in motion was compared")
        return
    except TablewrightError as error:
        yield from _give_up(stage, error.summary, error)
        return
    met = stage.journal.meetings(way.side)
    if found.differ or met:
        what = (
            f"{found.differ:,} of {found.compared:,} keys that moved differ"
            if found.differ
            else "items meet in one key"
        )
        yield Noted("warning", f"{what}; they are listed in {found.report}" if found.report else what)
        stage.journal.note(refusal=["recheck-differs", "Keys that moved differ", f"{what}. {found.report}", None])
        yield from stage.go("differs", what)
        return
    if _is_asked_to_unfence(stage):
        yield from stage.go("unfence", "somebody asked for the fence to be taken down")
        return
    if stage.left() <= _LEAST_LEFT_S:
        yield from _time_is_up(stage, "too little of the pause was left to switch")
        return
    if not _holds(stage, end):
        yield from _time_is_up(stage, "somebody took the fence down, so writers may have gone on")
        return
    yield from stage.go("clean", f"the {found.compared:,} keys that moved are the same in both tables")


def switching(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    """Point the application at the other table. Whoever dies in here is asked for by the pointer itself."""
    way = crossing(end)
    old, new = stage.name(end), stage.name(way.to)
    if stage.fresh:
        where = _where(stage)
        if where == new:
            yield from stage.go("ready", f"the pointer names {new} already")
            return
        if where == old:
            yield from stage.go("timed-out", "the process ended before the switch")
            return
        yield from _hold_again(stage, end)
    # Nothing is replayed any more from here on: what is written to the old table behind the switch must not go over what the
    # application writes to the new one.
    tail = stage.follower(way.side).tail
    stage.stop_following(way.side)
    # A hook, or whatever stopped this process, may have taken the rest of the pause, and the fence may have lapsed.
    if not _may_switch(stage, end):
        if stage.fresh:
            raise _unknown(stage, "The pause was over before it could be switched again.")
        yield from _time_is_up(stage, "too little of the pause was left to switch")
        return
    if not stage.fresh and tail.heard_at > float(stage.journal.noted("drained_at") or 0.0):
        yield from _time_is_up(stage, "a writer went on past the fence while the keys that moved were compared")
        return
    try:
        if way.to == "source":
            stage.gate("source").down(stage.journal.noted("saved_source"))
            if not _may_switch(stage, end):  # taking it down may have taken the rest
                yield from _time_is_up(stage, "too little of the pause was left to switch")
                return
        stage.pointer(within_s=stage.left()).point(new)
    except TablewrightError as error:
        if not (yield from _is_switched_all_the_same(stage, end, error)):
            yield from _give_up(stage, f"the switch failed: {error.summary}", error)
            return
    held = stage.now() - float(stage.journal.noted("fenced_at") or stage.now())
    told = f"the pointer names {new}; writers were held for {held:.1f} s"
    fenced = True if way.to == "target" else None
    yield from stage.go("ready", told, held_s=round(held, 2), refusal=None, fenced_source=fenced)


def _may_switch(stage: Stage, end: End2) -> bool:
    """Whether writers are held, and enough of the pause is left, in this order: to ask may take a while."""
    return _holds(stage, end) and stage.left() > _LEAST_LEFT_S


def _is_switched_all_the_same(stage: Stage, end: End2, error: TablewrightError) -> Generator[LiveEvent, None, bool]:
    """Whether a switch that failed has been made nevertheless: an answer may be lost, and what was sent arrive late.

    Raises Stuck ``pointer-unknown`` where it cannot be asked and may be either.
    """
    old, new = stage.name(end), stage.name(crossing(end).to)
    if "where" not in stage.options.hooks and "switch" in stage.options.hooks:
        stage.pointer().point(old)  # what a command that failed may have begun
        return False
    until = stage.now() + IN_FLIGHT_S
    while stage.now() < until:
        yield from stage.pass_time()
    try:
        where = stage.pointer(within_s=_ASKED_WITHIN_S).where()
    except TablewrightError as unasked:
        why = f"Switching it failed ({error.summary}), and so did asking: {unasked.summary}. {unasked.detail}"
        raise _unknown(stage, why) from error
    return where == new


def _hold_again(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    """Hold the writers anew, and drain once more: a process died amid the switch, and the pointer cannot be asked.

    Where it had switched, the application has been writing to the other table since, and pointing it back would lose that.
    Where it had not, the fence has lapsed perhaps, and what was written since is still to be replayed. After this, switching is
    right in both cases. What moved is not compared again: in the first case the application has changed it.
    """
    yield Noted(
        "warning", "it is not known whether the pointer was switched: writers are held and the tail is drained anew"
    )
    pause, gate = stage.options.pause, stage.gate(end)
    deadline = stage.after(pause + GRACE_S, gate)
    stage.journal.note(deadline=deadline.timestamp(), pause_until=stage.now() + pause)
    try:
        gate.up(deadline, pause)
        by_aws = gate.now().timestamp()
        stage.journal.note(fenced_at=stage.now(), fenced_by_aws=by_aws, fenced_until=deadline.timestamp())
        yield from _run_dry(stage, end)
    except _Ends as over:
        raise _unknown(stage, f"{over.why[:1].upper()}{over.why[1:]}.") from over
    except TablewrightError as error:
        raise _unknown(stage, f"{error.summary}: {error.detail}") from error


def _unknown(stage: Stage, why: str) -> Stuck:
    return Stuck(
        "pointer-unknown",
        "It is not known where the application points",
        f"{why} A process was killed amid the switch, and the pointer cannot be asked: pointing the application at one of "
        "both tables might lose what it has written to the other. Nothing was pointed anywhere; the fence lapses by itself. Look "
        "where the application points, let a command print that table's name, and go on:",
        f"tablewright migrate live --job {stage.job} --hook 'where=…'",
    )


def unfencing(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    """Take the fence down; on the way back, the source's goes up again."""
    notes: dict[str, object] = {"deadline": None, "pause_until": None, "fenced_at": None}
    if stage.journal.noted(f"fenced_{end}"):
        lifted = yield from _let_go(stage, end)
        if lifted is not None:
            notes[f"fenced_{end}"] = None
        if lifted is not None and lifted.as_before is False:
            yield Noted(
                "warning",
                f"the policy of {stage.name(end)} was changed by somebody else meanwhile; only the fence was taken out",
            )
    if end == "target":
        try:
            deadline = stage.after(stage.options.hold, stage.gate("source"))
            stage.gate("source").up(deadline, 0.0)
            notes |= {"fenced_until": deadline.timestamp(), "fenced_source": True}
        except TablewrightError as error:
            notes |= {"fenced_until": 0.0, "fenced_source": True}  # the next state tries again at once
            yield Noted("warning", f"{stage.name('source')} is not fenced yet: {error.summary}. {error.detail}")
    fenced_at = stage.journal.noted("fenced_at")
    held = f"; they were held for {stage.now() - fenced_at:.1f} s" if fenced_at else ""
    granted = ("unfence", "cutover", "rollback")
    yield from stage.go("ready", f"writers of {stage.name(end)} go on{held}", granted=granted, **notes)


def _let_go(stage: Stage, end: End2) -> Generator[LiveEvent, None, Lifted | None]:
    """Take the fence down, as often as it takes. None: it could not be, and has lapsed.

    Raises what keeps it from being taken down where it is a command that does: that has no lapse.
    """
    told = False
    noted = stage.journal.noted("deadline")
    while True:
        try:
            return stage.gate(end).down(stage.journal.noted(f"saved_{end}"))
        except TablewrightError as error:
            if noted is None:
                raise
            lapse, name = datetime.fromtimestamp(float(noted), UTC), stage.name(end)
            why = f"the fence of {name} cannot be taken down: {error.summary}. {error.detail}"
            if _time_there(stage, end) > lapse.timestamp() + _LAPSED_S:
                if "unfence" in stage.options.hooks:
                    raise
                words = f"{why} It lapsed at {lapse:%H:%M:%S} UTC, so writers go on; to take the statement out as well, run: "
                yield Noted("warning", f"{words}tablewright migrate unfence {name}")
                return None
            if not told:
                yield Noted("warning", f"{why} It is tried again until it lapses at {lapse:%H:%M:%S} UTC.")
                told = True
        until = stage.now() + 1.0
        while stage.now() < until:
            yield from stage.pass_time()


def _time_there(stage: Stage, end: End2) -> float:
    """The time by which a fence lapses, as far as it can be asked."""
    try:
        return stage.time_of(end).timestamp()
    except TablewrightError:
        return stage.now()


def _holds(stage: Stage, end: End2) -> bool:
    """Whether writers are still held: anybody may take a fence down."""
    try:
        return patiently(stage.clock, stage.gate(end).holds, stage.left() - _LEAST_LEFT_S)
    except TablewrightError:
        return False


def _where(stage: Stage) -> str | None:
    """Where the application points; None where nobody can say. Raises what keeps it from being asked."""
    try:
        return stage.pointer().where()
    except Refused:
        return None


def _is_asked_to_unfence(stage: Stage) -> bool:
    wishes = stage.journal.wishes()
    return "unfence" in wishes or "abandon" in wishes


def _time_is_up(stage: Stage, why: str) -> Iterator[LiveEvent]:
    detail = (
        f"{why[:1].upper()}{why[1:]}. Writers go on where they were; nothing is lost. Try again when there are fewer writes, or "
        "with a longer --pause."
    )
    stage.journal.note(refusal=["switch-timed-out", "The switch was not done in time", detail, None])
    yield from stage.go("timed-out", why)


def _give_up(stage: Stage, why: str, error: TablewrightError) -> Iterator[LiveEvent]:
    stage.journal.note(refusal=[error.code, error.summary, error.detail, error.hint])
    yield Noted("warning", f"{error.summary}: {error.detail}")
    by: Literal["timed-out"] = "timed-out"
    yield from stage.go(by, why)
