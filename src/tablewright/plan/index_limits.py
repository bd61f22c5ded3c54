"""What one update cannot do to the indexes of a table that stands. Pure.

DynamoDB creates or deletes one global secondary index in an update, and changes neither keys nor projection of one that it has.
CloudFormation's handler passes both on and rolls back (AWS::DynamoDB::Table, GlobalSecondaryIndexes; UpdateTable,
GlobalSecondaryIndexUpdates). It is foretold, not refused: CloudFormation has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tablewright.model.design import Design, IndexDesign, ResourceDesign
from tablewright.model.stack import ResourceChange
from tablewright.model.table import Index, Table
from tablewright.plan.suspect import touches


def beyond_one_update(
    design: Design, tables: Mapping[str, Table], changes: Iterable[ResourceChange]
) -> tuple[str, ...]:
    """Which changes of indexes the update would be rolled back for, in sentences; () where that cannot be known.

    ``tables`` are the live tables by name. A table that is replaced is made anew, with all its indexes.
    """
    designed = {resource.logical_id: resource for resource in design.resources}
    told: list[str] = []
    for change in changes:
        table, resource = tables.get(change.physical_id), designed.get(change.logical_id)
        stays = change.action == "Modify" and change.replacement not in ("True", "Conditional")
        if table is not None and resource is not None and stays and touches(change, "GlobalSecondaryIndexes"):
            told += _of_table(resource, table)
    return tuple(told)


def _of_table(resource: ResourceDesign, table: Table) -> list[str]:
    asked = resource.table
    if asked is None or not isinstance(asked.global_indexes, tuple):
        return []
    wanted = {index.name: index for index in asked.global_indexes}
    there = {index.name: index for index in table.indexes if index.kind == "global"}
    told = [
        f"{table.name}: {name} stands with other keys or another projection than the template says, and DynamoDB changes neither "
        "under the same name: CloudFormation would roll this update back. Add the index under a new name, wait until it is "
        "ACTIVE, move its readers, then remove the old one."
        for name in wanted
        if name in there and _differs(wanted[name], there[name])
    ]
    moved = sorted(wanted.keys() ^ there.keys())
    if len(moved) > 1:
        told.append(
            f"{table.name}: {', '.join(moved)} would be added or removed, and DynamoDB does that with one index in an update: "
            "CloudFormation would roll this update back. Deploy with one of them, wait until it is ACTIVE, then with the next."
        )
    return told


def _differs(wanted: IndexDesign, there: Index) -> bool:
    return (
        sorted((key.role, key.name) for key in wanted.keys) != sorted((key.role, key.name) for key in there.keys)
        or wanted.projection != there.projection
        or sorted(wanted.included) != sorted(there.included)
    )
