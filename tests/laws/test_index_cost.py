"""What an index costs, computed by hand from the list prices."""

from __future__ import annotations

from tablewright.author.editing import Text
from tablewright.author.index_cost import costs
from tablewright.author.siblings import Sibling, family

BODY = """\
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      {more}
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
"""


def table(more: str) -> Sibling:
    return family(Text(BODY.format(more=more), "t.yaml")).named("orders")


def test_on_demand_to_the_cent() -> None:
    told, basis = costs(table("BillingMode: PAY_PER_REQUEST"), "us-east-1")
    # ALL: 4 units x $0.625; (4096 + 100) bytes x 1e6 = 4.196 GB x $0.25. KEYS_ONLY: 1 unit; 0.2 GB.
    assert told["ALL"] == "$2.50 for a million writes, $1.05 a month to store a million items"
    assert told["KEYS_ONLY"] == "$0.63 for a million writes, $0.05 a month to store a million items"
    assert "us-east-1, 2026-" in basis and "none is known" not in basis


def test_provisioned_and_infrequent_access() -> None:
    told, _ = costs(table("ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}"), "us-east-1")
    # 4 units x $0.00065 x 730 hours.
    assert told["ALL"].startswith("$1.90 a month for one write a second")
    told, _ = costs(table("BillingMode: PAY_PER_REQUEST\n      TableClass: STANDARD_INFREQUENT_ACCESS"), "us-east-1")
    # 4 x $0.78; 4.196 GB x $0.10.
    assert told["ALL"] == "$3.12 for a million writes, $0.42 a month to store a million items"


def test_a_region_without_prices_is_said() -> None:
    told, basis = costs(table("BillingMode: PAY_PER_REQUEST"), "af-south-1")
    assert told["ALL"].startswith("$2.50") and "us-east-1" in basis and "none is known for af-south-1" in basis
