"""The guard: what a change set would lose, suspected from the change alone and judged once the evidence is in.

Two pure steps with the looking between them: ``suspects`` says what could be lost and which evidence decides it; ``judge``
turns suspicion and evidence into losses. Evidence that is missing is the worse evidence: a table that could not be read
holds items, a stream whose readers could not be listed is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tablewright.model.design import NESTED, TABLE_TYPES, Design, ResourceDesign, TableDesign
from tablewright.model.loss import Loss, Weight
from tablewright.model.stack import ResourceChange
from tablewright.model.table import Contents, ExpirySample, Holds, Table
from tablewright.plan.behaviour import CONDITIONAL, KEEPING_ON_REMOVAL, surely_in_place
from tablewright.plan.key_hazards import endangered, of_keys
from tablewright.plan.setting_hazards import of_import, settings, settings_by_properties
from tablewright.plan.suspect import Placed, Suspect, top, touches


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was looked at: contents by table, samples by table, consumers by stream (None: could not be listed)."""

    contents: Mapping[str, Contents] = field(default_factory=dict)
    samples: Mapping[str, ExpirySample | None] = field(default_factory=dict)
    consumers: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


def suspects(placed: Iterable[Placed], live: Mapping[str, Table], unseen: str = "") -> tuple[Suspect, ...]:
    """What the changes may lose. ``live`` holds the tables as they stand, by physical name; where a key is touched, those of
    other stacks too. ``unseen`` says why there may be more of these, if there may.
    """
    found: list[Suspect] = []
    items = tuple(placed)
    for each in items:
        change = each.change
        if change.type in TABLE_TYPES:
            found += _of_table(each, live)
        elif change.type == NESTED:
            found += _of_nested(each)
        elif change.type in _STACKS_ELSEWHERE:
            found += _of_stacks_elsewhere(change)
    found += of_keys(endangered(items), live, unseen)
    return tuple(dict.fromkeys(found))


def floating(tables: Iterable[ResourceDesign], places: Mapping[str, str], told: Iterable[str]) -> tuple[Suspect, ...]:
    """The tables that may be replaced though no change says so: what their dynamic references refer to may be another by now.

    ``places`` are the physical names by logical id, ``told`` the names of the tables that are suspected to go already. Source:
    CloudFormation user guide, "Get a plaintext value from Systems Manager Parameter Store": the latest version, whenever the
    stack is updated.
    """
    known = frozenset(told)
    return tuple(
        Suspect(
            "table-replaced", places[table.logical_id], table.logical_id,
            f"Its {' and '.join(table.floating)} holds a dynamic reference without a version. CloudFormation resolves it anew "
            "with each update, and no change set shows it: the table may be replaced by a new, empty one. Write the value.",
        )
        for table in tables
        if table.floating and places.get(table.logical_id, "") not in {"", *known}
    )  # fmt: skip


def judge(
    found: Iterable[Suspect], evidence: Evidence, live: Mapping[str, Table], allowed: Iterable[str] = ()
) -> tuple[Loss, ...]:
    """The losses, each allowed only by its table's exact name in ``allowed``.

    What loses nothing is left out, but for a table that goes and is empty: that is said.
    """
    names = frozenset(allowed)
    losses = []
    for suspect in found:
        what, weight = _verdict(suspect, evidence), suspect.weight
        if what is None and suspect.kind in ("table-removed", "table-replaced"):
            what, weight = f"{suspect.what} It holds no items.", Weight.SAID
        if what is not None:
            table = live.get(suspect.table)
            losses.append(
                Loss(
                    kind=suspect.kind,
                    weight=weight,
                    table=suspect.table,
                    logical_id=suspect.logical_id,
                    what=what,
                    contents=evidence.contents.get(suspect.table),
                    item_count=table.item_count if table else None,
                    size_bytes=table.size_bytes if table else None,
                    allowed=suspect.table in names,
                )
            )
    return tuple(losses)


GOING = frozenset({"table-removed", "table-replaced", "table-orphaned", "table-recreated", "retain-and-remove"})
"""Kinds that say what becomes of the table as a whole."""

