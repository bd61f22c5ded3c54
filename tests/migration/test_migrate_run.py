"""``tablewright migrate run`` on the embedded AWS: what goes over, what is refused, and when "done" is said."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import tablewright as tw
from tablewright.events import Waiting
from tests.conftest import EmbeddedAws
from tests.faces.shell import Ran
from tests.migration.conftest import Item, Tables, sessions

Migrate = Callable[..., Ran]
REKEY = ("--key", "PK=SESSION#{sessionId}", "--key", "SK=META")


def rekeyed(items: list[Item]) -> list[Item]:
    return [{**item, "PK": {"S": f"SESSION#{item['sessionId']['S']}"}, "SK": {"S": "META"}} for item in items]


def by_text(items: list[Item]) -> list[str]:
    return sorted(
        json.dumps({k: {t: sorted(v) if t == "SS" else v for t, v in a.items()} for k, a in i.items()}, sort_keys=True)
        for i in items
    )


def events(ran: Ran) -> list[dict[str, object]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_several_pages_go_over_with_new_keys_and_are_compared(tables: Tables, migrate: Migrate, tmp_path: Path) -> None:
    items = sessions(24, 50_000)  # more than a megabyte: several pages
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    tables.fill(source, items)
    ran = migrate("run", "--local", "--source", source, "--target", target, *REKEY, "--output", "json")
    assert ran.code == 0, ran.err
    assert by_text(tables.items(target)) == by_text(rekeyed(items))
    told = events(ran)
    kinds = [event["event"] for event in told]
    assert kinds[0] == "migration-started"
    assert kinds[-1] == "finished"
    assert {"checked", "phase-started", "progress", "phase-ended", "noted"} <= set(kinds)
    end = told[-1]
    assert (end["ending"], end["code"]) == ("done", "verified")
    assert end["facts"]["items_written"] == "24"  # type: ignore[index]
    (folder,) = (tmp_path / ".tablewright/migrations").glob("*/")
    kept = {path.name for path in folder.iterdir()}
    assert "job.json" in kept
    assert "요리" not in "".join(path.read_text("utf-8", "replace") for path in folder.iterdir())


@pytest.mark.slow
def test_a_migration_that_is_over_is_not_done_twice_and_what_changed_since_is_found(
    tables: Tables, migrate: Migrate
) -> None:
    items = sessions(30)
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    tables.fill(source, items)
    assert migrate("run", "--local", "--source", source, "--target", target, *REKEY).code == 0
    again = migrate("run", "--local", "--source", source, "--target", target, *REKEY)
    assert again.code == 0
    assert "Nothing to do: this migration is over" in again.out
    verified = migrate("verify")
    assert verified.code == 0, verified.err
    assert "source and target hold the same" in verified.out
    # Somebody changes one attribute of one item: a count would not notice.
    changed = rekeyed(items)[7] | {"createdAt": {"N": "1"}}
    tables.fill(target, [changed])
    differs = migrate("verify")
    assert differs.code == 1
    assert "error[verify-differs]" in differs.err
    assert "differs" in migrate("status").out
    # Somebody empties the target: the same command begins anew.
    for item in tables.items(target):
        tables.client.delete_item(TableName=target, Key={k: item[k] for k in ("PK", "SK")})
    anew = migrate("run", "--local", "--source", source, "--target", target, *REKEY, "--no-verify")
    assert anew.code == 0, anew.err
    assert "Copied, not verified" in anew.out
    assert "Done" not in anew.out
    assert len(migrate("status", "--all").out.splitlines()) == 4
    page = (Path(__file__).resolve().parents[2] / "docs/reference/migrate.md").read_text(encoding="utf-8")
    told = json.loads(migrate("status", "--output", "json").out)
    assert [member for member in told if f"`{member}`" not in page] == []


def test_bad_items_are_set_aside_within_a_budget_and_never_called_done(
    tables: Tables, migrate: Migrate, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId", "kind")
    good = [{"sessionId": {"S": f"s-{i}"}, "kind": {"S": "chat"}} for i in range(20)]
    bad = [{"sessionId": {"S": f"bad-{i}"}, "비밀": {"S": "1234"}} for i in range(2)]
    tables.fill(source, good + bad)
    words = ("run", "--local", "--source", source, "--target", target)
    stopped = migrate(*words)
    assert stopped.code == 1
    assert "error[too-many-set-aside]" in stopped.err
    ran = migrate(*words, "--dead-letters", "5")
    assert ran.code == 1
    assert "error[incomplete]: Incomplete: 2 items set aside" in ran.err
    assert "Done" not in ran.out + ran.err
    assert "1234" not in ran.out + ran.err
    assert by_text(tables.items(target)) == by_text(good)
    (letters,) = tmp_path.glob(".tablewright/migrations/*/dead-letters.jsonl")
    told = [json.loads(line) for line in letters.read_text().splitlines()]
    assert by_text([letter["Item"] for letter in told]) == by_text(bad)
    assert {letter["reason"] for letter in told} == {"key attribute 'kind' is missing"}
    assert letters.stat().st_mode & 0o077 == 0
    assert "2 set aside" in migrate("status").out
    again = migrate(*words)
    assert again.code == 3
    assert "error[over-with-a-rest]" in again.err


@pytest.mark.slow
def test_between_two_runs_the_target_was_emptied_or_its_ttl_switched_on(
    tables: Tables, migrate: Migrate, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId", "kind")
    good = [{"sessionId": {"S": f"s-{i}"}, "kind": {"S": "chat"}} for i in range(60)]
    tables.fill(source, [*good, {"sessionId": {"S": "bad"}}])
    words = ("run", "--local", "--source", source, "--target", target, "--no-verify")
    assert migrate(*words).code == 1  # one item is bad, and none may be; what its segment does not hold is acknowledged
    acknowledged = json.loads(migrate("status", "--output", "json").out)["counts"]["written"]
    assert acknowledged > 0

    tables.client.update_time_to_live(
        TableName=target, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    refused = migrate("resume", "--dead-letters", "1")
    assert (refused.code, "error[target-ttl-on]" in refused.err) == (3, True), refused.err

    for item in tables.items(target):
        tables.client.delete_item(TableName=target, Key=item)
    refused = migrate("resume", "--dead-letters", "1")
    assert (refused.code, "error[target-emptied]" in refused.err) == (3, True), refused.err
    assert tables.items(target) == []
    anew = migrate(*words, "--dead-letters", "1", "--suspend-ttl")
    assert "Incomplete: 1 item set aside" in anew.err
    assert by_text(tables.items(target)) == by_text(good)
    assert f"TTL on ttl of {target} is still off" in " ".join(anew.err.split())


@pytest.mark.slow
def test_into_existing_overwrites_nothing(tables: Tables, migrate: Migrate) -> None:
    items = sessions(10)
    source, target = tables.make("sessionId"), tables.make("sessionId")
    tables.fill(source, items)
    taken = [{**items[3], "said": {"S": "mine"}}, {"sessionId": {"S": "another"}}]
    tables.fill(target, taken)
    words = ("run", "--local", "--source", source, "--target", target)
    refused = migrate(*words)
    assert refused.code == 3
    assert "error[target-holds-items]" in refused.err
    assert f"--into-existing {target}" in refused.err
    assert migrate(*words, "--into-existing", "other").code == 2
    ran = migrate(*words, "--into-existing", target, "--dead-letters", "1")
    assert ran.code == 1, ran.err
    assert "Incomplete: 1 item set aside" in ran.err
    assert "1 of them is a conflict" in ran.err
    assert by_text(tables.items(target)) == by_text([*taken, *[i for i in items if i != items[3]]])


@pytest.mark.slow
def test_ttl_is_off_until_both_sides_are_the_same(tables: Tables, migrate: Migrate) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId")
    tables.client.update_time_to_live(
        TableName=target, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    items = [{"sessionId": {"S": "expired"}, "ttl": {"N": "1700000000"}}]
    tables.fill(source, items)
    words = ("run", "--local", "--source", source, "--target", target)
    refused = migrate(*words)
    assert refused.code == 3
    assert "error[target-ttl-on]" in refused.err
    ran = migrate(*words, "--suspend-ttl")
    assert ran.code == 0, ran.err
    assert "TTL on ttl of" in ran.err
    described = tables.client.describe_time_to_live(TableName=target)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


@pytest.mark.slow
def test_what_is_refused_is_refused_before_anything_is_written(
    tables: Tables, migrate: Migrate, aws: EmbeddedAws, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    tables.fill(source, sessions(3))
    arn = tables.client.describe_table(TableName=source)["Table"]["TableArn"]
    other_name = aws.endpoint.replace("127.0.0.1", "localhost")
    local = ("--local", "--source", source)
    expected: list[tuple[tuple[str, ...], int, str]] = [
        ((*local, "--target", source), 3, "source-is-target"),
        ((*local, "--target", arn), 3, "source-is-target"),
        ((*local, "--target", source, "--target-endpoint", other_name), 3, "source-is-target"),
        ((*local, "--target", "nothing-here"), 2, "no-target-table"),
        (("--local", "--source", "nothing-here", "--target", target), 2, "no-source-table"),
        ((*local,), 2, "no-target"),
        (("--local", "--target", target), 2, "no-source"),
        ((*local, "--target", target), 3, "keys-differ"),
        ((*local, "--target", target, "--key", "PK=X#{nothing}", "--key", "SK=META"), 3, "nothing-fits"),
        ((*local, "--target", target, "--key", "PK=X", "--key", "SK=META"), 3, "keys-collide"),
        ((*local, "--target", target, "--pace", "fast"), 2, "pace-malformed"),
        ((*local, "--target", target, "--in-place"), 2, "contradictory-options"),
        ((*local, "--target", target, "--transform", "nothing.toml"), 2, "transform-unreadable"),
    ]
    for words, code, name in expected:
        ran = migrate("run", *words)
        assert (ran.code, re.findall(r"error\[([a-z-]+)\]", ran.err)) == (code, [name]), (words, ran.err)
        assert "Traceback" not in ran.err
    assert tables.items(target) == []
    assert not (tmp_path / ".tablewright").exists()


@pytest.mark.slow
def test_a_plan_shows_what_would_be_and_what_stands_in_the_way(tables: Tables, migrate: Migrate) -> None:
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    tables.fill(source, sessions(20))
    local = ("plan", "--local", "--source", source, "--target", target)
    fine = migrate(*local, *REKEY, "--rename", "said=text", "--sample", "10")
    assert fine.code == 0, fine.err
    for words in ("PK = 'SESSION#{sessionId}'", "+ PK", "- said", "10 items would be written", "USD at list prices"):
        assert words in fine.out, words
    assert "요리" not in fine.out
    assert f"tablewright migrate run --local --source {source} --target {target} --key" in fine.out
    assert "--sample" not in fine.out
    shown = migrate(*local, *REKEY, "--show-items")
    assert "요리" in shown.out
    bad = migrate(*local, "--key", "PK=X", "--key", "SK=META", "--output", "json")
    assert bad.code == 1
    told = json.loads(bad.out)
    assert told["may_run"] is False
    assert told["collisions"][0]["items"] == 20
    unfit = migrate(*local)
    assert unfit.code == 1
    assert "20 items would be set aside: key attribute 'PK' is missing" in " ".join(unfit.out.split())
    changing = migrate("plan", "--local", "--source", source, "--in-place", "--rename", "said=text")
    assert changing.code == 0, changing.err
    assert "rename said to text" in changing.out
    into_files = migrate("plan", "--local", "--source", source, "--target", "./out", "--drop", "sessionId")
    assert into_files.code == 0, into_files.err
    assert tables.items(target) == []


@pytest.mark.parametrize("words", [("status", "none"), ("resume",), ("pace", "50%"), ("pause",), ("verify",)])
def test_a_job_that_is_not_there_is_said(migrate: Migrate, words: tuple[str, ...]) -> None:
    ran = migrate(*words)
    assert ran.code == 2
    assert "error[no-such-job]" in ran.err


def test_nothing_is_kept_and_said_so(migrate: Migrate) -> None:
    assert migrate("status").out == "No migration is kept here.\n"


@pytest.mark.slow
def test_a_change_in_place_goes_on_is_looked_at_again_and_undone(tables: Tables, migrate: Migrate) -> None:
    table = tables.make("sessionId")
    items = sessions(40)
    tables.fill(table, items)
    words = ("run", "--local", "--source", table, "--in-place", "--rename", "said=text", "--drop", "tags")
    ran = migrate(*words)
    assert ran.code == 0, ran.err
    assert "Done: every item shows the change" in ran.out
    changed = [{k if k != "said" else "text": v for k, v in item.items() if k != "tags"} for item in items]
    assert by_text(tables.items(table)) == by_text(changed)
    tables.fill(table, [items[5]])  # somebody writes in the old form
    again = migrate(*words)
    assert again.code == 0, again.err
    assert by_text(tables.items(table)) == by_text(changed)
    (job, _) = sorted(
        (json.loads(line) for line in migrate("status", "--all", "--output", "json").out.splitlines()), key=_length
    )
    assert migrate("verify", job["job"]).code == 2
    tables.fill(table, [{**changed[3], "text": {"S": "mine"}}])
    undone = migrate("undo", job["job"] + ".1")
    assert undone.code == 1, undone.out
    assert "Undone, but for 1 item written to since" in undone.err
    back = [item for item in tables.items(table) if item["sessionId"] != items[3]["sessionId"]]
    assert by_text(back) == by_text([item for item in items if item != items[3]])


@pytest.mark.slow
def test_an_index_that_the_template_is_to_add_is_looked_at_in_place(
    tables: Tables, migrate: Migrate, tmp_path: Path
) -> None:
    table = tables.make("sessionId")
    tables.fill(table, [{"sessionId": {"S": "a"}, "old": {"N": "1"}}, {"sessionId": {"S": "b"}, "old": {"S": "x"}}])
    (tmp_path / "tables.yaml").write_text(
        f"""Resources:
  SessionsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: {table}
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: sessionId, AttributeType: S}}, {{AttributeName: userId, AttributeType: S}}]
      KeySchema: [{{AttributeName: sessionId, KeyType: HASH}}]
      GlobalSecondaryIndexes:
        - IndexName: by-user
          KeySchema: [{{AttributeName: userId, KeyType: HASH}}]
          Projection: {{ProjectionType: ALL}}
