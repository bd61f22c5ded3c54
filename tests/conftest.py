"""What every test may use: a running embedded AWS, and boto3 clients for it."""

from __future__ import annotations

import gc
import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, settings

from tablewright.local import process
from tablewright.local.errors import LocalError
from tablewright.local.process import Running
from tests import dynamodb_local as dynamodb_local_module

# What a busy machine takes for one example says nothing about the code. The same examples each time, so that a change is judged
# by what it changes; `pytest --hypothesis-profile explore` looks for new ones.
_UNHURRIED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("explore", **_UNHURRIED)  # type: ignore[arg-type]
settings.register_profile("tests", **_UNHURRIED, derandomize=True)  # type: ignore[arg-type]
settings.load_profile("tests")


# Clients of boto3 are thousands of objects each, and looking for garbage among them was a fifth of what the tests take.
gc.set_threshold(20_000, 10, 20)


def pytest_collection_finish() -> None:
    """The tests themselves live to the end: the collector need not walk them again and again."""
    gc.collect()
    gc.freeze()


STARTS_S = 300.0
"""An embedded AWS that has not started by then never will, however busy the machine."""


@dataclass(frozen=True, slots=True)
class EmbeddedAws:
    """A running embedded AWS, and how to talk to it."""

    running: Running

    @property
    def endpoint(self) -> str:
        return self.running.endpoint

    @property
    def folder(self) -> Path:
        return self.running.folder

    def client(self, service: str, *, account: str = "000000000000", region: str = "us-east-1", **options: Any) -> Any:
        """A boto3 client for a service; another account is another twelve-digit access key id."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32, **options),
        )


@pytest.fixture(autouse=True, scope="session")
def _no_aws_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests from the AWS settings and the state folder of whoever runs them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    nowhere = tmp_path_factory.mktemp("aws")
    os.environ["AWS_CONFIG_FILE"] = str(nowhere / "config")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(nowhere / "credentials")
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["TABLEWRIGHT_LOCAL_HOME"] = str(tmp_path_factory.mktemp("home") / "state")


@pytest.fixture(scope="session")
def aws(_no_aws_settings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """One embedded AWS for the whole session (one a worker with xdist). Tests share it: see `account`."""
    folder = tmp_path_factory.mktemp("embedded") / "state"
    running = process.start(folder, port=0, timeout=STARTS_S)
    yield EmbeddedAws(running)
    process.reset(folder)


@pytest.fixture
def start_aws(_no_aws_settings: None, tmp_path: Path) -> Iterator[Callable[..., EmbeddedAws]]:
    """Starts embedded AWSes of the test's own, on folders under its temporary one; they are stopped when it ends."""
    started: set[Path] = set()

    def start(name: str = "state", **options: Any) -> EmbeddedAws:
        folder = tmp_path / name
        started.add(folder)
        if "port" in options:
            return EmbeddedAws(process.start(folder, **options))
        again = (folder / "tablewright-local.json").exists()
        for _ in range(100):  # its own port again, which a connection of somebody else's may have taken for a moment
            try:
                return EmbeddedAws(process.start(folder, port=None if again else 0, timeout=STARTS_S, **options))
            except LocalError as refused:
                if refused.code != "port-taken":
                    raise
                time.sleep(0.1)
        raise AssertionError(f"the port of {folder} is taken")

    yield start
    for folder in started:
        process.stop(folder)


_accounts = itertools.count(100_000_000_001)


@pytest.fixture
def account() -> str:
    """An account that no other test uses: with it, a test has the shared embedded AWS to itself."""
    return str(next(_accounts))


@pytest.fixture(scope="session")
def dynamodb_local(_no_aws_settings: None) -> Iterator[str]:
    """The endpoint of DynamoDB Local, one for the session: use names, or access keys, of one's own. For slow tests."""
    try:
        with dynamodb_local_module.emulator() as endpoint:
            yield endpoint
    except dynamodb_local_module.Unavailable as error:
        pytest.skip(f"DynamoDB Local: {error}")
