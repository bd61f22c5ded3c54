"""The states that build the target: from two tables at which was looked, to one that follows the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from tablewright.errors import MustWait, Refused, Stuck, TablewrightError
from tablewright.events import Ending, Finished, Noted, Waiting
from tablewright.migrate import guards
from tablewright.migrate.comparing.run import compare
from tablewright.migrate.dead_letters import FILE_NAME as LETTERS
from tablewright.migrate.dead_letters import read_letters
from tablewright.migrate.events import MigrationEvent, Paused
from tablewright.migrate.live.comparing.run import at_rest, narrow
from tablewright.migrate.live.events import Followed, Rechecked, StateEntered
from tablewright.migrate.live.meeting import meetings_of
from tablewright.migrate.live.outputs import image_of, key_of
from tablewright.migrate.live.refusals import aside_refusal, meeting_refusal, pointer_refusal
from tablewright.migrate.live.stage.run import IN_FLIGHT_S, End2, Halted, Stage
from tablewright.migrate.looking.run import Accounts
from tablewright.migrate.record import read_record
from tablewright.migrate.run import migrate
from tablewright.migrate.settling.run import suspend
from tablewright.migrate.verify import state_file

__all__ = ["LiveEvent", "backfilling", "barrier", "following", "preparing", "replaying", "spooling", "verifying"]

LiveEvent = MigrationEvent | StateEntered | Followed | Rechecked

_SAMPLE = 5_000
_STREAM_WAIT_S = 300.0
_NEAR = 2_000
"""Records that a tail may be behind and still count as close."""
_JUDGED_AFTER_S = 10.0
_MOST_IN_MOTION = 50_000
"""Items that may differ while both tables are read, because they are in motion."""
_VIEW = "NEW_AND_OLD_IMAGES"


def preparing(stage: Stage) -> Iterator[LiveEvent]:
    """Look at everything that could forbid the migration, and turn the source's stream on."""
    source, target = stage.source.found, stage.target.found
    assert source is not None and target is not None
    yield from guards.checked(source, target)
    if stage.journal.noted("stream_forward") is None:
        guards.refuse_ttl(target, suspend=stage.request.suspend_ttl)
        yield from _refuse_meetings(stage)
    ttl = target.table.ttl
    if ttl is not None and ttl.attribute is not None and ttl.status in ("ENABLED", "ENABLING"):
        stage.journal.note(suspended_ttl=ttl.attribute)
        yield from suspend(stage.target, ttl.attribute, stage.request.stopping)
    since = stage.time_of("source").timestamp()
    arn = yield from turn_on(stage, "source")
    inverse = "yes" if stage.transform.invertible is not None else "no"
    yield from stage.go("ready", "the source's stream is on", stream_forward=arn, since_forward=since, inverse=inverse)


def turn_on(stage: Stage, end: End2) -> Generator[LiveEvent, None, str]:
    """Turn a table's stream on, with both images, and wait until it is; returns its ARN."""
    held = stage.source if end == "source" else stage.target
    assert held.account is not None and held.account.streams is not None and held.found is not None
    name, account, streams = held.found.table.name, held.account, held.account.streams
    asked = False
    until = stage.now() + _STREAM_WAIT_S
    while stage.now() < until:
        table = account.tables.describe(name, settings=False)
        if table is None:
            raise Refused(f"no-{end}-table", f"The {end} table is gone", f"There is no table {name} any more.")
        if table.stream_arn is not None and table.stream_view != _VIEW:
            raise Refused(
                "stream-lacks-images",
                f"The {end}'s stream does not show both images",
                f"The stream of {name} shows {table.stream_view}, and the tail needs {_VIEW}: it must know what an item was in "
                "order to remove what it became. A stream's view cannot be changed while it is on, and others may read it: "
                "turn it off when nobody does, and run the same command again.",
            )
        if table.stream_arn is not None and table.status == "ACTIVE":
            return table.stream_arn
        if table.stream_arn is None and table.status == "ACTIVE" and not asked:
            streams.enable(name)
            asked = True
            yield Waiting(f"the stream of {name} is being turned on")
        yield from stage.pass_time()
    raise MustWait(
        "stream-not-on-yet",
        "The stream is not on yet",
        f"The stream of {name} is still being turned on. Run the same command again.",
    )


