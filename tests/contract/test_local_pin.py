"""The embedded AWS leans on private names of ministack: these tests fail when the pin moves or a name does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tablewright.local.pin import MINISTACK

pytestmark = pytest.mark.embedded("what it leans on in ministack")

_ROOT = Path(__file__).resolve().parents[2]

_DISCOVER = """
import itertools, json, types
from tablewright.local.dataplane import DataPlane
from tablewright.local.stores import STORES
plane = DataPlane()
found = {}
for name in STORES:
    module = plane._module(name)
    kept = set()
    for key, value in vars(module).items():
        scoped = type(value).__name__ in ("AccountScopedDict", "AccountRegionScopedDict")
        plain = isinstance(value, (dict, list, set, itertools.count)) and not key.strip("_").isupper()
        counter = isinstance(value, (int, float)) and not isinstance(value, bool) and not key.strip("_").isupper()
        if (scoped or plain or counter) and not key.startswith("__"):
            kept.add(key)
    found[name] = sorted(kept)
dynamodb = plane._module("dynamodb")
names = ["_remove_item", "_emit_stream_event", "_stream_records", "_ttl_settings", "_tables", "_lock"]
threads = [thread.name for thread in __import__("threading").enumerate()]
print(json.dumps({"stores": found, "absent": [name for name in names if not hasattr(dynamodb, name)],
                  "threads": threads}))
"""


@pytest.fixture(scope="module")
def discovered() -> Any:
    """What ministack's modules hold, found in a process of its own: they cannot be loaded here, their clock replaced."""
    ran = subprocess.run([sys.executable, "-c", _DISCOVER], capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_pin_the_adapter_and_the_installed_version_agree() -> None:
    extras = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pinned = [each for each in extras["local"] if each.startswith("ministack")]

    assert pinned == [f"ministack=={MINISTACK}"]
    assert version("ministack") == MINISTACK


def test_every_store_of_ministack_is_known(discovered: Any) -> None:
    from tablewright.local.stores import EPHEMERAL, STORES

    for module, held in discovered["stores"].items():
        # kms gives and takes its state itself.
        known = set(STORES[module]) | set(EPHEMERAL.get(module, ()))
        assert module == "kms" or set(held) - known == set(), module
        assert set(STORES[module]) - set(held) == set(), module


def test_no_thread_of_ministack_changes_state_by_itself(discovered: Any) -> None:
    assert discovered["threads"] == ["MainThread"]
    assert discovered["absent"] == []


def test_only_the_adapter_names_ministack() -> None:
    naming = {
        path.name
        for path in (_ROOT / "src" / "tablewright" / "local").glob("*.py")
        if re.search(r"ministack\.(app|core|services)|import ministack", path.read_text())
    }

    assert naming == {"amendments.py", "dataplane.py", "statefile.py", "stores.py"}
