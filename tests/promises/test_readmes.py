"""README.md and README.ko.md say the same: equal sections, equal code, and links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.ko.md")


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)


def _headings(text: str) -> list[int]:
    return [len(m) for m in re.findall(r"^(#+) ", _prose(text), flags=re.M)]


def _blocks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.S | re.M)


def test_both_languages_have_the_same_sections() -> None:
    assert _headings(_text("README.md")) == _headings(_text("README.ko.md"))
    assert len(_headings(_text("README.md"))) > 5


def test_both_languages_show_the_same_commands_and_code() -> None:
    assert _blocks(_text("README.md")) == _blocks(_text("README.ko.md"))


def test_both_languages_have_equal_tables_and_lists() -> None:
    def shape(name: str) -> list[str]:
        return re.findall(r"^(\||- |\d+\. )", _prose(_text(name)), flags=re.M)

    assert shape("README.md") == shape("README.ko.md")


def test_first_screen_says_what_it_is_and_shows_the_two_commands() -> None:
    first = "\n".join(_text("README.md").splitlines()[:60])
    assert "make demo" in first
    assert "make test" in first
    assert "DynamoDB" in first


@pytest.mark.parametrize("name", READMES)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", _text(name))
    assert links, "a README without a link to its documentation helps nobody"
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing
