"""What the tests of migrations share: tables on the shared embedded AWS, and the command line in a project folder."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import EmbeddedAws
from tests.contract.copying import fill
from tests.faces.shell import Ran, in_process

_names = itertools.count(1)

Item = dict[str, Any]


class Tables:
    """Tables of the test's own, in the account that ``--local`` acts in."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.client = aws.client("dynamodb")

    @classmethod
    def at(cls, endpoint: str) -> Tables:
        """The same on another server than the embedded AWS."""
        tables = cls.__new__(cls)
        tables.client = boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="000000000000",
            aws_secret_access_key="local",
        )
        return tables

    def make(self, *keys: str, name: str | None = None, **more: Any) -> str:
        """An empty table keyed by one or two attributes, each ``name`` (S) or ``name:TYPE``; its name."""
        pairs = [(key.partition(":")[0], key.partition(":")[2] or "S") for key in keys]
        name = name or f"migration-{next(_names)}-{pairs[0][0]}"
        self.client.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": role}
                for (key, _), role in zip(pairs, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in pairs],
            BillingMode="PAY_PER_REQUEST",
            **more,
        )
        return name

    def fill(self, name: str, items: list[Item]) -> None:
        """Put items."""
        fill(self.client, name, items)

    def items(self, name: str) -> list[Item]:
        """Every item, in no order."""
        pages = self.client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]


def places(aws: EmbeddedAws, folder: Path) -> dict[str, str | None]:
    """What the environment says of where things are: the embedded AWS by --local, and by its endpoint too."""
    return {
        "TABLEWRIGHT_LOCAL_HOME": str(aws.folder),
        "XDG_STATE_HOME": str(folder / "state-home"),
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture
def tables(aws: EmbeddedAws) -> Tables:
    """Makes tables of the test's own."""
    return Tables(aws)


@pytest.fixture
def migrate(aws: EmbeddedAws, tmp_path: Path) -> Callable[..., Ran]:
    """Runs ``tablewright migrate`` in a folder of the test's own."""
    env = places(aws, tmp_path)

    def run(*words: str) -> Ran:
        return in_process("migrate", *words, cwd=tmp_path, env=env)

    return run


def sessions(number: int, size: int = 200) -> list[Item]:
    """Sessions as the AI Chef keeps them: ``sessionId``, ``createdAt`` and what was said."""
    return [
        {
            "sessionId": {"S": f"s-{i:05}"},
            "createdAt": {"N": str(1_700_000_000 + i)},
            "said": {"S": "요리" + "x" * size},
            "tags": {"SS": ["a", "b"]},
        }
        for i in range(number)
    ]
