"""The contract suite runs over an account too: its cases name nothing that is not theirs, and say where words come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contract import words
from tests.contract.cloudformation_cases import cases, document_of, name_of
from tests.contract.harness.capabilities import CAPABILITIES
from tests.contract.harness.fenced_template import outside

EMBEDDED_ONLY = {"own-words", "own-account", "records"}


@pytest.mark.parametrize("folder", cases(), ids=name_of)
def test_a_case_has_a_source_and_only_names_of_its_own(folder: Path) -> None:
    document = document_of(folder)
    needs = set(document.get("needs", []))

    assert document["source"]
    assert needs <= set(CAPABILITIES)
    if not needs & EMBEDDED_ONLY:
        texts = {
            path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml") if path.name != "case.yaml"
        }
        assert {name: found for name, text in texts.items() if (found := outside(text, {}, "case"))} == {}


def test_words_expected_in_python_have_a_source() -> None:
    texts = {
        name: value
        for name, value in vars(words).items()
        if name.isupper() and name[0] != "_" and isinstance(value, str)
    }

    assert set(texts.values()) == set(words.SOURCES)
    assert all(words.SOURCES.values())
