"""Items that TTL should delete and does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from tablewright.model.diagnosis import Diagnosis, Evidence, Remedy, Sure
from tablewright.model.table import Table
from tablewright.watch.observation import Observation, Subject
from tablewright.watch.symptom import Answer, Unknown, symptom

_MILLISECONDS = 10**11
"""As seconds this is the year 5138: such a number is a time in milliseconds (or finer)."""
_FIVE_YEARS = timedelta(days=5 * 365)
_LATE = timedelta(days=2)
"""TTL deletes "within a few days" of the time (developer guide): expired for longer is worth a word."""

KINDS = {
    "text": "hold text or another type instead of a number",
    "milliseconds": "hold milliseconds instead of seconds: they expire in tens of thousands of years",
    "too-old": "expired more than five years ago: TTL leaves such items alone",
    "late": "expired more than two days ago and are still there",
    "expired": "expired within the last two days",
    "future": "expire in the future",
    "absent": "lack the attribute",
}


def kind_of(item: Mapping[str, object], attribute: str, now: datetime) -> str:
    """What the attribute of one item (DynamoDB JSON) means for TTL; a key of ``KINDS``."""
    value = item.get(attribute)
    if not isinstance(value, Mapping):
        return "absent"
    if "N" not in value:
        return "text"
    try:
        seconds = Decimal(str(value["N"]))
    except InvalidOperation:
        return "text"
    if seconds >= _MILLISECONDS:
        return "milliseconds"
    age = Decimal(now.timestamp()) - seconds
    if age > _FIVE_YEARS.total_seconds():
        return "too-old"
    if age > _LATE.total_seconds():
        return "late"
    return "expired" if age >= 0 else "future"


@symptom("stale-ttl", "TTL is on and does not delete")
def stale_ttl(seen: Observation, table: Table) -> Answer:
    """TTL is enabled, and items stay that should have gone.

    Signal: a sample of items (one page) whose attribute is no number, or in milliseconds, or more than five years past; or
    items expired for more than two days while TimeToLiveDeletedItemCount is zero; or no item with the attribute.
    Evidence: how many of the sample are which, and the deletions of two weeks.
    Remedy: write seconds since the epoch as a number; mend what stands (migrate in place); filter expired items when reading.
    Source: DynamoDB developer guide, "Using time to live (TTL)".
    """
    if table.ttl is None:
        yield Unknown(f"TTL may not be read: {table.unknown.get('ttl', 'no answer')}")
        return
    attribute = table.ttl.attribute
    if table.ttl.status != "ENABLED" or not attribute:
        return
    if table.name not in seen.samples:
        yield Unknown(seen.unread.get(f"samples:{table.name}", "no items were read"))
        return
    items = seen.samples[table.name]
    if not items:
        return
    counts = Counter(kind_of(item, attribute, seen.until) for item in items)
    subject = Subject(seen, table, None)
    deleted = subject.past("TimeToLiveDeletedItemCount").total + subject.series("TimeToLiveDeletedItemCount").total
    wrong = [kind for kind in ("text", "milliseconds", "too-old") if counts[kind]]
    late = bool(counts["late"]) and not deleted
    none = counts["absent"] == len(items)
    if not wrong and not late and not none:
        return
    remedies = []
    if "text" in wrong or "milliseconds" in wrong or none:
        remedies.append(
            Remedy(
                f"Have the writers put whole seconds since the epoch, as a number, into {attribute} (int(time.time()))."
            )
        )
        remedies.append(Remedy("Mend the items that stand: a migration in place rewrites the one attribute."))
    if "too-old" in wrong:
        remedies.append(
            Remedy("Delete what is over five years past by hand: TTL does not, to spare what is a mistake.")
        )
    if late:
        remedies.append(Remedy("Wait another day; if nothing is deleted then, open a ticket with the table's name."))
    remedies.append(Remedy(f"Until then filter when reading: {attribute} > now, in a FilterExpression."))
    yield Diagnosis(
        problem="stale-ttl",
        table=table.name,
        index=None,
        sure=Sure.CERTAIN if wrong else Sure.LIKELY if late else Sure.POSSIBLE,
        cause=_cause(attribute, wrong, late=late),
        evidence=(
            *(
                Evidence(f"{counts[kind]:,} of {len(items):,} items read {KINDS[kind]}", "Scan (one page)")
                for kind in KINDS
                if counts[kind]
            ),
            Evidence(
                f"{deleted:,.0f} items deleted by TTL in two weeks"
                if deleted
                else "no item deleted by TTL in two weeks",
                "TimeToLiveDeletedItemCount",
            ),
        ),
        remedies=tuple(remedies),
    )


def _cause(attribute: str, wrong: list[str], *, late: bool) -> str:
    if wrong:
        return f"TTL on {attribute} does not see a time that it may act on: items {KINDS[wrong[0]]}."
    if late:
        return f"Items are past their {attribute}, and TTL has deleted none."
    return f"No item that was read has {attribute}, the attribute that TTL looks at."
