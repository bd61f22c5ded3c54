"""The fence: a client that lets through what reads, and of what changes only the run's own.

It stands in the client, before a request is signed. A changing operation that is not in its tables is refused: what the fence
doesn't know, it doesn't let through. What makes something is entered in the ledger first and gets the run's tag; answers come
without that tag, so a test sees what it would see without a fence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.harness.fenced_template import begins, bucket_of, outside
from tests.contract.harness.ledger import MADE, RUN_TAG, Ledger

READS = re.compile(r"(Describe|Get|List|Head|Lookup|Query|Scan|BatchGet|Detect|Validate)")
Params = dict[str, Any]


class Fenced(Exception):
    """A test was about to do something outside of its run's own things."""


@dataclass(frozen=True, slots=True)
class Making:
    """An operation that makes something: what, the parameter that names it, the answer's member with its id, its tags."""

    kind: str
    name: str
    made: Callable[[Params, Params], str]
    tag: Callable[[Params, str], None]


def _tag_list(member: str = "Tags") -> Callable[[Params, str], None]:
    def tag(params: Params, run: str) -> None:
        params[member] = [*(params.get(member) or []), {"Key": RUN_TAG, "Value": run}]

    return tag


def _tag_map(member: str) -> Callable[[Params, str], None]:
    def tag(params: Params, run: str) -> None:
        params[member] = {**(params.get(member) or {}), RUN_TAG: run}

    return tag


def _untagged(params: Params, run: str) -> None:
    """A bucket is told by its name alone: the run's prefix, in a name that nobody else can have."""


MAKES: Mapping[str, Making] = {
    "cloudformation.CreateStack": Making("stack", "StackName", lambda _p, a: a["StackId"], _tag_list()),
    "dynamodb.CreateTable": Making("table", "TableName", lambda _p, a: a["TableDescription"]["TableArn"], _tag_list()),
    "s3.CreateBucket": Making("bucket", "Bucket", lambda p, _a: str(p["Bucket"]), _untagged),
    "ssm.PutParameter": Making("parameter", "Name", lambda p, _a: str(p["Name"]), _tag_list()),
    "cloudwatch.PutMetricAlarm": Making("alarm", "AlarmName", lambda p, _a: str(p["AlarmName"]), _tag_list()),
    "logs.CreateLogGroup": Making("log group", "logGroupName", lambda p, _a: str(p["logGroupName"]), _tag_map("tags")),
    "secretsmanager.CreateSecret": Making("secret", "Name", lambda _p, a: a["ARN"], _tag_list()),
}

CHANGES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            f"cloudformation.{name}"
            for name in (
                "UpdateStack",
                "DeleteStack",
                "CancelUpdateStack",
                "ContinueUpdateRollback",
                "RollbackStack",
                "UpdateTerminationProtection",
                "SetStackPolicy",
            )
        ),
        "StackName",
    ),
    "cloudformation.CreateChangeSet": "StackName",
    "cloudformation.ExecuteChangeSet": "ChangeSetName",
    "cloudformation.DeleteChangeSet": "ChangeSetName",
    **dict.fromkeys(
        (
            f"dynamodb.{name}"
            for name in (
                "PutItem",
                "UpdateItem",
                "DeleteItem",
                "UpdateTable",
                "DeleteTable",
                "UpdateTimeToLive",
                "UpdateContinuousBackups",
            )
        ),
        "TableName",
    ),
    "s3.PutObject": "Bucket",
    "secretsmanager.PutSecretValue": "SecretId",
    "cloudwatch.SetAlarmState": "AlarmName",
    "logs.DeleteLogGroup": "logGroupName",
    "application-autoscaling.RegisterScalableTarget": "ResourceId",
}
"""Operations that change something, and the parameter that says what."""

_TAGGING = frozenset({"cloudformation.UpdateStack", "cloudformation.CreateChangeSet"})


