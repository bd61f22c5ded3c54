"""Each folder in ``settings/`` is a tablewright.toml, what is asked of it, and what must come out.

``expected.json``: ``ask`` is what Settings.environment is asked (``name``, ``stack``; ``all`` asks for every stack's label
in order); then ``settings`` holds fields of the answer, ``order`` the labels, or ``error`` its code and what it says.
"""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from tablewright.errors import UsageError
from tablewright.settings import FILE_NAME, EnvironmentSettings, Settings, load_settings

CASES = sorted(path.parent for path in (Path(__file__).parent / "settings").glob("*/expected.json"))


def _loaded(folder: Path) -> Settings:
    settings = load_settings(folder)
    assert settings is not None
    return settings


def _plain(value: object, folder: Path) -> object:
    return str(value.relative_to(folder)) if isinstance(value, Path) else value


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_case(folder: Path) -> None:
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    ask = expected.get("ask", {})
    if "error" in expected:
        with pytest.raises(UsageError) as caught:
            _loaded(folder).environment(ask.get("name"), ask.get("stack"))
        assert caught.value.code == expected["error"]["code"]
        for words in [*expected["error"]["says"], FILE_NAME]:
            assert words in caught.value.detail
        return
    if ask.get("all"):
        assert [each.label for each in _loaded(folder).stacks(ask["name"])] == expected["order"]
        return
    found = _loaded(folder).environment(ask.get("name"), ask.get("stack"))
    assert {key: _plain(getattr(found, key), folder) for key in expected["settings"]} == expected["settings"]


def test_there_are_cases() -> None:
    assert len(CASES) > 30


def test_the_file_is_found_from_any_folder_below(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('stack = "orders"\ntemplate = "infra/t.yaml"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    found = _loaded(below).environment()
    assert found.template == tmp_path / "infra" / "t.yaml"


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('stack = "somebody-elses"\n')
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    assert load_settings(repository) is None
    (repository / FILE_NAME).write_text('stack = "mine"\n')
    assert _loaded(repository).environment().stack == "mine"


def test_a_file_that_cannot_be_read_is_an_error_not_an_absence(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "gone.toml")
    with pytest.raises(UsageError) as caught:
        load_settings(tmp_path)
    assert caught.value.code == "settings-unreadable"
    assert str(tmp_path) in caught.value.detail


def test_a_folder_of_that_name_is_no_settings_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / FILE_NAME).mkdir()
    assert load_settings(tmp_path) is None


@pytest.mark.parametrize("named", [None, "missing.yaml"])
def test_a_template_that_is_not_there_is_said(tmp_path: Path, named: str | None) -> None:
    found = EnvironmentSettings(template=tmp_path / named if named else None, path=tmp_path / FILE_NAME)
    with pytest.raises(UsageError) as caught:
        found.existing_template()
    assert caught.value.code == ("no-such-template" if named else "no-template")
    assert FILE_NAME in caught.value.detail


def test_settings_are_values() -> None:
    with pytest.raises(FrozenInstanceError):
        EnvironmentSettings().stack = "other"  # type: ignore[misc]
    assert {f.name for f in fields(EnvironmentSettings)} >= {"stack", "template", "account", "protection"}


def test_an_environment_hides_more_and_never_less(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(
        '[redact]\n"*" = ["email"]\norders = ["memo"]\n'
        '[environments.prod.redact]\norders = ["phone"]\n"a*" = ["x"]\n[environments.dev.redact]\n"*" = []\n'
    )
    found = _loaded(tmp_path)
    assert found.redact("prod") == {"*": ("email",), "orders": ("memo", "phone"), "a*": ("x",)}
    assert found.redact("dev") == {"*": ("email",), "orders": ("memo",)}
