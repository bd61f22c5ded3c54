"""What the end-to-end tests of the faces share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tablewright.local import process
from tablewright.local.process import Running
from tests.faces.shell import Ran, in_process

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/ai-chef"

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def home(_no_aws_settings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of an embedded AWS of the module's own; --local starts it."""
    folder = tmp_path_factory.mktemp("faces") / "state"
    yield folder
    process.stop(folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The AI Chef example, copied to a folder of the module's own."""
    folder = tmp_path_factory.mktemp("ai-chef") / "ai-chef"
    shutil.copytree(EXAMPLE, folder)
    return folder


@pytest.fixture(scope="module")
def run(home: Path, project: Path) -> Callable[..., Ran]:
    """Runs tablewright in the project against the module's embedded AWS."""

    def in_project(*words: str, cwd: Path | None = None, **options: Any) -> Ran:
        env = {"TABLEWRIGHT_LOCAL_HOME": str(home), **options.pop("env", {})}
        return in_process(*words, cwd=cwd or project, env=env, **options)

    return in_project


@pytest.fixture(scope="module")
def client(home: Path) -> Client:
    """Makes boto3 clients for the module's embedded AWS."""

    def make(service: str, region: str = "us-east-1") -> Any:
        running: Running | None = process.status(home)
        assert running is not None, "deploy --local first"
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=running.endpoint,
            region_name=region,
            aws_access_key_id=running.access_key_id,
            aws_secret_access_key=running.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make
