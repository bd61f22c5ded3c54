"""Backups and restores over HTTP: content, what a restore leaves behind, and what a rehearsal may remove."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tablewright.backup.exporting.run import export
from tablewright.backup.restoring.run import active, undelete
from tablewright.backup.run import Comparison, FromBackup, FromTable, create, rehearse, restore, thin
from tablewright.cli.backup_compare import comparison
from tablewright.errors import Failed, Refused, UsageError
from tablewright.events import Ending, Event, Finished, Noted
from tablewright.ports import Account
from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, table
from tests.rehearsals.between import LOST, Answer, between
from tests.rehearsals.deploying import opened
from tests.rehearsals.test_checks import through


@pytest.fixture
def here(aws: EmbeddedAws, account: str) -> Account:
    return opened(aws, account)


def _end(events: Iterator[Event]) -> tuple[Finished, list[str]]:
    *before, end = list(events)
    assert isinstance(end, Finished)
    return end, [event.text for event in before if isinstance(event, Noted)]


def _made(aws: EmbeddedAws, account: str, name: str = "orders") -> Any:
    client = aws.client("dynamodb", account=account)
    table(client, name, attributes=("tag",), indexes=[index("byTag", "tag")], DeletionProtectionEnabled=True)
    for number in range(30):
        client.put_item(TableName=name, Item=item(f"k{number}", 200, tag="t"))
    client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"})
    client.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    client.tag_resource(
        ResourceArn=client.describe_table(TableName=name)["Table"]["TableArn"], Tags=[{"Key": "team", "Value": "주문"}]
    )
    return client


def _backup_of(client: Any, name: str = "orders") -> str:
    return str(client.list_backups(TableName=name)["BackupSummaries"][-1]["BackupArn"])


def test_a_restore_brings_items_and_everything_that_a_restore_leaves_behind(
    aws: EmbeddedAws, account: str, here: Account
) -> None:
    client = _made(aws, account)
    made, _ = _end(create(["orders"], here))
    assert made.ending is Ending.DONE

    end, notes = _end(restore(FromBackup(made.facts["orders"]), "restored", here, compare=comparison(here)))

    assert end.ending is Ending.DONE, (end, notes)
    assert any("hold the same items" in note for note in notes)
    described = client.describe_table(TableName="restored")["Table"]
    assert described["DeletionProtectionEnabled"]
    assert client.describe_time_to_live(TableName="restored")["TimeToLiveDescription"]["AttributeName"] == "expiresAt"
    assert {"Key": "team", "Value": "주문"} in client.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
    recovery = client.describe_continuous_backups(TableName="restored")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert any("Alarms" in note for note in notes)


def test_nothing_that_exists_is_overwritten(aws: EmbeddedAws, account: str, here: Account) -> None:
    client = _made(aws, account)
    made, _ = _end(create(["orders"], here))

    with pytest.raises(Refused) as refused:
        list(restore(FromBackup(made.facts["orders"]), "orders", here))

    assert refused.value.code == "target-exists"
    assert client.describe_table(TableName="orders")["Table"]["ItemCount"] == 30


def test_a_deleted_table_comes_back_under_its_own_name(aws: EmbeddedAws, account: str, here: Account) -> None:
    """From the system's backup, which is newer than the one that was made, and which nobody asked for."""
    client = _made(aws, account)
    made, _ = _end(create(["orders"], here))
    client.put_item(TableName="orders", Item=item("later"))
    with pytest.raises(Refused) as stands:
        list(undelete("orders", here, compare=comparison(here)))
    client.update_table(TableName="orders", DeletionProtectionEnabled=False)
    client.delete_table(TableName="orders")
    system, ours = here.tables.backups("orders")
    assert (system.kind, system.name) == ("SYSTEM", "orders$DeletedTableBackup")
    assert ours.arn == made.facts["orders"]

    end, notes = _end(undelete("orders", here, compare=comparison(here), hint="tablewright deploy"))

    assert stands.value.code == "target-exists"
    assert (end.code, end.hint) == ("not-put-back", "tablewright deploy")  # its settings went with it, and that is said
    assert any("is gone, so its settings are not known" in note for note in notes)
    assert any("31 items" in note for note in notes), notes
    assert client.scan(TableName="orders", Select="COUNT")["Count"] == 31
    with pytest.raises(Failed) as nothing:
        list(undelete("never", here, compare=comparison(here)))
    assert nothing.value.code == "no-backup"


