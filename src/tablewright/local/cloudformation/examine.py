"""Making a change set: compute its changes, look for what exists already, and say why when there is nothing to execute."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tablewright.local.clock import Clock
from tablewright.local.cloudformation.changes import Change, changes, outputs_change
from tablewright.local.cloudformation.compare import ABSENT, Difference
from tablewright.local.cloudformation.deployment import program_of
from tablewright.local.cloudformation.describe import shown
from tablewright.local.cloudformation.documents import ChangeSet, Doc, Stack
from tablewright.local.cloudformation.drift import property_differences
from tablewright.local.cloudformation.durations import CHANGE_SET_S
from tablewright.local.cloudformation.dynamic import insecure, insecure_places
from tablewright.local.cloudformation.errors import CfnError, internal_failure
from tablewright.local.cloudformation.events import STACK_TYPE, Recorder
from tablewright.local.cloudformation.importing import IN_A_STACK, owned
from tablewright.local.cloudformation.intrinsics import resolve
from tablewright.local.cloudformation.looking import actual_properties, looker
from tablewright.local.cloudformation.naming import uuid4
from tablewright.local.cloudformation.nested_plan import plan_nested
from tablewright.local.cloudformation.program import Program
from tablewright.local.cloudformation.resources.failures import exists_already
from tablewright.local.cloudformation.resources.protocol import Recreation
from tablewright.local.cloudformation.resources.registry import kind_of
from tablewright.local.cloudformation.schema import violations
from tablewright.local.cloudformation.store import Store
from tablewright.local.services import ServiceError, Services
from tablewright.local.wal import LogFailed

_log = logging.getLogger("tablewright.local.cloudformation")

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
NO_UPDATES = "No updates are to be performed."
EARLY_VALIDATION = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::{}]. To troubleshoot Early Validation errors, use the "
    "DescribeEvents API for detailed failure information."
)
IMPORT_POLICY = (
    "CloudFormation is attempting to import some resources because they already exist in your account. The resources must "
    "have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful import. "
    "The affected resources are {}"
)
IMPORT_OUTPUTS = "As part of the import operation, you cannot modify or add [Outputs]"
NESTED_FAILED = "Nested change set {} was not successfully created: Currently in FAILED."
IMPORTABLE = frozenset({"Retain", "RetainExceptOnCreate"})


class Refused(Exception):
    """The change set cannot be executed; the text is its StatusReason."""


class Examiner:
    """Brings one change set from CREATE_PENDING to CREATE_COMPLETE or FAILED. It changes nothing but the change set."""

    def __init__(self, store: Store, recorder: Recorder, services: Services, clock: Clock, change_set_id: str) -> None:
        self.store = store
        self.recorder = recorder
        self.services = services
        self.clock = clock
        self.change_set_id = change_set_id

    async def run(self) -> None:
        found = self.store.change_set(self.change_set_id)
        if found is None:
            return
        found = self.store.save_change_set(replace(found, status="CREATE_IN_PROGRESS"))
        await self.clock.sleep(CHANGE_SET_S)
        stack = self.store.need_stack(found.stack_id)
        try:
            new = program_of(self.store, stack, found.deployment)
            old = None
            if stack.deployment.get("template"):
                old = program_of(self.store, stack, stack.deployment)
            if places := insecure_places(new):
                raise insecure(places)
            planned = changes(self.store, stack, new, found.deployment)
            if found.deployment_mode == "REVERT_DRIFT":
                planned = await self._with_drift(stack, planned, new)
            listed = await self._checked(found, stack, planned, new)
            nested: Doc = {}
            if found.include_nested:
                listed, nested = await self._with_nested(found, stack, listed)
            entries = [shown(change, old, new) for change in listed]
            for entry in entries:
                change_set_id = nested.get(entry["ResourceChange"]["LogicalResourceId"])
                if change_set_id:
                    entry["ResourceChange"]["ChangeSetId"] = change_set_id
            imports = {**_imports(listed), **found.imports}
            if not listed and not outputs_change(self.store, stack, new):
                raise Refused(NO_UPDATES if new.template.transforms else NO_CHANGES)
        except (Refused, CfnError, ServiceError) as refusal:
            self._end(found, "FAILED", "UNAVAILABLE", str(refusal))
            return
        except LogFailed:
            raise
        except Exception as broken:
            _log.exception("change set %s broke", self.change_set_id)
            self._end(found, "FAILED", "UNAVAILABLE", internal_failure(broken))
            return
        found = replace(found, changes=entries, imports=imports)
        self._end(found, "CREATE_COMPLETE", "AVAILABLE", "")

    async def _with_nested(
        self, found: ChangeSet, stack: Stack, listed: list[Change]
    ) -> tuple[list[Change], dict[str, str]]:
        """The changes without those of inner stacks that stay as they are, and a change set for each of the others."""
        kept, made = [], {}
        for change in listed:
            if change.type != STACK_TYPE or change.action not in ("Add", "Modify"):
                kept.append(change)
                continue
            inner = await plan_nested(self.store, self.recorder, self.services, self.clock, found, stack, change)
            await Examiner(self.store, self.recorder, self.services, self.clock, inner.change_set_id).run()
            done = self.store.change_set(inner.change_set_id)
            if done is None or (done.status == "FAILED" and done.reason not in (NO_CHANGES, NO_UPDATES)):
                raise Refused(NESTED_FAILED.format(inner.change_set_id))
            if done.status != "FAILED":
                made[change.logical_id] = inner.change_set_id
                kept.append(change)
            elif change.differences:
                kept.append(change)
        return kept, made

    def _end(self, found: ChangeSet, status: str, execution: str, reason: str) -> None:
        if self.store.change_set(found.change_set_id) is None:
            return
        self.store.save_change_set(replace(found, status=status, execution_status=execution, reason=reason))
        ended = "SUCCEEDED" if status == "CREATE_COMPLETE" else "FAILED"
        if self.store.operation(found.operation) is not None:
            self.store.change_operation(found.operation, status=ended, ended=self.clock.now())

    async def _checked(self, found: ChangeSet, stack: Stack, listed: list[Change], new: Program) -> list[Change]:
        """The changes, with what exists already turned into imports. Raises Refused."""
        if found.type == "IMPORT":
            only = self._only_imports(found, stack, listed, new)
            self._check_properties(found, stack, only)
            return only
        self._check_properties(found, stack, listed)
        taken: list[Change] = []
        result = []
        for change in listed:
            if change.action == "Add" and await self._exists(stack, change):
                taken.append(change)
                result.append(replace(change, action="Import"))
            else:
                result.append(change)
        if not taken:
            return result
        if found.import_existing:
            wrong = [change for change in taken if change.deletion_policy not in IMPORTABLE]
            if wrong:
                named = ", ".join(f"{c.logical_id} ({{{_name_of(c)[0]}={_name_of(c)[1]}}})" for c in wrong)
                raise Refused(IMPORT_POLICY.format(named))
            others = [c.logical_id for c in taken if owned(self.store, stack, c.type, dict([_name_of(c)]))]
            if others:
                raise Refused(IN_A_STACK.format(", ".join(others)))
            return result
        if not found.validated:
            return listed
        for change in taken:
            _, name = _name_of(change)
            words = exists_already(change.type, name).message
            self._report(found, stack, change, "NAME_CONFLICT_VALIDATION", words, "")
        raise Refused(EARLY_VALIDATION.format("ResourceExistenceCheck"))

    def _check_properties(self, found: ChangeSet, stack: Stack, listed: list[Change]) -> None:
        """Refuse properties that break their schema. Raises Refused."""
        wrong = False
        for change in listed if found.validated else []:
            for problem in violations(change.type, change.after) if change.action != "Remove" else []:
                wrong = True
                path, _, words = problem.partition(": ")
                pointer = "/Properties" + path.removeprefix("#")
                self._report(found, stack, change, "PROPERTY_VALIDATION", words, pointer)
        if wrong:
            raise Refused(EARLY_VALIDATION.format("PropertyValidation"))

    async def _with_drift(self, stack: Stack, planned: list[Change], new: Program) -> list[Change]:
        """The changes that bring the resources from what they really are, not from what they were deployed as."""
        listed = {change.logical_id: change for change in planned}
        for name, resource in self.store.resources(stack.stack_id).items():
            if name not in new.graph or not resource.owned or name in listed:
                continue
            after = resolve(dict(new.template.resources[name].properties), new.values(self._standing(stack)))
            actual = await actual_properties(self.services, self.clock, stack, resource)
            policies = (resource.deletion_policy, resource.update_replace_policy)
            if actual is None:
                listed[name] = Change("Add", name, resource.type, None, after, (), (), Recreation.NEVER, *policies)
                continue
            unread = kind_of(resource.type).unread
            drifted = property_differences(after, actual, unread)
            if drifted:
                told = tuple(
                    Difference(
                        tuple(d.path.strip("/").split("/")), d.actual if d.actual is not None else ABSENT, d.expected
                    )
                    for d in drifted
                )
                real = replace(resource, properties=actual)
                listed[name] = Change(
                    "Modify", name, resource.type, real, after, told, ("Properties",), Recreation.NEVER, *policies
                )
        return sorted(listed.values(), key=lambda change: change.logical_id)

    def _standing(self, stack: Stack) -> Callable[[str, str], Any]:
        def known(logical_id: str, attribute: str) -> Any:
            resource = self.store.resource(stack.stack_id, logical_id)
            if resource is None:
                return None
            return resource.attributes.get(attribute) if attribute else resource.physical_id

        return known

    def _only_imports(self, found: ChangeSet, stack: Stack, listed: list[Change], new: Program) -> list[Change]:
        others = [change for change in listed if change.logical_id not in found.imports]
        if others:
            names = ", ".join(change.logical_id for change in others)
            raise Refused(
                f"As part of the import operation, you cannot modify or add [Resources]: [{names}]"
                if any(change.action != "Add" for change in others)
                else f"Resources [{names}] is missing from ResourceToImport list"
            )
        if outputs_change(self.store, stack, new):
            raise Refused(IMPORT_OUTPUTS)
        return [replace(change, action="Import") for change in listed]

    async def _exists(self, stack: Stack, change: Change) -> bool:
        """Whether a resource of the custom name is there already."""
        kind = kind_of(change.type)
        name = change.after.get(kind.name_property) if kind.name_property else None
        if not name:
            return False
        run = looker(self.services, self.clock, stack, change.logical_id)
        return await kind.read(run, str(name)) is not None

    def _report(
        self, found: ChangeSet, stack: Stack, change: Change, validation: str, words: str, pointer: str
    ) -> None:
        """What DescribeEvents tells about a failed validation."""
        _, name = _name_of(change)
        now = self.clock.now()
        event: Doc = {
            "EventId": uuid4(),
            "StackId": stack.stack_id,
            "OperationId": found.operation,
            "OperationType": "CREATE_CHANGESET",
            "OperationStatus": "FAILED",
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": change.logical_id,
            "PhysicalResourceId": name or None,
            "ResourceType": change.type,
            "Timestamp": now,
            "StartTime": now,
            "EndTime": now,
            "ValidationFailureMode": "FAIL",
            "ValidationName": validation,
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": words,
            "ValidationPath": f"/Resources/{change.logical_id}{pointer}",
        }
        self.store.journal.append("cfn.validation", stack.stack_id, event)


def _name_of(change: Change) -> tuple[str, str]:
    name = kind_of(change.type).name_property
    return name, str(change.after.get(name, ""))


def _imports(listed: list[Change]) -> Mapping[str, Any]:
    return {c.logical_id: dict([_name_of(c)]) for c in listed if c.action == "Import"}
