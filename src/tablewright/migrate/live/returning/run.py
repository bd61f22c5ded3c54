"""The states behind the switch: the source follows back, until the migration is finished or rolled back; and giving up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import orjson

from tablewright.errors import Refused, Stuck, TablewrightError
from tablewright.events import Noted
from tablewright.migrate.live.bringing.run import Left, bring_over
from tablewright.migrate.live.building.run import LiveEvent
from tablewright.migrate.live.comparing.run import narrow
from tablewright.migrate.live.journal import Side
from tablewright.migrate.live.outputs import outputs_of
from tablewright.migrate.live.replay import Claim
from tablewright.migrate.live.stage.run import End2, Stage
from tablewright.migrate.live.tail.run import Trimmed
from tablewright.migrate.settling.run import restore
from tablewright.model.stream import StreamRecord

__all__ = ["abandoning", "broken", "finishing", "refuse_rollback", "reversing", "rolling_back", "switched"]


LATE = "late.jsonl"
_MOST = 10_000
_RENEWED_EVERY_S = 5.0
"""How soon a renewal that failed is tried again."""


def switched(stage: Stage) -> Iterator[LiveEvent]:
    """Renew the source's fence for as long as it is kept behind, and let the reverse tail begin where the fence went up."""
    stage.stop_following("forward")
    fence = _Kept(stage)
    yield from fence.renewed()
    yield from _listen(stage, "forward", fence)
    attribute = stage.journal.noted("suspended_ttl")
    if attribute is not None:
        yield from restore(stage.target, attribute)
        stage.journal.note(suspended_ttl=None)
    back = stage.journal.noted("stream_back") is not None
    notes = {
        "since_back": stage.journal.noted("fenced_by_aws") or stage.time_of("target").timestamp(),
        "deadline": None,
        "pause_until": None,
    }
    if "abandon" in stage.journal.wishes():
        stage.journal.note(refusal=_too_late(stage))
    stage.journal.forget_touched("back")
    why = "the source follows the target" if back else "the transform has no inverse: nothing follows back"
    yield from stage.go("ready", why, granted=("cutover", "unfence", "abandon"), **notes)


def _too_late(stage: Stage) -> list[str]:
    return [
        "not-from-this-state",
        "It is too late to give it up",
        "The pointer had been switched before it was heard. To point the application at the source again, run:",
        f"tablewright migrate rollback {stage.job}",
    ]


def _listen(stage: Stage, side: Side, fence: _Kept | None = None) -> Iterator[LiveEvent]:
    """Give writers the time to look where the pointer points; what reaches the table that they left meanwhile is brought over.

    A fence takes some time until it holds for every request, AWS says, and not how long. What would undo a write that was made on
    the table in use is told instead.
    """
    until = stage.now() + stage.options.settle
    heard = stage.journal.noted(f"stream_{side}") is not None
    left = stage.name("source" if side == "forward" else "target")
    while stage.now() < until or (heard and not stage.follower(side).tail.is_known()):
        try:
            yield from stage.pass_time(side if heard else None)
        except Trimmed as lost:
            heard = False
            yield Noted("warning", f"writes that reach {left} late are not heard of: {lost.detail}")
        if fence is not None:
            yield from fence.renewed()
    late = stage.follower(side).tail.unreplayed(_MOST) if heard else []
    stage.stop_following(side)
    if late:
        yield from _bring_over(stage, side, late, left)


def _bring_over(stage: Stage, side: Side, late: Sequence[StreamRecord], left: str) -> Iterator[LiveEvent]:
    inverse = stage.transform.invertible
    outputs, items, to = stage.outputs, stage.items["target"], stage.name("target")
    if side == "back":
        assert inverse is not None
        outputs, items, to = outputs_of(inverse, stage.source.keys), stage.items["source"], stage.name("source")
    rest = bring_over(late, outputs, items, stage.journal, side)
    many = "at least " if len(late) == _MOST else ""
    if len(rest) < len(late):
        words = f"{many}{len(late) - len(rest):,} writes reached {left} when the application had left it"
        yield Noted("note", f"{words}, and were brought over")
    if not rest:
        return
    if side == "forward":
        # The tail that leads back will find there what it has not written, and must not take it for another item's.
        own = [
            Claim(each.write.key, key, each.write.new) for each in rest if len(each.items) == 1 for key in each.items
        ]
        stage.journal.claimed("back", own)
    path = stage.folder / LATE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(map(_line, rest))
        file.flush()
        os.fsync(descriptor)  # what is only there must be listed before it is noted down as listed
    stage.journal.note(late=len(rest))
    words = f"{many}{len(rest):,} writes reached {left} when the application had left it, and are only there"
    yield Noted(
        "warning",
        f"{words}. They are listed in {path}: what each wrote, what it would be on {to}, and why it was not brought over. To "
        f"write what is right there by hand: aws dynamodb put-item --table-name {to} --item 'ITEM'",
    )


def _line(left: Left) -> bytes:
    new = left.write.new
    told = {
        "key": orjson.Fragment(left.write.key),
        "new": orjson.Fragment(new) if new is not None else None,
        "items": [orjson.Fragment(item) for item in left.items.values()],
        "why": left.why,
    }
    return orjson.dumps(told) + b"\n"


