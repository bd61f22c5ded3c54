"""Replicas and the settings of global tables: spliced like every edit, right for every region, and never a replacement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tablewright.author import features, removal
from tablewright.author.editing import Text
from tablewright.author.judged import judge
from tablewright.author.replicas import add_replica, remove_replica
from tablewright.author.scaling import Scaling, add_scaling
from tablewright.errors import Refused, TablewrightError, UsageError
from tablewright.model.design import Unknown
from tablewright.template.read import read_design

ROOT = Path(__file__).resolve().parents[2] / "tests/cases"
FILES = sorted(
    path
    for path in ROOT.rglob("*")
    if path.suffix in (".yaml", ".json") and b"AWS::DynamoDB::GlobalTable" in path.read_bytes()
)

BLOCK = """\
Resources:
  Orders: # everywhere
    Type: AWS::DynamoDB::GlobalTable
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: shop-orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      Replicas:
        # home
        - Region: us-east-1
          DeletionProtectionEnabled: true
          PointInTimeRecoverySpecification:
            PointInTimeRecoveryEnabled: true
          Tags:
            - Key: Where
              Value: us-east-1
"""
FLOW = (
    BLOCK[: BLOCK.index("      Replicas:")] + "      Replicas: [{Region: us-east-1, DeletionProtectionEnabled: true}]\n"
)
BY_REF = BLOCK.replace("us-east-1", "!Ref AWS::Region")
PLAIN = BLOCK[: BLOCK.index("      Replicas:")].replace("GlobalTable", "Table")


def _tables(text: Text) -> tuple[str, ...]:
    design = read_design(text.text, stack="s", path=text.path)
    return tuple(one.logical_id for one in design.tables if one.type == "AWS::DynamoDB::GlobalTable")


@pytest.mark.parametrize(
    "style", [BLOCK, FLOW, BY_REF, BLOCK.replace("\n", "\r\n")], ids=["block", "flow", "ref", "crlf"]
)
def test_a_replica_and_its_removal_give_the_same_bytes(style: str) -> None:
    before = Text(style, "t.yaml")
    after = add_replica(before, "shop-orders", "eu-west-1", home="us-east-1")
    judge(before, after)
    (table,) = read_design(after.text, stack="s", pseudo={"AWS::Region": "us-east-1"}).tables
    assert table.table is not None and table.table.replicas == ("us-east-1", "eu-west-1")
    assert "# home" not in style or "# home" in after.text
    assert after.text.count("Value: eu-west-1") == style.count("Key: Where")
    assert remove_replica(after, "Orders", "eu-west-1", "us-east-1").text == style


def test_over_every_template_with_a_global_table() -> None:
    made = 0
    for path in FILES:
        before = Text(path.read_bytes().decode("utf-8-sig"), path.name)
        try:
            tables = _tables(before)
        except TablewrightError:
            continue  # a case about a template that cannot be read
        for table in tables:
            try:
                after = add_replica(before, table, "af-south-1")
            except (UsageError, Refused):
                continue
            made += 1
            assert remove_replica(after, table, "af-south-1").text == before.text, path
            kept = iter(after.text.splitlines())
            assert all(line in kept for line in before.text.splitlines()), path
    assert made >= 10


def test_a_table_that_is_not_global_is_never_made_one_in_its_place() -> None:
    for edit in (add_replica, remove_replica):
        with pytest.raises(Refused) as refused:
            edit(Text(PLAIN, "t.yaml"), "Orders", "eu-west-1")
        assert "tablewright remove table" in refused.value.detail and "taken in with its" in refused.value.detail


@pytest.mark.parametrize(
    ("body", "region", "says"),
    [
        (BLOCK, "us-east-1", "has a replica in us-east-1 already"),
        (BY_REF, "us-east-1", "has a replica in us-east-1 already"),
        (BLOCK, "europe", "is no region"),
        (BLOCK.replace("NEW_AND_OLD_IMAGES", "NEW_IMAGE"), "eu-west-1", "a stream of NEW_IMAGE"),
        (BLOCK.replace("      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}\n", ""), "eu-west-1", "has none"),
        (BLOCK.replace("BillingMode:", "MultiRegionConsistency: STRONG\n      BillingMode:"), "eu-west-1", "keeps the three"),
        (BLOCK.replace("Region: us", "SSESpecification: {KMSMasterKeyId: k}\n          Region: us"), "eu-west-1", "--kms-key"),
        (BLOCK.replace("- Region: us-east-1", "- Fn::If: [C, {Region: x}, 1]\n          X: y"), "eu-west-1", "expression"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(body: str, region: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        add_replica(Text(body, "t.yaml"), "Orders", region, home="us-east-1")
    assert says in error.value.detail


def test_the_stacks_own_region_stays() -> None:
    two = add_replica(Text(BLOCK, "t.yaml"), "Orders", "eu-west-1")
    with pytest.raises(UsageError, match="must have a replica in the region of its stack"):
        remove_replica(two, "Orders", "us-east-1", "us-east-1")
    with pytest.raises(UsageError, match="must have a replica"):
        remove_replica(Text(BLOCK, "t.yaml"), "Orders", "us-east-1")


SETTINGS: dict[str, Callable[[Text], Text]] = {
    "recovery": lambda text: features.set_recovery(text, "Orders", True, 14),
    "protection": lambda text: features.set_protection(text, "Orders", False),
    "class": lambda text: features.set_class(text, "Orders", "infrequent-access"),
    "insights": lambda text: features.set_insights(text, "Orders", True),
    "tag": lambda text: features.add_tag(text, "Orders", "Team", "orders"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_a_region_is_made_in_each(name: str) -> None:
    two = add_replica(Text(BLOCK, "t.yaml"), "Orders", "eu-west-1")
    after = SETTINGS[name](two)
    judge(two, after)
    added = [line for line in after.text.splitlines() if line not in two.text.splitlines()]
    assert added and len(added) % 2 == 0, added
    assert not any(len(line) - len(line.lstrip()) < 8 for line in added), (
        added
    )  # none beside the table's own properties
    if name == "tag":
        assert removal.remove_tag(after, "Orders", "Team").text == two.text


def test_a_global_table_goes_on_demand_with_nothing_provisioned_left() -> None:
    body = """\
