"""How CloudFormation treats edits of a table, as dated data with sources, where its own change set does not decide.

As of 2026-11. Sources: the AWS::DynamoDB::Table and AWS::DynamoDB::GlobalTable pages of the template reference, the
resource schemas (createOnlyProperties, conditionalCreateOnlyProperties), and the DynamoDB API reference.
"""

from __future__ import annotations

from tablewright.model.design import TableDesign, Unknown
from tablewright.plan.adoption import by_role

KEEPING_ON_REMOVAL = frozenset({"Retain", "RetainExceptOnCreate"})
"""Deletion policies under which a removed table stays. Snapshot is not for tables: CloudFormation refuses it there."""

DEFAULT_RECOVERY_DAYS = 35
"""The recovery period where none is given. Source: DynamoDB developer guide, "Point-in-time recovery"."""


CONDITIONAL = frozenset({"AttributeDefinitions", "KeySchema"})
"""Properties of which a change set says that changing them recreates the table conditionally, whatever is changed in them."""


def surely_in_place(before: TableDesign | None, after: TableDesign | None) -> bool:
    """Whether a change that CloudFormation calls conditional is known not to replace the table.

    A change set says Conditional of AttributeDefinitions and KeySchema, whatever is changed in them. Adding or removing an
    attribute definition replaces nothing; changing the type of one, or the key, does.
    """
    if before is None or after is None:
        return False
    if isinstance(before.keys, Unknown) or isinstance(after.keys, Unknown):
        return False
    if isinstance(before.attributes, Unknown) or isinstance(after.attributes, Unknown):
        return False
    old, new = dict(before.attributes), dict(after.attributes)
    retyped = any(old[name] != new[name] for name in old.keys() & new.keys())
    return not retyped and by_role(before.keys) == by_role(after.keys)
