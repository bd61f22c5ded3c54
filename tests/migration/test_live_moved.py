"""Items whose key in the target moves: what only a part of the changes tells of is not concluded from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tablewright.events import Ending, Finished
from tablewright.migrate.events import PhaseStarted
from tablewright.migrate.live.states import State
from tests.conftest import EmbeddedAws
from tests.migration.live_runs import Rehearsal
from tests.migration.sessions import NEW, OLD, contents

pytestmark = pytest.mark.slow

BY_EMAIL = {
    "IndexName": "by-email",
    "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
MOVING = {"key": ["PK=S#{sessionId}", "SK={createdAt}"]}


def test_a_deletion_without_its_put_takes_nothing_from_the_source(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    """An item moved at the target while its stream was turned on: the reverse tail hears of the end of that alone."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=10, flags=MOVING)
    rehearsal.run(State.FOLLOWING)
    left = {"PK": {"S": "S#seed-00000"}, "SK": {"S": "2026-11-22T00:00:00Z"}}
    rehearsal.client.put_item(TableName=NEW, Item={**left, "sessionId": {"S": "seed-00000"}, "createdAt": left["SK"]})
    journal = rehearsal.journal()
    journal.wish("cutover", {})
    journal.close()
    end = None
    for event in rehearsal.events(lambda state: state in (State.FOLLOWING, State.REVERSING)):
        if isinstance(event, PhaseStarted):
            rehearsal.client.delete_item(TableName=NEW, Key=left)
        end = event
    assert isinstance(end, Finished) and end.code == "reversing", end
    _, end = rehearsal.run(lambda state: state in (State.REVERSING, State.ROLLED_BACK), "rollback")
    assert (end.ending, end.code) == (Ending.DONE, "rolled-back"), end
    assert contents(rehearsal.client, OLD) == rehearsal.app.expected(OLD)


def test_an_item_that_the_target_can_never_take_is_set_aside_by_the_tail(
    aws: EmbeddedAws, account: str, tmp_path: Path
) -> None:
    """An index wants its key of another type. The tail goes on, the cut-over is refused, and a mended item is brought over."""
    rehearsal = Rehearsal(aws, account, tmp_path, sessions=5)
    rehearsal.client.update_table(
        TableName=NEW,
        AttributeDefinitions=[{"AttributeName": "email", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": BY_EMAIL}],
    )
    rehearsal.run(State.FOLLOWING)
    item = {"sessionId": {"S": "odd"}, "email": {"S": "a@example.com"}}
    rehearsal.client.put_item(TableName=OLD, Item=item)
    rehearsal.client.put_item(TableName=OLD, Item={**item, "email": {"N": "1"}})
    _, end = rehearsal.run(lambda state: state in (State.FOLLOWING, State.REVERSING), "cutover", {})
    assert (end.ending, end.code) == (Ending.FAILED, "items-set-aside") and "odd" in end.detail, end
    assert "odd" not in contents(rehearsal.client, NEW)  # what it was before is not left there
    rehearsal.client.put_item(TableName=OLD, Item=item)
    _, end = rehearsal.run(lambda state: state in (State.FOLLOWING, State.REVERSING), "cutover", {})
    assert end.code == "reversing" and contents(rehearsal.client, NEW)["odd"]["email"] == item["email"], end
