"""Causes by cases: each folder holds an operation's events, oldest first, and the cause that is found in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tablewright.deploy.messages import MESSAGES, meaning_of
from tablewright.deploy.reason import cause, last_operation, retry_at
from tablewright.model.stack import StackEvent

ROOT = Path(__file__).parent / "deploy"
SAID: list[dict[str, Any]] = json.loads((ROOT / "messages.json").read_text())
STACK_ID = "arn:aws:cloudformation:us-east-1:111111111111:stack/orders/1"


@pytest.mark.parametrize("folder", sorted((ROOT / "reasons").iterdir()), ids=lambda folder: folder.name)
def test_reason(folder: Path) -> None:
    raw = json.loads((folder / "events.json").read_text())
    events = [
        StackEvent(id=str(n), stack_id=STACK_ID, **{**e, "at": datetime.fromisoformat(e["at"])})
        for n, e in enumerate(raw)
    ]
    expected = json.loads((folder / "expected.json").read_text())
    why = cause(last_operation(reversed(events)), "orders", deploy="tablewright deploy t.yaml")
    if expected is None:
        assert why is None
        return
    assert why is not None
    assert (why.logical_id, why.text) == (expected["logical_id"], expected["text"])
    assert [other.logical_id for other in why.others] == expected["others"]
    for words in expected.get("says", ()):
        assert words in f"{why.meaning} {why.remedy}"
    assert why.remedy


@pytest.mark.parametrize("said", SAID, ids=lambda said: f"{said['id']}: {said['text'][:40]}")
def test_message(said: dict[str, Any]) -> None:
    message = meaning_of(said["text"])
    assert message is not None and message.id == said["id"]
    assert message.waits is said["waits"]
    if "until" in said:
        assert retry_at(said["text"], None) == datetime.fromisoformat(said["until"])


def test_every_message_that_waits_and_names_no_time_has_one_or_says_that_it_has_none() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    for said in SAID:
        if said["waits"] and said["id"] not in ("class-limited", "index-backfilling"):
            assert retry_at(said["text"], at) is not None


def test_the_table_is_covered_by_the_cases() -> None:
    untested = {m.id for m in MESSAGES} - {said["id"] for said in SAID}
    assert untested <= {
        "already-exists", "invalid-property", "invalid-value", "stack-policy", "termination-protection", "unknown-type",
    }  # fmt: skip


def test_an_unknown_message_is_no_message() -> None:
    assert meaning_of("The flux capacitor is out of flux") is None
