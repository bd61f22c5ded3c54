"""A plan as a person, a pull request and a program see it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tablewright.cli.faces.cells import width
from tablewright.cli.faces.deploy_page import deploy_page
from tablewright.cli.faces.markdown import code
from tablewright.cli.faces.marks import UNICODE
from tablewright.cli.faces.plain import Plain
from tablewright.cli.faces.plan_page import plan_page
from tablewright.cli.faces.plan_screen import plan_lines
from tablewright.cli.faces.planned import PlanShown, gather
from tablewright.cli.plan import _deploying
from tablewright.cli.terminal import output
from tablewright.events import ChangesFound, Ending, Event, Failure, Finished, Looked, Noted, Planned, PlannedStep
from tablewright.model.cause import Cause
from tablewright.model.loss import Loss, Weight
from tablewright.model.stack import ChangeSet, PropertyChange, ResourceChange
from tablewright.model.table import Contents, Holds
from tests.faces import recorded
from tests.faces.conftest import Client
from tests.faces.recorded import ALARM, STACK_ID, TABLE, started
from tests.faces.shell import Ran

Run = Callable[..., Ran]

AT = datetime(2026, 11, 22, tzinfo=UTC)

REPLACED = ResourceChange(
    "Modify",
    "OrdersTable",
    "orders",
    TABLE,
    "True",
    "ReplaceAndDelete",
    properties=(
        PropertyChange("/Properties/KeySchema", '[{"AttributeName":"id"}]', '[{"AttributeName":"key"}]', "Always"),
    ),
)
MODIFIED = ResourceChange(
    "Modify",
    "Alarm",
    "an-alarm",
    ALARM,
    "False",
    properties=(PropertyChange("/Properties/AlarmDescription", "a | b `c`", "<script>@channel</script>"),),
)
REMOVED = ResourceChange("Remove", "OldTable", "old", TABLE, "", "Retain")
ADDED = ResourceChange("Add", "New주문Table", "", TABLE)
LOSS = Loss(
    "replaced",
    Weight.GUARDED,
    "orders",
    "OrdersTable",
    "The table would be replaced by a new, empty one. It holds items.",
    contents=Contents(Holds.ITEMS, 1),
    item_count=0,
    size_bytes=0,
)


def planned(changes: tuple[ResourceChange, ...] = (ADDED, REPLACED, MODIFIED, REMOVED)) -> list[Event]:
    """A plan that would be refused."""
    change_set = ChangeSet("arn", "tablewright-plan-1", STACK_ID, "CREATE_COMPLETE", "AVAILABLE", changes=changes)
    return [
        replace(started(), verb="plan"),
        Looked(None, "stack ai-chef-dynamodb is CREATE_COMPLETE: it was created"),
        Noted("warning", "Stack was deployed with AWS CDK"),
        Planned(
            "ai-chef-dynamodb",
            (PlannedStep("update", "Update stack ai-chef-dynamodb"),),
            "the template differs from the deployed one",
            unknown=("the name of Table: it is a parameter",),
        ),
        ChangesFound(change_set, (LOSS,), asks=False),
        Finished(
            Ending.DONE,
            "Deploying stack ai-chef-dynamodb would take 1 step",
            "Deploying would be refused as it stands. Nothing was changed.",
            None,
            "data-loss",
            losses=(LOSS,),
            facts={"changes": "yes", "refused": "data-loss"},
        ),
    ]


def screen(shown: PlanShown, columns: int = 100) -> list[str]:
    """The screen as text."""
    return ["".join(text for text, _ in line).rstrip() for line in plan_lines(shown, columns, UNICODE)]


def test_what_replaces_and_removes_stands_first_with_what_becomes_of_it() -> None:
    lines = screen(gather(planned()))
    at = lines.index("Changes")
    assert lines[at + 1].startswith("  ! replace  OrdersTable")
    assert lines[at + 2] == "      the old one is deleted"
    assert lines[at + 3] == ('      KeySchema  [{"AttributeName":"id"}] → [{"AttributeName":"key"}]  replaces')
    assert lines[at + 4].startswith("  - remove   OldTable")
    assert lines[at + 5] == "      it is kept, and no stack owns it any more"
    text = "\n".join(lines)
    assert "✗ orders (OrdersTable): The table would be replaced" in text
    assert "0 items, 0 B (up to six hours old); read just now: it holds items" in " ".join(text.split())
    assert "? the name of Table: it is a parameter" in text
    assert "✗ Deploying stack ai-chef-dynamodb would take 1 step [data-loss]" in text


@pytest.mark.parametrize(
    ("at", "title"), [(AT, "Why it stands so"), (None, "What deploying would run into")], ids=["past", "foreseen"]
)
def test_a_past_failure_is_not_said_to_lie_ahead(at: datetime | None, title: str) -> None:
    cause = Cause("OrdersTable", TABLE, "CREATE_FAILED", "it broke", at)
    shown = gather([*planned(), Failure(cause)])
    assert any(line.startswith(f"{title}: OrdersTable") for line in screen(shown))
    assert f"**{title}**: `OrdersTable`" in plan_page(shown)


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_no_line_sticks_out(columns: int) -> None:
    for line in screen(gather(planned()), columns):
        assert width(line) <= columns or line.strip().startswith("tablewright"), line


def test_the_comment_says_the_same_and_nothing_in_it_can_break_out() -> None:
    page = plan_page(gather(planned()))
    assert page.startswith("### Plan for stack `ai-chef-dynamodb` (production)")
    assert "| ⚠️ replace | `OrdersTable` | AWS::DynamoDB::Table |" in page
    assert "**replaces**" in page
    assert "> [!CAUTION]" in page
    assert "orders (OrdersTable): The table would be replaced" in page
    assert "❌ Deploying stack ai-chef-dynamodb would take 1 step" in page
    row = next(line for line in page.splitlines() if "AlarmDescription" in line)
    assert row.count("|") - row.count("\\|") == 5
    assert "`` a \\| b `c` ``" in row
    outside = [part for at, part in enumerate(row.replace("``", "`").split("`")) if at % 2 == 0]
    assert not any("<script>" in part for part in outside)


def test_the_comment_says_what_would_be_lost_before_what_may_be_done_instead() -> None:
    told = "Deploying would be refused as it stands. Nothing was changed.\n\nTo keep the items of orders: do that."
    events = [replace(one, detail=told) if isinstance(one, Finished) else one for one in planned()]
    page = plan_page(gather(events))
    order = ("Nothing was changed.", "What would be lost", "To keep the items of orders: do that.", "**Steps**")
    assert [page.index(part) for part in order] == sorted(page.index(part) for part in order)
    assert any(line == "  To keep the items of orders: do that." for line in screen(gather(events)))


def test_a_comment_on_many_changes_stays_within_what_github_takes() -> None:
    long = PropertyChange("/Properties/AlarmDescription", "가" * 300, "나" * 300)
    many = (*(replace(MODIFIED, logical_id=f"Alarm{n}", properties=(long,)) for n in range(500)), REPLACED)
    page = plan_page(gather(planned(many)))
    assert 60_000 < len(page) <= 65_000
    assert re.search(r"\| and \d+ more \|", page)
    assert (
        page.index("What would be lost")
        < page.index("**Changes**")
        < page.index("OrdersTable` | AWS")
        < page.index("Alarm0")
    )


def tagged(number: int, after: str | None = None) -> ResourceChange:
    """A table of which only the tags change, as each does when the stack's own change."""
    tags = PropertyChange("Tags", None if after is None else "[]", after)
    return ResourceChange("Modify", f"Table{number}", f"table-{number}", TABLE, "False", "", ("Tags",), (tags,))


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_the_stacks_new_tags_on_everything_do_not_bury_the_change_that_is_meant(columns: int) -> None:
    changes = (*(tagged(number) for number in range(300)), MODIFIED, tagged(300, '[{"Key":"Team"}]'), REPLACED)
    lines = screen(gather(planned(changes)), columns)
    text = " ".join(" ".join(lines).split())
    assert "modify 300 resources" in text
    assert "Table0, Table1," in text and "Table11 and 288 more" in text
    assert "Table300" in text, "it takes another tag, which is its own"
    assert len(lines) < 60
    assert all(width(line) <= columns or line.strip().startswith("tablewright") for line in lines)
    page = plan_page(gather(planned(changes)))
    assert "| modify | 300 resources: Table0, Table1," in page and "`Tags`" in page
    assert page.count("| modify |") == 3
    seen = io.StringIO()
    plain = Plain(output(io.StringIO()), output(seen))
    for event in planned(changes):
        plain.take(event)
    assert "modify  300 resources, their tags alone: Table0, Table1," in seen.getvalue()
    assert sum("modify" in line for line in seen.getvalue().splitlines()) == 4


