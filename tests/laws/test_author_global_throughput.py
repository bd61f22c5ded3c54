"""The most request units of an on-demand global table: of writes at once, of reads in each replica."""

from __future__ import annotations

import pytest

from tablewright.author.editing import Text
from tablewright.author.features import set_throughput
from tablewright.author.judged import judge
from tablewright.errors import UsageError

BODY = """\
# kept
Resources:
  Orders:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      TableName: orders  # kept too
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: uid, AttributeType: S}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
      GlobalSecondaryIndexes:
        - IndexName: uid-index
          KeySchema:
            - {AttributeName: uid, KeyType: HASH}
          Projection: {ProjectionType: ALL}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      Replicas:
        - Region: us-east-1
        - Region: eu-west-1
          GlobalSecondaryIndexes:
            - IndexName: uid-index
              ContributorInsightsSpecification: {Enabled: true}
"""


def _set(body: str, read: int, write: int, index: str = "") -> list[str]:
    before = Text(body, "t.yaml")
    after = set_throughput(before, "Orders", read, write, index)
    judge(before, after)
    kept = body.splitlines()
    left = iter(after.text.splitlines())
    assert all(any(line == other for other in left) for line in kept), after.text
    return [line.strip() for line in after.text.splitlines() if line not in kept]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_table_is_limited_in_writes_once_and_in_reads_in_each_replica(end: str) -> None:
    assert _set(BODY.replace("\n", end), 40, 20) == [
        "WriteOnDemandThroughputSettings:",
        "MaxWriteRequestUnits: 20",
        "ReadOnDemandThroughputSettings:",
        "MaxReadRequestUnits: 40",
        "ReadOnDemandThroughputSettings:",
        "MaxReadRequestUnits: 40",
    ]


def test_an_index_is_limited_where_a_replica_does_not_name_it_too() -> None:
    after = set_throughput(Text(BODY, "t.yaml"), "Orders", 40, 20, "uid-index")
    again = set_throughput(after, "Orders", 50, 20, "uid-index")

    assert after.text.count("MaxWriteRequestUnits: 20") == 1 and after.text.count("MaxReadRequestUnits: 40") == 2
    assert again.text == after.text.replace("40", "50")
    replicas = ("Resources", "Orders", "Properties", "Replicas")
    for number in (0, 1):
        own = (*replicas, number, "GlobalSecondaryIndexes", 0)
        assert getattr(after.at((*own, "IndexName")), "text", "") == "uid-index"
        units = after.at((*own, "ReadOnDemandThroughputSettings", "MaxReadRequestUnits"))
        assert getattr(units, "text", "") == "40"


def test_a_provisioned_global_table_is_still_left_to_hands() -> None:
    with pytest.raises(UsageError) as refused:
        set_throughput(Text(BODY.replace("PAY_PER_REQUEST", "PROVISIONED"), "t.yaml"), "Orders", 5, 5)
    assert refused.value.code == "global-capacity"
