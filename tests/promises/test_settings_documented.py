"""docs/reference/settings.md names every setting, and its examples are files that are accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tablewright import settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.S | re.M)
KNOWN = {key for keys in (*settings._ALLOWED.values(), settings._CHECK) for key in keys}


def test_every_setting_has_a_row_and_no_other_has_one() -> None:
    rows = set(re.findall(r"^\| `([\w-]+)` \|", PAGE, flags=re.M))
    assert rows == KNOWN


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_accepted(number: int, tmp_path: Path) -> None:
    found = settings.parse_settings(EXAMPLES[number], tmp_path / settings.FILE_NAME)
    assert len(found.stacks(found.environments[-1])) >= 1


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 4


def test_the_examples_own_settings_are_accepted() -> None:
    found = settings.load_settings(ROOT / "examples" / "ai-chef" / "backend")
    assert found is not None
    assert found.environment().existing_template().name == "dynamodb-schema.yaml"
