"""The protocol of a live migration: every state, what it allows, and every way out of it, in one table.

The rules:

1. The stream is being spooled before the first item is read, and from then on until the cut-over.
2. Nothing of the tail is replayed before every write of the backfill is acknowledged (the barrier): a stale item of the backfill
   would undo a newer one. After the barrier no backfill ever writes again.
3. While the source can be written to, the target is never what the application uses.
4. A fence goes up only when it is known that it can be taken down, and it lapses by itself at its deadline.
5. A state in which the source is fenced ends by the deadline: either the pointer has been switched, or the fence comes down
   and the migration follows again. The pointer is not switched unless enough of the deadline is left.
6. After the switch the target is what the application uses; the old table stays fenced while it is kept up to date behind it, for
   the way back.
7. No state deletes a table, or an item of the source, but for what the application itself deletes on the target after the switch.

A process may die in any state; whoever comes next reads the state and does what ``resumes`` says. Reaching a state means that its
name is on the disk; what a state does is done after its name is written, and may be done again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "COMMANDS",
    "STATES",
    "State",
    "StateRow",
    "Step",
    "diagram",
    "fenced_side",
    "is_ended",
    "row",
    "step",
    "title",
]


class State(StrEnum):
    """Where a live migration stands."""

    PREPARING = "preparing"
    SPOOLING = "spooling"
    BACKFILLING = "backfilling"
    BARRIER = "barrier"
    REPLAYING = "replaying"
    FOLLOWING = "following"
    VERIFYING = "verifying"
    FENCING = "fencing"
    DRAINING = "draining"
    RECHECKING = "rechecking"
    SWITCHING = "switching"
    UNFENCING = "unfencing"
    SWITCHED = "switched"
    REVERSING = "reversing"
    FENCING_BACK = "fencing-back"
    DRAINING_BACK = "draining-back"
    RECHECKING_BACK = "rechecking-back"
    SWITCHING_BACK = "switching-back"
    UNFENCING_BACK = "unfencing-back"
    FINISHING = "finishing"
    ROLLING_BACK = "rolling-back"
    ABANDONING = "abandoning"
    BROKEN = "broken"
    FINISHED = "finished"
    ROLLED_BACK = "rolled-back"
    ABANDONED = "abandoned"


Step = Literal[
    "ready",  # what the state does is done
    "lag-grew",  # replay is behind again
    "cutover",  # asked for by a person
    "clean",  # nothing differs
    "differs",  # something does
    "timed-out",  # the pause that was announced is over, or too little of it is left
    "trimmed",  # records were lost before they could be spooled
    "rollback",
    "finish",
    "abandon",
    "unfence",
]
"""What leads from one state to another."""

COMMANDS: Mapping[str, str] = {
    "cutover": "tablewright migrate cutover",
    "rollback": "tablewright migrate rollback",
    "finish": "tablewright migrate finish",
    "abandon": "tablewright migrate abandon",
    "unfence": "tablewright migrate unfence",
}
"""The steps that a person asks for, and the command that does."""


@dataclass(frozen=True, slots=True)
class StateRow:
    """One state: what goes on in it, what is allowed, what a new process does after a crash in it, and its ways out."""

    state: State
    does: str
    application: str
    """Which table the application writes: ``source``, ``target``, or ``none`` while writers are held."""
    resumes: str
    ways: Mapping[Step, State]
    fence: Literal["", "source", "target"] = ""
    timed: bool = False
    """Whether the state must be over before the fence's deadline."""


_S = State

