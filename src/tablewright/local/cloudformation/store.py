"""All durable state of the engine, read from and written to the journal. The only place that knows the journal's kinds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tablewright.local.cloudformation.documents import ChangeSet, Operation, Resource, Stack
from tablewright.local.cloudformation.states import DELETE_COMPLETE
from tablewright.local.journal import Journal

STACK, RESOURCE, OPERATION, CHANGE_SET = "cfn.stack", "cfn.resource", "cfn.operation", "cfn.changeset"
TEMPLATE, EVENT, NAME = "cfn.template", "cfn.event", "cfn.name"
_TABLES = frozenset({"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"})


class Store:
    """All durable state of the engine. Every write is in the journal when it returns; `Journal.flush` makes it durable."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    # Stacks

    def stack(self, stack_id: str) -> Stack | None:
        doc = self.journal.get(STACK, stack_id)
        return None if doc is None else Stack.from_doc(doc)

    def need_stack(self, stack_id: str) -> Stack:
        stack = self.stack(stack_id)
        assert stack is not None, stack_id
        return stack

    def all_stacks(self) -> list[Stack]:
        return [Stack.from_doc(doc) for _, doc in self.journal.items(STACK)]

    def stacks(self, account: str, region: str) -> list[Stack]:
        """Every stack of an account and region, deleted ones too, newest first."""
        found = (Stack.from_doc(doc) for _, doc in self.journal.items(STACK))
        return sorted(
            (s for s in found if s.account == account and s.region == region), key=lambda s: s.created, reverse=True
        )

    def find_stack(self, name_or_id: str, account: str, region: str) -> Stack | None:
        """By id, also after deletion; by name only while it exists."""
        if name_or_id.startswith("arn:"):
            stack = self.stack(name_or_id)
            return stack if stack is not None and stack.account == account and stack.region == region else None
        entry = self.journal.get(NAME, f"{account}/{region}/{name_or_id}")
        if entry is None:
            return None
        stack = self.stack(str(entry["stack_id"]))
        return None if stack is None or stack.status == DELETE_COMPLETE else stack

    def save_stack(self, stack: Stack) -> Stack:
        self.journal.put(STACK, stack.stack_id, stack.to_doc())
        return stack

    def add_stack(self, stack: Stack) -> Stack:
        self.journal.put(NAME, f"{stack.account}/{stack.region}/{stack.name}", {"stack_id": stack.stack_id})
        return self.save_stack(stack)

    def change_stack(self, stack_id: str, **changes: Any) -> Stack:
        """The stored stack with `changes` applied: never writes back fields that another task changed meanwhile."""
        return self.save_stack(replace(self.need_stack(stack_id), **changes))

    # Resources

    def resource(self, stack_id: str, logical_id: str) -> Resource | None:
        doc = self.journal.get(f"{RESOURCE}/{stack_id}", logical_id)
        return None if doc is None else Resource.from_doc(doc)

    def resources(self, stack_id: str) -> dict[str, Resource]:
        return {key: Resource.from_doc(doc) for key, doc in self.journal.items(f"{RESOURCE}/{stack_id}")}

    def save_resource(self, resource: Resource) -> Resource:
        self.journal.put(f"{RESOURCE}/{resource.stack_id}", resource.logical_id, resource.to_doc())
        return resource

    def change_resource(self, resource: Resource, **changes: Any) -> Resource:
        stored = self.resource(resource.stack_id, resource.logical_id) or resource
        return self.save_resource(replace(stored, **changes))

    def drop_resource(self, stack_id: str, logical_id: str) -> None:
        self.journal.put(f"{RESOURCE}/{stack_id}", logical_id, None)

    def owner(self, kind: str, physical_id: str, account: str, region: str) -> Resource | None:
        """The resource of a living stack that owns a physical resource. A table is one thing, whichever type it was made as."""
        kinds = _TABLES if kind in _TABLES else {kind}
        for stack in self.stacks(account, region):
            if stack.status == DELETE_COMPLETE:
                continue
            for resource in self.resources(stack.stack_id).values():
                if resource.owned and resource.type in kinds and resource.physical_id == physical_id:
                    return resource
        return None

    # Operations

    def operation(self, operation_id: str) -> Operation | None:
        doc = self.journal.get(OPERATION, operation_id)
        return None if doc is None else Operation.from_doc(doc)

    def need_operation(self, operation_id: str) -> Operation:
        operation = self.operation(operation_id)
        assert operation is not None, operation_id
        return operation

    def operations(self) -> Iterable[Operation]:
        return (Operation.from_doc(doc) for _, doc in self.journal.items(OPERATION))

    def save_operation(self, operation: Operation) -> Operation:
        self.journal.put(OPERATION, operation.operation_id, operation.to_doc())
        return operation

    def change_operation(self, operation_id: str, **changes: Any) -> Operation:
        return self.save_operation(replace(self.need_operation(operation_id), **changes))

    # Change sets

    def change_set(self, change_set_id: str) -> ChangeSet | None:
        doc = self.journal.get(CHANGE_SET, change_set_id)
        return None if doc is None else ChangeSet.from_doc(doc)

    def all_change_sets(self) -> list[ChangeSet]:
        return [ChangeSet.from_doc(doc) for _, doc in self.journal.items(CHANGE_SET)]

    def change_sets(self, stack_id: str) -> list[ChangeSet]:
        found = (ChangeSet.from_doc(doc) for _, doc in self.journal.items(CHANGE_SET))
        return [c for c in found if c.stack_id == stack_id]

    def save_change_set(self, change_set: ChangeSet) -> ChangeSet:
        self.journal.put(CHANGE_SET, change_set.change_set_id, change_set.to_doc())
        return change_set

    def change_change_set(self, change_set_id: str, **changes: Any) -> ChangeSet:
        change_set = self.change_set(change_set_id)
        assert change_set is not None, change_set_id
        return self.save_change_set(replace(change_set, **changes))

    def drop_change_set(self, change_set_id: str) -> None:
        self.journal.put(CHANGE_SET, change_set_id, None)

    # Templates, events

    def keep_template(self, text: str) -> str:
        """Store a template text once; its SHA-256 names it."""
        key = hashlib.sha256(text.encode()).hexdigest()
        if self.journal.get(TEMPLATE, key) is None:
            self.journal.put(TEMPLATE, key, {"text": text})
        return key

    def template(self, key: str) -> str:
        doc = self.journal.get(TEMPLATE, key)
        return "" if doc is None else str(doc["text"])

    def add_event(self, stack_id: str, event: Mapping[str, Any]) -> None:
        self.journal.append(EVENT, stack_id, event)

    def events(self, stack_id: str) -> list[dict[str, Any]]:
        """Oldest first."""
        return self.journal.list(EVENT, stack_id)