def _refuse_meetings(stage: Stage) -> Iterator[LiveEvent]:
    """Refuse a transform under which two items of a sample (a small table: all items) meet in one target key."""
    if stage.transform.keeps_keys:
        return
    sample: list[bytes] = []
    whole = False
    for page in stage.items["source"].pages(0, 1):
        sample += page
        if len(sample) >= _SAMPLE:
            break
    else:
        whole = True
    met = meetings_of(sample, stage.outputs, stage.source.keys)
    refusal = meeting_refusal(met, stage.name("source"), sampled=True)
    if refusal is not None:
        raise refusal
    what = f"all {len(sample):,} items" if whole else f"a sample of {len(sample):,} items"
    yield Noted("note", f"no two of {what} of the source have one key in the target")


def spooling(stage: Stage) -> Iterator[LiveEvent]:
    """Read every shard to its end once, so that nothing can be lost from here on."""
    follower = stage.follower("forward")
    while not follower.tail.is_known():
        yield from stage.pass_time("forward")
        if "abandon" in stage.journal.wishes():
            return
    yield from stage.go("ready", "every shard is being spooled")


def backfilling(stage: Stage, accounts: Accounts) -> Iterator[LiveEvent]:
    """Copy every item, as ``migrate run`` does, while the stream is spooled beside it."""
    options = replace(stage.request.options, verify=False)
    begun = read_record(stage.folder) is not None  # a copy that has no record yet cannot be gone on with
    job = stage.job if begun else None
    request = replace(stage.request, options=options, suspend_ttl=False, job=job, followed=True)
    follower = stage.follower("forward")
    why = "every item has been copied"
    try:
        for event in migrate(request, accounts, stage.clock):
            follower.check()
            if "abandon" in stage.journal.wishes():
                return
            if isinstance(event, Paused):
                yield event
                raise Halted
            if not isinstance(event, Finished):
                yield event
            elif event.ending is Ending.MUST_WAIT:
                raise Halted
            elif event.code == "incomplete":
                why = f"every item has been copied, but for {event.facts.get('set_aside', 'some')} that were set aside"
            elif event.ending not in (Ending.DONE, Ending.NOTHING_TO_DO):
                raise Stuck(event.code or "copy-failed", event.summary, event.detail, event.hint)
            yield from stage.pass_time("forward")
    except Refused as over:
        if over.code != "over-with-a-rest":
            raise
    letters = read_letters(stage.folder / LETTERS)
    aside = [(key_of(image := image_of(each.item), stage.source.keys), each.reason, image) for each in letters]
    stage.journal.set_aside("forward", aside)
    yield from stage.go("ready", why)


def barrier(stage: Stage) -> Iterator[LiveEvent]:
    """Nothing of the copy is outstanding: its process ends only when every write is acknowledged or will never be sent."""
    stage.stop_following("forward")
    if stage.resumed:
        until = stage.now() + IN_FLIGHT_S  # what a process that was killed had sent may still be on its way
        while stage.now() < until:
            yield from stage.pass_time()
    yield from stage.go("ready", "no write of the copy is outstanding")


def replaying(stage: Stage) -> Iterator[LiveEvent]:
    """Replay until the target is as close behind as a cut-over wants it."""
    follower = stage.follower("forward")
    while True:
        yield from stage.pass_time("forward")
        if "abandon" in stage.journal.wishes():
            return
        lag = follower.tail.lag()
        if lag.silent_since is not None and lag.seconds <= stage.options.lag and lag.records <= _NEAR:
            yield from stage.go("ready", f"the target is {lag.seconds:.0f} s and {lag.records:,} records behind")
            return


def following(stage: Stage) -> Iterator[LiveEvent]:
    """Follow until somebody asks for something else."""
    follower = stage.follower("forward")
    asked_at: float | None = None
    while True:
        yield from stage.pass_time("forward")
        wishes = stage.journal.wishes()
        if "abandon" in wishes:
            return
        if "cutover" in wishes:
            # Judged by what stands once everything that was written before is replayed: an item may have been mended.
            asked_at = asked_at or stage.now()
            lag = follower.tail.lag()
            drained = not lag.records and (lag.silent_since or 0.0) > asked_at
            near = lag.silent_since is not None and lag.seconds <= stage.options.lag and lag.records <= _NEAR
            if drained or (near and stage.now() > asked_at + _JUDGED_AFTER_S):
                yield from _begin(stage, wishes["cutover"])
                return
        if follower.tail.lag().seconds > max(60.0, 5 * stage.options.lag):
            yield from stage.go("lag-grew", "the target fell behind")
            return