_ROWS = (
    StateRow(
        _S.PREPARING,
        "Looks at both tables, the keys, the policies and the transform; turns the source's stream on.",
        "source",
        "Looks again: turning on a stream that is on changes nothing.",
        {"ready": _S.SPOOLING, "abandon": _S.ABANDONING},
    ),
    StateRow(
        _S.SPOOLING,
        "Reads every shard of the stream once, from its beginning, onto the disk.",
        "source",
        "Takes up each shard after the last record that is whole on the disk.",
        {"ready": _S.BACKFILLING, "abandon": _S.ABANDONING, "trimmed": _S.BROKEN},
    ),
    StateRow(
        _S.BACKFILLING,
        "Copies every item, transformed, while the stream is spooled beside it.",
        "source",
        "Goes on from the copy's checkpoint; a page that was not acknowledged is copied again.",
        {"ready": _S.BARRIER, "abandon": _S.ABANDONING, "trimmed": _S.BROKEN},
    ),
    StateRow(
        _S.BARRIER,
        "Holds until no write of the backfill is outstanding.",
        "source",
        "Nothing of a process that died can still be written; goes on.",
        {"ready": _S.REPLAYING, "abandon": _S.ABANDONING},
    ),
    StateRow(
        _S.REPLAYING,
        "Brings the spooled changes to the target, in order for each key. The target passes through states of the past.",
        "source",
        "Replays the window whose end was not recorded once more: the last image of each key wins again.",
        {"ready": _S.FOLLOWING, "abandon": _S.ABANDONING, "trimmed": _S.BROKEN},
    ),
    StateRow(
        _S.FOLLOWING,
        "The target follows the source within the lag that is shown.",
        "source",
        "Goes on following.",
        {"cutover": _S.VERIFYING, "lag-grew": _S.REPLAYING, "abandon": _S.ABANDONING, "trimmed": _S.BROKEN},
    ),
    StateRow(
        _S.VERIFYING,
        "Compares both tables item by item while the tail goes on; those in motion once more, and behind the fence.",
        "source",
        "Verifies again from the beginning.",
        {
            "clean": _S.FENCING,
            "differs": _S.FOLLOWING,
            "abandon": _S.ABANDONING,
            "trimmed": _S.BROKEN,
        },
    ),
    StateRow(
        _S.FENCING,
        "Saves the source's policy, proves that it can be put back, and denies writes to all but tablewright.",
        "none",
        "Takes the fence down: how long it has stood is not known.",
        {"ready": _S.DRAINING, "timed-out": _S.UNFENCING, "unfence": _S.UNFENCING},
        fence="source",
        timed=True,
    ),
    StateRow(
        _S.DRAINING,
        "Replays until every shard has been silent for the quiet period.",
        "none",
        "Goes on if enough of the deadline is left, else takes the fence down.",
        {"ready": _S.RECHECKING, "timed-out": _S.UNFENCING, "unfence": _S.UNFENCING},
        fence="source",
        timed=True,
    ),
    StateRow(
        _S.RECHECKING,
        "Compares, by strongly consistent reads, every key that moved and was not found the same since the verification began.",
        "none",
        "Checks again if enough of the deadline is left, else takes the fence down.",
        {"clean": _S.SWITCHING, "differs": _S.UNFENCING, "timed-out": _S.UNFENCING, "unfence": _S.UNFENCING},
        fence="source",
        timed=True,
    ),
    StateRow(
        _S.SWITCHING,
        "Points the application at the target: the parameter, or the command that was given.",
        "none",
        "Asks the pointer where it points. At the target: goes on. At the source: takes the fence down. Unknown: drains once "
        "more behind a new fence, and switches again.",
        {"ready": _S.SWITCHED, "timed-out": _S.UNFENCING},
        fence="source",
        timed=True,
    ),
    StateRow(
        _S.UNFENCING,
        "Puts the source's policy back, byte for byte.",
        "none",
        "Puts it back: doing it twice changes nothing.",
        {"ready": _S.FOLLOWING},
        fence="source",
    ),
    StateRow(
        _S.SWITCHED,
        "The application uses the target. The source's fence is renewed; the reverse tail begins, if there is an inverse.",
        "target",
        "Renews the fence, and goes on.",
        {"ready": _S.REVERSING},
        fence="source",
    ),
    StateRow(
        _S.REVERSING,
        "The source follows the target by the inverse transform; the way back is open. Without an inverse nothing follows.",
        "target",
        "Goes on following back, from the spool of the target's stream.",
        {"rollback": _S.FENCING_BACK, "finish": _S.FINISHING},
        fence="source",
    ),
    StateRow(
        _S.FENCING_BACK,
        "Denies writes to the target to all but tablewright, as it was done with the source.",
        "none",
        "Takes the target's fence down: how long it has stood is not known.",
        {"ready": _S.DRAINING_BACK, "timed-out": _S.UNFENCING_BACK, "unfence": _S.UNFENCING_BACK},
        fence="target",
        timed=True,
    ),
    StateRow(
        _S.DRAINING_BACK,
        "Follows back until every shard of the target's stream has been silent for the quiet period.",
        "none",
        "Goes on if enough of the deadline is left, else takes the target's fence down.",
        {"ready": _S.RECHECKING_BACK, "timed-out": _S.UNFENCING_BACK, "unfence": _S.UNFENCING_BACK},
        fence="target",
        timed=True,
    ),
    StateRow(
        _S.RECHECKING_BACK,
        "Compares, by strongly consistent reads, every key that was written and not found the same since the switch.",
        "none",
        "Checks again if enough of the deadline is left, else takes the target's fence down.",
        {
            "clean": _S.SWITCHING_BACK,
            "differs": _S.UNFENCING_BACK,
            "timed-out": _S.UNFENCING_BACK,
            "unfence": _S.UNFENCING_BACK,
        },
        fence="target",
        timed=True,
    ),
    StateRow(
        _S.SWITCHING_BACK,
        "Takes the source's fence down, and points the application at it again.",
        "none",
        "Asks the pointer where it points. At the source: goes on. At the target: takes its fence down. Unknown: drains once "
        "more behind a new fence, and switches again.",
        {"ready": _S.ROLLING_BACK, "timed-out": _S.UNFENCING_BACK},
        fence="target",
        timed=True,
    ),
    StateRow(
        _S.UNFENCING_BACK,
        "Puts the target's policy back, and the source's fence up again where it was taken down.",
        "target",
        "Does both again.",
        {"ready": _S.REVERSING},
        fence="target",
    ),
    StateRow(
        _S.ROLLING_BACK,
        "Waits until writers had the time to look where the pointer points, then puts the target's policy back.",
        "source",
        "Waits and puts it back.",
        {"ready": _S.ROLLED_BACK},
        fence="target",
    ),
    StateRow(
        _S.FINISHING,
        "Puts the source's policy back. Streams that were turned on stay on: others may read them by now.",
        "target",
        "Puts it back.",
        {"ready": _S.FINISHED},
        fence="source",
    ),
    StateRow(
        _S.ABANDONING,
        "Takes down what was put up. Both tables and their items stay as they are.",
        "source",
        "Does it again.",
        {"ready": _S.ABANDONED},
    ),
    StateRow(
        _S.BROKEN,
        "The stream lost records before they could be spooled: the target can no longer be brought up to date by replay.",
        "source",
        "Stays; the way on is to abandon, and to begin again with an empty target.",
        {"abandon": _S.ABANDONING},
    ),
    StateRow(_S.FINISHED, "It is over; the application uses the target.", "target", "Nothing is left to do.", {}),
    StateRow(
        _S.ROLLED_BACK,
        "The application uses the source again, with every write that was made on the target.",
        "source",
        "Nothing is left to do.",
        {},
    ),
    StateRow(
        _S.ABANDONED, "It was given up; the application never left the source.", "source", "Nothing is left to do.", {}
    ),
)

