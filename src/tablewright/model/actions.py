"""The IAM actions of DynamoDB and the types of resources that each can be limited to.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon DynamoDB" (read 2026-11). There are
no actions for transactions and PartiQL calls as such: those are authorised by the item actions that they consist of.
"""

from __future__ import annotations

TABLE, INDEX, STREAM, BACKUP, EXPORT, IMPORT, GLOBAL = (
    "table",
    "index",
    "stream",
    "backup",
    "export",
    "import",
    "global-table",
)


def _typed(types: tuple[str, ...], names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names.split(), types)


ACTIONS: dict[str, tuple[str, ...]] = {
    **_typed(
        (TABLE,),
        """AssociateTableReplica BatchGetItem BatchWriteItem ConditionCheckItem CreateBackup CreateGlobalTableWitness CreateTable
        CreateTableReplica DeleteGlobalTableWitness DeleteItem DeleteTable DeleteTableReplica DescribeContinuousBackups
        DescribeKinesisStreamingDestination DescribeTable DescribeTableReplicaAutoScaling DescribeTimeToLive
        DisableKinesisStreamingDestination EnableKinesisStreamingDestination ExportTableToPointInTime GetItem ImportTable
        ListExports ListImports PartiQLDelete PartiQLInsert PartiQLUpdate PutItem ReadDataForReplication ReplicateSettings
        RestoreTableFromAwsBackup RestoreTableToPointInTime StartAwsBackupJob StartBulkPutItems UpdateContinuousBackups UpdateItem
        UpdateKinesisStreamingDestination UpdateTable UpdateTableReplicaAutoScaling UpdateTimeToLive WriteDataForReplication""",
    ),
    **_typed(
        (TABLE, INDEX), "DescribeContributorInsights PartiQLSelect Query Scan SearchVectors UpdateContributorInsights"
    ),
    **_typed((STREAM,), "DescribeStream GetRecords GetShardIterator"),
    **_typed(
        (TABLE, STREAM),
        "DeleteResourcePolicy GetResourcePolicy ListTagsOfResource PutResourcePolicy TagResource UntagResource",
    ),
    **_typed((BACKUP,), "DeleteBackup DescribeBackup"),
    **_typed((BACKUP, TABLE), "RestoreTableFromBackup"),
    **_typed((EXPORT,), "DescribeExport"),
    **_typed((IMPORT,), "DescribeImport"),
    **_typed((GLOBAL,), "DescribeGlobalTable DescribeGlobalTableSettings"),
    **_typed((GLOBAL, TABLE), "CreateGlobalTable UpdateGlobalTable UpdateGlobalTableSettings UpdateGlobalTableVersion"),
    **_typed(
        (),
        """DescribeEndpoints DescribeLimits DescribeReservedCapacity DescribeReservedCapacityOfferings GetAbacStatus InjectError
        ListBackups ListContributorInsights ListGlobalTables ListStreams ListTables PurchaseReservedCapacityOfferings
        UpdateAbacStatus""",
    ),
}
"""Every action with its resource types; none means that it is granted on ``*`` only."""

NOT_ACTIONS: dict[str, tuple[str, ...]] = {
    "TransactWriteItems": ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"),
    "TransactGetItems": ("GetItem",),
    "ExecuteStatement": ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
    "ExecuteTransaction": ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
    "BatchExecuteStatement": ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"),
}
"""Calls that are no actions, with the actions that authorise them."""

CONTROL_PLANE = frozenset(
    _typed(
        (TABLE,),
        """CreateTable DeleteTable UpdateTable UpdateTimeToLive UpdateContinuousBackups PutResourcePolicy DeleteResourcePolicy
        DeleteBackup CreateTableReplica DeleteTableReplica""",
    )
)
"""Actions that change tables themselves, not their items."""

ITEM_ACTIONS = frozenset(
    _typed(
        (TABLE,),
        """BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem UpdateItem Query Scan PartiQLSelect
        PartiQLInsert PartiQLUpdate PartiQLDelete""",
    )
)
"""Actions on items."""
