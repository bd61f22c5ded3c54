"""A table that is named as it is in the template, to a command that acts on names: what was meant is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faces.shell import Ran

Run = Callable[..., Ran]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("watch", "results", "--once", "--local"), "tablewright watch ai-chef-results --once --local"),
        (("diagnose", "AiChefResultsTable", "--local"), "tablewright diagnose ai-chef-results --local"),
        (("items", "count", "ai-chef-result", "--local"), "tablewright items count ai-chef-results --local"),
        (("backup", "create", "sessions", "--local"), "tablewright backup create ai-chef-sessions --local"),
        (
            ("items", "get", "results", "id=1", "--env", "staging", "--local"),
            "tablewright items get ai-chef-results-staging id=1 --env staging --local",
        ),
    ],
)
def test_the_name_that_was_meant_is_told_with_the_command_that_says_it(
    words: tuple[str, ...], meant: str, run: Run
) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert "Did you mean ai-chef-" in " ".join(ran.err.split())
    assert ran.err.rstrip().endswith(f"\n      {meant}")


def test_where_none_is_near_the_projects_tables_are_named(run: Run) -> None:
    ran = run("watch", "zzz", "--once", "--local")
    assert ran.code == 2
    assert "The project's tables: ai-chef-sessions, ai-chef-results." in " ".join(ran.err.split())


@pytest.mark.parametrize("settings", ["", "nonsense", 'template = "nowhere.yaml"\n', 'template = "t.yaml"\n'])
def test_a_project_that_is_wrong_hides_nothing_of_what_was_asked(settings: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "tablewright.toml").write_text(settings)
    (tmp_path / "t.yaml").write_text("Resources: [")
    ran = run("backup", "create", "orders", "--local", cwd=tmp_path)
    assert "Traceback" not in ran.err
    assert ("error[no-table]" in ran.err) or (settings == "nonsense")
