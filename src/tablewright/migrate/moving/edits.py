"""The edits of a move, a step of the way each: nothing is taken from the old table before the last.

prepare   the old table retained, a new one beside it with its alarms and outputs, a parameter that says which is in use
switch    the parameter names the new table, which gets the old one's TTL
retire    the old table taken out of the template: it stays in the account, since it is retained
"""

from __future__ import annotations

from tablewright.author.alarms import alarm_for
from tablewright.author.editing import Text, put_entry, put_value
from tablewright.author.removal import keep, remove_table
from tablewright.author.siblings import family
from tablewright.author.tables import last_alarm, outputs_for
from tablewright.author.writing import Call, Value
from tablewright.errors import UsageError
from tablewright.migrate.moving.move import Move, Moved, moved
from tablewright.migrate.moving.resource import index_names, new_table, scaling
from tablewright.template.tree import Scalar

__all__ = ["STEPS", "prepare", "retire", "switch"]

STEPS = ("prepare", "switch", "retire")


def prepare(text: Text, move: Move) -> Text:
    """Everything that the copy needs. What stands there already stays, so that it can be asked for again. Raises UsageError."""
    ends = moved(text, move)
    text = keep(text, ends.old.logical_id)
    if not ends.stands(text):
        text = _table(text, ends, move)
    if text.entry(("Resources", ends.pointer)) is None:
        text = put_entry(text, ("Resources", ends.pointer), _pointer(ends), after=ends.logical_id, spaced=True)
    return text


def switch(text: Text, move: Move) -> Text:
    """The pointer to the new table, and TTL on it as on the old one. Raises UsageError where it is not prepared."""
    ends = moved(text, move)
    at = ends.points_at(text)
    if not ends.stands(text) or at is None:
        raise _not_yet(text, ends, "prepare", f"There is no {ends.pointer if ends.stands(text) else ends.logical_id}.")
    if at == "":
        raise UsageError(
            "pointer-by-hand",
            "The pointer is somebody's own",
            f"{text.path}: the value of {ends.pointer} is no !Ref of a table. Change it by hand. The file is unchanged.",
        )
    if at != ends.logical_id:
        text = put_value(text, ("Resources", ends.pointer, "Properties", "Value"), Call("Ref", ends.logical_id))
    expiry = ends.old.value("TimeToLiveSpecification")
    where = ("Resources", ends.logical_id, "Properties", "TimeToLiveSpecification")
    if expiry is not None and text.at(where) is None:
        text = put_entry(text, where, expiry)
    return text


def retire(text: Text, move: Move) -> Text:
    """The old table, its alarms and its outputs out of the template. Raises UsageError where the pointer still names it."""
    ends = moved(text, move)
    if ends.points_at(text) != ends.logical_id:
        raise _not_yet(text, ends, "switch", f"{ends.pointer} does not name {ends.logical_id} yet.")
    policy = ends.old.node.get("DeletionPolicy")
    if not (isinstance(policy, Scalar) and policy.text.startswith("Retain")):
        raise _not_yet(
            text, ends, "prepare", f"{ends.old.logical_id} is not retained: removing it would delete its items."
        )
    return remove_table(text, ends.old.logical_id)


def _table(text: Text, ends: Moved, move: Move) -> Text:
    """The new table after the old one, with alarms, scaling and outputs."""
    old, new_id = ends.old, ends.logical_id
    tables = family(text)
    last = tables.last.logical_id if tables.last is not None else old.logical_id
    table = new_table(ends, move.key, move.sort, last)
    text = put_entry(text, ("Resources", new_id), table, after=old.logical_id, spaced=True)
    for index in ("", *index_names(text, new_id)):
        alarm_id, alarm = alarm_for(text, new_id, ends.short, (old,), ends.leaf, index)
        text = put_entry(text, ("Resources", alarm_id), alarm, after=last_alarm(text) or new_id, spaced=True)
    for key, resource in scaling(text, ends):
        text = put_entry(text, ("Resources", key), resource, spaced=True)
    for key, output in outputs_for(text, (old,), new_id, ends.leaf, ends.short):
        if text.entry(("Outputs", key)) is None:
            text = put_entry(text, ("Outputs", key), output, spaced=True)
    return text


def _pointer(ends: Moved) -> Value:
    pointer: dict[str, Value] = {"Type": "AWS::SSM::Parameter"}
    condition = ends.old.node.get("Condition")
    if isinstance(condition, Scalar):
        pointer["Condition"] = condition.text
    pointer["Properties"] = {
        "Name": Call("Fn::Sub", ends.parameter),
        "Type": "String",
        "Description": f"The table that holds {ends.old.short}; the application reads it here",
        "Value": Call("Ref", ends.old.logical_id),
    }
    return pointer


def _not_yet(text: Text, ends: Moved, step: str, why: str) -> UsageError:
    table = ends.old.logical_id
    return UsageError(
        "move-step-missing",
        "A step of the move is missing",
        f"{text.path}: {why} The file is unchanged. Write the step before, deploy it, then this one:",
        f"tablewright migrate template {table} --step prepare"
        if step == "prepare"
        else f"tablewright migrate template {table} --step switch",
    )
