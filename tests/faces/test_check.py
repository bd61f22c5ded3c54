"""``tablewright check`` and ``explain`` as they are typed."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faces.shell import PROGRAM, in_process

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "tests/cases/guide"
CLEAN = ROOT / "tests/cases/clean/single-table.yaml"


def _run(*arguments: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    ran = in_process(*arguments, cwd=cwd, env={"COLUMNS": "100", **env})
    assert "Traceback" not in ran.out + ran.err
    return subprocess.CompletedProcess(arguments, ran.code, ran.out, ran.err)


def _started(*arguments: str, stdin: bytes | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, whose standard streams are what the environment and the shell make them."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        env={**os.environ, "COLUMNS": "100", **env},
        check=False,
    )
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    assert "Traceback" not in out + err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def test_the_tests_own_process_goes_on_collecting() -> None:
    """The command turns the collector off, because its process ends with it; a worker of the tests does not."""
    assert _run("check", "--no-cfn-lint", str(CLEAN)).returncode == 0
    assert gc.isenabled()


def test_the_guide_fails_and_shows_the_line_with_a_caret() -> None:
    done = _run("check", "--no-cfn-lint", str(GUIDE / "dynamodb-schema.yaml"))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "error[TW-ALM-001]" in line)
    assert "      18 |       MetricName: 'ThrottledRequests'" in lines[at : at + 8]
    assert "         |                   ^^^^^^^^^^^^^^^^^^^" in lines[at : at + 8]
    text = " ".join(done.stdout.split())
    assert "Ref AiChefSessionsTable" in text  # the safe way has the file's own names in it
    assert "infos: TW-ALM-011" in text and "info[" not in text  # folded
    assert "tablewright check --diff" in text


def test_where_there_is_nothing_to_check_that_is_no_all_clear(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("later")
    for words in (("check", "--no-cfn-lint", str(tmp_path)), ("check", "--format", "sarif", str(tmp_path))):
        done = _run(*words)
        assert done.returncode == 2 and "error[nothing-to-check]" in done.stderr and not done.stdout
    assert _run("check", "--skip-others", "--no-cfn-lint", str(tmp_path)).returncode == 0


def test_everything_is_shown_when_asked() -> None:
    done = _run("check", "--no-cfn-lint", "--all", str(GUIDE / "dynamodb-schema.yaml"))
    assert "info[TW-SAF-008]" in done.stdout


@pytest.mark.parametrize(("level", "code"), [("error", 1), ("warning", 1), ("info", 1), ("never", 0)])
def test_from_which_severity_on_it_fails(level: str, code: int) -> None:
    done = _run("check", "--no-cfn-lint", "--fail-on", level, str(GUIDE / "dynamodb-schema.yaml"))
    assert done.returncode == code


def test_clean_is_zero() -> None:
    assert _run("check", "--no-cfn-lint", str(CLEAN)).returncode == 0


def test_select_and_ignore() -> None:
    schema = str(GUIDE / "dynamodb-schema.yaml")
    chosen = json.loads(_run("check", "--no-cfn-lint", "--select", "TW-ALM", "--format", "json", schema).stdout)
    assert {one["rule"][:6] for one in chosen["findings"]} == {"TW-ALM"}
    left = json.loads(_run("check", "--no-cfn-lint", "--ignore", "TW-ALM,info", "--output", "json", schema).stdout)
    assert left["findings"] and not {one["rule"] for one in left["findings"] if one["rule"].startswith("TW-ALM")}
    assert "info" not in {one["severity"] for one in left["findings"]}
    wrong = _run("check", "--select", "TW-ALM-999", schema)
    assert wrong.returncode == 2 and "no-such-rule" in wrong.stderr


def test_a_report_goes_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "check.sarif"
    done = _run("check", "--no-cfn-lint", "--format", "sarif", "--report-file", str(target), str(CLEAN))
    assert done.returncode == 0 and not done.stdout
    assert json.loads(target.read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_globs_folders_and_standard_input(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        shutil.copy(CLEAN, tmp_path / name)
    (tmp_path / "node_modules").mkdir()
    shutil.copy(GUIDE / "dynamodb-schema.yaml", tmp_path / "node_modules" / "c.yaml")
    (tmp_path / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    by_folder = json.loads(_run("check", "--no-cfn-lint", "--format", "json", cwd=tmp_path).stdout)
    assert [one["path"] for one in by_folder["files"] if one["kind"]] == ["a.yaml", "b.yaml"]
    by_glob = json.loads(_run("check", "--no-cfn-lint", "--format", "json", "*.yaml", cwd=tmp_path).stdout)
    assert [one["path"] for one in by_glob["files"]] == ["a.yaml", "b.yaml"]
    piped = _started("check", "--no-cfn-lint", "-", stdin=(GUIDE / "dynamodb-schema.yaml").read_bytes())
    assert piped.returncode == 1 and "TW-ALM-001" in piped.stdout
    missing = _run("check", "nowhere.yaml", cwd=tmp_path)
    assert missing.returncode == 2 and "no-such-file" in missing.stderr


def test_fix_mends_in_place_and_diff_only_shows(tmp_path: Path) -> None:
    template = tmp_path / "t.yaml"
    shutil.copy(GUIDE / "dynamodb-schema.yaml", template)
    before = template.read_bytes()
    shown = _run("check", "--diff", "t.yaml", cwd=tmp_path)
    assert shown.returncode == 1 and "+    DeletionPolicy: RetainExceptOnCreate" in shown.stdout
    assert template.read_bytes() == before
    template.chmod(0o640)
    fixed = _run("check", "--fix", "--no-cfn-lint", "--select", "TW-SAF-001,TW-ALM-001", "t.yaml", cwd=tmp_path)
    assert fixed.returncode == 0, fixed.stdout
    assert "3 fixes made" in fixed.stderr
    assert template.read_bytes() != before and template.stat().st_mode & 0o777 == 0o640


def test_an_environment_says_what_it_requires(tmp_path: Path) -> None:
    text = CLEAN.read_text(encoding="utf-8").replace("      DeletionProtectionEnabled: true\n", "")
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "tablewright.toml").write_text(
        'default_environment = "production"\ntemplate = "t.yaml"\n[environments.production]\nstack = "p"\n'
        '[environments.dev]\nstack = "d"\n[environments.dev.check]\ndeletion-protection = false\n',
        encoding="utf-8",
    )
    assert "TW-SAF-002" in _run("check", "--no-cfn-lint", "t.yaml", cwd=tmp_path).stdout
    assert _run("check", "--no-cfn-lint", "--env", "dev", "t.yaml", cwd=tmp_path).returncode == 0
    assert _run("check", "--env", "nowhere", "t.yaml", cwd=tmp_path).returncode == 2


def test_an_unchanged_file_is_answered_from_the_cache(tmp_path: Path) -> None:
    shutil.copy(CLEAN, tmp_path / "t.yaml")
    home = tmp_path / "cache"
    first = _run("check", "--no-cfn-lint", "--format", "json", "t.yaml", cwd=tmp_path, XDG_CACHE_HOME=str(home))
    kept = list((home / "tablewright" / "check").glob("*.json"))
    assert len(kept) == 1
    again = _run("check", "--no-cfn-lint", "--format", "json", "t.yaml", cwd=tmp_path, XDG_CACHE_HOME=str(home))
    assert again.stdout == first.stdout
    kept[0].write_text("broken", encoding="utf-8")
    broken = _run("check", "--no-cfn-lint", "--format", "json", "t.yaml", cwd=tmp_path, XDG_CACHE_HOME=str(home))
    assert broken.stdout == first.stdout
    (tmp_path / "t.yaml").write_text(CLEAN.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    _run("check", "--no-cfn-lint", "t.yaml", cwd=tmp_path, XDG_CACHE_HOME=str(home))
    assert len(list((home / "tablewright" / "check").glob("*.json"))) == 2


def test_a_home_that_cannot_be_written_to_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert _run("check", "--no-cfn-lint", str(CLEAN), XDG_CACHE_HOME=str(tmp_path / "file")).returncode == 0


def test_narrow_korean_and_ascii() -> None:
    korean = ROOT / "tests/cases/clean/korean-descriptions.yaml"
    narrow = _run("check", "--no-cfn-lint", "--all", str(korean), COLUMNS="40")
    assert max(len(line) for line in narrow.stdout.splitlines()) <= 44
    plain = _started("check", "--no-cfn-lint", "--all", str(korean), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert plain.returncode == 0 and plain.stdout.isascii()


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("words", [("explain",), ("explain", "TW-ALM-001"), ("policy", "patterns")], ids=" ".join)
def test_lists_keep_within_the_terminal(words: tuple[str, ...], columns: int) -> None:
    shown = in_process(*words, env={"COLUMNS": str(columns)}).out.splitlines()
    assert len(shown) > 10
    assert [line for line in shown if len(line) > columns and len(line.split()) > 1] == []


def test_explain() -> None:
    by_id, by_name = _run("explain", "TW-ALM-001"), _run("explain", "alarm-without-data")
    assert by_id.returncode == 0 and by_id.stdout == by_name.stdout
    assert all(section in by_id.stdout for section in ("What it finds", "Why it matters", "Instead", "Source"))
    assert "TW-IDX-013" in _run("explain").stdout
    assert "reserved" in _run("explain", "TW-SAF-003").stdout
    assert _run("explain", "TW-ALM-999").returncode == 2
    assert "cfn-lint" in _run("explain", "E3012").stderr
    assert json.loads(_run("explain", "TW-ALM-001", "--output", "json").stdout)["severity"] == "error"


def test_the_pre_commit_hook_s_command_leaves_other_files_out(tmp_path: Path) -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entry = next(line for line in hook.splitlines() if "entry:" in line).partition(":")[2].split()
    assert entry[0] == "tablewright"
    (tmp_path / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    (tmp_path / "odd.yaml").write_text("a: &x 1\nb: *x\n", encoding="utf-8")
    assert _run(*entry[1:], "--no-cfn-lint", "package.json", "odd.yaml", cwd=tmp_path).returncode == 0
    shutil.copy(GUIDE / "dynamodb-schema.yaml", tmp_path / "t.yaml")
    assert _run(*entry[1:], "--no-cfn-lint", "package.json", "t.yaml", cwd=tmp_path).returncode == 1
