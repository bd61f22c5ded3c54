"""The guide's sessions, an application that writes them without pause, and what it may expect to find afterwards."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.conftest import EmbeddedAws
from tests.contract.copying import fill

POINTER = "/sessions/table"
OLD, NEW = "ai-chef-sessions", "ai-chef-sessions-v2"
KEYS = {"key": ["PK=SESSION#{sessionId}", "SK=META"]}
"""The transform: the guide's sessionId re-keyed to PK and SK; sessionId stays, so that there is a way back."""

Item = dict[str, Any]


def make_tables(client: Any, *, old: str = OLD, new: str = NEW) -> None:
    """Both tables, empty."""
    for name, keys in ((old, {"sessionId": "HASH"}), (new, {"PK": "HASH", "SK": "RANGE"})):
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": role} for key, role in keys.items()],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )


def seed(client: Any, number: int, table: str = OLD) -> dict[str, Item]:
    """Put so many sessions into the old table; what it holds then, by session id."""
    held = [session(f"seed-{n:05d}", 0) for n in range(number)]
    fill(client, table, held)
    return {item["sessionId"]["S"]: item for item in held}


def session(name: str, version: int) -> Item:
    """A session as the old table holds it."""
    return {
        "sessionId": {"S": name},
        "version": {"N": str(version)},
        "ingredients": {"SS": ["계란", f"두부-{version % 7}"]},
        "photo": {"B": bytes([version % 256, 0, 255])},
        "createdAt": {"S": "2026-11-23T00:00:00Z"},
    }


def rekeyed(item: Item) -> Item:
    """The session as the new table holds it."""
    return {"PK": {"S": f"SESSION#{item['sessionId']['S']}"}, "SK": {"S": "META"}, **item}


def contents(client: Any, table: str) -> dict[str, Item]:
    """Everything that a table holds, by session id; sets as sets."""
    found: dict[str, Item] = {}
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer = client.scan(**request)
        found.update({item["sessionId"]["S"]: contents_of(item) for item in answer["Items"]})
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def contents_of(item: Item) -> Item:
    """The item as ``contents`` gives it."""
    return {name: {"SS": sorted(value["SS"])} if "SS" in value else value for name, value in item.items()}


def app_client(aws: EmbeddedAws, account: str, role: str = "sessions-app") -> Any:
    """A DynamoDB client of the application: a role of its own, as it has on AWS, and none of tablewright's."""
    given = aws.client("sts", account=account).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="app"
    )["Credentials"]
    return boto3.client(
        "dynamodb",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )


@dataclass
class Application:
    """Writers that look up their table, write until they are stopped, and note every write that was acknowledged.

    Each writer has sessions of its own. A write that is refused or whose answer is lost is tried again until it is acknowledged,
    at the table that the pointer names then, as an application with retries does.
    """

    client: Any
    where: Any
    """Returns the table that is in use."""
    held: dict[str, Item] = field(default_factory=dict)
    """What each session must be, by the last acknowledged write."""
    writers: int = 2
    pause: float = 0.004
    longest: float = 0.0
    """The longest time that one write took, refusals included."""
    refused: int = 0
    writes: int = 0
    written_to: dict[str, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> Application:
        """Begin to write."""
        seeds = sorted(self.held)
        for number in range(self.writers):
            own = seeds[number :: self.writers]
            thread = threading.Thread(target=self._write, args=(number, own), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def stop(self) -> None:
        """End when every write is acknowledged."""
        self._stop.set()
        for thread in self._threads:
            thread.join(330)
            assert not thread.is_alive()

    def expected(self, table: str) -> dict[str, Item]:
        """What the table in use must hold."""
        shape = rekeyed if table == NEW else dict
        return {name: contents_of(shape(item)) for name, item in self.held.items()}

    def _write(self, number: int, own: list[str]) -> None:
        chance = random.Random(number)
        version = 0
        mine = list(own)
        while not self._stop.is_set():
            version += 1
            what = chance.random()
            if not mine or what < 0.2:
                name = f"new-{number}-{version:06d}"
                mine.append(name)
            else:
                name = chance.choice(mine)
            item = None if mine and 0.2 <= what < 0.3 else session(name, version)
            self._until_acknowledged(name, item)
            with self._lock:
                if item is None:
                    self.held.pop(name, None)
                else:
                    self.held[name] = item
            if item is None:
                mine.remove(name)
            time.sleep(self.pause)

    def _until_acknowledged(self, name: str, item: Item | None) -> None:
        began = time.monotonic()
        while True:
            try:
                table = self.where()
                if item is not None:
                    self.client.put_item(TableName=table, Item=rekeyed(item) if table == NEW else item)
                else:
                    self.client.delete_item(TableName=table, Key=_key(name, table))
                break
            except (ClientError, BotoCoreError):
                self.refused += 1
                time.sleep(0.02)
                assert time.monotonic() - began < 300, "a write was never acknowledged"
        with self._lock:
            self.longest = max(self.longest, time.monotonic() - began)
            self.writes += 1
            self.written_to[table] = self.written_to.get(table, 0) + 1


def _key(name: str, table: str) -> Mapping[str, Any]:
    if table == NEW:
        return {"PK": {"S": f"SESSION#{name}"}, "SK": {"S": "META"}}
    return {"sessionId": {"S": name}}