def test_two_resources_of_one_name_in_two_stacks_are_not_taken_for_one() -> None:
    lines = screen(gather(planned((tagged(1), tagged(2), replace(REMOVED, logical_id="Table1")))))
    assert any(line.startswith("  - remove  Table1") for line in lines)
    assert any(line.startswith("  ~ modify  2 resources") for line in lines)


def test_a_table_that_stays_is_not_said_to_be_lost() -> None:
    stays = replace(LOSS, weight=Weight.SAID, table="kept", what="The table leaves the stack and stays.")
    for losses, caution in (((stays,), False), ((stays, LOSS), True)):
        events = [replace(one, losses=losses) if isinstance(one, ChangesFound) else one for one in planned()]
        page = plan_page(gather(events))
        assert ("> [!CAUTION]" in page) is caution and "> [!NOTE]\n> **What becomes of tables**" in page
        assert not caution or page.index("> [!CAUTION]") < page.index("orders (") < page.index(
            "> [!NOTE]"
        ) < page.index("kept (")


def test_a_run_is_shown_with_its_cause_outputs_and_what_was_lost() -> None:
    page = deploy_page(gather(recorded.created()))
    assert page.startswith("### Deployment of stack `ai-chef-dynamodb` (production)") and "\n✅ Stack" in page
    assert "| `SessionsTableName` | `ai-chef-sessions` | ai-chef-dynamodb-SessionsTable |" in page
    failed = deploy_page(gather(recorded.rolled_back()))
    assert "\n❌ " in failed and "**Root cause**" in failed
    lost = [
        replace(one, losses=(replace(LOSS, allowed=True),)) if isinstance(one, ChangesFound) else one
        for one in recorded.created()
    ]
    assert "**What was lost, as allowed**" in deploy_page(gather(lost))


