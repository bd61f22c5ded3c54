"""A copy by several workers over one control table: claimed segments, leased pace, a worker that dies, a Spark cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tablewright.errors import MustWait, Refused
from tablewright.migrate.engine.values import CopySettings, Position
from tablewright.migrate.job import Pace
from tablewright.migrate.spreading.control import run as control_run
from tablewright.migrate.spreading.control.run import ControlTable
from tablewright.migrate.spreading.rows import Work
from tablewright.migrate.spreading.run import Part, copy_segments, parts
from tablewright.migrate.spreading.shares import Ledger
from tablewright.migrate.wire.door import OpenTable
from tablewright.ports import Account
from tests.conftest import EmbeddedAws
from tests.contract.copying import KEYS, UNCHANGED, account_at, contents, fill, make_table, odd_item

ROOT = Path(__file__).resolve().parents[2]
SEGMENTS = 6
WORK = Work("a", "b", UNCHANGED.fingerprint, SEGMENTS)


@pytest.fixture
def client(aws: EmbeddedAws, account: str) -> Any:
    """Two tables, the first one filled, and a control table."""
    made = aws.client("dynamodb", account=account)
    for name in ("Source", "Target"):
        make_table(made, name)
    made.create_table(
        TableName="Control",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
        BillingMode="PAY_PER_REQUEST",
    )
    fill(made, "Source", [odd_item(number) for number in range(120)])
    return made


def _control(here: Account) -> ControlTable:
    assert here.data is not None
    return ControlTable(here.data, "Control", "job", here.clock)


def _part(here: Account, own: tuple[int, ...], worker: str) -> Part:
    assert here.data is not None
    source, target = (OpenTable(here.data, name, tuple(key.name for key in KEYS)) for name in ("Source", "Target"))
    return copy_segments(
        source, target, UNCHANGED, _control(here), segments=SEGMENTS, own=own, worker=worker, clock=here.clock,
        settings=CopySettings(),
    )  # fmt: skip


@pytest.mark.slow
def test_two_workers_copy_all_of_it_within_the_pace(
    aws: EmbeddedAws, account: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_run, "_RENEW_S", 0.3)  # so that the second needs not wait long for its share
    leased: list[Ledger] = []
    lease = ControlTable.lease

    def noted(self: ControlTable, worker: str) -> Ledger:
        leased.append(lease(self, worker))
        return leased[-1]

    monkeypatch.setattr(ControlTable, "lease", noted)
    here = account_at(aws.endpoint, account)
    _control(here).prepare(WORK, Pace(1.0, 1000.0, 2000.0))
    found: list[Part] = []
    threads = [
        threading.Thread(
            target=lambda n=number, own=own: found.append(_part(account_at(aws.endpoint, account), own, f"w{n}"))
        )
        for number, own in enumerate(parts(SEGMENTS, 2))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert [part.done for part in found] == [True, True]
    assert sum(part.counts.written for part in found) == 120
    assert contents(client, "Target") == contents(client, "Source")
    assert all(position.done for position in _control(here).positions(SEGMENTS).values())
    ledger = _control(here).totals()
    assert (ledger.read, ledger.write) == (1000.0, 2000.0)
    assert ledger.leases == {}  # both gave their shares back
    assert {worker for each in leased for worker in each.leases} == {"w0", "w1"}
    for each in leased:
        assert sum(held.read for held in each.leases.values()) <= 1000.0
        assert sum(held.write for held in each.leases.values()) <= 2000.0
    again = _part(here, tuple(range(SEGMENTS)), "w0")  # nothing is left to do
    assert again.done and again.counts.written == 120


def test_a_worker_that_was_given_up_changes_nothing_any_more(
    aws: EmbeddedAws, account: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = account_at(aws.endpoint, account)
    control = _control(here)
    control.prepare(WORK, Pace(1.0))
    assert control.claim(0, "first") == Position()
    assert control.claim(0, "second") is None
    control.acknowledge(0, "first", Position(b'{"pk":{"S":"x"}}'))
    monkeypatch.setattr(control_run, "CLAIM_S", -1.0)
    control.acknowledge(0, "first", Position(b'{"pk":{"S":"y"}}'))  # its claim runs out with this
    assert control.claim(0, "second") == Position(b'{"pk":{"S":"y"}}')
    with pytest.raises(MustWait, match="Another worker took the segment over"):
        control.acknowledge(0, "first", Position(done=True))
    assert control.positions(1) == {0: Position(b'{"pk":{"S":"y"}}')}
    with pytest.raises(Refused, match="differs in transform, segments"):
        control.prepare(Work("a", "b", "another", 7), Pace(1.0))


@pytest.fixture(scope="module")
def spark_python() -> str:
    """A Python with what the extra spark asks for, in an environment of its own that is kept in .cache."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    folder = ROOT / ".cache/pyspark-venv"
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    has = subprocess.run([str(python), "-c", "import pyspark"], capture_output=True, check=False)
    if has.returncode:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = [each for each in project["optional-dependencies"]["spark"] if not each.startswith(project["name"])]
        done = subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"pyspark cannot be installed here: {done.stderr.decode()[-200:]}")
    return str(python)


@pytest.mark.slow
def test_a_spark_cluster_of_two_workers_copies_a_table(
    aws: EmbeddedAws, account: str, client: Any, spark_python: str, tmp_path: Path
) -> None:
    client.create_table(
        TableName="Rekeyed",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    (tmp_path / "rekey.toml").write_text('[[operation]]\nkey = { PK = "{pk}#{sk}" }\n')
    beside = [str(ROOT / "src"), *(path for path in sys.path if path.endswith("site-packages"))]
    env = {
        **os.environ,
        "PYSPARK_PYTHON": spark_python,
        "PYTHONPATH": os.pathsep.join(beside),
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(tmp_path),
        "SPARK_WORKER_DIR": str(tmp_path / "work"),
    }
    words = [
        "--region",
        "us-east-1",
        "--endpoint",
        aws.endpoint,
        "--control",
        "Control",
        "--job",
        "spark",
        "--segments",
        "6",
    ]
    words += [
        "--source",
        "Source",
        "--target",
        "Rekeyed",
        "--transform",
        str(tmp_path / "rekey.toml"),
        "--write-units",
        "5000",
    ]
    carried = [
        f"spark.executorEnv.{name}={env[name]}" for name in ("PYTHONPATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    submit = [str(Path(spark_python).parent / "spark-submit"), "--master", "local-cluster[2,1,1024]"]
    # Both workers are waited for: on a busy machine the first one would have done both tasks before the second is there.
    carried += [
        "spark.scheduler.minRegisteredResourcesRatio=1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime=200s",
    ]
    for setting in (*carried, "spark.ui.enabled=false", "spark.executor.memory=512m", "spark.driver.host=127.0.0.1"):
        submit += ["--conf", setting]

    def submitted() -> subprocess.CompletedProcess[str]:
        script = str(ROOT / "examples/spark/migrate_on_spark.py")
        return subprocess.run(
            [*submit, script, *words], env=env, capture_output=True, text=True, timeout=400, check=False
        )

    ran = submitted()
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "120 items read, 120 written, 0 set aside, by 2 tasks in 2 processes" in ran.stdout
    made = {
        item["PK"]["S"]: item
        for page in client.get_paginator("scan").paginate(TableName="Rekeyed")
        for item in page["Items"]
    }
    wanted = contents(client, "Source")
    assert set(made) == {f"{pk}#{sk}" for pk, sk in wanted}
    assert all(made[f"{pk}#{sk}"]["exact"] == item["exact"] for (pk, sk), item in wanted.items())
