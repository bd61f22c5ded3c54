"""Reading and writing the control table, by conditional writes: a worker that was given up for lost changes nothing any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tablewright.errors import MustWait, Refused, TablewrightError
from tablewright.migrate.engine.values import Acknowledged, Position, SetAside, Wishes
from tablewright.migrate.events import Progress
from tablewright.migrate.job import Pace
from tablewright.migrate.spreading import rows
from tablewright.migrate.spreading.shares import LEASE_S, Ledger, given_up, renewed
from tablewright.ports import Clock, DataPlane

__all__ = ["CLAIM_S", "ControlTable", "TableJournal", "TableLetters"]

CLAIM_S = 60.0
"""How long a segment is a worker's without a sign of life from it."""

_TRIES = 8
_RENEW_S = LEASE_S / 4
_ENTER_S = 0.5
_AGAIN = ("ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "ServiceUnavailable")


def _is_fair(ledger: Ledger, worker: str) -> bool:
    """Whether the worker holds half of an even share at least: enough to begin with."""
    lease, even = ledger.leases[worker], 2 * len(ledger.leases)
    return all(
        total is None or held >= total / even
        for total, held in ((ledger.read, lease.read), (ledger.write, lease.write))
    )


class ControlTable:
    """A table keyed ``PK`` and ``SK`` (strings), and one job's rows in it."""

    def __init__(self, plane: DataPlane, name: str, job: str, clock: Clock) -> None:
        self._plane, self._name, self.job, self._clock = plane, name, job, clock

    def now(self) -> float:
        """Seconds since the epoch, by this machine's clock."""
        return self._clock.now().timestamp()

    def wait(self, seconds: float) -> None:
        """Do nothing for a while."""
        self._clock.sleep(seconds)

    def begun(self) -> bool:
        """Whether the job is written down already."""
        return self._get(rows.RECORD) is not None

    def prepare(self, work: rows.Work, pace: Pace) -> None:
        """Write down what the job is, or see that it is the same; the pace is taken anew. Raises Refused for another job."""
        made = self._put(rows.record_row(self.job, work), "attribute_not_exists(PK)")
        if not made:
            kept = self._get(rows.RECORD)
            then = rows.Work(**orjson.loads(kept["work"]["S"])) if kept else work
            differs = then.differences(work)
            if differs:
                raise Refused(
                    "resume-differs",
                    "The job that was begun is another one",
                    f"Job {self.job} in control table {self._name} differs in {', '.join(differs)}. Going on would mix both: "
                    "ask for what was begun, or name another job.",
                )
        for segment in range(work.segments):
            self._put(rows.segment_row(self.job, segment), "attribute_not_exists(PK)")
        while True:
            row = self._get(rows.PACE)
            then_ledger = rows.ledger_of(row) if row else Ledger()
            ledger = Ledger(pace.read_units, pace.write_units, then_ledger.leases, then_ledger.version + 1)
            if self._put_ledger(ledger):
                return

    def claim(self, segment: int, worker: str) -> Position | None:
        """Make a segment the worker's, and where it stands; None while it is another's."""
        now = self.now()
        answer = self._update(
            segment,
            "SET #o = :me, #u = :until",
            "attribute_not_exists(#o) OR #o = :me OR #u < :now",
            {":me": {"S": worker}, ":until": {"N": f"{now + CLAIM_S:.3f}"}, ":now": {"N": f"{now:.3f}"}},
        )
        return rows.position_of(answer["Attributes"]) if answer is not None else None

    def acknowledge(self, segment: int, worker: str, position: Position) -> None:
        """Where the worker's segment stands now. Raises MustWait when it is not the worker's any more."""
        until = 0.0 if position.done else self.now() + CLAIM_S  # a segment at its end is anybody's
        answer = self._update(
            segment,
            "SET #u = :until, #a = :after, #d = :done, #c = :counts",
            "#o = :me",
            {":me": {"S": worker}, ":until": {"N": f"{until:.3f}"}, **rows.position_values(position)},
            {"#a": "after", "#d": "done", "#c": "counts"},
        )
        if answer is None:
            raise MustWait(
                "segment-lost",
                "Another worker took the segment over",
                f"Segment {segment} of job {self.job} went {CLAIM_S:.0f} s without a sign of life from {worker}, and another "
                "worker goes on with it. Nothing is lost by this: what was not acknowledged is copied again.",
            )

    def lease(self, worker: str) -> Ledger:
        """Renew the worker's share of the pace; what everybody holds then."""
        while True:
            ledger = renewed(self.totals(), worker, self.now())
            if self._put_ledger(ledger):
                return ledger

    def enter(self, worker: str) -> None:
        """Lease for the first time: waits until the others have given up what is this worker's share, or their leases end."""
        patience = LEASE_S
        while not _is_fair(self.lease(worker), worker) and patience > 0:
            self.wait(_ENTER_S)
            patience -= _ENTER_S

    def leave(self, worker: str) -> None:
        """Give the worker's share back, so that those who still copy need not wait until its lease ends."""
        try:
            while worker in (ledger := self.totals()).leases and not self._put_ledger(given_up(ledger, worker)):
                pass
        except TablewrightError:
            return  # the copy is done all the same, and the lease ends by itself

    def totals(self) -> Ledger:
        """The pace as a whole, and who holds what of it."""
        row = self._get(rows.PACE)
        return rows.ledger_of(row) if row else Ledger()

    def set_aside(self, letters: Sequence[SetAside]) -> None:
        """Keep items that could not be brought over."""
        for letter in letters:
            self._put(rows.letter_row(self.job, letter), None)

    def positions(self, segments: int) -> dict[int, Position]:
        """Where every segment stands."""
        found = {}
        for segment in range(segments):
            row = self._get(rows.segment_key(segment))
            if row is not None:
                found[segment] = rows.position_of(row)
        return found

    def _put_ledger(self, ledger: Ledger) -> bool:
        condition = "attribute_not_exists(PK) OR #v = :then"
        return self._put(
            rows.ledger_row(self.job, ledger), condition, {"#v": "version"}, {":then": {"N": str(ledger.version - 1)}}
        )

    def _get(self, sort: str) -> Mapping[str, Any] | None:
        body = {"TableName": self._name, "Key": self._key(sort), "ConsistentRead": True}
        answer = self._call("GetItem", body)
        assert answer is not None
        item: Mapping[str, Any] | None = answer.get("Item")
        return item

    def _put(
        self,
        row: Mapping[str, Any],
        condition: str | None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> bool:
        body: dict[str, Any] = {"TableName": self._name, "Item": row}
        if condition is not None:
            body["ConditionExpression"] = condition
        if names:
            body |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
        return self._call("PutItem", body) is not None

    def _update(
        self,
        segment: int,
        update: str,
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any] | None:
        used = {"#o": "owner", "#u": "until", **(names or {})}
        body = {
            "TableName": self._name,
            "Key": self._key(rows.segment_key(segment)),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": used,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
        }
        return self._call("UpdateItem", body)

    def _key(self, sort: str) -> dict[str, Any]:
        return {"PK": {"S": self.job}, "SK": {"S": sort}}

    def _call(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer; None when the condition did not hold. Throttling is waited out."""
        sent = orjson.dumps(body)
        for attempt in range(_TRIES):
            answer = self._plane.call(operation, sent)
            if answer.status == 200:
                made: Mapping[str, Any] = orjson.loads(answer.body or b"{}")
                return made
            if b"ConditionalCheckFailedException" in answer.body:
                return None
            if not any(code.encode() in answer.body for code in _AGAIN) and answer.status < 500:
                break
            self._clock.sleep(0.1 * 2**attempt)
        raise self._plane.refusal(operation, answer)


class TableJournal:
    """The journal (``engine.values.Journal``) of one worker's segments, which it has claimed."""

    def __init__(self, control: ControlTable, worker: str, segments: int, claimed: Mapping[int, Position]) -> None:
        self._control, self._worker, self._segments = control, worker, segments
        self._positions = dict(claimed)
        self._renew_at = 0.0
        self._wishes = Wishes()

    @property
    def segments(self) -> int:
        return self._segments

    def positions(self) -> dict[int, Position]:
        return dict(self._positions)

    def acknowledge(self, pages: Sequence[Acknowledged], letters_at: int) -> None:
        reached: dict[int, Position] = {}
        for page in pages:
            then = reached.get(page.segment, self._positions[page.segment])
            reached[page.segment] = rows.acknowledged(then, page)
        for segment, position in reached.items():
            self._control.acknowledge(segment, self._worker, position)
            self._positions[segment] = position

    def letters_at(self) -> int:
        return 0

    def wishes(self) -> Wishes:
        """The leased pace; asked for again a few times in a lease."""
        now = self._control.now()
        if now >= self._renew_at:
            self._renew_at = now + _RENEW_S
            totals = self._control.lease(self._worker)
            lease = totals.leases[self._worker]
            for segment, position in self._positions.items():
                if not position.done:
                    self._control.acknowledge(segment, self._worker, position)  # a sign of life
            # A share of nothing is a trickle: a copy that stood still could not be told from one that is stuck.
            read = None if totals.read is None else max(lease.read, 1.0)
            write = None if totals.write is None else max(lease.write, 1.0)
            self._wishes = Wishes(pace=Pace(1.0, read, write))
        return self._wishes

    def show(self, snapshot: Progress) -> None:
        return


class TableLetters:
    """Items set aside, in the control table: the same item twice is one row."""

    def __init__(self, control: ControlTable) -> None:
        self._control = control

    def rewind(self, at: int) -> None:
        return

    def add(self, items: Sequence[SetAside]) -> int:
        self._control.set_aside(items)
        return 0
