"""Setting up from a checkout, as ``make`` does it, in unfriendly places."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _checkout(folder: Path) -> Path:
    """What setting up needs of the project, in another folder."""
    for name in ("src", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def _set_up(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "scripts" / "venv.sh", "local"],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_folder_that_the_locale_cannot_spell_is_no_obstacle(tmp_path: Path) -> None:
    folder = _checkout(tmp_path / "우리 표")
    ran = _set_up(folder, LC_ALL="C")
    assert ran.returncode == 0, ran.stderr
    for locale in ("C", "C.UTF-8"):
        version = subprocess.run(
            [folder / ".venv" / "bin" / "tablewright", "--version"],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": locale},
            capture_output=True,
            text=True,
            check=False,
        )
        assert version.stdout.startswith("tablewright "), version.stderr


def test_a_python_without_ensurepip_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    folder = _checkout(tmp_path / "checkout")
    bare = tmp_path / "python"
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexec python3 "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    ran = _set_up(folder, PYTHON=str(bare))
    assert ran.returncode == 2
    assert "ensurepip" in ran.stderr and "apt-get install python3-venv" in ran.stderr
    assert not (folder / ".venv").exists()


def test_without_a_new_enough_python_nothing_is_made(tmp_path: Path) -> None:
    folder = _checkout(tmp_path / "checkout")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cmp", "tr", "locale"):
        (tools / name).symlink_to(shutil.which(name) or "/bin/false")
    ran = _set_up(folder, PATH=str(tools))
    assert ran.returncode == 2
    assert "needs Python 3.11" in ran.stderr
    assert not (folder / ".venv").exists()
