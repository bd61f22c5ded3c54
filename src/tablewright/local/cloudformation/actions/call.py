"""One request to the API, and what an action may use to answer it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tablewright.local.clock import Clock
from tablewright.local.cloudformation.documents import ChangeSet, Stack
from tablewright.local.cloudformation.engine import Engine
from tablewright.local.cloudformation.errors import change_set_not_found, stack_missing, validation
from tablewright.local.cloudformation.events import Recorder
from tablewright.local.cloudformation.states import ALLOWED, KEPT
from tablewright.local.cloudformation.store import Store
from tablewright.local.services import Services

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its parameters as the service model types them."""

    action: str
    params: dict[str, Any]
    account: str
    region: str
    store: Store
    recorder: Recorder
    engine: Engine
    services: Services
    clock: Clock

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)

    def stack(self, name: str | None = None) -> Stack:
        """The stack that the request names. Raises `Stack with id X does not exist`."""
        wanted = str(name if name is not None else self.params["StackName"])
        stack = self.find(wanted)
        if stack is None:
            raise stack_missing(wanted)
        return stack

    def find(self, name: str) -> Stack | None:
        return self.store.find_stack(name, self.account, self.region)

    def change_set(self) -> ChangeSet:
        """The change set that the request names by ARN, or by name and stack."""
        name = str(self.params["ChangeSetName"])
        if name.startswith("arn:"):
            found = self.store.change_set(name)
            if found is None or found.account != self.account:
                raise change_set_not_found(name)
            return found
        if "StackName" not in self.params:
            raise validation("StackName must be specified if ChangeSetName is not specified as an ARN.")
        stack = self.find(str(self.params["StackName"]))
        if stack is None:
            raise change_set_not_found(name)
        for change_set in self.store.change_sets(stack.stack_id):
            if change_set.name == name:
                return change_set
        raise change_set_not_found(name)

    def page(self, items: Sequence[T], size: int) -> tuple[list[T], str | None]:
        """The page of `items` that NextToken points to, and the next token."""
        start = 0
        token = self.params.get("NextToken")
        if token:
            try:
                start = int(base64.urlsafe_b64decode(str(token)).decode().removeprefix("page:"))
            except (ValueError, binascii.Error):
                raise validation("Invalid NextToken.") from None
        end = start + size
        more = base64.urlsafe_b64encode(f"page:{end}".encode()).decode() if end < len(items) else None
        return list(items[start:end]), more


_VERBS = {
    "UpdateStack": "updated",
    "CreateChangeSet": "updated",
    "ImportIntoStack": "updated",
    "ContinueUpdateRollback": "continue update rollback",
    "RollbackStack": "rolled back",
}


def needs_disabled_rollback(stack: Stack, *, disabled: bool, api: str) -> None:
    """Refuse to update what a failed operation was told to keep, unless rollback stays off.

    Source: the text that UpdateStack gives (aws-cli 6368, ansible-collections/amazon.aws 1655).
    """
    if stack.status in KEPT and not disabled:
        raise validation(
            f"This stack is currently in a non-terminal [{stack.status}] state. To update the stack from this state, please use "
            f"the disable-rollback parameter with {api} API. To rollback to the last known good state, use the rollback-stack API"
        )


def allow(stack: Stack, request: str) -> None:
    """Refuse a request that the stack's status does not take, in AWS's words."""
    if stack.status in ALLOWED[request]:
        return
    if request == "CancelUpdateStack":
        raise validation("CancelUpdateStack cannot be called from current stack status")
    if request == "DeleteStack":
        raise validation(f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}")
    if request == "ContinueUpdateRollback":
        raise validation(f"Stack:{stack.stack_id} is in {stack.status} state and can not continue update rollback.")
    raise validation(f"Stack:{stack.stack_id} is in {stack.status} state and can not be {_VERBS[request]}.")
