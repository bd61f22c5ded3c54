"""Widths are counted in terminal cells."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablewright.cli.faces.cells import clean, elide, fit, pad, width, wrap

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)


def test_hangul_is_two_cells_wide_and_a_combining_mark_none() -> None:
    assert width("테이블") == 6
    assert width("é") == 1
    assert width("ai-chef") == 7


@pytest.mark.parametrize("text", ["김치찌개", "값", "두부, 김치, 돼지고기", "サーバー"])
def test_a_text_is_as_wide_decomposed_as_composed(text: str) -> None:
    # macOS decomposes the names of files; a terminal shows the vowel and the final consonant in the syllable's own cells.
    assert width(unicodedata.normalize("NFD", text)) == width(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("cells", range(1, 14))
def test_what_follows_the_gap_begins_with_a_whole_syllable(cells: int) -> None:
    shown = elide(unicodedata.normalize("NFD", "강남역삼선릉삼성"), cells, "…")
    assert all(unicodedata.is_normalized("NFC", c) for c in unicodedata.normalize("NFC", shown))
    assert not [c for c in unicodedata.normalize("NFC", shown) if "\u1100" <= c <= "\u11ff"], shown
    assert width(shown) <= cells


def test_a_long_name_keeps_both_ends() -> None:
    assert elide("AiChefSessionsTableErrorAlarm", 15, "…") == "AiChefS…orAlarm"
    assert elide("short", 15, "…") == "short"


@given(TEXT, st.integers(min_value=1, max_value=40))
def test_an_elided_text_never_takes_more_than_its_cells(text: str, cells: int) -> None:
    assert width(elide(text, cells, "…")) <= cells
    assert elide(text, max(cells, width(text)), "…") == text


@given(TEXT, st.integers(min_value=0, max_value=40))
def test_a_padded_text_takes_its_cells(text: str, cells: int) -> None:
    assert width(pad(text, cells)) == max(cells, width(text))


@given(TEXT)
def test_a_clean_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert clean(text).isprintable()


@given(
    st.lists(st.text(alphabet="abc테이블", min_size=1, max_size=6), max_size=20),
    st.integers(min_value=12, max_value=40),
)
def test_wrapping_loses_no_word(words: list[str], cells: int) -> None:
    lines = wrap(" ".join(words), cells)
    assert " ".join(lines).split() == words
    assert all(width(line) <= cells for line in lines)


@pytest.mark.parametrize("cells", [0, 1, 2, 3])
def test_a_wide_letter_takes_a_line_of_its_own_where_there_is_no_room(cells: int) -> None:
    assert "".join(fit("테이블", cells)) == "테이블"


def test_the_largest_item_is_broken_without_losing_a_letter() -> None:
    # 400 KB in one word: measured anew for every line, this takes half a minute.
    lines = fit("가" * 133_000, 80)
    assert len(lines) == 3325
    assert "".join(lines) == "가" * 133_000


@given(TEXT, st.integers(min_value=2, max_value=40))
def test_what_is_broken_keeps_its_letters_and_fits(text: str, cells: int) -> None:
    lines = fit(text, cells)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())
    assert all(width(line) <= cells for line in lines)


def test_a_broken_word_keeps_its_indent() -> None:
    assert fit("  index " + "i" * 12, 10) == ["  index", "  iiiiiiii", "  iiii"]


def test_a_command_is_never_broken() -> None:
    command = "    tablewright deploy --stack a-rather-long-name --parameters Environment=staging"
    assert command in wrap(f"Run:\n\n{command}\n\nand look.", 30)


def test_a_quoted_line_keeps_its_spaces() -> None:
    quoted = "    3 |     Type: X\n      |           ^"
    assert wrap(quoted, 80) == quoted.split("\n")
