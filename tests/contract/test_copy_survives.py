"""The copy under everything that happens to it, on the embedded AWS and on DynamoDB Local: verified by content each time."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tablewright.account import open_account
from tablewright.errors import Failed, MustWait
from tablewright.migrate.engine.values import CopySettings
from tablewright.migrate.job import Pace
from tests.conftest import EmbeddedAws
from tests.contract.copy_process import SEGMENTS
from tests.contract.copying import Copying, account_at, contents, fill, last_progress, make_table, odd_item
from tests.contract.faulty import ALL, Relay
from tests.contract.wire_server import serving

ROOT = Path(__file__).resolve().parents[2]
FAST = CopySettings(pace=Pace(1.0, 50_000.0, 50_000.0))
"""Of a table of which nothing is known, throttles are taken to mean that it is small: these tests have no time for it."""


def dynamodb_at(endpoint: str, key: str) -> Any:
    return boto3.client(
        "dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 5}),
    )  # fmt: skip


@pytest.fixture(params=["embedded", "dynamodb-local"])
def emulator(request: pytest.FixtureRequest) -> str:
    """An emulator's endpoint."""
    if request.param == "embedded":
        aws: EmbeddedAws = request.getfixturevalue("aws")
        return aws.endpoint
    endpoint: str = request.getfixturevalue("dynamodb_local")
    return endpoint


@pytest.fixture
def client(emulator: str, account: str) -> Any:
    client = dynamodb_at(emulator, account)
    make_table(client, "Source")
    make_table(client, "Target")
    return client


def test_a_few_faults_lose_nothing(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """The quick one of the tests below."""
    client = dynamodb_at(aws.endpoint, account)
    make_table(client, "Source")
    make_table(client, "Target")
    fill(client, "Source", [odd_item(number, 3000) for number in range(150)])
    relay = Relay(aws.endpoint, seed=7, rate=0.5)
    with serving(relay) as server:
        progress = last_progress(
            Copying(account_at(aws.endpoint, account), tmp_path, reach=account_at(server.url, account)).run()
        )
    assert contents(client, "Target") == contents(client, "Source")
    assert sum(relay.met.values()) - relay.met[""] > 3
    assert progress.items_written == 150


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_faults_of_every_kind_lose_nothing(emulator: str, account: str, client: Any, tmp_path: Path, seed: int) -> None:
    fill(client, "Source", [odd_item(number, 6000) for number in range(400)])
    relay = Relay(emulator, seed=seed, rate=0.4)
    with serving(relay) as server:
        copying = Copying(account_at(emulator, account), tmp_path, segments=5, reach=account_at(server.url, account))
        copying.settings = FAST
        progress = last_progress(copying.run())
    assert contents(client, "Target") == contents(client, "Source")
    assert progress.items_written == 400
    assert progress.retried > 0
    assert len(relay.met) > len(ALL) // 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", ALL)
def test_each_fault_alone_loses_nothing(aws: EmbeddedAws, account: str, tmp_path: Path, fault: str) -> None:
    client = dynamodb_at(aws.endpoint, account)
    make_table(client, "Source")
    make_table(client, "Target")
    fill(client, "Source", [odd_item(number, 3000) for number in range(150)])
    throttles = fault in ("throttled", "error 400", "unprocessed")  # which slow the copy down, as they should
    relay = Relay(aws.endpoint, seed=11, rate=0.2 if throttles else 0.6, faults=(fault,))
    with serving(relay) as server:
        copying = Copying(account_at(aws.endpoint, account), tmp_path, reach=account_at(server.url, account))
        copying.settings = FAST
        copying.run()
    assert contents(client, "Target") == contents(client, "Source")
    assert relay.met[fault] > 0


@pytest.mark.slow
def test_faults_with_conditional_puts_lose_nothing(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """A put whose answer was lost meets its own item when it comes again: that is no conflict."""
    client = dynamodb_at(aws.endpoint, account)
    make_table(client, "Source")
    make_table(client, "Target")
    fill(client, "Source", [odd_item(number) for number in range(150)])
    relay = Relay(aws.endpoint, seed=5, rate=0.4)
    with serving(relay) as server:
        copying = Copying(account_at(aws.endpoint, account), tmp_path, reach=account_at(server.url, account))
        copying.settings = CopySettings(only_new=True)
        progress = last_progress(copying.run())
    assert contents(client, "Target") == contents(client, "Source")
    assert (progress.set_aside, progress.conflicts) == (0, 0)
    assert relay.met["lost"] > 0


@pytest.mark.slow
def test_killed_at_random_moments_it_goes_on(emulator: str, account: str, client: Any, tmp_path: Path) -> None:
    fill(client, "Source", [odd_item(number, 1200) for number in range(1500)])
    chance = random.Random(emulator)
    copying = Copying(account_at(emulator, account), tmp_path, segments=SEGMENTS)
    reached: list[int] = []
    for _ in range(5):
        process = start(emulator, account, tmp_path, units=200)
        enough = _written(client) + chance.randint(1, 120)
        while process.poll() is None and _written(client) < enough:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.3))
        assert process.poll() is None, process.communicate()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        with copying.open() as checkpoint:
            positions = checkpoint.positions()
        reached.append(sum(position.counts.written for position in positions.values()))
        assert reached == sorted(reached)
        assert reached[-1] <= _written(client)
    process = start(emulator, account, tmp_path, units=3000)
    assert process.wait(timeout=300) == 0, process.communicate()
    assert 0 < reached[-1] < 1500  # it neither began anew nor was through already
    assert contents(client, "Target") == contents(client, "Source")


