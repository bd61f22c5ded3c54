"""Whatever is wrong is said in words, with the exit code of its kind; a traceback never is."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tablewright.cli import exits, main
from tablewright.errors import Failed, MustWait, Refused, Stuck, TablewrightError, UsageError
from tests.faces.shell import environment, tablewright

TEMPLATE = "Resources:\n  T:\n    Type: AWS::SNS::Topic\n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template that can be read."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def test_every_kind_of_error_has_its_exit_code() -> None:
    assert [
        exits.of_error(kind("c", "s")) for kind in (Failed, UsageError, Refused, MustWait, Stuck, TablewrightError)
    ] == [
        1,
        2,
        3,
        4,
        5,
        1,
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deplyo"], "Did you mean deploy?"),
        (["deploy", "--nonsense"], "--nonsense"),
        (["deploy", "a", "b"], "unexpected extra argument"),
        (["deploy", "--local", "--profile", "x"], "--local acts on the embedded AWS"),
        (["deploy", "--local", "--endpoint-url", "http://x"], "--local acts on the embedded AWS"),
        (["deploy"], "No stack is named"),
        (["deploy", "--env", "staging"], "There is no tablewright.toml"),
        (["deploy", "nowhere.yaml", "--stack", "s"], "nowhere.yaml does not exist"),
        (["deploy", ".", "--stack", "s"], "is a folder"),
        (["deploy", "--stack", "s", "--parameters", "nonsense"], "takes KEY=VALUE"),
        (["deploy", "--stack", "s", "--tags", "A=1", "A=2"], "gives A twice"),
        (["local", "start", "--clock", "soon"], "clock profile"),
        (["local", "reset"], "was not confirmed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_request_exits_2_says_why_and_prints_nothing_on_stdout(
    words: list[str], said: str, tmp_path: Path
) -> None:
    ran = tablewright(*words, cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.startswith("error[")
    assert said in " ".join(ran.err.split())
    assert ran.out == ""
    assert "Traceback" not in ran.err


def test_a_malformed_template_is_shown_with_file_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("Resources:\n  Table: [1,\n", encoding="utf-8")
    ran = tablewright("deploy", "broken.yaml", "--stack", "s", cwd=tmp_path)
    assert ran.code == 2
    assert "broken.yaml:3:1: " in ran.err


def test_several_values_may_follow_one_flag(template: Path) -> None:
    ran = tablewright("deploy", "--stack", "s", "--parameters", "A=1", "B=2", template.name, cwd=template.parent)
    assert ran.code == 2
    assert "parameter" in ran.err.lower()  # Understood, and refused because the template declares neither.
    assert "unexpected extra" not in ran.err


def test_no_region_is_said(template: Path) -> None:
    ran = tablewright("deploy", template.name, "--stack", "s", cwd=template.parent)
    assert ran.code == 2
    assert "region" in ran.err.lower()


def test_errors_are_json_too_where_json_is_asked_for(tmp_path: Path) -> None:
    ran = tablewright("deploy", "nowhere.yaml", "--stack", "s", "--output", "json", cwd=tmp_path)
    assert ran.code == 2
    error = json.loads(ran.out)
    assert error["event"] == "error"
    assert error["code"] == "no-template"


def test_on_github_an_error_is_an_annotation(tmp_path: Path) -> None:
    env = {"GITHUB_ACTIONS": "true"}
    ran = tablewright("deploy", "nowhere.yaml", "--stack", "s", cwd=tmp_path, env=env)
    assert ran.err.splitlines()[-1] == "::error title=There is no such template::nowhere.yaml does not exist."


def test_an_unreachable_endpoint_is_an_error_and_never_no_stack(template: Path) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "x", "AWS_MAX_ATTEMPTS": "1"}
    ran = tablewright(
        *("deploy", template.name, "--stack", "s", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:9"),
        cwd=template.parent,
        env=credentials,
    )
    assert ran.code in (1, 2, 4)
    assert "127.0.0.1:9" in ran.err
    assert "does not exist" not in ran.err


@pytest.mark.parametrize("encoding", ["ascii", "euc-kr", "latin-1", "utf-8"])
def test_no_encoding_of_the_terminal_makes_it_crash(encoding: str, tmp_path: Path) -> None:
    ran = tablewright("deploy", "주문-템플릿.yaml", "--stack", "s", cwd=tmp_path, env={"PYTHONIOENCODING": encoding})
    assert ran.code == 2
    assert "error[no-template]" in ran.err
    assert "Traceback" not in ran.err


def test_the_c_locale_is_no_problem(tmp_path: Path) -> None:
    ran = tablewright("deploy", "주문.yaml", "--stack", "s", cwd=tmp_path, env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert ran.code == 2
    assert "error[no-template]" in ran.err


def test_an_unforeseen_exception_is_reported_short_with_its_traceback_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(argv: list[str]) -> int:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(main, "_invoke", broken)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", None)
    assert main.run(["deploy", "--parameters", "Password=hunter2"]) == 1
    said = capsys.readouterr().err
    assert "This is a defect of tablewright" in said
    assert "Traceback" not in said
    saved = next(tmp_path.glob("tablewright-*.txt"))
    assert str(saved) in said
    text = saved.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in text
    assert "hunter2" not in text


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(argv: list[str]) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(main, "_invoke", broken)
    assert main.run(["status", "--debug"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EROFS, "read-only"), (errno.EACCES, "not-permitted")]
)
def test_the_operating_system_s_refusals_have_words(
    number: int, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(argv: list[str]) -> int:
        raise OSError(number, "words of the system", "/some/file")

    monkeypatch.setattr(main, "_invoke", broken)
    assert main.run(["status"]) == 1
    said = capsys.readouterr().err
    assert f"error[{code}]" in said and "/some/file" in said


def test_windows_is_said_to_be_unsupported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main.run(["deploy"]) == 2
    said = capsys.readouterr().err
    assert "error[unsupported-platform]: Windows is not supported" in said


def test_ctrl_c_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(argv: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "_invoke", interrupted)
    assert main.run(["deploy", "--tags", "Team=a b"]) == 130
    assert "\n      tablewright deploy --tags 'Team=a b'\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("explain",), {"out": 141, "err": 0, "both": 141}),
        (("deplyo",), {"out": 2, "err": 2, "both": 2}),
        (("deplyo", "--output", "json"), {"out": 2, "err": 2, "both": 2}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("closed", ["out", "err", "both"])
def test_the_exit_code_is_its_own_where_nobody_reads(
    words: tuple[str, ...], codes: dict[str, int], closed: str
) -> None:
    """Python itself would end with 120, which no table of ours knows, where its last flush fails."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "tablewright", *words],
        stdout=subprocess.DEVNULL if closed == "err" else writer,
        stderr=subprocess.DEVNULL if closed == "out" else writer,
        env=environment(),
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert done.returncode == codes[closed]


def test_a_reader_that_went_away_is_met_in_silence() -> None:
    from tests.faces.shell import PROGRAM

    program = f"{' '.join(PROGRAM)} --help; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"({program}) | true"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.stderr.split() in (["0"], ["141"])


def test_closed_output_streams_are_no_crash(tmp_path: Path) -> None:
    from tests.faces.shell import PROGRAM

    done = subprocess.run(
        ["bash", "-c", f"{' '.join(PROGRAM)} local status >&- 2>&-"], env=environment(), timeout=60, check=False
    )
    assert done.returncode == 0
