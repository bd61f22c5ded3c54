"""What a move needs, step by step: which of it stands in the template, what is to be run, and what nobody can do by an edit."""

from __future__ import annotations

from dataclasses import dataclass

from tablewright.author.alarms import alarms_on
from tablewright.author.editing import Text
from tablewright.author.siblings import family, mentions
from tablewright.migrate.moving.move import Move, Moved, moved
from tablewright.migrate.moving.resource import dropped_indexes, index_names, scaling
from tablewright.template.tree import Mapping, Scalar

__all__ = ["Need", "needs"]


@dataclass(frozen=True, slots=True)
class Need:
    """One step. ``done`` None: the template cannot tell. ``commands`` can be typed as they stand; ``notes`` are for people."""

    step: str
    title: str
    done: bool | None
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def needs(text: Text, move: Move) -> tuple[Need, ...]:
    """The whole way of a move, from the template as it stands. Raises UsageError for a table that there is not."""
    if _is_retired(text, move):
        return (Need("retire", "The old table is out of the template", True, (), (_LEFT_OVER,)),)
    ends = moved(text, move)
    at = ends.points_at(text)
    return (
        _prepare(text, ends, move),
        Need(
            "read the pointer",
            f"The application takes the table's name from the parameter {ends.parameter}",
            None,
            notes=_users(text, ends),
        ),
        Need(
            "copy",
            f"The items, from {ends.leaf_of_old} to {ends.leaf}",
            None,
            (f"tablewright migrate run --source {ends.old.logical_id} --target {ends.logical_id}",),
            ("With writers going on: tablewright migrate live, which also switches.",),
        ),
        _switch(text, ends, at),
        Need(
            "retire",
            f"{ends.old.logical_id} out of the template, some time after the switch; the table itself stays",
            False,
            (f"tablewright migrate template {ends.old.logical_id} --step retire", "tablewright deploy"),
            (_LEFT_OVER, *_exports(text, ends)),
        ),
    )


_LEFT_OVER = (
    "The old table stays in the account, outside the stack, with its items and its costs. Delete it by hand when nobody misses "
    "it any more."
)


def _prepare(text: Text, ends: Moved, move: Move) -> Need:
    notes = []
    local = dropped_indexes(ends, move.key, move.sort)
    if local and not ends.stands(text):
        notes.append(
            f"Local indexes cannot come along, since they share the partition key: {', '.join(local)}. "
            "A global one can take their place: tablewright add index"
        )
    if ends.old.value("StreamSpecification") is not None:
        notes.append("The new table has a stream of its own: what reads the old one's must be connected to it.")
    if ends.old.value("ProvisionedThroughput") is not None and not scaling(text, ends):
        notes.append("Auto scaling does not come along: tablewright add autoscaling")
    if ends.stands(text):
        indexes = index_names(text, ends.logical_id)
        alarms = alarms_on(text, ends.logical_id)
        if len(alarms) < 1 + len(indexes):
            notes.append(f"{ends.logical_id} has fewer alarms than itself and its indexes: tablewright add alarm")
    done = ends.stands(text) and text.entry(("Resources", ends.pointer)) is not None and _is_kept(ends)
    return Need(
        "prepare",
        f"{ends.logical_id} ({ends.leaf}) beside {ends.old.logical_id}, with alarms and outputs; a pointer; the old one retained",
        done,
        (f"tablewright migrate template {ends.old.logical_id} --step prepare" + _flags(move), "tablewright deploy"),
        tuple(notes),
    )


def _switch(text: Text, ends: Moved, at: str | None) -> Need:
    expiry = ends.old.value("TimeToLiveSpecification")
    there = text.at(("Resources", ends.logical_id, "Properties", "TimeToLiveSpecification")) is not None
    with_ttl = ", and TTL on it" if expiry is not None else ""
    return Need(
        "switch",
        f"The pointer to {ends.logical_id}{with_ttl}",
        at == ends.logical_id and (expiry is None or there),
        (f"tablewright migrate template {ends.old.logical_id} --step switch", "tablewright deploy"),
    )


def _users(text: Text, ends: Moved) -> tuple[str, ...]:
    """Resources that name the old table, beside its own alarms, scaling and pointer."""
    resources = text.tree.get("Resources")
    own = {ends.old.logical_id, ends.logical_id, ends.pointer, *alarms_on(text, ends.old.logical_id)}
    found = []
    for entry in resources.entries if isinstance(resources, Mapping) else ():
        kind = entry.value.get("Type") if isinstance(entry.value, Mapping) else None
        scales = isinstance(kind, Scalar) and kind.text.startswith("AWS::ApplicationAutoScaling::")
        table = isinstance(kind, Scalar) and kind.text.startswith("AWS::DynamoDB::")
        if entry.key not in own and not scales and not table and mentions(entry.value, ends.old.logical_id):
            found.append(entry.key)
    if not found:
        return ()
    return (f"{', '.join(found)} names the old table in this template, and has to be given the new one as well.",)


def _exports(text: Text, ends: Moved) -> tuple[str, ...]:
    outputs = text.tree.get("Outputs")
    found = [
        entry.key
        for entry in (outputs.entries if isinstance(outputs, Mapping) else ())
        if isinstance(entry.value, Mapping)
        and entry.value.get("Export") is not None
        and mentions(entry.value, ends.old.logical_id)
    ]
    if not found:
        return ()
    return (f"CloudFormation refuses to take out exports that another stack imports: {', '.join(found)}.",)


def _is_kept(ends: Moved) -> bool:
    policies = [ends.old.node.get(key) for key in ("DeletionPolicy", "UpdateReplacePolicy")]
    return all(isinstance(policy, Scalar) and policy.text == "Retain" for policy in policies)


def _is_retired(text: Text, move: Move) -> bool:
    """Whether the old table has left already: a pointer names another one, and nothing has its logical ID."""
    tables = {table.logical_id for table in family(text).tables}
    return move.table not in tables and move.name in tables


def _flags(move: Move) -> str:
    told = f" --to {move.name}" if move.name else ""
    for flag, key in (("key", move.key), ("sort", move.sort)):
        told += f" --{flag} {key.name}{'' if key.type == 'S' else ':' + key.type}" if key else ""
    return told
