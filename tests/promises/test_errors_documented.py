"""Every error code is documented, with what to do; the codes are read out of the code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from scripts import errors_page

ROOT = Path(__file__).resolve().parents[2]


@cache
def _sections() -> dict[str, str]:
    text = errors_page.errors_page("")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in parts}


def test_every_code_says_what_to_do() -> None:
    sections = _sections()
    assert len(sections) > 250
    for code, body in sections.items():
        assert re.search(r"^\*\*.+\*\* \(exit \d+\)$", body, re.MULTILINE), code
        words = re.sub(r"\*\*.*?\*\* \(exit \d+\)", "", body)
        # More than the names that are filled in, and more than somebody else's words alone.
        told = re.sub(r"\*[^*]+\*", "", words)
        assert len(re.findall(r"[A-Za-z]{2,}", told)) >= 4, (
            f"{code} does not say what to do (or add it to ADVICE): {words}"
        )


def test_no_code_hides_from_the_page() -> None:
    assert errors_page.codes_by_hand() == []
    assert set(errors_page.ADVICE) <= set(_sections())


def test_a_code_that_the_product_shows_is_found() -> None:
    """Codes that tests of the command line see, from every layer."""
    wanted = {"no-stack", "data-loss", "older-commit", "wrong-account", "endpoint-unreachable", "edit-would-be-wrong"}
    assert wanted <= set(_sections())