def test_a_table_without_recovery_leaves_no_backup_behind(aws: EmbeddedAws, account: str, here: Account) -> None:
    client = aws.client("dynamodb", account=account)
    table(client, "plain")
    client.delete_table(TableName="plain")

    assert here.tables.backups("plain") == ()
    assert client.list_backups(TableName="plain")["BackupSummaries"] == []


@pytest.mark.slow
def test_what_was_written_since_is_listed_and_not_hidden(aws: EmbeddedAws, account: str, here: Account) -> None:
    client = _made(aws, account)
    made, _ = _end(create(["orders"], here))
    client.put_item(TableName="orders", Item=item("k7", 201, tag="t"))

    failed, _ = _end(restore(FromBackup(made.facts["orders"]), "first", here, compare=comparison(here)))
    done, notes = _end(
        restore(FromBackup(made.facts["orders"]), "second", here, compare=comparison(here), written=True)
    )
    blind, _ = _end(restore(FromBackup(made.facts["orders"]), "third", here))

    assert (failed.ending, failed.code) == (Ending.FAILED, "verify-differs")
    assert "--written" in failed.detail
    assert done.ending is Ending.DONE and "differs from orders" in done.summary
    assert any("as --written allows" in note for note in notes)
    assert blind.summary == "third is restored: its content was not compared"


def test_a_rehearsal_leaves_the_table_the_backup_and_nothing_else(
    aws: EmbeddedAws, account: str, here: Account
) -> None:
    client = _made(aws, account)

    end, notes = _end(rehearse("orders", here, comparison(here)))

    assert end.ending is Ending.DONE, (end, notes)
    assert end.facts["took"].endswith("s")
    assert client.list_tables()["TableNames"] == ["orders"]
    assert len(here.tables.backups("orders")) == 1


@pytest.mark.slow
def test_a_rehearsal_that_fails_in_the_middle_removes_its_copy(aws: EmbeddedAws, account: str, here: Account) -> None:
    client = _made(aws, account)

    def compare(source: str, target: str) -> Iterator[Event]:
        yield Noted("note", "reading")
        raise Failed("throttled", "The table is throttled")

    with pytest.raises(Failed):
        list(rehearse("orders", here, compare))
    assert client.list_tables()["TableNames"] == ["orders"]


@pytest.mark.slow
def test_what_an_answer_is_lost_of_is_done_once_and_looked_for(aws: EmbeddedAws, account: str) -> None:
    client = _made(aws, account)
    losing = ["CreateBackup", "RestoreTableFromBackup", "RestoreTableToPointInTime", "UpdateTimeToLive", "DeleteTable"]

    def rule(operation: str, number: int) -> Answer | None:
        if operation not in losing:
            return None
        losing.remove(operation)
        return LOST

    with between(aws.endpoint, rule) as gate:
        here = through(gate.endpoint, account)
        made, _ = _end(create(["orders"], here))
        (backup,) = client.list_backups(TableName="orders")["BackupSummaries"]
        assert (made.ending, made.facts["orders"]) == (Ending.DONE, backup["BackupArn"])
        for origin, target in ((FromBackup(backup["BackupArn"]), "restored"), (FromTable("orders"), "at-a-time")):
            end, notes = _end(restore(origin, target, here, compare=comparison(opened(aws, account))))
            assert end.ending is Ending.DONE, (end, notes)
        end, notes = _end(rehearse("orders", here, comparison(opened(aws, account)), arn=backup["BackupArn"]))
        assert end.ending is Ending.DONE, (end, notes)
    assert losing == []
    asked = {each: gate.seen.count(each) for each in ("CreateBackup", "RestoreTableToPointInTime", "DeleteTable")}
    assert set(asked.values()) == {1}, asked
    assert client.list_tables()["TableNames"] == ["at-a-time", "orders", "restored"]