def _written(client: Any) -> int:
    """How many items the target holds."""
    pages = client.get_paginator("scan").paginate(TableName="Target", Select="COUNT", ConsistentRead=True)
    return sum(page["Count"] for page in pages)


def start(endpoint: str, key: str, folder: Path, units: int) -> subprocess.Popen[str]:
    """The copy in a process of its own."""
    command = [sys.executable, "-m", "tests.contract.copy_process", endpoint, key, str(folder), str(units)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE)


@pytest.fixture
def rotating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: str) -> Iterator[Any]:
    """A profile's keys in a file that a test rewrites."""
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(token: str) -> None:
        new = file.with_suffix(".new")
        new.write_text(f"[default]\naws_access_key_id={account}\naws_secret_access_key=s\naws_session_token={token}\n")
        new.rename(file)

    write("first")
    yield write


@pytest.mark.slow
def test_expired_tokens_are_renewed_or_end_it_to_be_resumed(
    aws: EmbeddedAws, account: str, tmp_path: Path, rotating: Any
) -> None:
    client = dynamodb_at(aws.endpoint, account)
    make_table(client, "Source")
    make_table(client, "Target")
    fill(client, "Source", [odd_item(number, 1200) for number in range(600)])
    good = {"first"}
    relay = Relay(aws.endpoint, seed=3, rate=0.0)

    batches = itertools.count(1)

    def script(asked: Any) -> Any:
        if asked.operation == "BatchWriteItem":
            number = next(batches)
            if number == 4:  # renewed in time: nobody notices
                rotating("second")
                good.clear()
                good.add("second")
            if number == 12:  # expired, and there are no others
                good.clear()
        relay.expired = asked.header("x-amz-security-token") not in good
        return relay(asked)

    with serving(script) as server:
        reach = open_account(region="us-east-1", endpoint_url=server.url)
        copying = Copying(account_at(aws.endpoint, account), tmp_path, reach=reach)
        copying.settings = CopySettings(pace=Pace(1.0, write_units=600.0))
        with pytest.raises(MustWait) as waits:
            copying.run()
        assert waits.value.code == "credentials-expired"
        assert 0 < len(contents(client, "Target")) < 600
        rotating("third")
        good.add("third")
        assert last_progress(copying.run()).items_written == 600
    assert contents(client, "Target") == contents(client, "Source")


DISK = """
import json, os, subprocess, sys
from pathlib import Path
from tablewright.errors import Failed
from tablewright.migrate.engine.values import CopySettings
from tablewright.migrate.job import Pace
from tests.contract.copying import Copying, account_at
endpoint, key, folder = sys.argv[1:4]
copying = Copying(account_at(endpoint, key), Path(folder) / "job")
copying.settings = CopySettings(pace=Pace(1.0, write_units=100.0))
told = {}
try:
    copying.run()
except Failed as failed:
    told = {"code": failed.code, "detail": failed.detail}
subprocess.run(["mount", "-o", "remount,size=50m", folder], check=True)
with copying.open() as checkpoint:
    told["kept"] = sum(position.counts.written for position in checkpoint.positions().values())
copying.settings = CopySettings()
copying.run()
print(json.dumps(told))
"""


@pytest.mark.slow
def test_a_full_disk_is_said_and_loses_nothing(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    """The job's folder on a disk of its own, so small that the checkpoint's log fills it."""
    probe = ["unshare", "-Urm", "mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own needs unshare and user namespaces")
    client = dynamodb_at(aws.endpoint, account)
    make_table(client, "Source")
    make_table(client, "Target")
    fill(client, "Source", [odd_item(number) for number in range(500)])
    inner = f'mount -t tmpfs -o size=76k tmpfs {tmp_path} && exec {sys.executable} -c "$0" "$@"'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", inner, DISK, aws.endpoint, account, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["code"] == "disk-full"
    assert "acknowledged before stands" in told["detail"]
    assert 0 < told["kept"] < 500
    assert contents(client, "Target") == contents(client, "Source")


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_said_at_once(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Failed):
        Copying(account_at(aws.endpoint, account), file / "job").run()


@pytest.mark.slow
def test_a_copy_of_a_table_that_dies_meanwhile_ends(aws: EmbeddedAws, account: str, tmp_path: Path) -> None:
    client = dynamodb_at(aws.endpoint, account)
    make_table(client, "Source")
    make_table(client, "Target")
    fill(client, "Source", [odd_item(number, 1200) for number in range(600)])
    copying = Copying(account_at(aws.endpoint, account), tmp_path)
    copying.settings = CopySettings(pace=Pace(1.0, write_units=300.0))
    asked: list[int] = []

    def stopping() -> bool:
        asked.append(1)
        if len(asked) == 4:
            client.delete_table(TableName="Target")
        return False

    with pytest.raises(Failed) as failed:
        copying.run(stopping=stopping)
    assert failed.value.code == "not-found"
