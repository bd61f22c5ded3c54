"""What CloudFormation's and DynamoDB's messages mean, and what to do about each: one table.

A row's ``pattern`` is searched in the text, ignoring case; the first row that matches counts, so the particular stand
before the general. ``who`` says whose words they are. ``waits`` marks what goes away by itself: trying again later is the
remedy. ``command`` may use ``{stack}`` and ``{deploy}``, the command that deploys it.

The messages were gathered in 2026-11 from the public issue trackers and sources of aws-cli, aws-cdk-cli, aws-sam-cli,
terraform-provider-aws and the CloudFormation roadmap, and from the DynamoDB API reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

CFN, DDB = "CloudFormation", "DynamoDB"
_DEPLOY = "{deploy}"
_STATUS = "tablewright status --stack {stack}"


@dataclass(frozen=True, slots=True)
class Message:
    """One row: ``id`` is stable, ``meaning`` says what happened, ``remedy`` what to do, each in whole sentences."""

    id: str
    pattern: str
    who: str
    meaning: str
    remedy: str
    command: str | None = None
    waits: bool = False
    wait_seconds: int | None = None  # the shortest time that makes sense, where the text does not say


def _row(
    id: str,
    pattern: str,
    who: str,
    meaning: str,
    remedy: str,
    command: str | None = None,
    *,
    waits: bool = False,
    wait_seconds: int | None = None,
) -> Message:
    return Message(id, pattern, who, meaning, remedy, command, waits, wait_seconds)


MESSAGES: tuple[Message, ...] = (
    # The stack as a whole.
    _row(
        "stack-absent", r"Stack (with id )?\S+ does not exist", CFN,
        "There is no stack of this name or id in this account and region.",
        "Deploy to create it, or check account, region and name.", _DEPLOY,
    ),
    _row(
        "dead-shell", r"is in ROLLBACK_COMPLETE state and can ?not be updated", CFN,
        "The stack's creation failed and was rolled back; such a shell can only be deleted.",
        "Deploy again: tablewright looks for tables that survived, deletes the shell and creates the stack anew.", _DEPLOY,
    ),
    _row(
        "stuck-rollback", r"is in UPDATE_ROLLBACK_FAILED state and can ?not be updated", CFN,
        "An update failed, and rolling it back failed too; no update is accepted until the rollback is finished.",
        "Deploy again: tablewright continues the rollback once what it failed on allows it.", _DEPLOY,
    ),
    _row(
        "no-change", r"didn'?t contain changes|No updates are to be performed", CFN,
        "What is deployed is the same already.", "Nothing is to be done.",
    ),
    _row(
        "early-existence", r"AWS::EarlyValidation::ResourceExistenceCheck", CFN,
        "A resource of the template has a name that exists already, mostly one that an earlier stack kept "
        "(DeletionPolicy Retain).",
        "Give the resource DeletionPolicy: RetainExceptOnCreate so that it can be taken in, or another name.", _STATUS,
    ),
    _row(
        "import-needs-policy",
        r"attempting to import some resources because they already exist", CFN,
        "Resources that exist already can be taken in only if the template keeps them (DeletionPolicy).",
        "Add DeletionPolicy: RetainExceptOnCreate (or Retain) to the affected resources and deploy again.", _DEPLOY,
    ),
    _row(
        "import-outputs", r"As part of the import operation, you cannot modify or add \[?Outputs", CFN,
        "An import may not change Outputs in the same operation.",
        "Take the outputs out of the template, deploy, put them in again and deploy a second time.", _DEPLOY,
    ),
    _row(
        "import-unsupported", r"ResourceTypes \[.*\] are not supported for Import", CFN,
        "CloudFormation does not import resources of this type here; global tables are documented as importable since 2023.",
        "Try again; if it stays so, ask AWS support.", _DEPLOY,
    ),
    _row(
        "name-taken", r"Resource of type '[^']*' with identifier '[^']*' already exists|NAME_CONFLICT_VALIDATION", CFN,
        "The name is taken by a resource that this stack does not own.",
        "Give the resource DeletionPolicy: RetainExceptOnCreate so that deploying takes it in, or another name.", _STATUS,
    ),
    _row(
        "too-large", r"Templates with a size greater than 51,?200 bytes|templateBody.*length less than or equal to 51200", CFN,
        "A template of more than 51,200 bytes cannot be sent inline; from S3 it may have 1 MB.",
        "Name a bucket of yours for the template: --s3-bucket BUCKET.", "tablewright deploy --help",
    ),
    _row(
        "template-format", r"Template format error|Template error", CFN,
        "CloudFormation cannot read the template or something it refers to.",
        "Correct the template at the place that the message names, and deploy again.", _DEPLOY,
    ),
    _row(
        "capabilities", r"Requires capabilities ?: ?\[", CFN,
        "The template makes IAM resources or runs a macro, which has to be acknowledged.",
        "Deploy with tablewright, which derives the capabilities from the template; a macro's output can ask for more.", _DEPLOY,
    ),
    _row(
        "custom-name-replacement", r"cannot update a stack when a custom-named resource requires replacing", CFN,
        "The edit needs a new table (key schema, attribute type, local index or name), and two tables cannot have one name.",
        "Do not rename it: the new table would be empty. Undo the edit, or add a second table under a new name, move the items, "
        "and remove the first afterwards.",
    ),
    _row(
        "export-in-use",
        r"Export \S+ cannot be (updated|deleted) as it is in use by|cannot be deleted as it is in use by", CFN,
        "Another stack imports this output, and CloudFormation lets nobody change it under that stack.",
        "Make the importing stack stop using the export first, then deploy this one.", _STATUS,
    ),
    _row(
        "termination-protection", r"TerminationProtection is enabled", CFN,
        "The stack is protected against deletion.", "Turn termination protection off first if it really is to go.", _STATUS,
    ),
    _row(
        "stack-policy", r"Action denied by stack policy", CFN,
        "A stack policy forbids this update of the resource.",
        "Change the stack policy, or leave the resource as it is.", _STATUS,
    ),
    # Indexes.
    _row(
        "one-index-at-a-time", r"Cannot perform more than one GSI creation or deletion in a single update", CFN,
        "One update may add or remove one global secondary index; renaming or re-keying an index is two.",
        "Split the edit: deploy with one index change, wait until it is ACTIVE, then deploy the next. What counts is the "
        "difference from what is deployed, not from the last commit.", _DEPLOY,
    ),
    _row(
        "index-immutable",
        r"Cannot update GSI'?s properties other than|You can create a new GSI with a different name", CFN,
        "The key schema or projection of an index cannot be changed under its name.",
        "Add the index under a new name, wait until it is ACTIVE, move the readers, then remove the old one.", _DEPLOY,
    ),
    _row(
        "index-in-flight", r"Only 1 online index can be created or deleted simultaneously per table", DDB,
        "Another index of this table is still being created or deleted.",
        "Wait until it is done, then deploy again.", _DEPLOY, waits=True, wait_seconds=300,
    ),
    _row(
        "too-many-indexes", r"Number of global secondary indexes exceeds per-table limit", DDB,
        "A table may have 20 global secondary indexes by default.",
        "Remove an index that nobody queries, overload one key for several patterns, or ask for a higher quota.", _STATUS,
    ),
    _row(
        "index-blocks-delete", r"Cannot delete table while indexes are being created, updated,? or deleted", DDB,
        "The table cannot be deleted while one of its indexes is being built, which makes a rollback fail.",
        "Wait until its indexes are ACTIVE, then deploy again.", _DEPLOY, waits=True, wait_seconds=300,
    ),
    _row(
        "index-backfilling", r"Cannot read from backfilling global secondary index", DDB,
        "Code queries an index that is not built yet.",
        "Release the code only when the index is ACTIVE; deploying with tablewright waits for that.", _STATUS, waits=True,
    ),
    _row(
        "index-units-missing", r"ProvisionedThroughput must be specified for index", DDB,
        "A table that becomes PROVISIONED needs units for each of its live indexes in the same update.",
        "Add ProvisionedThroughput to every index and deploy again.", _DEPLOY,
    ),
    # Keys and attributes.
    _row(
        "attributes-inconsistent",
        r"AttributeDefinitions is inconsistent with the KeySchema|Number of attributes in KeySchema does not exactly match|"
        r"Some AttributeDefinitions are not used|Some index key attributes are not defined", CFN,
        "AttributeDefinitions must list exactly the attributes that the table's and its indexes' keys use.",
        "Add the missing attribute or take out the unused one, and deploy again.", _DEPLOY,
    ),
    # Time to live.
    _row(
        "ttl-name-required", r"AttributeName property of TimeToLiveSpecification is required", CFN,
        "TTL cannot be switched without saying the attribute; taking the whole block out does not switch it off.",
        "Keep AttributeName with Enabled: false, deploy, and take the block out in a later deployment.", _DEPLOY,
    ),
    _row(
        "ttl-other-attribute", r"TimeToLive is active on a different AttributeName", DDB,
        "TTL cannot move to another attribute in one step.",
        "Deploy with Enabled: false and the old name, wait (AWS says up to an hour), then deploy with the new name.", _DEPLOY,
    ),
    _row(
        "ttl-cooldown", r"Time to live has been modified multiple times within a fixed interval", DDB,
        "TTL was switched a short while ago, and DynamoDB accepts the next switch only later; no API shows when.",
        "Wait about an hour since the last switch (31 minutes were measured, AWS says up to one hour), then deploy again.",
        _DEPLOY, waits=True, wait_seconds=3600,
    ),
    _row(
        "ttl-already", r"TimeToLive is already (enabled|disabled)", DDB,
        "TTL stands already as it is asked for.", "Nothing is to be done; deploy again.", _DEPLOY,
    ),
    # Capacity and billing.
    _row(
        "global-capacity",
        r"You must specify ReadCapacityUnits or ReadCapacityAutoScalingSettings for each global table replica", CFN,
        "A global table without a BillingMode is PROVISIONED and wants settings for each replica.",
        "Say BillingMode: PAY_PER_REQUEST, or give every replica its read and write settings.", _DEPLOY,
    ),
    _row(
        "throughput-empty", r"Property ProvisionedThroughput cannot be empty", CFN,
        "A table without a BillingMode is PROVISIONED and needs ProvisionedThroughput: taking the line out flips it back.",
        "Say BillingMode: PAY_PER_REQUEST, or give ProvisionedThroughput.", _DEPLOY,
    ),
    _row(
        "decreases-spent", r"Provisioned throughput decreases are limited within a given UTC day", DDB,
        "The day's decreases of capacity are used up (four at once, then one an hour).",
        "Wait for the time that the message names, then deploy again.", _DEPLOY, waits=True, wait_seconds=3600,
    ),
    _row(
        "billing-limited", r"Update to PayPerRequest mode are limited", DDB,
        "The billing mode was changed to on-demand as often as is allowed (four times in 24 hours, by today's documentation).",
        "Wait for the time that the message names, then deploy again.", _DEPLOY, waits=True, wait_seconds=86400,
    ),
    _row(
        "replica-capacity", r"write capacity should either be Pay-Per-Request or AutoScaled", DDB,
        "A table with replicas must be on-demand or scale its write capacity automatically, indexes included.",
        "Say BillingMode: PAY_PER_REQUEST, or deploy the scaling target and policy before the replica.", _DEPLOY,
    ),
    # Protection, encryption, class, streams.
    _row(
        "deletion-protected", r"protected against deletion\. Disable deletion protection|DeletionProtection(Enabled)? is enabled",
        DDB,
        "The table is protected against deletion.",
        "If it is to stay, keep it in the template. If it is to go, deploy with DeletionProtectionEnabled: false first.", _STATUS,
    ),
    _row(
        "protection-cooldown", r"Deletion protection setting for table \S+ modified within the previous", DDB,
        "Deletion protection was switched a moment ago; the next switch is accepted after 15 seconds.",
        "Deploy again in a moment.", _DEPLOY, waits=True, wait_seconds=15,
    ),
    _row(
        "stream-already", r"Table already has an enabled stream", DDB,
        "The stream is on already, with another view type or switched on by hand.",
        "Deploy once without StreamSpecification and then with the new view type; the stream gets a new ARN.", _DEPLOY,
    ),
    _row(
        "stream-absent", r"Table has no stream to disable", DDB,
        "The stream is off already: it was switched off by hand.",
        "Switch it on again with the deployed view type, then deploy.", _DEPLOY,
    ),
    _row(
        "encryption-limited", r"Encryption mode changes are limited in the 24h window", DDB,
        "The encryption was changed four times within 24 hours.",
        "Wait for the time that the message names (at most six hours), then deploy again.", _DEPLOY,
        waits=True, wait_seconds=21600,
    ),
    _row(
        "class-limited", r"Updates to TableClass are limited to", DDB,
        "The table class can be changed twice in 30 days.",
        "Leave TableClass as it stands until the 30 days are over.", _DEPLOY, waits=True,
    ),
    _row(
        "single-concern",
        r"modification must be the only operation in the request", DDB,
        "DynamoDB takes this change only by itself.", "Deploy this change alone, then the others.", _DEPLOY,
    ),
    # Replicas.
    _row(
        "replica-was-source", r"Replica cannot be deleted because it has acted as a source region", DDB,
        "The replica served as the source of another one within the last 24 hours.",
        "Wait 24 hours, then deploy again.", _DEPLOY, waits=True, wait_seconds=86400,
    ),
    _row(
        "replica-exists", r"one or more replicas already existed as tables", DDB,
        "In that region a table of this name exists, or is still being deleted.",
        "Look at the table in that region; remove or rename it, or wait until its deletion is done.", _STATUS,
    ),
    # Busy and limited.
    _row(
        "tables-at-once",
        r"Only \d+ tables can be created, updated,? or deleted simultaneously|indexed tables that can be created simultaneously",
        DDB, "More tables are being changed at once than the account may (500, or 250 with indexes, by today's limits).",
        "Deploy again; if it happens each time, chain the tables with DependsOn.", _DEPLOY, waits=True, wait_seconds=60,
    ),
    _row(
        "in-use", r"Attempt to change a resource which is still in use", DDB,
        "The table or an index is busy with another change.",
        "Wait until the table and its indexes are ACTIVE, then deploy again.", _DEPLOY, waits=True, wait_seconds=60,
    ),
    _row(
        "in-use-global", r"The resource which you are attempting to change is in use", DDB,
        "The table, an index or a replica is busy with another change; on global tables DynamoDB does not say which.",
        "Wait until the table, its indexes and its replicas are ACTIVE, then deploy again.", _DEPLOY,
        waits=True, wait_seconds=60,
    ),
    # Who may, and trouble on the way.
    _row(
        "expired-credentials", r"security token included in the request is expired|ExpiredToken", "AWS",
        "The credentials of the deployment ran out in the middle.",
        "Renew the credentials and deploy again.", _DEPLOY,
    ),
    _row(
        "denied", r"is not authorized to perform|AccessDenied|not authorized", "AWS",
        "The role that CloudFormation acts with may not make this call.",
        "Allow the named action on the named resource to that role, then deploy again.", _DEPLOY,
    ),
    _row(
        "already-exists", r"already exists|AlreadyExists|Table already exists", "AWS",
        "The name is taken by a resource that this stack does not own.",
        "Give the resource DeletionPolicy: RetainExceptOnCreate so that deploying takes it in, or another name.", _STATUS,
    ),
    _row(
        "throttled", r"Rate exceeded|Throttling|TooManyRequests", "AWS",
        "AWS was asked too often at once and gave up on this resource.", "Deploy again.", _DEPLOY, waits=True, wait_seconds=30,
    ),
    _row(
        "unknown-type", r"Unrecognized resource types|Resource type \S+ is not", CFN,
        "The template names a resource type that does not exist here.", "Correct the Type, and deploy again.", _DEPLOY,
    ),
    _row(
        "invalid-property",
        r"Encountered unsupported property|extraneous key|Properties validation failed|Model validation failed",
        CFN,
        "A property is misspelt, in the wrong place or of the wrong type.",
        "Correct the property that the message names, and deploy again.", _DEPLOY,
    ),
    _row(
        "invalid-value",
        r"ValidationException|One or more parameter values (were|was) invalid|InvalidRequest|Invalid request provided",
        DDB, "A value of the resource is not one that the service accepts.",
        "Correct the value that the message names, and deploy again.", _DEPLOY,
    ),
)  # fmt: skip


def meaning_of(text: str) -> Message | None:
    """The row that explains a message, or None where the table has none."""
    return next((message for message in MESSAGES if _compiled(message.pattern).search(text)), None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is first needed: a run that meets no message does not pay for the table."""
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)
