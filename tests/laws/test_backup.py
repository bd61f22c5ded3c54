"""Laws of what is put back after a restore, and of what a retention policy lets go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tablewright.backup.leftover import leftover, words
from tablewright.backup.retention import is_ours, name_for, thin_out
from tablewright.model.keeping import Keeping, Scaling
from tablewright.model.putback import SetPolicy, SetProtection, SetTags
from tablewright.model.table import Backup

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SOURCE, TARGET = (
    "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
    "arn:aws:dynamodb:eu-west-1:123456789012:table/new",
)


@st.composite
def backups(draw: st.DrawFn) -> Backup:
    at = NOW - timedelta(hours=draw(st.integers(0, 24 * 90)))
    ours = draw(st.booleans())
    name = (
        name_for(at, draw(st.text(max_size=8)))
        if ours
        else draw(st.sampled_from(["nightly", "tablewright-", "before"]))
    )
    return Backup(
        arn=f"arn:{draw(st.integers(0, 10**9))}",
        name=name,
        status=draw(st.sampled_from(["AVAILABLE", "AVAILABLE", "CREATING", "DELETED"])),
        created_at=at,
        kind=draw(st.sampled_from(["USER", "USER", "SYSTEM", "AWS_BACKUP"])),
    )


@given(
    st.lists(backups(), max_size=12, unique_by=lambda backup: backup.arn),
    st.none() | st.integers(1, 60),
    st.none() | st.integers(1, 10),
)
def test_the_newest_good_one_and_what_others_made_never_go(
    some: list[Backup], days: int | None, newest: int | None
) -> None:
    kept = thin_out(some, now=NOW, days=days, newest=newest)

    assert sorted(each.backup.arn for each in kept) == sorted(backup.arn for backup in some)
    going = [each.backup for each in kept if each.goes]
    assert all(is_ours(backup) and backup.status == "AVAILABLE" for backup in going)
    good = [backup for backup in some if backup.status == "AVAILABLE"]
    if good:
        newest_time = max(backup.created_at for backup in good)
        assert any(backup not in going for backup in good if backup.created_at == newest_time)
    if days is not None:
        assert all(NOW - backup.created_at > timedelta(days=days) for backup in going)
    if days is None and newest is None:
        assert not going
    # Whoever thins out again right away finds nothing more to do.
    left = [backup for backup in some if backup not in going]
    assert not any(each.goes for each in thin_out(left, now=NOW, days=days, newest=newest))


def test_the_last_copy_of_a_table_that_was_made_anew_stays() -> None:
    def made(days: int, table_id: str) -> Backup:
        at = NOW - timedelta(days=days)
        return Backup(f"arn:{days}", name_for(at, str(days)), "AVAILABLE", at, table_id=table_id)

    some = [made(1, "new"), made(2, "new"), made(30, "old"), made(31, "old")]
    kept = thin_out(some, now=NOW, newest=1)
    assert [each.backup.arn for each in kept if each.goes] == ["arn:2", "arn:31"]


keepings = st.builds(
    Keeping,
    ttl=st.none() | st.just("expiresAt"),
    recovery_days=st.none() | st.integers(1, 35),
    protection=st.booleans(),
    tags=st.dictionaries(st.sampled_from(["team", "stage", "aws:cloudformation:stack-name"]), st.text(max_size=3)),
    policy=st.none() | st.just('{"Resource": "' + SOURCE + '"}'),
    stream=st.none() | st.just("NEW_IMAGE"),
    insights=st.dictionaries(st.sampled_from(["", "byTag"]), st.just("THROTTLED_KEYS")),
    kinesis=st.sampled_from([(), ("arn:stream",)]),
    scaling=st.sampled_from([(), (Scaling("", "dynamodb:table:ReadCapacityUnits", 1, 9),)]),
)


@given(keepings)
def test_a_table_that_has_everything_needs_nothing(keeping: Keeping) -> None:
    assert leftover(keeping, keeping, source_arn=SOURCE, target_arn=TARGET) == ()


@given(keepings)
def test_everything_is_put_back_protection_last_and_nothing_of_awss_own(keeping: Keeping) -> None:
    steps = leftover(keeping, Keeping(), source_arn=SOURCE, target_arn=TARGET)

    assert all(words(step) for step in steps)
    own = {key for key in keeping.tags if not key.startswith("aws:")}
    assert {key for step in steps if isinstance(step, SetTags) for key in step.tags} == own
    assert (SetProtection() in steps) == keeping.protection
    if keeping.protection:
        assert steps[-1] == SetProtection()
    for step in steps:
        if isinstance(step, SetPolicy):
            assert SOURCE not in step.text and TARGET in step.text
