"""Which commit is older: by the history of a real repository, by time only where the history does not tell."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tablewright.cli.commit import commit_at
from tablewright.deploy.checks import check_commit
from tablewright.errors import Refused
from tablewright.model.stack import Stack
from tablewright.plan.tags import COMMIT_TAG, COMMITTED_AT_TAG, Commit
from tests.faces.recorded import BEGAN, STACK_ID

LATE, EARLY = "2026-11-02T00:00:00Z", "2020-01-01T00:00:00Z"


def git(folder: Path, *words: str, at: str = LATE) -> str:
    env = {**os.environ, "GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": at, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.test", *words]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, name: str, at: str = LATE) -> str:
    (folder / name).write_text(name)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", name, at=at)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def here(folder: Path) -> Commit:
    found, why = commit_at(folder)
    assert found is not None, why
    return found


def deployed(identifier: str, at: str = LATE) -> Stack:
    return Stack(STACK_ID, "s", "CREATE_COMPLETE", BEGAN, tags={COMMIT_TAG: identifier, COMMITTED_AT_TAG: at})


def test_the_history_decides_whatever_the_clocks_said(repository: Path) -> None:
    first = commit(repository, "a")
    second = commit(repository, "b", EARLY)  # made on a machine whose clock was wrong
    assert check_commit(here(repository), deployed(first)) == ""  # later in history, earlier by time: it is newer
    git(repository, "checkout", "-q", first)
    with pytest.raises(Refused) as refused:
        check_commit(here(repository), deployed(second, EARLY))
    assert refused.value.code == "older-commit" and "has this one in its history" in refused.value.detail
    check_commit(here(repository), deployed(first))


def test_two_of_the_same_second_are_told_apart(repository: Path) -> None:
    first, second = commit(repository, "a"), commit(repository, "b")
    check_commit(here(repository), deployed(first))
    git(repository, "checkout", "-q", first)
    with pytest.raises(Refused, match="has this one in its history"):
        check_commit(here(repository), deployed(second))


def test_where_the_history_does_not_tell_the_times_do(repository: Path, tmp_path: Path) -> None:
    base = commit(repository, "a")
    other = commit(repository, "b")
    git(repository, "checkout", "-q", "-b", "side", base)
    commit(repository, "c", EARLY)
    ours = here(repository)
    assert ours.precedes is not None and ours.precedes(other) is None
    with pytest.raises(Refused, match="later by its time"):
        check_commit(ours, deployed(other))
    check_commit(ours, deployed(other, "2019-01-01T00:00:00+00:00"))
    with pytest.raises(Refused, match="later by its time"):
        check_commit(ours, deployed("b" * 40))  # a commit that was never fetched
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "main", f"file://{repository}", str(shallow))
    cut = here(shallow)
    assert cut.id == other and cut.precedes is not None and cut.precedes(base) is None
    said = check_commit(cut, deployed(base))  # not known there, and of the same time
    assert "a shallow clone" in said and "not the older one by its time" in said
    assert "tells no time" in check_commit(cut, deployed(base, ""))


@pytest.mark.parametrize("identifier", ["--output=/tmp/x", "HEAD", "../x", "", "A" * 40])
def test_what_a_tag_says_is_no_option_of_git(repository: Path, identifier: str) -> None:
    commit(repository, "a")
    found = here(repository)
    assert found.precedes is not None and found.precedes(identifier) is None


def test_without_git_it_is_said(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit_at(tmp_path) == (None, "")  # no repository: nothing to say
    assert commit_at(repository) == (None, "")  # nothing is committed yet
    (repository / ".git/HEAD").write_text("nonsense")
    none, why = commit_at(repository)
    assert none is None and "not a git repository" in why
    (repository / ".git/HEAD").write_text("ref: refs/heads/main\n")
    commit(repository, "a")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    assert commit_at(repository) == (None, "git is not installed")


def test_a_repository_of_another_user_is_said_with_what_git_wants(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs as root over a checkout of somebody else's."""
    commit(repository, "a")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own, for its own tests
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    found, why = commit_at(repository)
    assert found is None
    assert why == (
        "the repository is another user's, and git does not read it until it is told to: "
        f"git config --global --add safe.directory {repository}"
    )


def test_a_repository_that_git_cannot_read_is_said_in_gits_own_words(repository: Path) -> None:
    commit(repository, "a")
    (repository / ".git" / "HEAD").write_text("nonsense")
    found, why = commit_at(repository)
    assert found is None and why.startswith("fatal: ")
