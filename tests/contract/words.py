"""Words of AWS that contract tests written in Python expect, each with where it comes from."""

from __future__ import annotations

CANNOT_CANCEL = "CancelUpdateStack cannot be called from current stack status"
NAME_TAKEN = "AlreadyExistsException"
TOKEN_TAKEN = "TokenAlreadyExistsException"
UNKNOWN_TYPES = "Unrecognized resource types"
NO_SUCH_PARAMETER = "Unable to fetch parameters [/no] from parameter store"
INNER_NOT_CREATED = "was not successfully created: The following resource(s) failed to create: [Bad]."
INNER_NOT_UPDATED = "was not successfully updated. Currently in UPDATE_ROLLBACK_"
TEMPLATE_NOT_THERE = "S3 error"
CHANGE_SET_STATUS = "InvalidChangeSetStatus"
CHANGE_SET_GONE = "ChangeSetNotFound"
NO_CHANGES = "The submitted information didn't contain changes."
CREATION_INITIATED = "Resource creation Initiated"
CREATION_CANCELLED = "Resource creation cancelled"
NO_TABLE_TO_SCALE = "DynamoDB table does not exist"
BOUNDS_CROSSED = "Maximum capacity cannot be less than minimum capacity"

_ISSUES = "quoted in public issue threads"
SOURCES = {
    CANNOT_CANCEL: f"{_ISSUES} (aws-cli, terraform-provider-aws)",
    NAME_TAKEN: "API reference, CreateStack: errors",
    TOKEN_TAKEN: "API reference, CreateStack and UpdateStack: errors",
    UNKNOWN_TYPES: f"{_ISSUES}: Template format error: Unrecognized resource types",
    NO_SUCH_PARAMETER: f"{_ISSUES} (aws-cdk): Unable to fetch parameters [X] from parameter store for this account.",
    INNER_NOT_CREATED: f"{_ISSUES}: Embedded stack ARN was not successfully created",
    INNER_NOT_UPDATED: f"{_ISSUES}: Embedded stack ARN was not successfully updated. Currently in X",
    TEMPLATE_NOT_THERE: f"{_ISSUES}: S3 error: Access Denied",
    CHANGE_SET_STATUS: "API reference, ExecuteChangeSet: errors",
    CHANGE_SET_GONE: "API reference, DescribeChangeSet: errors",
    NO_CHANGES: "the text that every deploy tool parses",
    CREATION_INITIATED: "user guide, stack events: the reason of a resource that is being made",
    CREATION_CANCELLED: "user guide, troubleshooting: the reason of a resource whose sibling failed",
    NO_TABLE_TO_SCALE: f"{_ISSUES} (terraform-provider-aws)",
    BOUNDS_CROSSED: f"{_ISSUES} (serverless-dynamodb-autoscaling)",
}
