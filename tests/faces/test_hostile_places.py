"""Places where a program finds no home, no room and no port: words and an exit code, and nothing changed."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faces.shell import PROGRAM, environment, tablewright


@pytest.mark.parametrize(
    "words", [("--help",), ("status", "--stack", "x", "--output", "json", "--region", "nowhere at all")]
)
def test_a_full_disk_under_standard_output_is_said(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*PROGRAM, *words],
            env=environment({"PYTHONUNBUFFERED": None}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("error[")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_state_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = tablewright("local", "start", env={"TABLEWRIGHT_LOCAL_HOME": str(tmp_path / "file" / "state")})
    assert ran.code in (1, 2)
    assert ran.err.startswith("error[")
    assert "Traceback" not in ran.err


def test_no_home_at_all_is_said() -> None:
    program = (
        "import os, sys; os.environ.pop('HOME', None); os.environ.pop('TABLEWRIGHT_LOCAL_HOME', None); "
        "import pwd; pwd.getpwuid = lambda uid: (_ for _ in ()).throw(KeyError(uid)); "
        "from tablewright.cli.main import run; sys.exit(run(['local', 'start']))"
    )
    done = subprocess.run(
        [PROGRAM[0], "-c", program],
        env=environment({"HOME": None, "TABLEWRIGHT_LOCAL_HOME": None, "XDG_STATE_HOME": None}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "TABLEWRIGHT_LOCAL_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_with_the_command_that_takes_another(tmp_path: Path) -> None:
    env = {"TABLEWRIGHT_LOCAL_HOME": str(tmp_path / "state")}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = tablewright("local", "start", "--port", str(taken.getsockname()[1]), env=env)
    assert ran.code == 1
    assert "error[port-taken]" in ran.err
    assert "tablewright local start --port 0" in ran.err


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    env = {"TABLEWRIGHT_LOCAL_HOME": str(tmp_path)}
    for words in (("local", "start"), ("local", "reset", "--yes")):
        ran = tablewright(*words, env=env)
        assert ran.code == 2
        assert "error[not-a-state-folder]" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_the_embedded_aws_that_is_not_running_has_no_environment(tmp_path: Path) -> None:
    ran = tablewright("local", "env", env={"TABLEWRIGHT_LOCAL_HOME": str(tmp_path / "state")})
    assert ran.code == 1
    assert "      tablewright local start\n" in ran.err
    assert ran.out == ""


@pytest.mark.slow
def test_profiles_and_endpoints_of_the_environment_do_not_reach_the_embedded_aws(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile broken]\nsso_session = nowhere\n", encoding="utf-8")
    env = {
        "TABLEWRIGHT_LOCAL_HOME": str(tmp_path / "state"),
        "AWS_PROFILE": "broken",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
    }
    try:
        ran = tablewright("status", "nothing", "--local", env=env, cwd=tmp_path)
        assert ran.code == 0, ran.err
        assert "does not exist" in ran.out
        printed = tablewright("local", "env", env=env).out
        assert "unset AWS_PROFILE" in printed.splitlines()[0]
        assert "AWS_ENDPOINT_URL_DYNAMODB" in printed.splitlines()[0]
    finally:
        tablewright("local", "stop", env=env)


ASCII = {"LC_ALL": "POSIX", "LANG": None, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": None}


def test_a_file_that_the_locale_cannot_name_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "한글"
    folder.mkdir()
    (folder / "테이블.yaml").write_text("Resources: {}\n", encoding="utf-8")
    (folder / "tablewright.toml").write_text(
        'template = "테이블.yaml"\n[environments.p]\nstack = "s"\n', encoding="utf-8"
    )
    found = tablewright("plan", "--offline", "--env", "p", cwd=folder, env=ASCII)
    assert found.code == 1
    assert found.err.startswith("error[locale-names-no-file]"), found.err
    assert "LC_ALL=C.UTF-8" in found.err


@pytest.mark.parametrize("env", [ASCII, {"PYTHONIOENCODING": "ascii"}], ids=["locale", "stream"])
def test_what_ascii_lacks_is_written_as_escapes(tmp_path: Path, env: Mapping[str, str | None]) -> None:
    (tmp_path / "t.yaml").write_text(
        "Description: '한국어 🍲'\nResources: {테이블: {Type: 'AWS::없음'}}\n", encoding="utf-8"
    )
    found = tablewright("check", "t.yaml", cwd=tmp_path, env=env)
    assert found.code == 1
    assert (found.out + found.err).isascii()
    assert "\\ud14c\\uc774\\ube14" in found.out
