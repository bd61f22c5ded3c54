"""What DynamoDB refuses of throughput in CreateTable and UpdateTable: each billing mode has its own kind. Pure.

Source of the rules and words: third-party measurements of the API on live AWS (2026-10).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["INVALID", "creation_refused", "index_update_refused", "mode_of", "update_refused"]

INVALID = "One or more parameter values were invalid:"
ON_DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
_CAPS = ("MaxReadRequestUnits", "MaxWriteRequestUnits")
_WARM = {"ReadUnitsPerSecond": (12000, "ReadCapacityUnits"), "WriteUnitsPerSecond": (4000, "WriteCapacityUnits")}
_INITIAL = (
    "See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
    "#on-demand-capacity-mode-initial"
)


def mode_of(table: Mapping[str, Any]) -> str:
    """The billing mode of a described table."""
    return str((table.get("BillingModeSummary") or {}).get("BillingMode") or PROVISIONED)


def creation_refused(asked: Mapping[str, Any]) -> str:
    """Why CreateTable refuses the throughput of a table and its indexes, or empty."""
    mode = str(asked.get("BillingMode") or PROVISIONED)
    for words in _caps(asked, mode, "table", creating=True):
        return words
    for words in _initial(asked, mode, "table"):
        return words
    for index in _mappings(asked.get("GlobalSecondaryIndexes")):
        name = index.get("IndexName")
        if mode == PROVISIONED and not index.get("ProvisionedThroughput"):
            return f"{INVALID} ProvisionedThroughput is not specified for index: {name}"
        if mode == ON_DEMAND and index.get("ProvisionedThroughput"):
            return (
                f"{INVALID} ProvisionedThroughput should not be specified for index: {name} when BillingMode is {mode}"
            )
        for words in (*_caps(index, mode, f"index : {name}", creating=True), *_initial(index, mode, f"index {name}")):
            return words
    return ""


def update_refused(table: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Why UpdateTable refuses `asked` of a described table for its throughput, or empty."""
    mode = str(asked.get("BillingMode") or mode_of(table))
    if mode == ON_DEMAND and asked.get("ProvisionedThroughput"):
        return f"{INVALID} Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is {mode}"
    for words in _caps(asked, mode, "table", creating=False):
        return words
    for update in _mappings(asked.get("GlobalSecondaryIndexUpdates")):
        made, changed = update.get("Create"), update.get("Update")
        if isinstance(made, Mapping):
            name, units = made.get("IndexName"), made.get("ProvisionedThroughput")
            if mode == PROVISIONED and not units:
                return f"{INVALID} Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}"
            if mode == ON_DEMAND and units:
                return (
                    f"{INVALID} Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {name} "
                    f"when BillingMode is {mode}"
                )
            for words in (*_caps(made, mode, f"index : {name}", creating=True), *_initial(made, mode, f"index {name}")):
                return words
        elif isinstance(changed, Mapping) and (words := index_update_refused(table, changed, mode)):
            return words
    return ""


def index_update_refused(table: Mapping[str, Any], changed: Mapping[str, Any], mode: str) -> str:
    """Why the throughput of an index cannot be changed so, or empty."""
    name = changed.get("IndexName")
    if mode == ON_DEMAND and changed.get("ProvisionedThroughput"):
        return (
            f"{INVALID} The only Updates for index: {name} when TableThroughputMode is {mode} can be to OnDemandThroughput, "
            "WarmThroughput"
        )
    for words in _caps(changed, mode, f"index : {name}", creating=False):
        return words
    standing = (i for i in _mappings(table.get("GlobalSecondaryIndexes")) if i.get("IndexName") == name)
    now = next((index.get("WarmThroughput") or {} for index in standing), {})
    for member, units in (changed.get("WarmThroughput") or {}).items():
        if int(units) < int(now.get(member) or 0):
            return (
                f"{INVALID} Requested {member} for WarmThroughput for index {name} is lower than current WarmThroughput, "
                "decreasing WarmThroughput is not supported"
            )
    return ""


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _caps(asked: Mapping[str, Any], mode: str, what: str, *, creating: bool) -> Iterator[str]:
    """The most that an on-demand table or index may take: not with provisioned units, and 1 at least (-1 takes it away)."""
    caps = asked.get("OnDemandThroughput")
    given = [name for name in _CAPS if name in caps] if isinstance(caps, Mapping) else []
    if given and mode == PROVISIONED:
        of_index = "" if what == "table" else f" for {what}"
        the, stop = ("", ".") if creating else ("the ", "")
        where = f"when {the}table BillingMode is {mode}{stop}"
        yield f"{INVALID} {given[0]} for OnDemandThroughput{of_index} cannot be specified {where}"
    for name in given:
        units = int(caps[name])  # type: ignore[index]
        if units < 1 and (creating or units != -1):
            yield f"{INVALID} Requested {name} for OnDemandThroughput for {what} is outside of valid range"


def _initial(asked: Mapping[str, Any], mode: str, what: str) -> Iterator[str]:
    """What a new table or index is warmed for is no less than what it has anyway."""
    warm, units = asked.get("WarmThroughput"), asked.get("ProvisionedThroughput") or {}
    for member, (initial, capacity) in _WARM.items() if isinstance(warm, Mapping) else ():
        wanted = warm.get(member)  # type: ignore[union-attr]
        if wanted is None:
            continue
        if mode == ON_DEMAND and int(wanted) < initial:
            yield (
                f"{INVALID} Requested {member} for WarmThroughput for {what} is lower than initial throughput for OnDemand. "
                f"{_INITIAL}"
            )
        elif mode == PROVISIONED and int(wanted) < int(units.get(capacity) or 0):
            yield f"{INVALID} Requested {member} for WarmThroughput for {what} is lower than {capacity} of ProvisionedThroughput"
