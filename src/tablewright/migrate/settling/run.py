"""TTL on the target: off before the first item is written, on again when both sides were found to be the same.

DynamoDB takes up to an hour to switch it either way, and no second change within that hour (API reference, UpdateTimeToLive).
"""

from __future__ import annotations

from collections.abc import Iterator

from tablewright.errors import Failed, MustWait, TablewrightError
from tablewright.events import Noted, Waiting
from tablewright.migrate.looking.run import End
from tablewright.migrate.request import Stopping
from tablewright.ports import Account

__all__ = ["restore", "suspend"]

_BETWEEN_S = 2.0
_LONGEST_S = 4000.0


def suspend(target: End, attribute: str, stopping: Stopping) -> Iterator[Waiting | Noted]:
    """Switch TTL off and wait until DynamoDB says that it is. Raises MustWait when it takes longer than it may."""
    assert target.account is not None and target.found is not None and target.account.settings is not None
    name = target.found.name
    status = _status(target.account, name)
    if status in ("ENABLED", "ENABLING"):
        target.account.settings.switch_ttl(name, attribute, enabled=False)
    yield Waiting(f"TTL on {attribute} of {name} is being switched off; at AWS this takes up to an hour")
    waited = 0.0
    while (status := _status(target.account, name)) != "DISABLED":
        if stopping() or waited > _LONGEST_S:
            raise MustWait(
                "ttl-not-off-yet",
                "TTL is not off yet",
                f"TTL on {attribute} of {name} is {status}. Nothing was copied. Run the same command again when it is DISABLED.",
            )
        target.account.clock.sleep(_BETWEEN_S)
        waited += _BETWEEN_S
    yield Noted("note", f"TTL on {attribute} of {name} is off until the copy is verified")


def restore(target: End, attribute: str) -> Iterator[Noted]:
    """Ask for TTL again. Raises Failed, with what to do by hand, when DynamoDB refuses it."""
    assert target.account is not None and target.found is not None and target.account.settings is not None
    name = target.found.name
    if _status(target.account, name) in ("ENABLED", "ENABLING"):
        yield Noted("note", f"TTL on {attribute} of {name} is on already")
        return
    try:
        target.account.settings.switch_ttl(name, attribute, enabled=True)
    except TablewrightError as error:
        raise Failed(
            "ttl-not-restored",
            "TTL could not be switched on again",
            f"{error.text or error.summary}\n\nEverything is copied and verified; TTL on {attribute} of {name} is off. DynamoDB "
            "takes one change an hour. Resume later, which tries again.",
        ) from error
    yield Noted("note", f"TTL on {attribute} of {name} was switched on again")


def _status(account: Account, name: str) -> str:
    table = account.tables.describe(name)
    return table.ttl.status if table is not None and table.ttl is not None else "unknown"
