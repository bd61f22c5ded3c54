"""Each folder under ``policy/`` is a request under policies, and how AWS's documentation says that it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cases.policy_cases import FOLDER, FOLDERS, read_case

from tablewright.access.decide import decide


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_case(folder: Path) -> None:
    case = read_case(folder)
    decision = decide(case.request, case.policies)
    assert decision.effect.value == case.expected, decision.why
    assert decision.why
    if "by" in case.document:
        assert {found.statement.sid for found in decision.by} == set(case.document["by"])


def test_there_are_cases_and_each_has_a_source() -> None:
    assert len(FOLDERS) >= 300
    assert all(read_case(folder).document["source"] for folder in FOLDERS)
