"""AWS's worked examples of sizes and capacity, one folder an example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tablewright.local.load.capacity import Charge, Index, page_charge, read_units, write_charge
from tablewright.local.load.sizes import item_size

_CASES = sorted((Path(__file__).parent.parent / "cases" / "metering").iterdir())


def _item(size: int | None) -> dict[str, Any] | None:
    """An item of exactly `size` bytes: one attribute whose name takes two."""
    return None if size is None else {"pk": {"S": "x" * (size - 2)}}


def _images(case: dict[str, Any]) -> list[tuple[Any, Any]]:
    if "images" in case:
        return [(before, after) for before, after in case["images"]]
    pairs = []
    for write in case["writes"]:
        if "stays" in write:
            stays = _item(write["stays"])
            pairs.append((stays, stays))
        else:
            pairs.append((_item(write.get("before")), _item(write.get("after"))))
    return pairs


@pytest.mark.parametrize("folder", _CASES, ids=lambda folder: str(folder.name))
def test_worked_example(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text())
    assert case["source"]
    if "bytes" in case:
        assert item_size(case["item"]) == case["bytes"]
    elif "reads" in case:
        assert sum(read_units(size, case["consistency"]) for size in case["reads"]) == case["units"]
    elif "page" in case:
        assert page_charge(sum(case["page"]), case["consistency"]).total == case["units"]
    else:
        indexes = []
        if "index" in case:
            about = case["index"]
            indexes = [
                Index(
                    about["name"],
                    tuple(about["keys"]),
                    about.get("projection", "ALL"),
                    frozenset(about.get("attributes", ())),
                )
            ]
        whole = Charge()
        for before, after in _images(case):
            whole.add(write_charge(("pk",), indexes, before, after, transactional=case.get("transactional", False)))
        assert (whole.table, whole.indexes) == (case["table"], case.get("indexes", {}))
