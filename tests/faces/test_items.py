"""Looking at items over HTTP: pages, budgets, Korean values, what is hidden, and writes that ask first."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tablewright.access.needs import NEEDS
from tablewright.account import open_account
from tablewright.items.parse import parse_condition
from tablewright.items.redaction import Redaction
from tablewright.items.request import look
from tablewright.items.run import End, Found, describe, execute, read
from tablewright.items.statement import statement
from tablewright.local import control
from tablewright.model.whereabouts import Credentials
from tablewright.ports import Account
from tests.conftest import EmbeddedAws
from tests.faces.shell import Ran, in_process
from tests.rehearsals.between import between
from tests.waiting import SOON

SECRET = "topsecret@example.com"
Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def account() -> str:
    return "200000000777"


@pytest.fixture(scope="module")
def dynamodb(aws: EmbeddedAws, account: str) -> Iterator[Any]:
    """A table of 40 orders, 1.5 KB each, half of them of 김철수."""
    client = aws.client("dynamodb", account=account)
    client.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    client.get_waiter("table_exists").wait(TableName="orders", WaiterConfig=SOON)
    puts = [
        {
            "PutRequest": {
                "Item": {
                    "customer": {"S": ("김철수", "kim")[n % 2]},
                    "number": {"N": str(n)},
                    "status": {"S": "DONE" if n % 4 else "FAILED"},
                    "email": {"S": SECRET},
                    "profile": {"M": {"email": {"S": SECRET}, "이름": {"S": f"이름-{n}"}}},
                    "memo": {"S": "주문" * 250},
                    "raw": {"B": b"\x00\xff"},
                }
            }
        }
        for n in range(40)
    ]
    for at in (0, 20):
        client.batch_write_item(RequestItems={"orders": puts[at : at + 20]})
    yield client
    client.delete_table(TableName="orders")


@pytest.fixture
def run(aws: EmbeddedAws, account: str, dynamodb: Any, tmp_path: Path) -> Run:
    (tmp_path / ".git").mkdir()
    (tmp_path / "tablewright.toml").write_text('[redact]\n"*" = ["Email"]\n', encoding="utf-8")

    def ran(*words: str, at: tuple[str, ...] = ("--endpoint-url", aws.endpoint), **env: str) -> Ran:
        where = (*at, "--region", "us-east-1")
        keys = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local", **env}
        done = in_process("items", *words, *where, cwd=tmp_path, env=keys)
        assert SECRET not in done.out + done.err
        return done

    return ran


@pytest.fixture(scope="module")
def opened(aws: EmbeddedAws, account: str, dynamodb: Any) -> Account:
    return open_account(region="us-east-1", endpoint_url=aws.endpoint, credentials=Credentials(account, "local"))


def _lines(ran: Ran) -> tuple[list[Any], Any]:
    assert ran.code == 0, ran.err
    *items, end = map(json.loads, ran.out.splitlines())
    return [next(iter(item.values())) for item in items], end["end"]


def test_one_item_by_its_key(run: Run) -> None:
    shown = run("get", "orders", "customer=김철수", "number=4.0")
    typed, _ = _lines(run("get", "orders", "customer=김철수", "number=4", "--output", "json", "--typed"))

    assert shown.code == 0
    assert "이름-4" in shown.out and "(redacted)" in shown.out
    assert typed[0]["raw"] == {"B": "AP8="} and typed[0]["number"] == {"N": "4"}
    missing = run("get", "orders", "customer=김철수", "number=5")
    assert missing.code == 1 and "error[no-item]" in missing.err


def test_a_partition_with_conditions_and_attributes(run: Run) -> None:
    found, end = _lines(
        run("query", "orders", "customer=김철수", "number between 10 and 20", "--reverse", "--output", "json",
            "--where", 'profile.`이름` <> "이름-12" and not (status in ("FAILED"))', "--attributes", "profile,raw")
    )  # fmt: skip
    assert [item["number"] for item in found] == [18, 14, 10]
    assert set(found[0]) == {"customer", "number", "profile", "raw"}
    assert end["complete"] and end["read"] == 6


def test_an_index_is_read_by_its_own_key(run: Run) -> None:
    found, _ = _lines(run("query", "orders", "--index", "by-status", "status=FAILED", "--output", "json"))
    assert sorted(item["number"] for item in found) == list(range(0, 40, 4))


@pytest.mark.parametrize(
    ("budget", "limit", "where"), [(3, None, None), (100, 7, None), (100, 3, 'status = "FAILED"'), (1, 2, "raw exists")]
)
def test_a_read_that_stops_goes_on_without_a_gap(
    opened: Account, budget: float, limit: int | None, where: str | None
) -> None:
    condition = parse_condition(where) if where else None
    wanted = look(describe("orders", opened), None, where=condition, attributes=[("raw",)])
    numbers: list[int] = []
    begin = None
    for _ in range(60):
        *pages, end = read(wanted, opened, Redaction(), budget=budget, limit=limit, begin=begin)
        assert isinstance(end, End) and end.units <= budget
        found = [int(item["number"]["N"]) for page in pages if isinstance(page, Found) for item in page.items]
        assert limit is None or len(found) <= limit
        numbers += found
        begin = end.continuation
        if begin is None:
            break
    assert isinstance(end, End) and end.stopped == "end"
    assert sorted(numbers) == list(range(0, 40, 4) if where and "status" in where else range(40))


def test_a_person_is_told_how_to_go_on(run: Run) -> None:
    shown = run("scan", "orders", "--budget", "1", COLUMNS="60")
    assert "To go on\n  from there" in shown.err and "      --continue=" in shown.err
    word = shown.err.split("--continue=")[1].strip()
    other = run("scan", "orders", "--where", "x exists", f"--continue={word}")
    assert other.code == 2 and "error[wrong-continuation]" in other.err


@pytest.mark.slow
def test_a_count_says_when_it_is_partial(run: Run) -> None:
    whole = run("count", "orders")
    some = run("count", "orders", "--budget", "2")
    told = json.loads(run("count", "orders", "customer=kim", "--output", "json").out)

    assert whole.out == "40\n"
    assert some.out.startswith("at least ") and "(partial)" in some.out
    assert told["items"] == 20 and told["complete"] is True


def test_hidden_keys_are_in_no_continuation(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tablewright.toml").write_text('[redact]\n"ord*" = ["customer"]\n"*" = ["email"]\n', encoding="utf-8")
    _, end = _lines(run("scan", "orders", "--limit", "2", "--output", "json"))
    assert end["continue"] is None and not end["complete"]
    refused = run("dump", "orders")
    assert refused.code == 3 and "error[key-redacted]" in refused.err


@pytest.mark.slow
def test_partiql_reads_and_hides(run: Run) -> None:
    found, _ = _lines(
        run(
            "sql",
            'SELECT * FROM "orders" WHERE customer = ? AND number < ?',
            "-p",
            '"김철수"',
            "-p",
            "5",
            "--output",
            "json",
        )
    )
    assert [item["number"] for item in found] == [0, 2, 4]
    assert found[0]["email"] == found[0]["profile"]["email"] == "(redacted)"
    assert "error[not-redactable]" in run("sql", 'SELECT profile.email FROM "orders"').err
    assert "error[malformed-statement]" in run("sql", "DROP TABLE orders").err
    assert "error[malformed-parameter]" in run("sql", 'SELECT * FROM "orders" WHERE a = ?', "-p", "text").err


def test_partiql_goes_on_where_its_budget_ended(opened: Account) -> None:
    text = 'SELECT customer, number FROM "orders"."by-status" WHERE status = \'FAILED\''
    request = statement(text, (), Redaction(), write=False, consistent=False)
    numbers: list[int] = []
    begin = None
    turns = 0
    while turns < 20:
        turns += 1
        *pages, end = execute(request, opened, Redaction(), budget=1, begin=begin)
        assert isinstance(end, End)
        numbers += [int(item["number"]["N"]) for page in pages if isinstance(page, Found) for item in page.items]
        begin = end.continuation
        if begin is None:
            break
    assert turns > 1 and sorted(numbers) == list(range(0, 40, 4))


@pytest.mark.parametrize(
    "words",
    [
        ("put", "orders", '{"customer": "new", "number": 1}'),
        ("delete", "orders", "customer=kim", "number=1"),
        ("load", "orders", "nowhere.jsonl"),
        ("sql", "UPDATE \"orders\" SET memo = 'x' WHERE customer = 'kim' AND number = 1"),
        ("sql", "  delete FROM \"orders\" WHERE customer = 'kim' AND number = 1"),
        ("sql", "INSERT INTO \"orders\" VALUE {'customer': 'new', 'number': 1}"),
    ],
)
def test_nothing_is_written_without_being_told(run: Run, words: tuple[str, ...]) -> None:
    refused = run(*words)
    assert refused.code == 3
    assert "error[write-not-allowed]" in refused.err


@pytest.mark.slow
def test_writes_keep_to_their_conditions(run: Run, dynamodb: Any) -> None:
    key = {"customer": {"S": "새 손님"}, "number": {"N": "1"}}
    item = '{"customer": "새 손님", "number": "1", "n": 0.10, "email": "' + SECRET + '"}'
    assert run("put", "orders", item, "--write").code == 0
    assert dynamodb.get_item(TableName="orders", Key=key)["Item"]["n"] == {"N": "0.1"}

    again = run("put", "orders", item, "--write")
    assert again.code == 1 and "--overwrite would replace it" in again.err
    unmet = run("put", "orders", item, "--write", "--overwrite", "--if", "n > 1")
    assert unmet.code == 1 and "does not meet --if" in unmet.err
    assert run("put", "orders", item.replace("0.10", "2"), "--write", "--overwrite", "--if", "n < 1").code == 0
    shown = run(
        "sql", "UPDATE \"orders\" SET n = 3 WHERE customer = '새 손님' AND number = 1 RETURNING ALL NEW *", "--write"
    )
    assert shown.code == 0 and "(redacted)" in shown.out
    assert run("delete", "orders", "customer=새 손님", "number=1", "--if", "n = 2", "--write").code == 1
    assert run("delete", "orders", "customer=새 손님", "number=1", "--write").code == 0
    gone = run("delete", "orders", "customer=새 손님", "number=1", "--write")
    assert gone.code == 1 and "has no item with this key" in gone.err


@pytest.mark.slow
def test_a_protected_environment_loses_nothing_and_its_account_is_made_sure_of(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tablewright.toml"
    file.write_text('protection = "strict"\n', encoding="utf-8")
    for words in (
        ("delete", "orders", "customer=kim", "number=1"),
        ("put", "orders", '{"customer": "kim", "number": 1}', "--overwrite"),
        ("sql", "DELETE FROM \"orders\" WHERE customer = 'kim' AND number = 1"),
    ):
        refused = run(*words, "--write")
        assert refused.code == 3 and "error[protected-environment]" in refused.err
    file.write_text('account = "123456789012"\n', encoding="utf-8")
    refused = run("put", "orders", '{"customer": "kim", "number": 100}', "--write")
    assert refused.code == 3 and "error[wrong-account]" in refused.err


@pytest.mark.slow
def test_a_sample_goes_out_and_in(run: Run, tmp_path: Path, dynamodb: Any) -> None:
    sample = tmp_path / "표본.jsonl"
    assert run("dump", "orders", "--to", str(sample), "--where", 'status = "FAILED"').code == 0
    assert stat.S_IMODE(sample.stat().st_mode) == 0o600
    text = sample.read_text(encoding="utf-8")
    assert len(text.splitlines()) == 10 and "email" not in text
    assert run("dump", "orders", "--to", str(sample)).code == 2

    kept = json.loads(run("load", "orders", str(sample), "--write", "--output", "json").out)
    assert (kept["written"], kept["kept"]) == (0, 10)
    # A line break of Unicode's own is no end of a line of JSON.
    sample.write_text(text.replace("김철수", "표본").replace("이름-", "이름\u2028\x85-"), encoding="utf-8")
    part = run("load", "orders", str(sample), "--write", "--budget", "8")
    assert part.code == 1 and "8 items are not written" in part.err
    line = part.err.split("--from-line=")[1].strip()
    assert run("load", "orders", str(sample), "--write", "--from-line", line).code == 0
    there = dynamodb.query(
        TableName="orders", KeyConditionExpression="customer = :c", ExpressionAttributeValues={":c": {"S": "표본"}}
    )["Items"]
    assert len(there) == 10 and there[0]["raw"] == {"B": b"\x00\xff"}
    for each in there:
        dynamodb.delete_item(TableName="orders", Key={"customer": each["customer"], "number": each["number"]})

    sample.write_text(text + '{"Item": {"customer": {"S": "' + SECRET + '"}}}\n', encoding="utf-8")
    bad = run("load", "orders", str(sample), "--write")
    assert bad.code == 2 and "line 11" in bad.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("get", "nowhere", "id=1"), "no-table"),
        (("scan", "arn:aws:dynamodb:us-east-1:000000000000:table/orders"), "table-by-arn"),
        (("get", "orders", "customer=a"), "malformed-key"),
        (("query", "orders", "number=1"), "malformed-key"),
        (("scan", "orders", "--where", "status = DONE"), "malformed-condition"),
        (("scan", "orders", "--attributes", "a,"), "malformed-condition"),
        (("scan", "orders", "--continue", "x"), "wrong-continuation"),
        (("put", "orders", "{}", "--write"), "malformed-item"),
        (("put", "orders", '{"customer": 5, "number": 1}', "--write"), "malformed-item"),
        (("put", "orders", "@nowhere.json", "--write"), "unreadable-file"),
        (("put", "orders", "{}", "--if", "a exists", "--write"), "contradictory-options"),
        (("scan", "orders", "--budget", "0"), "usage"),
        (("query", "orders", "--index", "by-statu", "status=x"), "no-index"),
        (("query", "orders", "--index", "by-status", "status=x", "--consistent"), "contradictory-options"),
    ],
)
def test_mistakes_are_told(run: Run, words: tuple[str, ...], code: str) -> None:
    refused = run(*words)
    assert refused.code == 2
    assert f"error[{code}]" in refused.err


def test_words_of_aws_that_quote_what_was_sent_are_withheld(run: Run) -> None:
    refused = run("sql", f"SELECT * FROM \"nowhere\" WHERE email = '{SECRET}' AND", "--output", "json")
    assert refused.code == 1
    assert json.loads(refused.out)["code"] in ("aws-validation", "not-found")


@pytest.mark.slow
def test_the_calls_are_those_that_are_documented(aws: EmbeddedAws, run: Run) -> None:
    documented = {action.partition(":")[2] for need in NEEDS["items"] for action in need.actions}
    with between(aws.endpoint) as gate:
        there = ("--endpoint-url", gate.endpoint)
        for words in (
            ("get", "orders", "customer=kim", "number=1"),
            ("query", "orders", "customer=kim", "--limit", "1"),
            ("scan", "orders", "--limit", "1"),
            ("count", "orders", "--budget", "1"),
            ("dump", "orders", "--limit", "1"),
            ("put", "orders", '{"customer": "documented", "number": 1}', "--write"),
            ("delete", "orders", "customer=documented", "number=1", "--write"),
        ):
            assert run(*words, at=there).code == 0
    made = {one for one in gate.seen if "/_tablewright/" not in one}
    assert made == documented & made and {"DescribeTable", "GetItem", "Query", "Scan", "PutItem", "DeleteItem"} <= made


def test_a_write_whose_answer_is_lost_is_not_made_twice(
    aws: EmbeddedAws, account: str, run: Run, dynamodb: Any
) -> None:
    key = {"customer": {"S": "lost"}, "number": {"N": "1"}}
    dynamodb.put_item(TableName="orders", Item={**key, "n": {"N": "1"}})
    more = ("sql", "UPDATE \"orders\" SET n = n + 1 WHERE customer = 'lost' AND number = 1", "--write")
    # Faults go by operation alone: that of an account is told by its table.
    with control.fault(aws.endpoint, "lost-answer", operation="ExecuteStatement", count=1):
        unsure = run(*more)
    assert unsure.code == 1 and "error[write-unsure]" in unsure.err, unsure.err
    assert dynamodb.get_item(TableName="orders", Key=key, ConsistentRead=True)["Item"]["n"] == {"N": "2"}


@pytest.mark.slow
def test_what_a_lost_answer_may_have_done_is_not_denied(aws: EmbeddedAws, run: Run, dynamodb: Any) -> None:
    with control.fault(aws.endpoint, "lost-answer", table="orders", operation="PutItem", count=1):
        put = run("put", "orders", '{"customer": "lost", "number": 2}', "--write")
    with control.fault(aws.endpoint, "lost-answer", table="orders", operation="DeleteItem", count=1):
        deleted = run("delete", "orders", "customer=lost", "number=2", "--write")
    for told in (put, deleted):
        assert told.code == 1 and "error[write-unsure]" in told.err and "Nothing was changed" not in told.err, told.err
