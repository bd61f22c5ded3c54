"""The pages on transforms say what happens: their examples are run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tablewright.migrate.items.canonical import canonical
from tablewright.migrate.items.values import from_json, to_json
from tablewright.migrate.transform.declared import Declared
from tablewright.migrate.transform.flags import FORMS, from_flags
from tablewright.migrate.transform.load import load_transform
from tablewright.migrate.transform.reading import KINDS, read_operations
from tablewright.model.table import Key

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = (DOCS / "reference/transforms.md").read_text("utf-8")
GUIDE = (DOCS / "guides/transforms.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", REFERENCE, flags=re.MULTILINE)[1:]}
SOURCE = (Key("sessionId", "S", "HASH"),)
TARGET = (Key("PK", "S", "HASH"), Key("SK", "S", "RANGE"))


def _blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, flags=re.DOTALL)


def test_every_operation_has_a_section_in_the_order_of_the_flags() -> None:
    assert list(SECTIONS) == [*FORMS, "when", "In place"]
    assert set(KINDS) == set(FORMS)


@pytest.mark.parametrize("name", [*FORMS, "when"])
def test_each_example_of_the_reference_does_what_it_says(name: str) -> None:
    (toml,) = _blocks(SECTIONS[name], "toml")
    operations = read_operations(toml)
    before, after = _blocks(SECTIONS[name], "json")[0].splitlines()
    made = Declared(operations, (), ()).apply(before.encode())
    assert canonical(made[0]) == canonical(after.encode())
    if name != "when":
        words = shlex.split(_blocks(SECTIONS[name], "text")[0])
        flags: dict[str, list[str]] = {}
        for flag, value in zip(words[::2], words[1::2], strict=True):
            flags.setdefault(flag.removeprefix("--"), []).append(value)
        assert from_flags(flags) == operations


def test_the_examples_of_the_guide_do_what_they_say(tmp_path: Path) -> None:
    for block in [*_blocks(GUIDE, "toml"), *_blocks(GUIDE, "python")]:
        name = re.match(r"# (\S+)\n", block)
        assert name is not None
        (tmp_path / name[1]).write_text(block)
    item = to_json({"sessionId": "a1", "total": 3, "custId": "c"})
    declared = load_transform(str(tmp_path / "rekey.toml"), SOURCE, TARGET)
    assert from_json(declared.apply(item)[0]) == {
        "sessionId": "a1", "total": 3, "customerId": "c", "PK": "SESSION#a1", "SK": "META", "status": "open",
    }  # fmt: skip
    function = load_transform(f"{tmp_path}/rekey.py:rekey", SOURCE, TARGET)
    (made,) = function.apply(item)
    assert from_json(made) == {"PK": "SESSION#a1", "SK": "META", "total": 6, "custId": "c"}
    assert function.apply(to_json({"sessionId": "a", "deleted": True})) == ()
    assert function.invertible is not None
    assert canonical(function.invertible.apply(made)[0]) == canonical(item)
    for module in ("wired.py", "typed.py"):
        given = to_json({"sessionId": "a1", "total": 3})
        assert (
            from_json(load_transform(f"{tmp_path / module}:rekey", SOURCE, TARGET).apply(given)[0])["PK"]
            == "SESSION#a1"
        )