Resources:
  G:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      BillingMode: PROVISIONED
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: id-index
          KeySchema: [{AttributeName: id, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          WriteProvisionedThroughputSettings: {WriteCapacityAutoScalingSettings: {MinCapacity: 1, MaxCapacity: 5}}
      WriteProvisionedThroughputSettings:
        WriteCapacityAutoScalingSettings: {MinCapacity: 1, MaxCapacity: 5}
      Replicas:
        - Region: us-east-1
          ReadProvisionedThroughputSettings: {ReadCapacityUnits: 5}
          GlobalSecondaryIndexes:
            - IndexName: id-index
              ReadProvisionedThroughputSettings: {ReadCapacityUnits: 5}
        - Region: eu-west-1
          ReadProvisionedThroughputSettings: {ReadCapacityUnits: 5}
"""
    after = features.set_billing(Text(body, "t.yaml"), "G", "on-demand", 0, 0).text
    assert "Provisioned" not in after and "PROVISIONED" not in after
    assert after.count("Region:") == 2 and after.count("IndexName: id-index") == 2


def test_what_a_global_table_has_otherwise_is_refused() -> None:
    text = Text(BLOCK, "t.yaml")
    provisioned = Text(BLOCK.replace("PAY_PER_REQUEST", "PROVISIONED"), "t.yaml")
    edits: tuple[Callable[[], Text], ...] = (
        lambda: features.set_billing(text, "Orders", "provisioned", 5, 5),
        lambda: features.set_throughput(provisioned, "Orders", 5, 5),
        lambda: add_scaling(text, Scaling("Orders", 1, 5)),
    )
    for edit in edits:
        with pytest.raises(UsageError, match=r"scal|replica"):
            edit()
    two = add_replica(text, "Orders", "eu-west-1")
    with pytest.raises(UsageError, match="a key of its own"):
        features.set_encryption(two, "Orders", "alias/orders")
    aws = features.set_encryption(two, "Orders", "aws")
    assert features.set_encryption(aws, "Orders", "owned").text == two.text
    (table,) = read_design(aws.text, stack="s").tables
    assert table.table is not None and not isinstance(table.table.replicas, Unknown)
