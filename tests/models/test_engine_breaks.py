"""What breaks inside the embedded CloudFormation ends as a failure that says so; nothing stays running with nobody at work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import pytest

from tablewright.local.clock import Clock
from tablewright.local.cloudformation import CloudFormation, examine, forward
from tablewright.local.journal import Journal

GROUP = {"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "group"}}}}


class Broken:
    """Services that raise what no service raises."""

    async def call(self, *_: Any, **__: Any) -> dict[str, Any]:
        raise KeyError("unheard of")

    def outcome(self, _origin: str) -> None:
        return None


async def _settled(
    cloudformation: CloudFormation, member: str, action: str, form: Mapping[str, str]
) -> tuple[str, str]:
    """The status and its reason once it is no longer one that runs."""
    for _ in range(1000):
        _, answer = await _ask(cloudformation, action, form)
        found = {e.tag.split("}")[1]: e.text or "" for e in ElementTree.fromstring(answer).iter()}
        if not found[member].endswith(("_IN_PROGRESS", "_PENDING")):
            return found[member], found.get(f"{member}Reason", "")
        await asyncio.sleep(0.002)
    raise AssertionError(found[member])


async def _ask(cloudformation: CloudFormation, action: str, form: Mapping[str, str]) -> tuple[int, str]:
    return await cloudformation.handle(action, form, account="1" * 12, region="us-east-1", request_id="r")


def _engine() -> CloudFormation:
    return CloudFormation(Broken(), Journal(), Clock("instant"))


_STACK = {"StackName": "breaks", "TemplateBody": json.dumps(GROUP)}


def test_a_handler_that_breaks_fails_its_resource() -> None:
    async def run() -> tuple[str, str]:
        cloudformation = _engine()
        await _ask(cloudformation, "CreateStack", _STACK)
        await _settled(cloudformation, "StackStatus", "DescribeStacks", {"StackName": "breaks"})
        _, events = await _ask(cloudformation, "DescribeStackEvents", {"StackName": "breaks"})
        return (await _settled(cloudformation, "StackStatus", "DescribeStacks", {"StackName": "breaks"}))[0], events

    status, events = asyncio.run(run())
    assert status == "ROLLBACK_COMPLETE"
    assert "the embedded CloudFormation broke (KeyError: 'unheard of')" in events
    assert "HandlerErrorCode: InternalFailure" in events


def test_an_operation_that_breaks_rolls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("nobody thought of it")

    monkeypatch.setattr(forward, "changes", breaks)

    async def run() -> str:
        cloudformation = _engine()
        await _ask(cloudformation, "CreateStack", _STACK)
        status, _ = await _settled(cloudformation, "StackStatus", "DescribeStacks", {"StackName": "breaks"})
        return status + (await _ask(cloudformation, "DescribeStackEvents", {"StackName": "breaks"}))[1]

    told = asyncio.run(run())
    assert told.startswith("ROLLBACK_COMPLETE")
    assert "RuntimeError: nobody thought of it" in told


def test_a_change_set_that_breaks_is_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("nobody thought of it")

    monkeypatch.setattr(examine, "changes", breaks)

    async def run() -> tuple[str, str]:
        cloudformation = _engine()
        named = {"StackName": "breaks", "ChangeSetName": "one"}
        await _ask(cloudformation, "CreateChangeSet", {**_STACK, **named, "ChangeSetType": "CREATE"})
        return await _settled(cloudformation, "Status", "DescribeChangeSet", named)

    status, reason = asyncio.run(run())
    assert status == "FAILED"
    assert "RuntimeError: nobody thought of it" in reason


def test_a_request_that_breaks_is_answered() -> None:
    async def run() -> tuple[int, str]:
        form = {"StackName": "breaks", "TemplateURL": "https://bucket.s3.amazonaws.com/template"}
        return await _ask(_engine(), "CreateStack", form)

    status, answer = asyncio.run(run())
    assert status == 500
    assert "<Code>InternalFailure</Code>" in answer