NEEDS_CONTENTS = frozenset(
    {"table-removed", "table-replaced", "retain-and-remove", "key-lost", "nested-unknown", "replica-removed"}
)
"""Kinds that an empty table clears."""


def _verdict(suspect: Suspect, evidence: Evidence) -> str | None:
    """The loss in words, or None where the evidence shows that nothing is lost."""
    if suspect.kind in NEEDS_CONTENTS:
        contents = evidence.contents.get(suspect.table)
        if contents is not None and contents.holds is Holds.NOTHING:
            return None
        if contents is None or contents.holds is Holds.UNKNOWN:
            why = contents.reason if contents is not None and contents.reason else "it was not read"
            return f"{suspect.what} Whether it holds items is not known ({why})."
        return f"{suspect.what} It holds items."
    if suspect.kind in ("ttl-enabled", "ttl-moved"):
        contents, sample = evidence.contents.get(suspect.table), evidence.samples.get(suspect.table)
        if contents is not None and contents.holds is Holds.NOTHING:
            return None
        if sample is None:
            return f"{suspect.what} How many items would expire at once could not be sampled."
        if sample.complete and sample.expired == 0:
            return None
        of = f"all {sample.read} items" if sample.complete else f"the first {sample.read} items"
        return f"{suspect.what} Of {of}, {sample.expired} would expire at once."
    if suspect.kind == "stream-removed":
        readers = evidence.consumers.get(suspect.stream)
        if readers is None:
            return f"{suspect.what} Who reads it could not be listed."
        return f"{suspect.what} It is read by {', '.join(readers)}." if readers else None
    return suspect.what


def _of_table(each: Placed, live: Mapping[str, Table]) -> Iterator[Suspect]:
    change = each.change
    name, table = change.physical_id or change.logical_id, live.get(change.physical_id)
    before, after = _resource(each.deployed, change.logical_id), _resource(each.wanted, change.logical_id)
    if change.action == "Remove":
        yield from _removed(each, name, before)
        return
    if each.gone:
        yield Suspect(
            "table-recreated", each.gone, change.logical_id,
            "The table was deleted outside CloudFormation. It would be made anew, empty, and no backup could be restored under "
            "its name as long as that stands.",
        )  # fmt: skip
        return
    if change.action == "Import":
        yield from of_import(change, after, live)
        return
    if change.action == "Add":
        return
    if change.action == "Dynamic" or change.replacement not in ("False", "", "Conditional", "True"):
        yield Suspect(
            "table-replaced", name, change.logical_id, "What happens to the table is known only while it happens."
        )
    elif change.replacement == "True" or (
        change.replacement == "Conditional" and not _surely_in_place(change, _table(before), _table(after))
    ):
        yield _replaced(change, name, certain=change.replacement == "True")
    elif touches(change, "LocalSecondaryIndexes"):
        yield Suspect(
            "table-replaced", name, change.logical_id,
            "Its local secondary indexes would change. DynamoDB changes none of a table that stands, so the table may be "
            "replaced by a new, empty one, whatever the change set says.",
        )  # fmt: skip
    designs = _table(before), _table(after)
    found = tuple(settings(name, change, *designs, table))
    yield from found
    if not any(designs) or _rewritten(each.wanted):
        known = {suspect.kind.partition("-")[0] for suspect in found}
        told = settings_by_properties(name, change)
        yield from (suspect for suspect in told if suspect.kind.partition("-")[0] not in known)


def _rewritten(design: Design | None) -> bool:
    """Whether a macro of somebody's own may make other properties of a table than are written. AWS's own leave them alone."""
    return design is not None and any(not name.startswith("AWS::") for name in design.transforms)


def _surely_in_place(change: ResourceChange, before: TableDesign | None, after: TableDesign | None) -> bool:
    """Whether a replacement that CloudFormation calls conditional is known not to come.

    It is conditional too where a property that always recreates (the name, for one) has a value that is known only while the
    change is made: that is looked into by nobody, so only the properties that are conditional by themselves may be touched.
    """
    touched = {top(prop.path) for prop in change.properties if prop.recreation != "Never"}
    return bool(touched) and touched <= CONDITIONAL and surely_in_place(before, after)


