"""The read-only twin: it leaves nothing behind, and it shows what a deployment then does."""

from __future__ import annotations

import io
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tablewright.cli.faces.marks import UNICODE
from tablewright.cli.faces.plain import Plain
from tablewright.cli.terminal import Output
from tablewright.deploy.options import DeployOptions
from tablewright.deploy.preview.run import CHANGES, REFUSED, offline, preview
from tablewright.events import ChangesFound, Ending, Event, Failure, Noted, Planned, StepStarted
from tablewright.template.read import read_design
from tests.conftest import EmbeddedAws
from tests.rehearsals.between import DENIED_BY_POLICY, Answer, between
from tests.rehearsals.deploying import STACK, broken, end, log_group, opened, pending, put, run, status, table, template
from tests.rehearsals.test_checks import through
from tests.rehearsals.test_killed import kill_after, start
from tests.waiting import SOON

TTL = "TimeToLiveSpecification: {AttributeName: end, Enabled: true}"
PITR = "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}"

EDITS = {
    "nothing": (template(table()), template(table())),
    "a-comment": (template(table()), "# hello\n" + template(table())),
    "a-new-stack": (None, template(table(), log_group())),
    "a-resource-added": (template(table()), template(table(), log_group())),
    "a-resource-removed": (template(table(), log_group()), template(table())),
    "a-property-changed": (template(table(), log_group()), template(table(), log_group(days=14))),
    "an-index-added": (template(table()), template(table(index="owner"))),
    "a-full-table-removed": (template(table(), log_group()), template(log_group())),
    "a-full-table-orphaned": (template(table(policy="Retain"), log_group()), template(log_group())),
    "a-named-table-re-keyed": (template(table()), template(table(key="other"))),
    "recovery-switched-off": (template(table(extra=PITR)), template(table())),
    "ttl-switched-on": (template(table()), template(table(extra=TTL))),
    "an-index-removed": (template(table(index="owner")), template(table())),
}


def plan(aws: EmbeddedAws, account: str, body: str, **options: Any) -> list[Event]:
    design = read_design(body, stack=STACK, path="template.yaml")
    return list(preview(design, opened(aws, account), options=DeployOptions(**options)))


def shown(events: list[Event]) -> list[tuple[str, str, str]]:
    """What a change set would change, as far as it can be compared."""
    found = [e for e in events if isinstance(e, ChangesFound)]
    return sorted((c.action, c.logical_id, c.replacement) for e in found for c in e.change_set.changes)


def test_who_may_not_delete_stacks_plans_a_new_one_and_leaves_an_empty_shell_to_deploy(
    aws: EmbeddedAws, account: str
) -> None:
    def deny(operation: str, number: int) -> Answer | None:
        return (403, "AccessDenied", DENIED_BY_POLICY.format(action="x")) if operation == "DeleteStack" else None

    with between(aws.endpoint, deny) as gate:
        events = list(preview(read_design(template(table()), stack=STACK), through(gate.endpoint, account)))
    assert end(events).ending is Ending.DONE and any(isinstance(event, ChangesFound) for event in events)
    assert status(aws, account) == "REVIEW_IN_PROGRESS" and pending(aws, account) == []
    assert end(run(opened(aws, account), template(table()))).ending is Ending.DONE


def test_what_a_validation_refuses_is_said_with_its_place_by_both(aws: EmbeddedAws, account: str) -> None:
    body = template(table(), log_group(days=15), log_group("Other", "/rehearsal/other", days=16))  # neither is a choice
    whys = [
        next(event.cause for event in events if isinstance(event, Failure))
        for events in (plan(aws, account, body), run(opened(aws, account), body))
    ]
    for why in whys:
        told = {each.place: (each.logical_id, each.type, each.text) for each in (why, *why.others)}
        assert set(told) == {f"/Resources/{one}/Properties/RetentionInDays" for one in ("Log", "Other")}
        assert told["/Resources/Log/Properties/RetentionInDays"] == (
            "Log",
            "AWS::Logs::LogGroup",
            "15 is not a valid enum value",
        )
    planned, deployed = ((why.logical_id, why.type, why.text, why.place) for why in whys)
    assert planned == deployed
    shown = io.StringIO()
    face = Plain(Output(shown, False, False, UNICODE, 100), Output(shown, False, False, UNICODE, 100))
    for event in run(opened(aws, account), body):
        face.take(event)
    text = shown.getvalue()
    assert "What failed before" not in text  # It is this very change.
    assert text.count("15 is not a valid enum value") == 1
    assert "  at /Resources/Log/Properties/RetentionInDays\n" in text