def test_a_comment_on_many_losses_names_them_before_anything_else_and_says_what_it_leaves_out() -> None:
    many = tuple(replace(LOSS, table=f"orders-{n}", what="*" * 3000) for n in range(300))
    events = [replace(one, losses=many) if isinstance(one, ChangesFound) else one for one in planned()]
    page = plan_page(gather(events))
    assert len(page) <= 65_000 and "orders-0 " in page
    assert page.rstrip().endswith("`tablewright plan` shows all of it.") and "**Changes**" not in page


def test_the_command_that_deploys_a_plan() -> None:
    typed = ["plan", "t.yaml", "--exit-code", "--output", "markdown", "--local", "--output=json", "--offline"]
    assert _deploying(typed) == ["deploy", "t.yaml", "--local"]


def test_plan_changes_nothing_and_agrees_with_deploy(home: Path, project: Path, run: Run, client: Client) -> None:
    ran = run("plan", "--local", "--exit-code")
    assert ran.code == 10, ran.err
    assert "1. Create stack ai-chef-dynamodb" in ran.out
    assert "+ add  AiChefResultsTable" in ran.out
    assert "      tablewright deploy --local\n" in ran.out
    assert (
        client("cloudformation").list_stacks(StackStatusFilter=["REVIEW_IN_PROGRESS", "CREATE_COMPLETE"])[
            "StackSummaries"
        ]
        == []
    )
    assert run("deploy", "--local").code == 0
    again = run("plan", "--local", "--exit-code")
    assert again.code == 0
    assert "deployed already" in again.out
    template = project / "backend/infrastructure/dynamodb-schema.yaml"
    text = template.read_text(encoding="utf-8")
    changed = project / "changed.yaml"
    changed.write_text(text.replace("RetentionInDays: 7", "RetentionInDays: 14"), encoding="utf-8")
    words = ("changed.yaml", "--stack", "ai-chef-dynamodb", "--local")
    events = [json.loads(line) for line in run("plan", *words, "--output", "json").out.splitlines()]
    (found,) = [event for event in events if event["event"] == "changes-found"]
    changes = found["change_set"]["changes"]
    assert [(c["action"], c["logical_id"]) for c in changes] == [("Modify", "DynamoDBLogGroup")]
    page = run("plan", *words, "--output", "markdown").out
    assert "| modify | `DynamoDBLogGroup` |" in page


def test_offline_asks_nobody(project: Path, run: Run) -> None:
    ran = run("plan", "--offline", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert ran.code == 0, ran.err
    assert "Nothing was asked of AWS." in ran.out
    assert "ai-chef-results, indexes sessionId-index" in " ".join(ran.out.split())


def test_what_is_not_rehearsed_is_said_on_the_screen_and_in_the_comment() -> None:
    added = ResourceChange("Add", "Worker", "not-rehearsed-Worker", "AWS::Lambda::Function")
    changed = replace(MODIFIED, logical_id="Api", physical_id="not-rehearsed-Api", type="AWS::ApiGateway::RestApi")
    shown = gather(planned((added, changed)))

    page = plan_page(shown)
    rows = [line for line in page.splitlines() if "Worker" in line or "Api`" in line]
    assert len(rows) == 2 and all("**not rehearsed**" in row for row in rows)
    assert sum("not rehearsed: a placeholder stands for it" in line for line in screen(shown, 120)) == 2


@pytest.mark.parametrize("told", ["a``**b**``c", "`", "``````", "a` `b", "[x](http://evil)", "end`"])
def test_inline_code_ends_where_it_says(told: str) -> None:
    shown = code(told)
    fence = shown[: len(shown) - len(shown.lstrip("`"))]
    inner = shown[len(fence) : -len(fence)]
    assert shown.endswith(fence)
    assert inner.strip() == told
    assert all(len(run) < len(fence) for run in re.findall("`+", inner))


@pytest.mark.parametrize("told", ["a|b", "a\\|b", "a\\\\|b", "|", "\\|"])
def test_no_bar_of_inline_code_ends_a_cell(told: str) -> None:
    # As GitHub's tables are read: a backslash and the punctuation after it are one, and a bar that is left ends the cell.
    left = re.sub(r"\\[\\|]", "", code(told))
    assert "|" not in left