@dataclass(slots=True)
class Fence:
    ledger: Ledger
    region: str

    def around(self, client: Any) -> Any:
        """The client, fenced."""
        service = client.meta.service_model.service_name
        client.meta.events.register(f"provide-client-params.{service}", self._before)
        client.meta.events.register(f"after-call.{service}", self._after)
        return client

    def _before(self, params: Params, model: Any, context: Params, **_: Any) -> Params:
        operation = f"{model.service_model.service_name}.{model.name}"
        if READS.match(model.name):
            return params
        params = dict(params)
        prefix = self.ledger.run.prefix
        making = MAKES.get(operation)
        member = making.name if making else CHANGES.get(operation, "")
        if not member:
            raise Fenced(f"{operation} is not an operation that a contract test may call in an account.")
        asked = str(params.get(member, ""))
        if member == "ChangeSetName" and "StackName" in params:
            asked = str(params["StackName"])
        if not self._own(asked):
            raise Fenced(f"{operation} of {asked or 'nothing'}: its name does not begin with {prefix}.")
        self._check_templates(operation, params)
        if operation == "cloudformation.CreateChangeSet" and params.get("ChangeSetType") in ("CREATE", "IMPORT"):
            making = MAKES["cloudformation.CreateStack"]
        if making:
            known = next((e for e in self.ledger.entries.values() if (e.kind, e.name) == (making.kind, asked)), None)
            if known is not None and making.kind != "stack":
                # Made by this run before, and tagged then (the Parameter Store takes no tags with a new value).
                return params
            making.tag(params, self.ledger.run.id)
            number = self.ledger.asked(making.kind, asked, self.region)
            context["contract"] = (making, number, params)
        elif operation in _TAGGING and "Tags" in params:
            _tag_list()(params, self.ledger.run.id)
        return params

    def _own(self, asked: str) -> bool:
        prefix = self.ledger.run.prefix
        if asked.startswith("arn:aws:cloudformation:"):
            return self.ledger.holds(asked)
        return begins(asked, prefix)

    def _check_templates(self, operation: str, params: Params) -> None:
        prefix = self.ledger.run.prefix
        before = self.ledger.values.get(str(params.get("StackName")), {})
        given = {
            p["ParameterKey"]: before.get(p["ParameterKey"], "")
            if p.get("UsePreviousValue")
            else str(p["ParameterValue"])
            for p in params.get("Parameters") or []
        }
        self.ledger.values[str(params.get("StackName"))] = {**before, **given}
        texts = [str(params["TemplateBody"])] if "TemplateBody" in params else []
        if operation == "s3.PutObject":
            body = params.get("Body", b"")
            texts.append(body.decode() if isinstance(body, bytes) else str(body))
        if "TemplateURL" in params and not begins(bucket_of(str(params["TemplateURL"])), prefix):
            raise Fenced(f"{operation} with the template {params['TemplateURL']}: its bucket is not the run's own.")
        for text in texts:
            if problems := outside(text, given, prefix):
                raise Fenced(f"{operation} with a template that is not all the run's own: {'; '.join(problems)}")
        for wanted in params.get("ResourcesToImport") or []:
            if not all(begins(str(name), prefix) for name in wanted["ResourceIdentifier"].values()):
                raise Fenced(f"{operation} that takes in {wanted['ResourceIdentifier']}, which is not the run's own.")

    def _after(self, http_response: Any, parsed: Params, model: Any, context: Params, **_: Any) -> None:
        if "contract" in context:
            making, number, params = context.pop("contract")
            if http_response.status_code < 300:
                self.ledger.note(number, MADE, id=making.made(params, parsed))
        if model.name == "CreateChangeSet" and "Id" in parsed:
            self.ledger.change_sets.add(parsed["Id"])
        if model.name == "DescribeChangeSet" and parsed.get("ChangeSetId") in self.ledger.change_sets:
            # Those of inner stacks, which were made with it.
            inner = (change.get("ResourceChange", {}).get("ChangeSetId") for change in parsed.get("Changes", []))
            self.ledger.change_sets.update(found for found in inner if found)
        _strip(parsed)


def _strip(answer: Any) -> None:
    """Take the run's tag out of an answer."""
    if isinstance(answer, dict):
        answer.pop(RUN_TAG, None)
        for value in answer.values():
            _strip(value)
    elif isinstance(answer, list):
        answer[:] = [item for item in answer if not (isinstance(item, dict) and item.get("Key") == RUN_TAG)]
        for item in answer:
            _strip(item)


def identity(client: Any) -> str:
    """The account whose credentials a client has, by sts GetCallerIdentity."""
    return str(client.get_caller_identity()["Account"])
