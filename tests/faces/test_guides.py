"""The guides: links lead somewhere, codes exist, settings parse, programs compile and name what the library has."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

import tablewright
from tablewright.cost.workload_file import read_workload
from tablewright.settings import parse_settings

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs").rglob("*.md")) + sorted((ROOT / "examples").rglob("*.md"))
NAMES = [str(path.relative_to(ROOT)) for path in GUIDES]


def _blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), flags=re.S | re.M)


@pytest.mark.parametrize("path", GUIDES, ids=NAMES)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)(#[^)\s]+)?\)", text):
        target = (path.parent / link) if link else path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.M)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor[1:] in slugs, anchor


@cache
def _source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("path", GUIDES, ids=NAMES)
def test_every_error_code_that_is_explained_exists(path: Path) -> None:
    source = _source()
    for code in set(re.findall(r"error\[([a-z-]+)\]", path.read_text(encoding="utf-8"))):
        assert f'"{code}"' in source or f"error[{code}]" in source, code


@pytest.mark.parametrize("path", GUIDES, ids=NAMES)
def test_settings_that_are_shown_parse(path: Path) -> None:
    """A block that is a transform or a workload is read as what it is; every other one is tablewright.toml."""
    for block in _blocks(path, "toml"):
        told = tomllib.loads(block)
        if "tables" in told:
            read_workload(block, str(path))
        elif "operation" not in told and "key" not in told:
            parse_settings(block, Path("tablewright.toml"))


@pytest.mark.parametrize("path", GUIDES, ids=NAMES)
def test_programs_that_are_shown_use_what_the_library_has(path: Path) -> None:
    for block in _blocks(path, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tw":
                assert node.attr in tablewright.__all__
