"""Every case folder of CloudFormation, over the backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cloudformation_cases import Case, cases, document_of, name_of
from tests.contract.conftest import skip_without
from tests.contract.harness.place import Backend, Place


@pytest.mark.parametrize("folder", cases(), ids=name_of)
def test_case(folder: Path, backend: Backend, place: Place) -> None:
    skip_without(backend, *document_of(folder).get("needs", []))
    Case(folder, place).play()


def test_there_are_cases() -> None:
    assert len(cases()) > 30