"""
    )
    (tmp_path / "tablewright.toml").write_text('stack = "sessions"\ntemplate = "tables.yaml"\n')
    ran = migrate("run", "--local", "--source", table, "--in-place", "--rename", "old=userId")
    assert ran.code == 0, ran.err
    said = " ".join(ran.err.split())
    assert (
        "1 item has userId as a number, and index by-user is keyed by userId as a string: adding it leaves them out"
        in said
    )


def _length(told: dict[str, str]) -> int:
    return len(told["job"])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_a_table_goes_into_files_and_back(tables: Tables, migrate: Migrate, form: str) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId")
    items = sessions(200)
    if form == "csv":
        tables.fill(source, items[:1])
        cannot = migrate("run", "--local", "--source", source, "--target", "./cannot", "--format", form)
        assert cannot.code == 1
        assert "error[csv-cannot-hold]" in cannot.err
        for item in items:
            del item["tags"]
    tables.fill(source, items)
    out = migrate("run", "--local", "--source", source, "--target", "./out", "--format", form)
    assert out.code == 0, out.err
    other = migrate("run", "--local", "--source", target, "--target", "./out", "--format", form)
    assert other.code == 3
    assert "error[target-holds-files]" in other.err
    back = migrate("run", "--local", "--source", "./out", "--target", target, "--format", form)
    assert back.code == 0, back.err
    assert by_text(tables.items(target)) == by_text(items)
    # From files into files, as before an import: no side has keys.
    again = migrate("run", "--source", "./out", "--target", "./moved", "--format", form, "--rename", "sessionId=PK")
    assert (again.code, "hold the same" in again.out) == (0, True), again.err


@pytest.mark.slow
def test_what_was_set_aside_is_a_source_for_a_mended_transform(
    tables: Tables, migrate: Migrate, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId", "kind")
    tables.fill(source, [{"sessionId": {"S": "a"}, "kind": {"S": "chat"}}, {"sessionId": {"S": "b"}}])
    words = ("run", "--local", "--source", source, "--target", target, "--set", "v=1")
    ran = migrate(*words, "--dead-letters", "5")
    assert ran.code == 1, ran.err
    (suggested,) = re.findall(r"tablewright migrate (run --source .*)", ran.err)
    assert "--local" in suggested and "--set v=1" in suggested
    mended = migrate(*shlex.split(suggested), "--default", "kind=chat")
    assert mended.code == 0, mended.err
    assert "Done: every item of the source is in the target" in mended.out
    assert [item["v"] for item in tables.items(target)] == [{"N": "1"}] * 2
    assert sorted(item["sessionId"]["S"] for item in tables.items(target)) == ["a", "b"]


@pytest.mark.slow
def test_the_library_migrates_too(tables: Tables, aws: EmbeddedAws, tmp_path: Path) -> None:
    source, target = tables.make("sessionId"), tables.make("PK", "SK")
    tables.fill(source, sessions(4))
    file = tmp_path / "sessions.toml"
    file.write_text('[[operation]]\nkey = { PK = "SESSION#{sessionId}", SK = "META" }\n')
    account = tw.open_account(
        region="us-east-1", endpoint_url=aws.endpoint, credentials=tw.Credentials("000000000000", "local")
    )
    request = tw.MigrationRequest(
        source=tw.TableAt(source),
        target=tw.TableAt(target),
        root=tmp_path,
        locks=tmp_path / "locks",
        make=lambda source, target: tw.load_transform(str(file), source, target),
    )
    *_, end = tw.migrate(request, lambda place: account, account.clock)
    assert isinstance(end, tw.Finished)
    assert (end.ending, end.code) == (tw.Ending.DONE, "verified")
    assert by_text(tables.items(target)) == by_text(rekeyed(sessions(4)))


@pytest.mark.slow
def test_a_resume_refuses_another_transform_and_another_table(tables: Tables, migrate: Migrate, tmp_path: Path) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId", "kind")
    good = [{"sessionId": {"S": f"s-{i}"}, "kind": {"S": "chat"}} for i in range(5)]
    tables.fill(source, [*good, {"sessionId": {"S": "bad"}}])
    file = tmp_path / "t.toml"
    file.write_text("[[operation]]\nadd = { v = 1 }\n")
    words = ("run", "--local", "--source", source, "--target", target, "--transform", "t.toml")
    assert migrate(*words).code == 1  # one item is bad, and none may be
    file.write_text("[[operation]]\nadd = { v = 2 }\n")
    other = migrate("resume")
    assert other.code == 3
    assert "error[resume-differs]" in other.err
    assert "the transform changed" in other.err
    file.write_text("[[operation]]\nadd = { v = 1 }\n")
    tables.client.delete_table(TableName=target)
    gone = migrate("resume", "--dead-letters", "5")
    assert gone.code == 2
    tables.make("sessionId", "kind", name=target)
    remade = migrate("resume", "--dead-letters", "5")
    assert remade.code == 3
    assert "was deleted and made again" in " ".join(remade.err.split())
    begun = migrate(*words, "--dead-letters", "5")
    assert begun.code == 1
    assert "Incomplete: 1 item set aside" in begun.err
    assert len(tables.items(target)) == 5


@pytest.mark.slow
def test_from_one_endpoint_to_another(tables: Tables, migrate: Migrate, start_aws: Callable[..., EmbeddedAws]) -> None:
    """The target's endpoint is another server, as DynamoDB Local would be; both have a table of one name and ARN."""
    other = Tables(start_aws("other"))
    source = tables.make("sessionId")
    other.make("sessionId", name=source)
    items = sessions(30)
    tables.fill(source, items)
    endpoint = other.client.meta.endpoint_url
    words = ("--local", "--source", source, "--target", source, "--target-endpoint", endpoint)
    ran = migrate("run", *words, "--output", "json")
    assert ran.code == 0, ran.err
    assert events(ran)[0]["target"] == f"{source} ({endpoint}, us-east-1)"
    assert by_text(other.items(source)) == by_text(items)
    assert migrate("verify", *words).code == 0
    tables.fill(source, sessions(31))
    differs = migrate("verify", *words, "--output", "json")
    assert differs.code == 1
    assert events(differs)[-1]["facts"]["missing"] == "1"  # type: ignore[index]


