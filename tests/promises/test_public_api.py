"""``import tablewright`` costs next to nothing, and every public name is there."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import tablewright

HEAVY = ("boto3", "botocore", "ruamel", "rich", "ministack", "uvicorn", "starlette", "asyncio", "ssl")


def _loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import tablewright", "import tablewright.cli.main"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    assert not _loaded_by(statement) & set(HEAVY)


@pytest.mark.parametrize("name", tablewright.__all__)
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(tablewright, name)
    assert not isinstance(value, ModuleType)
    assert name in dir(tablewright)


def test_functions_stay_when_their_namesake_packages_are_imported() -> None:
    code = (
        "import tablewright.deploy.status, tablewright.survey.health, tablewright\n"
        "print(callable(tablewright.survey), tablewright.survey.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "tablewright.survey.run"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = tablewright.nonsense  # type: ignore[attr-defined]
