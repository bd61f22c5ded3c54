"""What is refused before anything is written, and what is said: pure, over the two ends as they were found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tablewright.errors import Refused, UsageError
from tablewright.migrate.events import Checked
from tablewright.model.table import Contents, Holds, Key, OnDemand, Provisioned, Table
from tablewright.model.whereabouts import Whereabouts

__all__ = [
    "Found",
    "checked",
    "identity",
    "must_stand",
    "refuse_files",
    "refuse_items",
    "refuse_keys",
    "refuse_same",
    "refuse_ttl",
    "warnings",
]


@dataclass(frozen=True, slots=True)
class Found:
    """A table as it was found, and where."""

    table: Table
    whereabouts: Whereabouts

    @property
    def name(self) -> str:
        """The name alone, for messages."""
        return self.table.name

    def __str__(self) -> str:
        where = self.whereabouts
        return f"{self.table.name} ({where.endpoint or f'account {where.account}'}, {where.region})"


def identity(found: Found) -> str:
    """What a table is, whatever it was called by: its id, which no other table has; without one, its ARN and its birth.

    DynamoDB gives a table a new id (TableId) when it is made again under the same name.
    """
    table = found.table
    return table.id or f"{table.arn}@{table.created_at.timestamp()}"


def must_stand(table: Table | None, name: str, side: str, where: str) -> Table:
    """The table. Raises UsageError when there is none, Refused when it cannot be worked with now."""
    if table is None:
        advice = (
            "A migration makes no table: a table stands in a template, with its alarms, recovery and protection. Add it "
            "there (tablewright add table) and deploy, or name another --target."
            if side == "target"
            else "Check the name, --source-region, --source-profile and --source-endpoint."
        )
        raise UsageError(f"no-{side}-table", f"There is no {side} table", f"{where} has no table {name}. {advice}")
    if table.status not in ("ACTIVE", "UPDATING"):
        raise Refused(
            f"{side}-not-active",
            f"The {side} table is not active",
            f"{name} is {table.status}. Run the same command again when it is ACTIVE.",
        )
    return table


def refuse_same(source: Found, target: Found) -> None:
    """Raise Refused when both ends are one table, by another endpoint, ARN or alias too, or replicas of one global table."""
    one, other = source.table, target.table
    if identity(source) == identity(target):
        raise Refused(
            "source-is-target",
            "Source and target are one table",
            f"{one.name} ({one.arn}) would be copied over itself: a page that was transformed already would be read and "
            "transformed again. To change the items of a table where they are, its keys kept, use --in-place.",
            f"tablewright migrate run --source {one.name} --in-place",
        )
    same_account = source.whereabouts.account == target.whereabouts.account
    if same_account and one.name == other.name and target.whereabouts.region in one.replicas:
        raise Refused(
            "source-is-target",
            "Source and target are one table",
            f"{one.name} in {target.whereabouts.region} is a replica of {one.name} in {source.whereabouts.region}: DynamoDB "
            "copies between them already, and what is written to one comes back to the other.",
        )


def refuse_keys(source: Sequence[Key], target: Sequence[Key]) -> None:
    """Raise Refused when items cannot go over as they are, because the two tables' keys differ."""
    if [(k.name, k.type, k.role) for k in source] == [(k.name, k.type, k.role) for k in target]:
        return
    known = f"The source is keyed by {_keys(source)}" if source else "The files' items lack the target's key"
    raise Refused(
        "keys-differ",
        "The items have other keys than the target",
        f"{known}; the target is keyed by {_keys(target)}. Say how an item gets the target's key, with "
        "--key 'NAME=TEXT{attribute}', --rename OLD=NEW, or a transform of your own (--transform FILE).",
        "tablewright migrate run --help",
    )


