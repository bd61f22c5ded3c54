"""The README, the first steps and the example: equal sections, code and links in both languages, and links lead somewhere."""

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


BEGIN = (READMES, ("docs/getting-started.md", "docs/getting-started.ko.md"))
PAIRS = (*BEGIN, ("examples/ai-chef/README.md", "examples/ai-chef/README.ko.md"))


@pytest.mark.parametrize(("english", "korean"), BEGIN)
def test_both_languages_have_the_same_sections(english: str, korean: str) -> None:
    assert _headings(_text(english)) == _headings(_text(korean))
    assert len(_headings(_text(english))) > 5


@pytest.mark.parametrize(("english", "korean"), BEGIN)
def test_both_languages_show_the_same_commands_and_code(english: str, korean: str) -> None:
    assert _blocks(_text(english)) == _blocks(_text(korean))


def test_both_languages_have_equal_tables_and_lists() -> None:
    def shape(name: str) -> list[str]:
        return re.findall(r"^(\||- |\d+\. )", _prose(_text(name)), flags=re.M)

    assert shape("README.md") == shape("README.ko.md")


def test_first_screen_says_what_it_is_and_shows_the_two_commands() -> None:
    first = "\n".join(_text("README.md").splitlines()[:60])
    assert "make demo" in first
    assert "make test" in first
    assert "DynamoDB" in first


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", _text(name))
    assert links, "a page without a link to the documentation helps nobody"
    missing = [link for link in links if not ((ROOT / name).parent / link).exists()]
    assert not missing


def _links(name: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", _prose(_text(name)))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _prose(page.read_text(encoding="utf-8")), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("english", "korean"), PAIRS)
def test_both_languages_name_the_same_things(english: str, korean: str) -> None:
    def named(name: str) -> list[str]:
        return sorted(set(re.findall(r"`([a-z][^`\n]+)`", _prose(_text(name)))))

    def led(name: str) -> list[str]:
        return [link.replace(".ko.md", ".md").partition("#")[0] for link in _links(name)]

    assert named(english) == named(korean)
    own = {Path(english).name}  # each leads to the other
    assert sorted(set(led(english)) - own) == sorted(set(led(korean)) - own)


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_links_into_a_page_find_their_heading(name: str) -> None:
    for link in _links(name):
        page, _, anchor = link.partition("#")
        if anchor and not page.startswith("http"):
            assert anchor in _anchors((ROOT / name).parent / page), link
