"""The two YAML parsers give the same tree: which of them is installed must never change what a template means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.errors import UsageError
from tablewright.template.from_yaml import decode_slowly, decode_yaml
from tablewright.template.tree import Mapping, Node, Sequence

ROOT = Path(__file__).parents[2]
PIECES = ("a", "key", ": ", ":\n  ", "- ", "\n", "  ", "!Ref ", "!Sub ", "'x'", '"y"', "|\n  text\n", "0777", "yes", "~",
          "2010-09-09", "한글", "#c", "[", "]", "{", "}", ", ", ">-\n  folded\n", "1e3", "---", "&a ", "\t")  # fmt: skip


def _tree(text: str, slowly: bool) -> Node | None:
    try:
        return decode_slowly(text, "t") if slowly else decode_yaml(text, "t")
    except UsageError:
        return None


def _meaning(node: Node) -> object:
    """The tree without its places: the parsers put an empty scalar with an anchor at either end of the anchor."""
    if isinstance(node, Mapping):
        return [(entry.key, _meaning(entry.value)) for entry in node.entries]
    if isinstance(node, Sequence):
        return tuple(_meaning(item) for item in node.items)
    return node.kind, node.text


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("tests/cases/guide/*.yaml")) + sorted(ROOT.glob("examples/**/*.yaml"))
)
def test_templates_read_alike(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = _tree(text, slowly=False)
    assert tree is not None or "AWSTemplateFormatVersion" not in text
    assert tree == _tree(text, slowly=True)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_scraps_read_alike(text: str) -> None:
    fast, slow = _tree(text, slowly=False), _tree(text, slowly=True)
    if fast is not None and slow is not None:
        assert _meaning(fast) == _meaning(slow)