@pytest.mark.slow
def test_what_never_came_is_not_called_begun(aws: EmbeddedAws, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tablewright.aws.once._LOOKS_S", (0.0,))
    client = _made(aws, account)
    broken = ["CreateBackup", "RestoreTableFromBackup"]

    def rule(operation: str, number: int) -> Answer | None:
        if operation not in broken:
            return None
        broken.remove(operation)
        if operation == "RestoreTableFromBackup":
            table(client, "restored")  # somebody else's, of the very name
        return (500, "InternalServerError", "")

    with between(aws.endpoint, rule) as gate:
        here = through(gate.endpoint, account)
        with pytest.raises(Failed) as unsure:
            list(create(["orders"], here))
        assert unsure.value.code == "backup-unsure"
        assert client.list_backups(TableName="orders")["BackupSummaries"] == []
        made, _ = _end(create(["orders"], here))
        with pytest.raises(Failed) as unsure:
            list(restore(FromBackup(made.facts["orders"]), "restored", here))
    assert unsure.value.code == "restore-unsure" and gate.seen.count("RestoreTableFromBackup") == 1


def test_a_restored_table_that_goes_is_not_waited_for(
    aws: EmbeddedAws, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tablewright.backup.restoring.run._POLL_S", 0.0)
    client = aws.client("dynamodb", account=account)
    table(client, "restored")
    told = {**client.describe_table(TableName="restored")["Table"], "TableStatus": "CREATING"}
    answers: list[Answer] = [
        (200, "", json.dumps({"Table": told}, default=lambda moment: moment.timestamp())),
        (400, "ResourceNotFoundException", "Requested resource not found"),
    ]

    def rule(asked: str, number: int) -> Answer | None:
        return answers.pop(0) if asked == "DescribeTable" else None

    with between(aws.endpoint, rule) as gate, pytest.raises(Failed) as gone:
        active("restored", through(gate.endpoint, account))
    assert gone.value.code == "restore-gone" and answers == []


def test_a_setting_that_was_made_before_its_answer_was_lost_is_made(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("dynamodb", account=account)
    table(client, "orders")
    losing = ["UpdateTable", "UpdateTimeToLive"]

    def rule(asked: str, number: int) -> Answer | None:
        return LOST if asked in losing and gate.seen.count(asked) == 1 else None

    with between(aws.endpoint, rule) as gate:
        here = through(gate.endpoint, account)
        assert here.streams is not None and here.settings is not None
        here.streams.enable("orders")
        here.settings.switch_ttl("orders", "end", enabled=True)
        assert [gate.seen.count(each) for each in losing] == [2, 2]
        assert client.describe_table(TableName="orders")["Table"]["StreamSpecification"]["StreamEnabled"]
        assert client.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]["AttributeName"] == "end"
        with pytest.raises(Failed, match="different AttributeName"):
            here.settings.switch_ttl("orders", "other", enabled=True)


def test_a_rehearsal_removes_no_table_but_its_own(aws: EmbeddedAws, account: str, here: Account) -> None:
    """Somebody replaces the copy while it is compared: the table that is there then stays."""
    client = _made(aws, account)
    ours = comparison(here)
    replaced: list[str] = []

    def compare(source: str, target: str) -> Iterator[Event]:
        yield from ours(source, target)
        client.delete_table(TableName=target)
        table(client, target)
        client.put_item(TableName=target, Item=item("precious"))
        replaced.append(target)

    checked: Comparison = compare
    end, notes = _end(rehearse("orders", here, checked))

    assert any("it is left alone" in note for note in notes), (end, notes)
    assert client.scan(TableName=replaced[0])["Count"] == 1


def test_only_what_was_listed_and_is_ours_is_deleted(aws: EmbeddedAws, account: str, here: Account) -> None:
    client = _made(aws, account)
    for _ in range(3):
        _end(create(["orders"], here))
    client.create_backup(TableName="orders", BackupName="by-hand")

    kept, delete = thin("orders", here, newest=1)
    end, _ = _end(delete())

    assert sum(each.goes for each in kept) == 2
    assert end.summary == "2 backups deleted, 2 kept"
    names = [backup.name for backup in here.tables.backups("orders")]
    assert "by-hand" in names and len(names) == 2
    assert _end(delete())[0].summary == "0 backups deleted, 2 kept"  # They are gone, and nothing says otherwise.
    with pytest.raises(UsageError):
        thin("orders", here)


def test_a_backup_that_is_not_there_is_said(here: Account) -> None:
    with pytest.raises(UsageError) as missing:
        list(restore(FromBackup("arn:aws:dynamodb:us-east-1:000000000000:table/x/backup/01-a"), "new", here))

    assert missing.value.code == "no-backup"


def test_ttl_stays_off_where_it_would_delete_what_was_restored(aws: EmbeddedAws, account: str, here: Account) -> None:
    """Perhaps it was TTL that deleted the items: a restore that turns it on again would lose them once more."""
    client = aws.client("dynamodb", account=account)
    table(client, "orders", DeletionProtectionEnabled=True)
    client.put_item(TableName="orders", Item={**item("gone"), "expiresAt": {"N": str(int(time.time()) - 86_400)}})
    made, _ = _end(create(["orders"], here))
    client.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"}
    )

    end, notes = _end(restore(FromBackup(made.facts["orders"]), "restored", here))

    assert (end.ending, end.code) == (Ending.FAILED, "not-put-back")
    assert "have expired, and it would delete them" in end.detail
    assert client.describe_time_to_live(TableName="restored")["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    assert client.describe_table(TableName="restored")["Table"]["DeletionProtectionEnabled"], notes


def test_a_restored_table_that_cannot_be_read_is_not_called_done(aws: EmbeddedAws, account: str, here: Account) -> None:
    _made(aws, account)
    made, _ = _end(create(["orders"], here))

    def deny(operation: str, number: int) -> Answer | None:
        return (
            (400, "AccessDeniedException", "not authorized to perform: dynamodb:Scan") if operation == "Scan" else None
        )

    with between(aws.endpoint, deny) as gate:
        end, _ = _end(restore(FromBackup(made.facts["orders"]), "restored", through(gate.endpoint, account)))

    assert (end.ending, end.code) == (Ending.FAILED, "restore-unread")


def test_a_rehearsal_leaves_no_auto_scaling_behind(aws: EmbeddedAws, account: str, here: Account) -> None:
    client = aws.client("dynamodb", account=account)
    table(client, "scaled", read=5, write=5)
    scaling = aws.client("application-autoscaling", account=account)
    scaling.register_scalable_target(
        ServiceNamespace="dynamodb",
        ResourceId="table/scaled",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        MinCapacity=1,
        MaxCapacity=9,
    )

    end, notes = _end(rehearse("scaled", here, comparison(here)))

    assert end.ending is Ending.DONE, (end, notes)
    assert any(note.startswith("not rehearsed: auto scaling") for note in notes)
    targets = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert [each["ResourceId"] for each in targets] == ["table/scaled"]


def test_another_tables_backup_and_settings_of_nothing_are_refused(
    aws: EmbeddedAws, account: str, here: Account
) -> None:
    client = _made(aws, account)
    table(client, "other")
    made, _ = _end(create(["orders"], here))
    arn = made.facts["orders"]

    with pytest.raises(UsageError) as other:
        list(rehearse("other", here, comparison(here), arn=arn))
    with pytest.raises(UsageError) as nothing:
        list(restore(FromBackup(arn), "restored", here, settings_of="ordres"))

    assert (other.value.code, nothing.value.code) == ("other-backup", "no-table")
    assert sorted(client.list_tables()["TableNames"]) == ["orders", "other"]


@pytest.mark.slow
def test_an_export_is_read_back_and_compared(aws: EmbeddedAws, account: str, here: Account) -> None:
    client = _made(aws, account)
    aws.client("s3", account=account).create_bucket(Bucket=f"exports-{account}")

    end, notes = _end(export("orders", f"exports-{account}", "a/b", here, compare=comparison(here)))
    assert end.ending is Ending.DONE and "hold the same items as orders" in end.summary, (end, notes)
    assert end.facts["folder"].startswith(f"s3://exports-{account}/a/b/AWSDynamoDB/")
    assert end.facts["items"] == "30"

    # A file that lacks an item is not called an export.
    def short(source: str, target: str) -> Iterator[Event]:
        client.put_item(TableName=target, Item=item("later", 10, tag="t"))
        yield from comparison(here)(source, target)

    failed, _ = _end(export("orders", f"exports-{account}", "", here, compare=short))
    assert (failed.ending, failed.code) == (Ending.FAILED, "verify-differs")
    nowhere, _ = _end(export("orders", "nowhere", "", here, compare=comparison(here)))
    assert (nowhere.ending, nowhere.code) == (Ending.FAILED, "export-failed") and "S3NoSuchBucket" in nowhere.detail
    table(client, "plain")
    with pytest.raises(UsageError) as refused:
        list(export("plain", f"exports-{account}", "", here))
    assert refused.value.code == "no-recovery"
