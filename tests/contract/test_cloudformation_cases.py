"""Every case folder of the embedded CloudFormation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import EmbeddedAws
from tests.contract.cloudformation_cases import Case, cases, name_of


@pytest.mark.parametrize("folder", cases(), ids=name_of)
def test_case(folder: Path, aws: EmbeddedAws, account: str) -> None:
    Case(folder, aws, account).play()


def test_there_are_cases() -> None:
    assert len(cases()) > 30
