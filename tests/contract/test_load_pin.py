"""The load layer leans on private names of ministack, and measures items in its place: these tests fail when either breaks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.embedded("what it leans on in ministack")

_PROBE = """
import base64, json, random
import ministack.services.dynamodb as dynamodb, ministack.services.cloudwatch as cloudwatch
import ministack.services.dynamodb_streams as dynamodb_streams
import ministack.services.sts as sts
from tablewright.local.load.plane_view import NAMES
from tablewright.local.load.sizes import item_size

random.seed(20261123)
LETTERS = "aZ09 é한😀"
def text(most=12):
    return "".join(random.choice(LETTERS) for _ in range(random.randrange(most)))
def number():
    digits = "".join(random.choice("0123456789") for _ in range(random.randrange(1, 20)))
    if random.random() < 0.4:
        digits += "." + "".join(random.choice("0123456789") for _ in range(random.randrange(1, 12)))
    return random.choice(["", "-"]) + digits + random.choice(["", "", "E5", "e-7", "E12"])
def blob():
    return base64.b64encode(random.randbytes(random.randrange(9))).decode()
def value(depth=0):
    kind = random.choice(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS"] + (["L", "M"] if depth < 3 else []))
    made = {"S": text, "N": number, "B": blob, "BOOL": lambda: True, "NULL": lambda: True}
    if kind in made:
        return {kind: made[kind]()}
    if kind == "L":
        return {kind: [value(depth + 1) for _ in range(random.randrange(4))]}
    if kind == "M":
        return {kind: {text() or "k": value(depth + 1) for _ in range(random.randrange(4))}}
    return {kind: [made[kind[0]]() for _ in range(random.randrange(1, 4))]}
different = []
for _ in range(4000):
    item = {text() or "k": value() for _ in range(random.randrange(6))}
    if item_size(item) != dynamodb._item_size_bytes(item):
        different.append([item, item_size(item), dynamodb._item_size_bytes(item)])
modules = {"dynamodb": dynamodb, "cloudwatch": cloudwatch, "dynamodb_streams": dynamodb_streams, "sts": sts}
absent = [f"{name}.{each}" for name, names in NAMES.items() for each in names if not hasattr(modules[name], each)]
print(json.dumps({"absent": absent, "different": different[:3], "count": len(different)}))
"""


@pytest.fixture(scope="module")
def probed() -> Any:
    """What a process of its own finds, in which ministack is as it was installed."""
    environment = {
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_TEST_NO_AUTOSTART": "1",
        "PATH": "/usr/bin:/bin",
    }
    ran = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_every_private_name_is_there(probed: Any) -> None:
    assert probed["absent"] == []


def test_items_are_measured_alike(probed: Any) -> None:
    assert probed["different"] == [] and probed["count"] == 0
