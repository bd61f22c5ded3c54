"""Killed at random moments while others write: no update of theirs is lost, and no item is changed twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.copying import fill
from tests.migration.changing import contents, made_table, opened, undone
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
ITEMS = 240


class Writer(threading.Thread):
    """Somebody who writes the old form all the time, to items of its own, and knows what they must hold."""

    def __init__(self, client: Any, names: list[str], chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._client, self._names, self._chance = client, names, chance
        self.expected: dict[str, dict[str, Any]] = {name: _first(name) for name in names}
        self.stopped = threading.Event()
        self.writes = 0
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stopped.is_set():
                self._write(self._chance.choice(self._names))
                self.writes += 1
        except BaseException as error:
            self.trouble = error

    def _write(self, name: str) -> None:
        key, item = {"id": {"S": name}}, self.expected[name]
        value = {"S": f"w{self._chance.random()}"}
        match self._chance.choice(["old", "old", "hits", "other", "put", "take"]):
            case "old":
                self._update(key, "SET #a = :v", {"#a": "old"}, {":v": value})
                item["old"] = value
            case "hits":
                self._update(key, "ADD #a :v", {"#a": "hits"}, {":v": {"N": "1"}})
                item["hits"] = {"N": str(int(item["hits"]["N"]) + 1)}
            case "other":
                self._update(key, "SET #a = :v", {"#a": "other"}, {":v": value})
                item["other"] = value
            case "put":
                self.expected[name] = {**_first(name), "old": value}
                self._client.put_item(TableName="orders", Item=self.expected[name])
            case _:
                self._update(key, "REMOVE #a", {"#a": "other"}, {})
                item.pop("other", None)

    def _update(self, key: Any, expression: str, names: dict[str, str], values: dict[str, Any]) -> None:
        more = {"ExpressionAttributeValues": values} if values else {}
        self._client.update_item(
            TableName="orders", Key=key, UpdateExpression=expression, ExpressionAttributeNames=names, **more
        )


def _first(name: str) -> dict[str, Any]:
    return {"id": {"S": name}, "old": {"S": f"first {name}"}, "hits": {"N": "0"}, "n": {"N": "1"}}


def _changed(
    aws: EmbeddedAws, account: str, folder: Path, which: str, updates: int = 0, seconds: float = 0.0
) -> tuple[int, str]:
    """Run the process, which kills itself so many seconds after so many updates; its exit code, and its last words."""
    command = [sys.executable, "-m", "tests.migration.changing_process", aws.endpoint, account, "orders", str(folder)]
    ran = subprocess.run(
        [*command, which, str(updates), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        timeout=600,
        check=False,
    )
    return ran.returncode, ran.stdout.strip()


def _kill_often(
    aws: EmbeddedAws, account: str, folder: Path, which: str, chance: random.Random
) -> tuple[int, str] | None:
    """Three times right at an update, of which there are many more; three times some time after one, if it is not over then."""
    for _ in range(3):
        said = _changed(aws, account, folder, which, chance.randint(1, 39))
        assert said == (-signal.SIGKILL, "")
    for _ in range(3):
        said = _changed(aws, account, folder, which, chance.randint(1, 20), chance.uniform(0.002, 0.05))
        if said[0] == 0:
            return said
        assert said == (-signal.SIGKILL, "")
    return None


def _writers(aws: EmbeddedAws, account: str, chance: random.Random) -> list[Writer]:
    names = [f"i{number:04}" for number in range(ITEMS)]
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [_first(name) for name in names])
    return [
        Writer(aws.client("dynamodb", account=account), names[at::3], random.Random(chance.random())) for at in range(3)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_a_rename_killed_and_resumed_while_others_write(
    aws: EmbeddedAws, account: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    writers = _writers(aws, account, chance)
    for writer in writers:
        writer.start()
    _kill_often(aws, account, tmp_path, "rename", chance)
    until(lambda: all(writer.trouble or writer.writes > 70 for writer in writers))
    for writer in writers:
        writer.stopped.set()
        writer.join(120)
        assert writer.trouble is None and not writer.is_alive()
    assert _changed(aws, account, tmp_path, "rename") == (0, "changed")

    client = aws.client("dynamodb", account=account)
    found = contents(client, "orders")
    for writer in writers:
        for name, item in writer.expected.items():
            right = {**item, "new": item["old"], "status": {"S": "open"}}
            del right["old"]
            assert found[name] == right


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3])
def test_an_increment_killed_and_resumed_is_made_once_and_can_be_undone(
    aws: EmbeddedAws, account: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    names = [f"i{number:04}" for number in range(ITEMS)]
    client = aws.client("dynamodb", account=account)
    made_table(client, "orders")
    fill(client, "orders", [_first(name) for name in names])
    hits = dict.fromkeys(names, 0)
    stopped = threading.Event()

    def count() -> None:
        other = aws.client("dynamodb", account=account)
        while not stopped.is_set():
            name = chance.choice(names)
            other.update_item(
                TableName="orders", Key={"id": {"S": name}}, UpdateExpression="ADD hits :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )  # fmt: skip
            hits[name] += 1

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    moments = random.Random(seed)
    if not (said := _kill_often(aws, account, tmp_path, "increment", moments)):
        said = _changed(aws, account, tmp_path, "increment")
    stopped.set()
    thread.join(120)

    assert said == (0, "changed-not-verified") and not thread.is_alive()
    found = contents(client, "orders")
    assert {name: found[name]["n"]["N"] for name in names} == dict.fromkeys(names, "2")
    assert {name: int(found[name]["hits"]["N"]) for name in names} == hits

    list(undone(opened(aws.endpoint, account), "orders", tmp_path))
    found = contents(client, "orders")
    assert {name: found[name]["n"]["N"] for name in names} == dict.fromkeys(names, "1")
    assert {name: int(found[name]["hits"]["N"]) for name in names} == hits
