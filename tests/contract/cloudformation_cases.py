"""The harness of the case folders in `tests/cases/cloudformation/`: a `case.yaml` each, and the templates it names.

    source: where the expected words come from ("words unverified" when only AWS's code and meaning are known)
    steps:
      - create: template.yaml            # CreateStack, and wait until the stack is settled
        with: {OnFailure: DO_NOTHING}    # more parameters of the call
        refused: {code: ValidationError, message: "..."}     # instead of running
        status: ROLLBACK_COMPLETE        # the settled status
        events: [{resource: Table, status: CREATE_FAILED, reason: "..."}]   # in this order, others between them
        resources: {Table: CREATE_COMPLETE}
        outputs: {Name: value}
      - update: 2.yaml
      - change_set: 2.yaml               # CreateChangeSet, and wait; `result` is DescribeChangeSet's answer
      - execute:                         # the change set of before
      - delete:
      - call: dynamodb.describe_table    # any boto3 call, in another region with `region`
        with: {TableName: orders}
        result: {Table: {TableStatus: ACTIVE}}

A template is a file of the folder or a mapping. A text expected as `~...` is a regular expression to be found; `<absent>` is a
member that must not be there; other texts match exactly, but `reason` and `message` match by containing. Mappings match by the
members named; lists match in full. `{stack_id}` stands for the stack's ARN, `{account}` for the account, `{region}` for the
region, `{region2}` to `{region4}` for others.

The word `case` is the name of the stack, and every name that a case gives begins with it (`case-orders`). Over an account,
the test's own prefix stands in its place; there, lists of a whole account hold only what has that prefix. `needs` names what
a backend must have (`harness/capabilities.py`). Words whose source is "words unverified" are noted there, not held to.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from ruamel.yaml import YAML

from tests.contract.harness.place import LISTED, Place
from tests.contract.harness.waiting import changed, settled

ROOT = Path(__file__).parent.parent / "cases" / "cloudformation"

STACK = "case"
UNVERIFIED = "words unverified"


def cases() -> list[Path]:
    return sorted(path.parent for path in ROOT.glob("**/case.yaml"))


def name_of(folder: Path) -> str:
    return str(folder.relative_to(ROOT))


def document_of(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(folder / "case.yaml")
    return document


class Case:
    """One folder, played step by step."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = folder
        self.place = place
        self.cloudformation = place.client("cloudformation")
        self.stack_ids: dict[str, str] = {}
        self.change_set = ""
        document = document_of(folder)
        assert document.get("source"), "a case names where its expected words come from"
        self.held = place.verified or UNVERIFIED not in document["source"]
        self.steps = document["steps"]

    def play(self) -> None:
        for number, step in enumerate(self.steps, start=1):
            verb = next(key for key in step if key in _VERBS)
            where = f"step {number} ({verb})"
            try:
                result = getattr(self, f"_{verb}")(step, step[verb])
            except ClientError as error:
                assert "refused" in step, f"{where}: {error}"
                self._check_refusal(where, step["refused"], error)
                continue
            assert "refused" not in step, f"{where} was not refused: {result}"
            self._check(where, step, result)

    def _stack(self, step: Mapping[str, Any]) -> str:
        return self._fill(str(step.get("stack", STACK)))

    def _arguments(self, step: Mapping[str, Any]) -> dict[str, Any]:
        filled: dict[str, Any] = json.loads(self._fill(json.dumps(step.get("with") or {})))
        return filled

    def _fill(self, text: str) -> str:
        text = re.sub(rf"\b{STACK}\b", self.place.prefix, text)
        text = text.replace("{account}", self.place.account).replace("{change_set}", self.change_set)
        for number, region in enumerate(self.place.regions, start=1):
            text = text.replace("{region}" if number == 1 else f"{{region{number}}}", region)
        for name, stack_id in self.stack_ids.items():
            text = text.replace("{stack_id:" + name + "}", stack_id)
        return text.replace("{stack_id}", self.stack_ids.get(self.place.prefix, "{stack_id}"))

    def _body(self, template: Any) -> dict[str, str]:
        if template is None:
            return {}
        if isinstance(template, str):
            return {"TemplateBody": self._fill((self.folder / template).read_text(encoding="utf-8"))}
        return {"TemplateBody": self._fill(json.dumps(template))}

    def _create(self, step: Mapping[str, Any], template: Any) -> dict[str, Any]:
        name = self._stack(step)
        made = self.cloudformation.create_stack(StackName=name, **self._body(template), **self._arguments(step))
        self.stack_ids[name] = made["StackId"]
        return settled(self.cloudformation, made["StackId"])

    def _update(self, step: Mapping[str, Any], template: Any) -> dict[str, Any]:
        name = self._stack(step)
        self.cloudformation.update_stack(StackName=name, **self._body(template), **self._arguments(step))
        return settled(self.cloudformation, name)

    def _delete(self, step: Mapping[str, Any], _: Any) -> dict[str, Any]:
        name = self._stack(step)
        self.cloudformation.delete_stack(StackName=name, **self._arguments(step))
        return settled(self.cloudformation, self.stack_ids[name])

    def _change_set(self, step: Mapping[str, Any], template: Any) -> dict[str, Any]:
        name = self._stack(step)
        arguments = {"ChangeSetName": f"change-{time.monotonic_ns()}", **self._body(template), **self._arguments(step)}
        made = self.cloudformation.create_change_set(StackName=name, **arguments)
        self.change_set = made["Id"]
        self.stack_ids[name] = made["StackId"]
        return changed(self.cloudformation, made["Id"])

    def _execute(self, step: Mapping[str, Any], _: Any) -> dict[str, Any]:
        self.cloudformation.execute_change_set(ChangeSetName=self.change_set, **self._arguments(step))
        return settled(self.cloudformation, self.stack_ids[self._stack(step)])

    def _rollback(self, step: Mapping[str, Any], _: Any) -> dict[str, Any]:
        self.cloudformation.rollback_stack(StackName=self._stack(step), **self._arguments(step))
        return settled(self.cloudformation, self.stack_ids[self._stack(step)])

    def _continue_rollback(self, step: Mapping[str, Any], _: Any) -> dict[str, Any]:
        self.cloudformation.continue_update_rollback(StackName=self._stack(step), **self._arguments(step))
        return settled(self.cloudformation, self._stack(step))

    def _call(self, step: Mapping[str, Any], operation: str) -> dict[str, Any]:
        service, method = operation.split(".")
        region = self._fill(str(step.get("region", "")))
        if operation in LISTED:
            return self.place.listed(operation, region, **self._arguments(step))
        client = self.place.client(service, region)
        answer: dict[str, Any] = getattr(client, method)(**self._arguments(step))
        return answer

    def _check_refusal(self, where: str, expected: Mapping[str, str], error: ClientError) -> None:
        found = error.response["Error"]
        assert found.get("Code") == expected["code"], f"{where}: {found}"
        self._check_words(where, expected.get("message", ""), found.get("Message", ""))

    def _check_words(self, where: str, expected: str, found: str) -> None:
        """The words are there; words that nobody has seen AWS say are only noted where AWS itself says something."""
        if self._fill(expected) not in found:
            assert not self.held, f"{where}: {found!r}, not {self._fill(expected)!r}"
            self.place.said.append(f"{name_of(self.folder)}, {where}: AWS says {found!r}, not {expected!r}")

    def _check(self, where: str, step: Mapping[str, Any], result: dict[str, Any]) -> None:
        stack = self.stack_ids.get(self._stack(step), "")
        if "status" in step:
            shown = result.get("StackStatus", result.get("Status"))
            assert shown == step["status"], f"{where}: {shown}: {self._story(stack)}"
        if "reason" in step:
            shown = result.get("StackStatusReason", result.get("StatusReason", ""))
            self._check_words(where, step["reason"], shown)
        if "result" in step:
            expected = json.loads(self._fill(json.dumps(step["result"])))
            problem = mismatch(expected, result)
            assert not problem, f"{where}: {problem} in {result}"
        if "events" in step:
            self._check_events(where, stack, step["events"])
        if "resources" in step:
            found = self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
            assert {r["LogicalResourceId"]: r["ResourceStatus"] for r in found} == step["resources"], where
        if "outputs" in step:
            found = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
            outputs = {output["OutputKey"]: output["OutputValue"] for output in found}
            assert outputs == json.loads(self._fill(json.dumps(step["outputs"]))), where

    def _events(self, stack: str) -> list[dict[str, Any]]:
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def _check_events(self, where: str, stack: str, expected: list[Mapping[str, str]]) -> None:
        """Each expected event is there, in this order."""
        told = self._events(stack)
        for wanted in expected:
            reason = self._fill(wanted.get("reason", ""))
            same = [
                number
                for number, event in enumerate(told)
                if event["LogicalResourceId"] == self._fill(wanted["resource"])
                and event["ResourceStatus"] == wanted["status"]
            ]
            found = [number for number in same if reason in told[number].get("ResourceStatusReason", "")]
            if same and not found and not self.held:
                shown = told[same[0]].get("ResourceStatusReason", "")
                self._check_words(f"{where}, {wanted['resource']}", wanted.get("reason", ""), shown)
                found = same
            assert found, f"{where}: no event {dict(wanted)} in {self._story(stack)}"
            told = told[found[0] + 1 :]

    def _story(self, stack: str) -> str:
        if not stack:
            return ""
        lines = (
            f"{e['ResourceStatus']} {e['LogicalResourceId']} {e.get('ResourceStatusReason', '')}"
            for e in self._events(stack)
        )
        return "\n" + "\n".join(lines)


_VERBS = ("create", "update", "delete", "change_set", "execute", "rollback", "continue_rollback", "call")


def mismatch(expected: Any, found: Any, path: str = "") -> str:
    """Where `found` is not what is expected, or empty."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return f"{path or '/'} is {found!r}"
        for key, value in expected.items():
            if value == "<absent>":
                if key in found:
                    return f"{path}/{key} is there: {found[key]!r}"
            elif key not in found:
                return f"{path}/{key} is missing"
            elif problem := mismatch(value, found[key], f"{path}/{key}"):
                return problem
        return ""
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return f"{path or '/'} is {found!r}"
        problems = (mismatch(e, f, f"{path}/{i}") for i, (e, f) in enumerate(zip(expected, found, strict=True)))
        return next((problem for problem in problems if problem), "")
    if isinstance(expected, str) and expected.startswith("~"):
        return "" if re.search(expected[1:], str(found)) else f"{path} is {found!r}"
    return "" if expected == found else f"{path} is {found!r}, not {expected!r}"
