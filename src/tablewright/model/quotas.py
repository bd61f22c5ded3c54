"""Quotas of DynamoDB, CloudFormation and CloudWatch that a design can run into. Each with its source, and whether AWS raises it.

Sources read 2026-11: Amazon DynamoDB developer guide, "Quotas in Amazon DynamoDB" (below: Quotas) and "Constraints in Amazon
DynamoDB" (Constraints); CloudFormation user guide, "Understand CloudFormation quotas"; CloudWatch user guide, "Alarm quotas".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota; ``adjustable`` when AWS raises it on request."""

    value: int
    what: str
    source: str
    adjustable: bool = False
    verified: bool = True


GLOBAL_INDEXES = Quota(20, "global secondary indexes of a table", "Quotas", adjustable=True)
LOCAL_INDEXES = Quota(5, "local secondary indexes of a table, made with the table only", "Quotas")
VECTOR_INDEXES = Quota(5, "vector indexes of a table", "Developer guide, vector search requirements")
VECTOR_DIMENSIONS = Quota(4096, "dimensions of a vector index", "Developer guide, vector search requirements")
PROJECTED_ATTRIBUTES = Quota(100, "NonKeyAttributes over all indexes of a table, a name counted in each", "Quotas")
PROJECTED_PER_INDEX = Quota(20, "NonKeyAttributes of one index", "API reference, Projection")
INDEX_HASH_ATTRIBUTES = Quota(
    4, "partition key attributes of a global secondary index", "2025-11 launch", verified=False
)
INDEX_RANGE_ATTRIBUTES = Quota(4, "sort key attributes of a global secondary index", "2025-11 launch", verified=False)
NAME_SHORTEST = Quota(3, "characters of a table's or index's name", "Constraints")
NAME_LONGEST = Quota(255, "characters of a table's or index's name", "Constraints")
ITEM_COLLECTION_GB = Quota(10, "GB of one partition key's items in a table with a local secondary index", "Quotas")
RESOURCE_POLICY_BYTES = Quota(
    20_480, "bytes of a resource policy, white space included", "Resource-based policy considerations"
)
RECOVERY_DAYS = Quota(35, "days of point-in-time recovery", "Template reference, PointInTimeRecoverySpecification")
TAGS = Quota(50, "tags of a table", "Template reference, Table")
TABLE_THROUGHPUT = Quota(40_000, "read or write units a second of one table", "Quotas", adjustable=True)
PARTITION_READS = Quota(3_000, "read units a second of one partition", "Developer guide, partition limits")
PARTITION_WRITES = Quota(1_000, "write units a second of one partition", "Developer guide, partition limits")
TABLES = Quota(2_500, "tables of an account in a region", "Quotas", adjustable=True)
CONTROL_OPERATIONS = Quota(
    500, "tables being created, updated or deleted at a time (250 when they have indexes)", "Quotas", True
)
ALARM_METRICS = Quota(10, "metrics in the metric math of one alarm", "Alarm quotas")
ALARM_WIDGET = Quota(100, "alarms of one alarm widget", "Dashboard body structure, alarm status widget")
DASHBOARD_WIDGETS = Quota(500, "widgets of a dashboard", "CloudWatch service quotas")
DASHBOARD_METRICS = Quota(
    2_500, "metrics of a dashboard, those that are only calculated with included", "CloudWatch service quotas"
)
TEMPLATE_BYTES = Quota(1_048_576, "bytes of a template given by URL", "CloudFormation quotas")
TEMPLATE_INLINE_BYTES = Quota(51_200, "bytes of a template sent in the request", "CloudFormation quotas")
TEMPLATE_RESOURCES = Quota(500, "resources of a template", "CloudFormation quotas")
TEMPLATE_PARAMETERS = Quota(200, "parameters of a template", "CloudFormation quotas")
TEMPLATE_OUTPUTS = Quota(200, "outputs of a template", "CloudFormation quotas")