def _indexed(*indexes: str, include: str = "", key: str = "id", named: bool = True) -> str:
    """A table with the indexes, each on an attribute of its name; ``include`` is what the first one holds besides."""
    attributes = "".join(f"{{AttributeName: {name}, AttributeType: S}}, " for name in (key, *indexes))
    first = f"ProjectionType: INCLUDE, NonKeyAttributes: [{include}]" if include else "ProjectionType: ALL"
    made = [
        f"{{IndexName: {name}-index, KeySchema: [{{AttributeName: {name}, KeyType: HASH}}], "
        f"Projection: {{{first if name == indexes[0] else 'ProjectionType: ALL'}}}}}"
        for name in indexes
    ]
    lines = [f"GlobalSecondaryIndexes: [{', '.join(made)}]"] if made else []
    block = table(key=key, extra="\n".join(lines))
    block = block.replace(f"        - {{AttributeName: {key}, AttributeType: S}}\n", "", 1)
    block = block.replace("      AttributeDefinitions:\n", f"      AttributeDefinitions: [{attributes[:-2]}]\n")
    return template(block if named else block.replace("      TableName: orders\n", ""))


INDEX_CHANGES = {
    "one-added": (_indexed(), _indexed("a"), False),
    "two-added": (_indexed(), _indexed("a", "b"), True),
    "one-removed": (_indexed("a", "b"), _indexed("a"), False),
    "renamed": (_indexed("a"), _indexed("b"), True),
    "projection-changed": (_indexed("a", include="x"), _indexed("a", include="x, y"), True),
    "projection-in-another-order": (_indexed("a", include="x, y"), _indexed("a", include="y, x"), False),
    "a-new-table": (None, _indexed("a", "b"), False),
    "a-table-that-is-replaced": (_indexed(named=False), _indexed("a", "b", key="other", named=False), False),
}


_QUICK_INDEX_CHANGES = {"one-added", "two-added", "projection-changed"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in _QUICK_INDEX_CHANGES else pytest.mark.slow) for name in INDEX_CHANGES],
)
def test_what_one_update_cannot_do_to_indexes_is_foretold_and_so_it_goes(
    aws: EmbeddedAws, account: str, name: str
) -> None:
    before, after, foretold = INDEX_CHANGES[name]
    if before is not None:
        assert end(run(opened(aws, account), before)).ending is Ending.DONE
    planned = plan(aws, account, after)
    done = run(opened(aws, account), after)
    for events in (planned, done):
        told = [event.text for event in events if isinstance(event, Noted) and "roll this update back" in event.text]
        assert bool(told) is foretold, told
        assert all("-index" in text and "orders" in text for text in told)
    assert (end(done).code == "deployment-failed") is foretold, end(done)


_QUICK = {
    "nothing",
    "a-new-stack",
    "a-resource-added",
    "a-full-table-removed",
    "a-named-table-re-keyed",
    "an-index-added",
}


@pytest.mark.parametrize(
    "edit", [pytest.param(edit, marks=() if edit in _QUICK else pytest.mark.slow) for edit in EDITS]
)
def test_plan_and_deploy_agree_and_plan_leaves_nothing(aws: EmbeddedAws, account: str, edit: str) -> None:
    before, after = EDITS[edit]
    if before is not None:
        assert end(run(opened(aws, account), before)).ending is Ending.DONE
        put(aws, account, "orders")
    then = status(aws, account)
    said = plan(aws, account, after)
    assert status(aws, account) == then
    assert before is None or pending(aws, account) == []
    assert plan(aws, account, after)[-1] == said[-1], "planning changes nothing that planning sees"

    done = run(opened(aws, account), after)
    first = next((e for e in said if isinstance(e, Planned)), None)
    assert first is not None
    steps = [e.kind for e in done if isinstance(e, StepStarted)]
    facts = end(said).facts
    if facts[CHANGES] == "no":
        assert end(done).ending is Ending.NOTHING_TO_DO
    elif REFUSED in facts:
        assert end(done).code == facts[REFUSED]
        assert [(x.kind, x.table) for x in end(said).losses] == [(x.kind, x.table) for x in end(done).losses]
    else:
        assert end(done).ending is Ending.DONE, end(done)
        assert steps[: len(first.steps)] == [step.kind for step in first.steps]
        assert shown(said) == shown(done)


def test_a_plan_of_a_dead_shell_says_how_it_is_recovered(aws: EmbeddedAws, account: str) -> None:
    run(opened(aws, account), template(table(), broken()))
    events = plan(aws, account, template(table()))
    assert [s.kind for e in events if isinstance(e, Planned) for s in e.steps] == ["recover", "create"]
    assert any(isinstance(e, Noted) and "dead shell" in e.text for e in events)
    assert status(aws, account) == "ROLLBACK_COMPLETE"


