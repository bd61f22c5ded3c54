"""The embedded CloudFormation: refuses what AWS refuses, and does the rest through the services' own APIs.

A request comes in over the Query protocol (`wire`), is checked (`program`) and starts an operation, which the `engine` drives
through the stack statuses of `states`. All it knows is in the journal, so a killed process goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from tablewright.local.clock import Clock
from tablewright.local.cloudformation.actions.call import Call
from tablewright.local.cloudformation.actions.table import ACTIONS
from tablewright.local.cloudformation.errors import CfnError, internal_failure
from tablewright.local.cloudformation.events import Recorder
from tablewright.local.cloudformation.nested import NestedStacks
from tablewright.local.cloudformation.store import Store
from tablewright.local.cloudformation.wire import operation_model, read_request, write_error, write_response
from tablewright.local.journal import Journal
from tablewright.local.services import Services
from tablewright.local.wal import LogFailed

__all__ = ["CloudFormation"]

_log = logging.getLogger("tablewright.local.cloudformation")


class CloudFormation:
    """AWS CloudFormation, for any number of accounts and regions."""

    def __init__(self, services: Services, journal: Journal, clock: Clock) -> None:
        self._clock = clock
        self._store = Store(journal)
        self._recorder = Recorder(self._store, clock)
        self._services = NestedStacks(services, self._store, self._recorder, clock)
        self._engine = self._services.engine

    async def handle(
        self, action: str, form: Mapping[str, str], *, account: str, region: str, request_id: str
    ) -> tuple[int, str]:
        """Answer one request: HTTP status and XML body."""
        try:
            perform = ACTIONS.get(action)
            if perform is None:
                if operation_model(action) is None:
                    words = f"Could not find operation {action} for version 2010-05-15"
                else:
                    words = f"The embedded CloudFormation does not imitate {action}."
                raise CfnError("InvalidAction", words)
            call = Call(
                action=action,
                params=read_request(action, form),
                account=account,
                region=region,
                store=self._store,
                recorder=self._recorder,
                engine=self._engine,
                services=self._services,
                clock=self._clock,
            )
            return 200, write_response(action, await perform(call), request_id)
        except CfnError as error:
            return error.status, write_error(error, request_id)
        except LogFailed:
            raise
        except Exception as broken:
            _log.exception("%s broke", action)
            return 500, write_error(CfnError("InternalFailure", internal_failure(broken), 500), request_id)

    async def resume(self) -> None:
        """Go on with every operation and change set that was in progress when the process ended."""
        self._engine.resume()

    async def close(self) -> None:
        """Stop all background work where it stands; another start resumes it."""
        await self._engine.close()
