"""Templates by cases: each folder holds a template and what reading it gives, or the error and its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tablewright.errors import UsageError
from tablewright.model.design import Design, ResourceDesign, Unknown
from tablewright.template.decode import decode_bytes
from tablewright.template.read import read_design

ROOT = Path(__file__).parent / "template"


def _read(folder: Path) -> Design:
    path = next(folder.glob("template.*"))
    return read_design(decode_bytes(path.read_bytes(), path.name), stack="orders", path=path.name)


def _shown(resource: ResourceDesign) -> dict[str, Any]:
    """A resource as the cases write it."""
    name = "unknown" if isinstance(resource.physical_name, Unknown) else resource.physical_name
    found: dict[str, Any] = {
        "type": resource.type,
        "name": name,
        "policy": resource.deletion_policy,
        "indexes": list(resource.indexes),
        "certain": resource.certain,
    }
    if resource.table is not None:
        table = resource.table
        found["keys"] = [] if isinstance(table.keys, Unknown) else [f"{k.name} {k.type} {k.role}" for k in table.keys]
        found |= {"ttl": table.ttl, "recovery": table.recovery, "protection": table.deletion_protection}
    return found


@pytest.mark.parametrize("folder", sorted(ROOT.iterdir()), ids=lambda folder: folder.name)
def test_template(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    if "error" in expected:
        with pytest.raises(UsageError) as raised:
            _read(folder)
        error = raised.value
        assert error.code == expected["error"]
        if "line" in expected:
            assert f":{expected['line']}:{expected['column']}: " in error.detail, error.detail
        for words in expected.get("says", ()):
            assert words in error.detail
        if "shows" in expected:
            assert f"{expected['line']} | {expected['shows']}\n" in error.detail + "\n"
        return
    design = _read(folder)
    for name, fields in expected.get("resources", {}).items():
        resource = next(r for r in design.resources if r.logical_id == name)
        shown = _shown(resource)
        assert {key: shown[key] for key in fields} == fields
    if "resources" in expected:
        assert {r.logical_id for r in design.resources} == set(expected["resources"])
    assert [r.logical_id for r in design.excluded] == expected.get("excluded", [])
    if "capabilities" in expected:
        assert list(design.capabilities) == expected["capabilities"]


def test_a_value_for_an_undeclared_parameter_is_an_error_with_the_nearest_name() -> None:
    body = "Parameters: {Stage: {Type: String}}\nResources: {T: {Type: X}}\n"
    with pytest.raises(UsageError) as raised:
        read_design(body, stack="s", path="t.yaml", parameters={"Stgae": "prod"})
    assert raised.value.code == "unknown-parameter" and "Did you mean Stage?" in raised.value.detail