@pytest.mark.slow
def test_from_the_embedded_aws_to_dynamodb_local_and_in_place_there(
    tables: Tables, migrate: Migrate, dynamodb_local: str
) -> None:
    """A server that is DynamoDB alone: it knows no STS, no recovery and no account."""
    there = Tables.at(dynamodb_local)
    source, target = tables.make("sessionId"), there.make("PK", "SK")
    items = sessions(120)
    tables.fill(source, items)
    words = ("--local", "--source", source, "--target", target, "--target-endpoint", dynamodb_local, *REKEY)
    planned = migrate("plan", *words)
    assert planned.code == 0, planned.err
    ran = migrate("run", *words)
    assert ran.code == 0, ran.err
    assert by_text(there.items(target)) == by_text(rekeyed(items))
    within = ("--source", target, "--source-endpoint", dynamodb_local, "--in-place", "--drop", "tags")
    changed = migrate("run", *within)
    assert changed.code == 0, changed.err
    assert all("tags" not in item for item in there.items(target))


@pytest.mark.slow
def test_what_somebody_writes_into_the_target_while_ttl_is_being_switched_off_stays(
    tables: Tables, aws: EmbeddedAws, tmp_path: Path
) -> None:
    source, target = tables.make("sessionId"), tables.make("sessionId")
    tables.client.update_time_to_live(
        TableName=target, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    tables.fill(source, sessions(3))
    account = tw.open_account(
        region="us-east-1", endpoint_url=aws.endpoint, credentials=tw.Credentials("000000000000", "local")
    )
    request = tw.MigrationRequest(
        tw.TableAt(source), tw.TableAt(target), root=tmp_path, locks=tmp_path / "locks", suspend_ttl=True
    )
    theirs = {**sessions(1)[0], "said": {"S": "somebody else's"}}
    end: object = None
    for end in tw.migrate(request, lambda place: account, account.clock):
        if isinstance(end, Waiting) and "TTL" in end.reason:
            tables.fill(target, [theirs])
    assert isinstance(end, tw.Finished)
    assert (end.ending, end.code) == (tw.Ending.REFUSED, "target-holds-items"), end
    assert "TTL on ttl" in end.detail
    assert tables.items(target) == [theirs]
