"""Drives a stack through its running statuses: each phase works, its verdict picks the next status, until one is settled.

A phase can be begun again at any moment: it looks at what its resources have already come to. So a restart runs the same loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace

from tablewright.local.clock import Clock
from tablewright.local.cloudformation import states
from tablewright.local.cloudformation.backward import roll_back_update
from tablewright.local.cloudformation.documents import Operation, Stack
from tablewright.local.cloudformation.errors import internal_failure
from tablewright.local.cloudformation.events import Recorder
from tablewright.local.cloudformation.examine import Examiner
from tablewright.local.cloudformation.forward import Forward
from tablewright.local.cloudformation.looking import DriftDetector
from tablewright.local.cloudformation.removal import (
    Phase,
    clean_up_rollback,
    clean_up_update,
    delete_stack,
    roll_back_creation,
    roll_back_import,
)
from tablewright.local.cloudformation.states import NEXT, RUNNING, Verdict
from tablewright.local.cloudformation.store import Store
from tablewright.local.cloudformation.work import Work
from tablewright.local.services import Services
from tablewright.local.wal import LogFailed

log = logging.getLogger("tablewright.local.cloudformation")


async def _forward(work: Work) -> tuple[Verdict, str]:
    return await Forward(work).run()


PHASES: Mapping[str, Phase] = {
    states.CREATE_IN_PROGRESS: _forward,
    states.UPDATE_IN_PROGRESS: _forward,
    states.IMPORT_IN_PROGRESS: _forward,
    states.ROLLBACK_IN_PROGRESS: roll_back_creation,
    states.DELETE_IN_PROGRESS: delete_stack,
    states.UPDATE_CLEANUP: clean_up_update,
    states.UPDATE_ROLLBACK_IN_PROGRESS: roll_back_update,
    states.UPDATE_ROLLBACK_CLEANUP: clean_up_rollback,
    states.IMPORT_ROLLBACK_IN_PROGRESS: roll_back_import,
}
"""The work of every running status."""

_CHOICE = {
    "ROLLBACK": (Verdict.FAILED, "Rollback requested by user."),
    "DO_NOTHING": (Verdict.KEEP, ""),
    "DELETE": (Verdict.DELETE, "Delete requested by user."),
}
"""What a failed creation or update goes on with, and what its status reason ends with."""

_UNDONE = frozenset({states.ROLLBACK_IN_PROGRESS, states.UPDATE_ROLLBACK_CLEANUP, states.IMPORT_ROLLBACK_IN_PROGRESS})
"""Phases whose success means that the operation did not do what it was asked for."""

_FORWARD = frozenset({states.CREATE_IN_PROGRESS, states.UPDATE_IN_PROGRESS})


class Engine:
    """Runs the operations of all stacks, one at a time for each stack."""

    def __init__(self, store: Store, recorder: Recorder, services: Services, clock: Clock) -> None:
        self.store = store
        self.recorder = recorder
        self.services = services
        self.clock = clock
        self._runners: dict[str, asyncio.Task[None]] = {}
        self._works: dict[str, Work] = {}

    def start(self, stack: Stack, operation: Operation, status: str, reason: str = "", **changes: object) -> None:
        """Begin an operation: the stack moves to `status`, and the work goes on in the background."""
        previous = self._runners.get(stack.stack_id)
        work = self._works.get(stack.stack_id)
        if work is not None:
            work.stop = True
        self.recorder.begin(stack, operation)
        self._outdate(stack.stack_id, operation.change_set_id)
        self.recorder.stack(stack.stack_id, status, reason, **changes)
        self._spawn(stack.stack_id, operation.operation_id, resumed=False, after=previous)

    def _outdate(self, stack_id: str, change_set_id: str) -> None:
        """Change sets of before this operation cannot be executed any more."""
        for change_set in self.store.change_sets(stack_id):
            if change_set.change_set_id != change_set_id and change_set.execution_status == "AVAILABLE":
                self.store.change_change_set(change_set.change_set_id, execution_status="OBSOLETE")

    def discard(self, change_set_id: str) -> None:
        """Forget a change set, those of its inner stacks, and inner stacks that only it was for."""
        self.store.drop_change_set(change_set_id)
        for nested in self.store.all_change_sets():
            if nested.parent != change_set_id:
                continue
            self.discard(nested.change_set_id)
            if self.store.need_stack(nested.stack_id).status == states.REVIEW_IN_PROGRESS:
                self.recorder.stack(nested.stack_id, states.DELETE_COMPLETE, deleted=self.clock.now())

    def cancel(self, stack_id: str) -> None:
        """Make the running update fail, so that it rolls back."""
        operation_id = self.store.need_stack(stack_id).operation
        self.store.change_operation(operation_id, cancelled=True)
        work = self._works.get(stack_id)
        if work is not None:
            work.stop = True

    def examine(self, change_set_id: str) -> None:
        """Work out a change set in the background."""
        task = asyncio.create_task(Examiner(self.store, self.recorder, self.services, self.clock, change_set_id).run())
        self._runners[change_set_id] = task
        task.add_done_callback(lambda done: self._forget(change_set_id, done))

    def detect(self, detection_id: str, stack_id: str) -> None:
        """Look for drift in the background."""
        detector = DriftDetector(self.store, self.services, self.clock)
        task = asyncio.create_task(detector.stack(detection_id, stack_id))
        self._runners[detection_id] = task
        task.add_done_callback(lambda done: self._forget(detection_id, done))

    def resume(self) -> None:
        """Go on with what was running when the process ended."""
        for stack in self.store.all_stacks():
            if stack.status in RUNNING:
                self._spawn(stack.stack_id, stack.operation, resumed=True, after=None)
        for change_set in self.store.all_change_sets():
            if change_set.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS") and not change_set.parent:
                self.examine(change_set.change_set_id)
        for detection_id, doc in self.store.journal.items("cfn.drift"):
            if doc["DetectionStatus"] == "DETECTION_IN_PROGRESS":
                self.detect(detection_id, doc["StackId"])

    def _spawn(self, stack_id: str, operation_id: str, *, resumed: bool, after: asyncio.Task[None] | None) -> None:
        task = asyncio.create_task(self._run(stack_id, operation_id, resumed, after))
        self._runners[stack_id] = task
        task.add_done_callback(lambda done: self._forget(stack_id, done))

    def _forget(self, stack_id: str, task: asyncio.Task[None]) -> None:
        if self._runners.get(stack_id) is task:
            del self._runners[stack_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("operation on %s broke off", stack_id, exc_info=error)

    async def _run(self, stack_id: str, operation_id: str, resumed: bool, after: asyncio.Task[None] | None) -> None:
        if after is not None:
            await asyncio.wait([after])
        while True:
            stack = self.store.need_stack(stack_id)
            if stack.operation != operation_id or stack.status not in RUNNING:
                return
            operation = self.store.need_operation(operation_id)
            stop = operation.cancelled and stack.status in _FORWARD
            work = Work(
                self.store, self.recorder, self.services, self.clock, stack_id, operation_id, resumed, stop=stop
            )
            self._works[stack_id] = work
            try:
                verdict, reason = await self._phase(stack.status, work)
            finally:
                if self._works.get(stack_id) is work:
                    del self._works[stack_id]
            if self.store.need_stack(stack_id).operation != operation_id:
                return
            self._settle(stack, operation_id, verdict, reason)
            resumed = False

    async def _phase(self, status: str, work: Work) -> tuple[Verdict, str]:
        """Do the work of a running status. What breaks in it has failed: a stack must not stay running with nobody at work."""
        try:
            return await PHASES[status](work)
        except LogFailed:
            raise
        except Exception as broken:
            log.exception("%s of %s broke", status, work.stack_id)
            return Verdict.FAILED, f"{internal_failure(broken)} "

    def _settle(self, stack: Stack, operation_id: str, verdict: Verdict, reason: str) -> None:
        """Move the stack to the status that the verdict leads to."""
        operation = self.store.need_operation(operation_id)
        if stack.status in _FORWARD and verdict is Verdict.FAILED:
            choice = "ROLLBACK" if operation.cancelled else operation.on_failure
            verdict, words = _CHOICE[choice]
            if stack.status == states.CREATE_IN_PROGRESS and words:
                reason = f"{reason.rstrip()} {words}" if reason else words
        if verdict not in NEXT[stack.status]:
            verdict = Verdict.FAILED
        status = NEXT[stack.status][verdict]
        changes: dict[str, object] = {}
        if status == states.DELETE_COMPLETE:
            changes["deleted"] = self.clock.now()
        if status in (states.UPDATE_COMPLETE, states.IMPORT_COMPLETE):
            changes["stable"] = None
        if status not in RUNNING:
            succeeded = stack.status not in _UNDONE
            self.recorder.end(operation_id, succeeded=succeeded and verdict is Verdict.DONE)
            if operation.change_set_id:
                self._executed(operation, succeeded and verdict is Verdict.DONE)
        self.recorder.stack(stack.stack_id, status, reason, **changes)

    def _executed(self, operation: Operation, succeeded: bool) -> None:
        change_set = self.store.change_set(operation.change_set_id)
        if change_set is not None:
            status = "EXECUTE_COMPLETE" if succeeded else "EXECUTE_FAILED"
            self.store.save_change_set(replace(change_set, execution_status=status))

    async def close(self) -> None:
        """Stop every runner where it stands; `resume` goes on from there."""
        runners = list(self._runners.values())
        for task in runners:
            task.cancel()
        for task in runners:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
