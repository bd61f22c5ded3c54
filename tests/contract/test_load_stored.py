"""What DescribeTable says that a table and its indexes hold."""

from __future__ import annotations

from typing import Any

from tests.conftest import EmbeddedAws
from tests.contract.load_support import index, item, table


def _described(client: Any, name: str) -> dict[str, Any]:
    described: dict[str, Any] = client.describe_table(TableName=name)["Table"]
    return described


def test_sizes_are_those_of_the_items(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("dynamodb", account=account)
    name = table(client, "Stored", attributes=("tag",), indexes=[index("byTag", "tag", kind="KEYS_ONLY")])
    client.put_item(TableName=name, Item=item("a", 5_000))
    client.put_item(TableName=name, Item=item("b", 300, tag="t"))

    described = _described(client, name)

    assert (described["ItemCount"], described["TableSizeBytes"]) == (2, 5_300)
    [of_index] = described["GlobalSecondaryIndexes"]
    # pk + "b" + tag + "t": names and values.
    assert (of_index["ItemCount"], of_index["IndexSizeBytes"]) == (1, 7)


def test_a_large_table_is_counted_whole_and_sized_by_a_thousand_items(aws: EmbeddedAws, account: str) -> None:
    client = aws.client("dynamodb", account=account)
    name = table(client, "Large")
    for start in range(0, 2_500, 25):
        written = [{"PutRequest": {"Item": item(f"{number:05}", 40)}} for number in range(start, start + 25)]
        client.batch_write_item(RequestItems={name: written})

    described = _described(client, name)

    assert described["ItemCount"] == 2_500
    assert described["TableSizeBytes"] == 2_500 * 40