def refuse_items(target: Found, contents: Contents, *, into_existing: str | None, others: Sequence[str] = ()) -> None:
    """Raise Refused when the target holds items and nobody said that it may. What cannot be read counts as holding items.

    ``into_existing``: the name given with --into-existing. ``others``: jobs that wrote to this target and are not over.
    """
    name = target.name
    if into_existing is not None and into_existing != name:
        raise UsageError(
            "into-existing-names-another",
            "--into-existing names another table",
            f"The target is {name}, and --into-existing names {into_existing}. Name the target itself, exactly.",
        )
    if contents.is_empty or into_existing is not None:
        return
    if contents.holds is Holds.UNKNOWN:
        what = f"Whether {name} holds items could not be read ({contents.reason}), so it counts as holding some."
    else:
        what = f"{name} holds items already."
    begun = ", ".join(others)
    unfinished = (
        f" A migration into it was begun and is not over: {begun} (tablewright migrate status)." if others else ""
    )
    raise Refused(
        "target-holds-items",
        "The target holds items",
        f"{what}{unfinished} A copy replaces whole items, so what is there could be lost. Use an empty table; or, to add only "
        "items whose key is not there yet, name the table. An item whose key is taken is then left as it is, and set aside "
        "as a conflict. Add this to the command:\n\n"
        f"    --into-existing {name}",
    )


def refuse_files(folder: str, *, full: bool) -> None:
    """Raise Refused when the folder that files are to be written into holds something."""
    if full:
        raise Refused(
            "target-holds-files",
            "The target folder is not empty",
            f"{folder} holds files already, and items of two migrations in one folder could not be told apart. Name a new one.",
        )


def refuse_ttl(target: Found, *, suspend: bool) -> None:
    """Raise Refused while TTL is on at the target, unless it may be switched off until the copy is verified."""
    ttl = target.table.ttl
    if ttl is None:
        reason = target.table.unknown.get("ttl", "it was not said")
        raise Refused(
            "target-ttl-unknown",
            "Whether TTL is on at the target is not known",
            f"{reason}. TTL would delete copied items before they are verified. Allow dynamodb:DescribeTimeToLive on "
            f"{target.name}.",
        )
    if ttl.status in ("ENABLED", "ENABLING", "DISABLING") and not suspend:  # it deletes until it is off
        raise Refused(
            "target-ttl-on",
            "TTL is on at the target",
            f"TTL on attribute {ttl.attribute} of {target.name} would delete items that have expired while they are copied, and "
            "the comparison at the end could not tell them from lost ones. Switch it off in the template and on again after "
            "the migration; or let this run switch it off now and on again after verification (at AWS either may take up to "
            "an hour), by adding:\n\n    --suspend-ttl",
        )


def checked(source: Found | None, target: Found | None) -> Iterator[Checked]:
    """What was looked at, in lines for people."""
    for side, found in (("source", source), ("target", target)):
        if found is not None:
            table = found.table
            yield Checked(
                f"{side} {found}",
                f"{_keys(table.keys)}; {_billing(table)}; about {table.item_count:,} items, {table.size_bytes:,} bytes "
                "(DynamoDB's count, up to six hours old)",
            )


def warnings(source: Found | None, target: Found | None, *, followed: bool = False) -> Iterator[str]:
    """What nobody forbids and a person should know. ``followed``: by a tail, which brings over what TTL deletes."""
    ttl = source.table.ttl if source is not None and not followed else None
    if ttl is not None and ttl.status in ("ENABLED", "ENABLING"):
        yield (
            f"TTL is on at the source ({ttl.attribute}): what it deletes after it was copied will be reported as extra in the "
            "target"
        )
    if target is None:
        return
    table = target.table
    if not table.deletion_protection:
        yield f"deletion protection is off at the target {table.name}"
    if table.recovery is not None and not table.recovery.enabled:
        yield f"point-in-time recovery is off at the target {table.name}: what a wrong transform writes cannot be wound back"
    if table.stream_arn is not None:
        yield f"the target's stream is on ({table.stream_view}): its consumers will see every item that is copied"
    if table.replicas:
        yield f"the target is a global table: each write is replicated, and charged, in {', '.join(table.replicas)} too"
    for index in table.indexes:
        if index.kind == "global" and index.status != "ACTIVE":
            yield f"index {index.name} of the target is {index.status}: items that do not fit it are found only later"


def _keys(keys: Sequence[Key]) -> str:
    return " and ".join(f"{key.name} ({key.type}, {'partition' if key.role == 'HASH' else 'sort'} key)" for key in keys)


def _billing(table: Table) -> str:
    match table.billing:
        case OnDemand(max_read=read, max_write=write):
            limits = [f"at most {n:,} {what}" for n, what in ((read, "read units"), (write, "write units")) if n]
            return " ".join(["on demand", *([f"({', '.join(limits)} a second)"] if limits else [])])
        case Provisioned(read=read, write=write):
            return f"provisioned, {read:,} read and {write:,} write units a second"