STATES: Mapping[State, StateRow] = {each.state: each for each in _ROWS}
"""The table."""


def row(state: State) -> StateRow:
    """The state's row."""
    return STATES[state]


def step(state: State, by: Step) -> State:
    """Where a step leads. Raises ValueError for one that the state does not know."""
    ways = STATES[state].ways
    if by not in ways:
        raise ValueError(f"{by} does not lead out of {state}")
    return ways[by]


def is_ended(state: State) -> bool:
    """Whether nothing leads out of the state."""
    return not STATES[state].ways


def title(state: State) -> str:
    """What it means that a command ended in this state, for people."""
    return _TITLES.get(state, f"The migration stands in {state}")


_TITLES = {
    State.FOLLOWING: "The target follows the source",
    State.REVERSING: "The application uses the target",
    State.FINISHED: "The migration is finished",
    State.ROLLED_BACK: "Rolled back: the application uses the source",
    State.ABANDONED: "The migration was given up",
}


def fenced_side(state: State) -> str:
    """The table whose writers are held, or were: ``source``, ``target``, or nothing."""
    return STATES[state].fence


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", f"    [*] --> {_node(_S.PREPARING)}"]
    for each in _ROWS:
        lines += [f"    {_node(each.state)} --> {_node(to)}: {by}" for by, to in each.ways.items()]
        if not each.ways:
            lines.append(f"    {_node(each.state)} --> [*]")
    return "\n".join(lines) + "\n"


def _node(state: State) -> str:
    return state.value.replace("-", "_")