class _Kept:
    """The source's fence, renewed long before it lapses. What keeps it from being renewed ends nothing: it is told once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._again = 0.0
        self._told = ""

    def renewed(self) -> Iterator[LiveEvent]:
        """Renew it if that is due, and say what goes otherwise than before."""
        stage = self._stage
        until = float(stage.journal.noted("fenced_until") or 0.0)
        if until - stage.now() >= stage.options.hold / 2 or stage.clock.steady() < self._again:
            return
        name = stage.name("source")
        try:
            gate = stage.gate("source")
            deadline = stage.after(stage.options.hold, gate)
            gate.up(deadline, 0.0)
        except TablewrightError as error:
            self._again = stage.clock.steady() + _RENEWED_EVERY_S
            lapsed = until <= stage.now()
            words = (
                f"Whether it still holds is not known: what is written to {name} now may stay there alone."
                if lapsed
                else f"It holds until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M:%S} UTC."
            )
            if self._told != f"{error.code} {lapsed}":
                self._told = f"{error.code} {lapsed}"
                tried = f"It is tried again every {_RENEWED_EVERY_S:.0f} s."
                why = f"the fence of {name} cannot be renewed: {error.summary}. {error.detail}"
                yield Noted("warning", f"{why} {words} {tried}")
        else:
            stage.journal.note(fenced_until=deadline.timestamp(), fenced_source=True)
            if self._told:
                self._told = ""
                yield Noted("note", f"the fence of {name} holds until {deadline:%Y-%m-%d %H:%M:%S} UTC")


def reversing(stage: Stage) -> Iterator[LiveEvent]:
    """Follow back until somebody asks for the end, or the way back."""
    back = stage.journal.noted("stream_back") is not None
    fence = _Kept(stage)
    while True:
        try:
            yield from stage.pass_time("back" if back else None)
        except Trimmed as lost:
            stage.stop_following("back")
            stage.journal.note(stream_back=None)
            back = False
            yield Noted("warning", f"the way back is lost: {lost.detail}")
        yield from fence.renewed()
        wishes = stage.journal.wishes()
        if wishes:
            stage.take_up_options()
        if "abandon" in wishes:
            stage.journal.note(refusal=_too_late(stage))
            stage.journal.granted("abandon", "unfence")
            yield stage.entered()
            return
        if "finish" in wishes:
            yield from stage.go("finish", "somebody finished it", granted=tuple(wishes))
            return
        if "rollback" in wishes:
            try:
                refuse_rollback(stage)
            except Refused as error:
                stage.journal.note(refusal=[error.code, error.summary, error.detail, error.hint])
                stage.journal.granted("rollback", "unfence")
                yield Noted("warning", f"the rollback is refused: {error.summary}. {error.detail}")
                yield stage.entered()
                return
            lag = stage.follower("back").tail.lag()
            if lag.records > 5_000 or lag.seconds > max(60.0, stage.options.lag):
                continue  # once it is close behind
            inverse = stage.transform.invertible
            assert inverse is not None
            backwards = outputs_of(inverse, stage.source.keys)
            yield from narrow(stage, "back", backwards, stage.items["target"], stage.items["source"])
            why = "somebody asked for the way back"
            yield from stage.go("rollback", why, granted=("rollback", "unfence"), refusal=None)
            return


def refuse_rollback(stage: Stage) -> None:
    """Raise Refused for whatever forbids the way back."""
    if stage.journal.noted("stream_back") is None or stage.transform.invertible is None:
        raise Refused(
            "no-way-back",
            "There is no way back",
            "The transform has no inverse, or the target's stream was trimmed or turned off. Nothing brought the writes that "
            f"were made on {stage.name('target')} to {stage.name('source')}: pointing the application at it again would lose "
            "them. To end the migration, run:",
            f"tablewright migrate finish {stage.job}",
        )
    aside = stage.journal.asides("back")
    if aside:
        keys = "\n".join(f"    {each.source.decode()}: {each.reason}" for each in aside[:5])
        raise Refused(
            "items-set-aside",
            "Items of the target cannot be brought back",
            f"{len(aside):,} items of {stage.name('target')} have no form in {stage.name('source')}, and would be lost:\n\n{keys}"
            "\n\nMend or remove them in the target; the reverse tail brings them over.",
        )


def rolling_back(stage: Stage) -> Iterator[LiveEvent]:
    """Give writers the time to look where the pointer points, then put the target's policy back."""
    stage.stop_following("back")
    yield from _listen(stage, "back")
    yield from _down(stage, "target")
    yield from stage.go("ready", f"the application uses {stage.name('source')} again", deadline=None, pause_until=None)


def finishing(stage: Stage) -> Iterator[LiveEvent]:
    """Put the source's policy back."""
    stage.stop_following("back")
    yield from _down(stage, "source")
    yield from stage.go("ready", f"{stage.name('source')} is left as it is, with every item")


def abandoning(stage: Stage) -> Iterator[LiveEvent]:
    """Take down what was put up."""
    stage.stop_following()
    if stage.journal.noted("fenced_source"):
        yield from _down(stage, "source")
    ttl = stage.journal.noted("suspended_ttl")
    if ttl is not None:
        yield Noted(
            "note", f"TTL on {ttl} of {stage.name('target')} is still off: it was switched off for this migration"
        )
    yield from stage.go("ready", "both tables are left as they are")


def broken(stage: Stage) -> Iterator[LiveEvent]:
    """Nothing but giving up is left."""
    yield stage.entered()
    entry = stage.journal.entered()
    raise Stuck(
        "stream-trimmed",
        "The stream dropped changes before they were kept",
        f"{entry.why if entry else ''} What was lost cannot be replayed, so {stage.name('target')} cannot be brought up to date. "
        f"{stage.name('source')} is untouched and in use. To begin again, give this migration up, empty the target, and start "
        "anew:",
        f"tablewright migrate abandon {stage.job}",
    )


def _down(stage: Stage, end: End2) -> Iterator[LiveEvent]:
    lifted = stage.gate(end).down(stage.journal.noted(f"saved_{end}"))
    stage.journal.note(**{f"fenced_{end}": None})
    if lifted.as_before is False:
        yield Noted(
            "warning",
            f"the policy of {stage.name(end)} was changed by somebody else meanwhile; only the fence was taken out",
        )