def _removed(each: Placed, name: str, before: ResourceDesign | None) -> Iterator[Suspect]:
    change = each.change
    policy = before.deletion_policy if before is not None else None
    stays = change.policy_action == "Retain" or (not change.policy_action and policy in KEEPING_ON_REMOVAL)
    if stays:
        what = "The table leaves the stack and stays, with its items, owned by no stack."
        yield Suspect("table-orphaned", name, change.logical_id, what, Weight.SAID)
        return
    if _meant_to_keep(each.wanted, change.logical_id, name):
        yield Suspect(
            "retain-and-remove", name, change.logical_id,
            "The template adds a DeletionPolicy that keeps the table and removes the table in one edit. CloudFormation applies "
            "the deployed policy, which deletes it. Take two steps: deploy with the DeletionPolicy added and the table still "
            "there; then remove the table and deploy again.",
            Weight.FORBIDDEN,
        )  # fmt: skip
        return
    yield Suspect("table-removed", name, change.logical_id, "The table would be deleted.")


def _meant_to_keep(wanted: Design | None, logical_id: str, name: str) -> bool:
    """Whether the new template, in the same edit, gives the table a policy that would keep it: under its old id, which its
    condition now excludes, or under a new id with the same name."""
    if wanted is None:
        return False
    again = [r for r in wanted.excluded if r.logical_id == logical_id]
    again += [r for r in wanted.tables if r.physical_name == name]
    return any(r.deletion_policy in KEEPING_ON_REMOVAL for r in again)


def _replaced(change: ResourceChange, name: str, *, certain: bool) -> Suspect:
    because = ", ".join(p.path for p in change.properties if p.recreation != "Never")
    what = (
        "The table would be replaced by a new, empty one"
        if certain
        else "The table may be replaced by a new, empty one"
    )
    stays = "; the old one stays outside the stack." if change.policy_action == "ReplaceAndRetain" else "."
    return Suspect(
        "table-replaced", name, change.logical_id, what + (f" (because of {because})" if because else "") + stays
    )


def _of_nested(each: Placed) -> Iterator[Suspect]:
    change = each.change
    if change.action in ("Add", "Import"):
        return
    gone = change.action == "Remove" or change.replacement in ("True", "Conditional")
    if gone:
        kept = change.action == "Remove" and change.policy_action == "Retain"
        for name in each.owned:
            if kept:
                what = f"The table stays in nested stack {change.logical_id}, which leaves this stack."
                yield Suspect("table-orphaned", name, change.logical_id, what, Weight.SAID)
            else:
                what = f"The table would be deleted with nested stack {change.logical_id}."
                yield Suspect("table-removed", name, change.logical_id, what)
    elif change.nested_change_set_id is None:
        for name in each.owned:
            what = f"What the change of nested stack {change.logical_id} does to the table is not known."
            yield Suspect("nested-unknown", name, change.logical_id, what)


_STACKS_ELSEWHERE = {
    "AWS::CloudFormation::StackSet": "stack set",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct": "provisioned product",
}
"""Resources that have stacks of their own, in other accounts and regions: a change set tells nothing of what those would do."""


def _of_stacks_elsewhere(change: ResourceChange) -> Iterator[Suspect]:
    """What becomes of tables there can be looked at by nobody here; the resource is named by its physical id."""
    if change.action in ("Add", "Import") or (change.action == "Remove" and change.policy_action == "Retain"):
        return
    if change.action == "Modify" and change.properties and all(top(prop.path) == "Tags" for prop in change.properties):
        return
    what = (
        f"What becomes of tables in the stacks of the {_STACKS_ELSEWHERE[change.type]} is not known: they are in accounts and "
        "regions of their own, and no change set shows them."
    )
    yield Suspect("stacks-elsewhere", change.physical_id or change.logical_id, change.logical_id, what)


def _resource(design: Design | None, logical_id: str) -> ResourceDesign | None:
    if design is None:
        return None
    return next((r for r in design.resources if r.logical_id == logical_id), None)


def _table(resource: ResourceDesign | None) -> TableDesign | None:
    return resource.table if resource is not None else None
