"""Starting, finding, stopping and resetting the embedded AWS's process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tablewright.local import process
from tablewright.local.errors import LocalError
from tests.conftest import EmbeddedAws

pytestmark = pytest.mark.embedded("its process")

Start = Callable[..., EmbeddedAws]


def test_starting_twice_finds_the_same_one(start_aws: Start) -> None:
    first = start_aws()

    assert start_aws().running == first.running


def test_starts_that_race_end_with_one(start_aws: Start, tmp_path: Path) -> None:
    found: list[process.Running] = []
    threads = [threading.Thread(target=lambda: found.append(start_aws().running)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)

    assert len(found) == 4
    assert len({running.pid for running in found}) == 1


def test_a_second_server_on_one_folder_is_refused(start_aws: Start) -> None:
    aws = start_aws()
    command = [sys.executable, "-m", "tablewright.local.server", str(aws.folder), "--port", "0"]

    second = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert second.returncode == 1
    assert "Another embedded AWS has this folder" in second.stderr
    assert "Traceback" not in second.stderr
    assert process.status(aws.folder) == aws.running


@pytest.mark.slow
def test_the_port_stays_the_same(start_aws: Start) -> None:
    endpoint = start_aws().endpoint
    process.stop(start_aws().folder)

    assert start_aws().endpoint == endpoint


def test_a_port_that_is_taken_is_said(start_aws: Start, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(LocalError) as refused:
            start_aws(port=port)

    assert refused.value.code == "port-taken"
    assert str(port) in refused.value.detail
    assert process.status(tmp_path / "state") is None


def test_status_and_environment(start_aws: Start, tmp_path: Path) -> None:
    assert process.status(tmp_path / "state") is None
    with pytest.raises(LocalError) as refused:
        process.env(tmp_path / "state")
    assert refused.value.next_command == "tablewright local start"

    aws = start_aws()

    assert process.status(aws.folder) == aws.running
    assert process.env(aws.folder) == {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }


def test_stopping_says_whether_there_was_anything_to_stop(start_aws: Start) -> None:
    aws = start_aws()

    assert process.stop(aws.folder)
    assert not process.stop(aws.folder)
    assert process.status(aws.folder) is None
    with pytest.raises(ConnectionRefusedError):
        address = urlsplit(aws.endpoint)
        socket.create_connection((str(address.hostname), int(str(address.port))), timeout=5)


@pytest.mark.slow
def test_a_server_that_hangs_is_killed(start_aws: Start) -> None:
    aws = start_aws()
    os.kill(aws.running.pid, signal.SIGSTOP)

    assert process.stop(aws.folder, timeout=0.5)


@pytest.mark.slow
def test_what_a_dead_server_left_behind_does_not_mislead(start_aws: Start) -> None:
    aws = start_aws()
    os.kill(aws.running.pid, signal.SIGKILL)
    os.waitpid(aws.running.pid, 0)
    # Its number now belongs to another process: this one.
    about = json.loads((aws.folder / "server.json").read_text())
    (aws.folder / "server.json").write_text(json.dumps({**about, "pid": os.getpid()}))

    assert process.status(aws.folder) is None
    assert not process.stop(aws.folder)
    assert start_aws().running.pid not in (aws.running.pid, os.getpid())


def test_files_are_for_their_owner_only(start_aws: Start) -> None:
    aws = start_aws()
    aws.client("sns").create_topic(Name="one")
    process.stop(aws.folder)

    assert stat.S_IMODE(aws.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in aws.folder.iterdir()} == {0o600}


@pytest.mark.slow
def test_reset_deletes_what_is_ours_and_nothing_else(start_aws: Start) -> None:
    aws = start_aws()
    aws.client("sns").create_topic(Name="one")
    (aws.folder / "mine.txt").write_text("keep")

    assert process.reset(aws.folder)

    assert [path.name for path in aws.folder.iterdir()] == ["mine.txt"]
    assert not process.reset(aws.folder.parent / "nothing-here")
    (aws.folder / "mine.txt").unlink()
    assert start_aws().client("sns").list_topics()["Topics"] == []


@pytest.mark.parametrize("act", [process.start, process.reset])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, act: Callable[[Path], object]) -> None:
    (tmp_path / "log-0000000000000001.wal").write_text("somebody's own")

    with pytest.raises(LocalError) as refused:
        act(tmp_path)

    assert refused.value.code == "not-a-state-folder"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["somebody's own"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LocalError) as refused:
        process.start(tmp_path / "file" / "state")

    assert refused.value.code == "state-folder-not-writable"
    assert str(tmp_path / "file") in refused.value.detail


def test_state_of_another_version_is_refused(start_aws: Start) -> None:
    aws = start_aws()
    process.stop(aws.folder)
    marker = aws.folder / "tablewright-local.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "ministack": "0.0.1"}))

    with pytest.raises(LocalError) as refused:
        start_aws()

    assert refused.value.code == "state-of-another-version"
    assert "0.0.1" in refused.value.detail
    assert process.reset(aws.folder)


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TABLEWRIGHT_LOCAL_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert process.default_folder() == tmp_path / "tablewright" / "local"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert process.default_folder() == tmp_path / ".local" / "state" / "tablewright" / "local"


def test_a_missing_extra_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "_NEEDED", ("no_such_module",))

    with pytest.raises(LocalError) as refused:
        process.start(tmp_path / "state")

    assert refused.value.code == "local-extra-missing"
    assert refused.value.next_command == "pip install 'tablewright[local]'"
    assert not (tmp_path / "state").exists()


def test_a_server_that_dies_at_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "uvicorn.py").write_text("import os; os._exit(7)")

    with pytest.raises(LocalError) as refused:
        process.start(tmp_path / "state", port=0)

    assert refused.value.code == "start-failed"
    assert "7" in refused.value.detail


def test_a_start_costs_little(start_aws: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is imported is what it costs: no service of the data plane before it is asked for, and no client of AWS."""
    monkeypatch.setenv("PYTHONVERBOSE", "1")
    aws = start_aws()
    imported = re.findall(r"^import '?([\w.]+)'? #", "\n".join(process.logs(aws.folder)), re.MULTILINE)

    heavy = ("ministack.services.", "boto3", "cfnlint", "pyarrow", "rich.")
    assert [name for name in imported if name.startswith(heavy)] == []
    assert "tablewright.local.gateway" in imported and len(imported) < 900


def test_the_server_inherits_nothing(start_aws: Start, tmp_path: Path) -> None:
    with (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        aws = start_aws()
        links = [str(link.readlink()) for link in Path(f"/proc/{aws.running.pid}/fd").iterdir() if link.is_symlink()]

    assert str(tmp_path / "held") not in links
    assert os.getsid(aws.running.pid) != os.getsid(0)