def test_a_plan_spares_a_shell_that_somebody_else_uses(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("cloudformation", account=account)
    client.create_change_set(
        StackName=STACK, ChangeSetName="review-me", ChangeSetType="CREATE", TemplateBody=template(table())
    )
    client.get_waiter("change_set_create_complete").wait(StackName=STACK, ChangeSetName="review-me", WaiterConfig=SOON)
    refused = end(plan(aws, account, template(table())))
    assert (refused.ending, refused.code) == (Ending.REFUSED, "foreign-change-set")
    assert status(aws, account) == "REVIEW_IN_PROGRESS" and pending(aws, account) == ["review-me"]


def test_an_empty_shell_of_somebody_else_stays(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("cloudformation", account=account)
    client.create_change_set(
        StackName=STACK, ChangeSetName="gone", ChangeSetType="CREATE", TemplateBody=template(table())
    )
    client.get_waiter("change_set_create_complete").wait(StackName=STACK, ChangeSetName="gone", WaiterConfig=SOON)
    client.delete_change_set(StackName=STACK, ChangeSetName="gone")
    assert end(plan(aws, account, template(table()))).ending is Ending.DONE
    assert status(aws, account) == "REVIEW_IN_PROGRESS" and pending(aws, account) == []


@pytest.mark.parametrize(
    ("lines", "pause"),
    [
        pytest.param(lines, pause, marks=() if (lines, pause) in ((2, 0.005), (5, 0.0)) else pytest.mark.slow)
        for lines, pause in [
            (1, 0.0),
            (2, 0.005),
            (2, 0.02),
            (2, 0.05),
            (3, 0.0),
            (3, 0.01),
            (4, 0.0),
            (4, 0.01),
            (5, 0.0),
            (5, 0.02),
        ]
    ],
)
@pytest.mark.parametrize("existing", [False, True])
def test_a_plan_that_is_killed_leaves_nothing_that_the_next_does_not_remove(
    aws: EmbeddedAws, account: str, tmp_path: Path, lines: int, pause: float, existing: bool
) -> None:
    if existing:
        run(opened(aws, account), template(table()))
    path = tmp_path / "template.yaml"
    path.write_text(template(table(index="owner"), log_group()))
    kill_after(start(aws, account, path, "preview"), lines, pause)
    assert end(plan(aws, account, path.read_text())).ending is Ending.DONE
    assert status(aws, account) == ("CREATE_COMPLETE" if existing else "")
    if existing:
        assert pending(aws, account) == []


@pytest.mark.slow
@pytest.mark.parametrize("existing", [False, True])
def test_a_plan_killed_at_random_moments_leaves_nothing_that_the_next_does_not_remove(
    aws: EmbeddedAws, account: str, tmp_path: Path, existing: bool
) -> None:
    if existing:
        run(opened(aws, account), template(table()))
    path = tmp_path / "template.yaml"
    path.write_text(template(table(index="owner"), log_group()))
    begun = time.monotonic()
    whole = start(aws, account, path, "preview")
    whole.communicate()
    length = time.monotonic() - begun
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for moment in [chance.uniform(0, length) for _ in range(10)]:
        kill_after(start(aws, account, path, "preview"), 0, moment)
        assert end(plan(aws, account, path.read_text())).ending is Ending.DONE, (seed, moment)
        assert status(aws, account) == ("CREATE_COMPLETE" if existing else ""), (seed, moment)
        assert not existing or pending(aws, account) == [], (seed, moment)


def test_a_killed_plan_of_another_template_is_cleared_as_well(aws: EmbeddedAws, account: str) -> None:
    from tablewright.deploy.changing.run import make
    from tablewright.deploy.looking.run import look

    design = read_design(template(table("Two", "two-tables")), stack=STACK, path="template.yaml")
    ports = opened(aws, account)
    list(make(ports, look(design, ports), DeployOptions(), (), for_plan=True))  # and never discarded
    assert status(aws, account) == "REVIEW_IN_PROGRESS"
    assert end(plan(aws, account, template(table()))).ending is Ending.DONE
    assert status(aws, account) == ""


def test_offline_nothing_is_asked_and_what_is_not_known_is_said() -> None:
    body = "Parameters: {Stage: {Type: String}}\n" + template(table(name="!Sub 'orders-${Stage}'"))
    events = list(offline(read_design(body, stack=STACK, path="template.yaml")))
    planned = next(e for e in events if isinstance(e, Planned))
    assert any("parameter Stage has no value" in text for text in planned.unknown)
    assert end(events).facts[CHANGES] == "unknown"