def _begin(stage: Stage, wish: object) -> Iterator[LiveEvent]:
    """Begin a cut-over, or say why not."""
    stage.take_up_options()
    try:
        refuse_cutover(stage, wish)
    except TablewrightError as error:
        stage.journal.note(refusal=[error.code, error.summary, error.detail, error.hint])
        stage.journal.granted("cutover", "unfence")
        yield Noted("warning", f"the cut-over is refused: {error.summary}. {error.detail}")
        yield stage.entered()
        return
    why = "somebody asked for the cut-over"
    yield from stage.go("cutover", why, granted=("cutover", "unfence"), refusal=None)


def refuse_cutover(stage: Stage, wish: object) -> None:
    """Raise Refused for whatever forbids a cut-over. ``wish``: {"abandon": the exact number of items to leave behind}."""
    given = wish.get("abandon") if isinstance(wish, dict) else None
    name = stage.name("source")
    refusal = aside_refusal(stage.journal.asides("forward"), given, name, stage.job) or meeting_refusal(
        stage.journal.meetings("forward"), name, sampled=False, job=stage.job
    )
    refusal = refusal or pointer_refusal(stage.pointer().where(), name)
    if refusal is not None:
        raise refusal


def verifying(stage: Stage) -> Iterator[LiveEvent]:
    """Compare both tables while the tail goes on, and set apart what moves."""
    follower = stage.follower("forward")
    # Which keys moved is noted from here on, so what was read before says nothing.
    state_file.remove(stage.folder / state_file.FILE_NAME)
    stage.journal.forget_touched("forward")
    if stage.transform.invertible is not None and stage.journal.noted("stream_back") is None:
        arn = yield from turn_on(stage, "target")
        stage.journal.note(stream_back=arn)
    ended: Finished | None = None
    options = stage.request.options
    for event in compare(
        stage.source,
        stage.target,
        stage.transform,
        stage.clock,
        folder=stage.folder,
        pace=options.pace,
        segments=options.segments or 4,
        aside=stage.journal.aside_images("forward"),
        most=_MOST_IN_MOTION,
        stopping=lambda: stage.request.stopping() or "abandon" in stage.journal.wishes(),
    ):
        follower.check()
        if isinstance(event, Finished):
            ended = event
        else:
            yield event
    assert ended is not None
    if "abandon" in stage.journal.wishes():
        return
    if ended.ending is Ending.MUST_WAIT:
        raise Halted
    if ended.ending is Ending.DONE:
        yield from narrow(stage, "forward", stage.outputs, stage.items["source"], stage.items["target"])
        yield from stage.go("clean", "both tables hold the same")
        return
    if ended.code == "verify-incomplete":  # an item that was set aside since it began
        stage.journal.note(
            refusal=[ended.code, ended.summary, ended.detail, f"tablewright migrate cutover {stage.job}"]
        )
        yield from stage.go("differs", ended.summary)
        return
    # What differed may have been in motion: whatever was written until now is replayed before anything is concluded.
    end = stage.now()
    while True:
        yield from stage.pass_time("forward")
        lag = follower.tail.lag()
        if not lag.records and lag.silent_since is not None and lag.silent_since > end:
            break
    still, moved = at_rest(stage)
    if "list_ended" in ended.facts or int(ended.facts.get("buckets_not_looked_into", 0)):
        words = f"More than {_MOST_IN_MOTION:,} items differed while they were read, so that not all were looked at."
        hint = f"tablewright migrate cutover {stage.job}"
        stage.journal.note(
            refusal=["verify-differs", "Too many items are in motion", f"{words} Try a quieter hour.", hint]
        )
        yield from stage.go("differs", "too many items were in motion for the list")
        return
    if still:
        yield Noted(
            "warning",
            f"{still:,} items differ that nobody wrote to; they are listed in {ended.facts.get('report')}",
        )
        stage.journal.note(refusal=["verify-differs", ended.summary, ended.detail, ended.hint])
        yield from stage.go("differs", ended.summary)
        return
    yield from narrow(stage, "forward", stage.outputs, stage.items["source"], stage.items["target"])
    yield from stage.go("clean", f"both tables hold the same, but for {moved:,} items in motion")
