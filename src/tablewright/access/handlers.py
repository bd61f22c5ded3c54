"""What CloudFormation's handlers call for a resource: the actions that a deployer needs, by resource type and operation.

Source: the ``handlers`` of each type's schema in the CloudFormation registry (read 2026-11 from the schemas that cfn-lint
carries). A type without handlers (AWS::DAX::Cluster) is provisioned by CloudFormation itself and lists none there.
"""

from __future__ import annotations


def _of(**operations: str) -> dict[str, tuple[str, ...]]:
    return {operation: tuple(names.split()) for operation, names in operations.items()}


HANDLERS: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS::DynamoDB::Table": _of(
        create="""
        dynamodb:AssociateTableReplica dynamodb:BatchWriteItem dynamodb:CreateTable dynamodb:CreateTableReplica
        dynamodb:DeleteItem dynamodb:DescribeContinuousBackups dynamodb:DescribeContributorInsights
        dynamodb:DescribeImport dynamodb:DescribeKinesisStreamingDestination dynamodb:DescribeTable
        dynamodb:DescribeTimeToLive dynamodb:DisableKinesisStreamingDestination
        dynamodb:EnableKinesisStreamingDestination dynamodb:GetItem dynamodb:GetResourcePolicy dynamodb:ImportTable
        dynamodb:ListTagsOfResource dynamodb:PutItem dynamodb:PutResourcePolicy dynamodb:Query dynamodb:Scan
        dynamodb:TagResource dynamodb:UpdateContinuousBackups dynamodb:UpdateContributorInsights dynamodb:UpdateItem
        dynamodb:UpdateTable dynamodb:UpdateTimeToLive iam:CreateServiceLinkedRole kinesis:DescribeStream
        kinesis:PutRecords kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:ListAliases kms:RevokeGrant
        logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams logs:PutLogEvents
        logs:PutRetentionPolicy s3:GetObject s3:GetObjectMetadata s3:ListBucket
        """,
        read="""
        dynamodb:DescribeContinuousBackups dynamodb:DescribeContributorInsights
        dynamodb:DescribeKinesisStreamingDestination dynamodb:DescribeTable dynamodb:DescribeTimeToLive
        dynamodb:GetResourcePolicy dynamodb:ListTagsOfResource
        """,
        update="""
        dynamodb:AssociateTableReplica dynamodb:BatchWriteItem dynamodb:CreateTable dynamodb:CreateTableReplica
        dynamodb:DeleteItem dynamodb:DeleteResourcePolicy dynamodb:DescribeContinuousBackups
        dynamodb:DescribeContributorInsights dynamodb:DescribeKinesisStreamingDestination dynamodb:DescribeTable
        dynamodb:DescribeTimeToLive dynamodb:DisableKinesisStreamingDestination
        dynamodb:EnableKinesisStreamingDestination dynamodb:GetItem dynamodb:GetResourcePolicy
        dynamodb:ListTagsOfResource dynamodb:PutItem dynamodb:PutResourcePolicy dynamodb:Query dynamodb:Scan
        dynamodb:TagResource dynamodb:UntagResource dynamodb:UpdateContinuousBackups dynamodb:UpdateContributorInsights
        dynamodb:UpdateItem dynamodb:UpdateKinesisStreamingDestination dynamodb:UpdateTable dynamodb:UpdateTimeToLive
        iam:CreateServiceLinkedRole kinesis:DescribeStream kinesis:PutRecords kms:CreateGrant kms:DescribeKey
        kms:ListAliases kms:RevokeGrant
        """,
        delete="dynamodb:DeleteTable dynamodb:DescribeTable",
        list="dynamodb:ListTables",
    ),
    "AWS::DynamoDB::GlobalTable": _of(
        create="""
        application-autoscaling:DeleteScalingPolicy application-autoscaling:DeleteScheduledAction
        application-autoscaling:DeregisterScalableTarget application-autoscaling:Describe*
        application-autoscaling:PutScalingPolicy application-autoscaling:PutScheduledAction
        application-autoscaling:RegisterScalableTarget cloudwatch:PutMetricData dynamodb:BatchWriteItem
        dynamodb:CreateTable dynamodb:CreateTableReplica dynamodb:DeleteItem dynamodb:Describe*
        dynamodb:DisableKinesisStreamingDestination dynamodb:EnableKinesisStreamingDestination dynamodb:GetItem
        dynamodb:GetResourcePolicy dynamodb:ListTagsOfResource dynamodb:PutItem dynamodb:PutResourcePolicy
        dynamodb:Query dynamodb:Scan dynamodb:TagResource dynamodb:UpdateContinuousBackups
        dynamodb:UpdateContributorInsights dynamodb:UpdateItem dynamodb:UpdateTable
        dynamodb:UpdateTableReplicaAutoScaling dynamodb:UpdateTimeToLive iam:CreateServiceLinkedRole
        kinesis:DescribeStream kinesis:ListStreams kinesis:PutRecords kms:CreateGrant kms:Decrypt kms:DescribeKey
        kms:ListAliases kms:RevokeGrant
        """,
        read="""
        application-autoscaling:Describe* cloudwatch:PutMetricData dynamodb:Describe* dynamodb:GetResourcePolicy
        dynamodb:ListTagsOfResource kms:DescribeKey
        """,
        update="""
        application-autoscaling:DeleteScalingPolicy application-autoscaling:DeleteScheduledAction
        application-autoscaling:DeregisterScalableTarget application-autoscaling:Describe*
        application-autoscaling:PutScalingPolicy application-autoscaling:PutScheduledAction
        application-autoscaling:RegisterScalableTarget cloudwatch:PutMetricData dynamodb:BatchWriteItem
        dynamodb:CreateTableReplica dynamodb:DeleteItem dynamodb:DeleteResourcePolicy dynamodb:DeleteTable
        dynamodb:DeleteTableReplica dynamodb:Describe* dynamodb:DisableKinesisStreamingDestination
        dynamodb:DisassociateTableReplica dynamodb:EnableKinesisStreamingDestination dynamodb:GetItem
        dynamodb:GetResourcePolicy dynamodb:ListTagsOfResource dynamodb:PutItem dynamodb:PutResourcePolicy
        dynamodb:Query dynamodb:Scan dynamodb:TagResource dynamodb:UntagResource dynamodb:UpdateContinuousBackups
        dynamodb:UpdateContributorInsights dynamodb:UpdateItem dynamodb:UpdateKinesisStreamingDestination
        dynamodb:UpdateTable dynamodb:UpdateTableReplicaAutoScaling dynamodb:UpdateTimeToLive kinesis:DescribeStream
        kinesis:ListStreams kinesis:PutRecords kms:CreateGrant kms:DescribeKey kms:ListAliases kms:RevokeGrant
        """,
        delete="""
        application-autoscaling:DeleteScalingPolicy application-autoscaling:DeleteScheduledAction
        application-autoscaling:DeregisterScalableTarget application-autoscaling:Describe*
        application-autoscaling:PutScalingPolicy application-autoscaling:PutScheduledAction
        application-autoscaling:RegisterScalableTarget dynamodb:DeleteTable dynamodb:Describe*
        """,
        list="cloudwatch:PutMetricData dynamodb:ListTables",
    ),
    "AWS::CloudWatch::Alarm": _of(
        create="""
        cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:PutMetricAlarm cloudwatch:TagResource
        """,
        read="cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
        update="""
        cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:PutMetricAlarm cloudwatch:TagResource
        cloudwatch:UntagResource
        """,
        delete="cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms",
        list="cloudwatch:DescribeAlarms",
    ),
    "AWS::CloudWatch::CompositeAlarm": _of(
        create="""
        cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:PutCompositeAlarm cloudwatch:TagResource
        """,
        read="cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
        update="""
        cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:PutCompositeAlarm cloudwatch:TagResource
        cloudwatch:UntagResource
        """,
        delete="cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms",
        list="cloudwatch:DescribeAlarms",
    ),
    "AWS::CloudWatch::Dashboard": _of(
        create="cloudwatch:GetDashboard cloudwatch:PutDashboard cloudwatch:TagResource",
        read="cloudwatch:GetDashboard cloudwatch:ListTagsForResource",
        update="""
        cloudwatch:ListTagsForResource cloudwatch:PutDashboard cloudwatch:TagResource cloudwatch:UntagResource
        """,
        delete="cloudwatch:DeleteDashboards cloudwatch:GetDashboard",
        list="cloudwatch:ListDashboards",
    ),
    "AWS::CloudWatch::InsightRule": _of(
        create="cloudwatch:DescribeInsightRules cloudwatch:PutInsightRule cloudwatch:TagResource",
        read="cloudwatch:DescribeInsightRules cloudwatch:ListTagsForResource",
        update="""
        cloudwatch:DescribeInsightRules cloudwatch:PutInsightRule cloudwatch:TagResource cloudwatch:UntagResource
        """,
        delete="cloudwatch:DeleteInsightRules cloudwatch:DescribeInsightRules",
        list="cloudwatch:DescribeInsightRules",
    ),
    "AWS::Logs::LogGroup": _of(
        create="""
        firehose:TagDeliveryStream logs:CreateLogDelivery logs:CreateLogGroup logs:DescribeIndexPolicies
        logs:DescribeLogGroups logs:DescribeResourcePolicies logs:GetDataProtectionPolicy
        logs:PutBearerTokenAuthentication logs:PutDataProtectionPolicy logs:PutIndexPolicy logs:PutResourcePolicy
        logs:PutRetentionPolicy logs:TagResource s3:REST.PUT.OBJECT
        """,
        read="""
        logs:DescribeIndexPolicies logs:DescribeLogGroups logs:DescribeResourcePolicies logs:GetDataProtectionPolicy
        logs:ListTagsForResource
        """,
        update="""
        firehose:TagDeliveryStream logs:AssociateKmsKey logs:CreateLogDelivery logs:DeleteIndexPolicy
        logs:DeleteResourcePolicy logs:DeleteRetentionPolicy logs:DescribeLogGroups logs:DescribeResourcePolicies
        logs:DisassociateKmsKey logs:GetDataProtectionPolicy logs:ListTagsForResource logs:PutBearerTokenAuthentication
        logs:PutDataProtectionPolicy logs:PutIndexPolicy logs:PutLogGroupDeletionProtection logs:PutResourcePolicy
        logs:PutRetentionPolicy logs:TagResource logs:UntagResource s3:REST.PUT.OBJECT
        """,
        delete="logs:DeleteDataProtectionPolicy logs:DeleteLogGroup logs:DescribeLogGroups",
        list="logs:DescribeLogGroups logs:ListTagsForResource",
    ),
    "AWS::SNS::Topic": _of(
        create="""
        iam:GetRole iam:PassRole sns:CreateTopic sns:GetTopicAttributes sns:PutDataProtectionPolicy sns:Subscribe
        sns:TagResource
        """,
        read="""
        sns:GetDataProtectionPolicy sns:GetTopicAttributes sns:ListSubscriptionsByTopic sns:ListTagsForResource
        """,
        update="""
        iam:GetRole iam:PassRole sns:GetDataProtectionPolicy sns:GetTopicAttributes sns:ListSubscriptionsByTopic
        sns:ListTagsForResource sns:PutDataProtectionPolicy sns:SetTopicAttributes sns:Subscribe sns:TagResource
        sns:Unsubscribe sns:UntagResource
        """,
        delete="sns:DeleteTopic sns:GetTopicAttributes",
        list="sns:ListTopics",
    ),
    "AWS::SNS::Subscription": _of(
        create="iam:GetRole iam:PassRole sns:Subscribe",
        read="sns:GetSubscriptionAttributes",
        update="iam:GetRole iam:PassRole sns:SetSubscriptionAttributes",
        delete="sns:GetSubscriptionAttributes sns:Unsubscribe",
        list="sns:ListSubscriptions",
    ),
    "AWS::SNS::TopicPolicy": _of(
        create="sns:SetTopicAttributes",
        update="sns:SetTopicAttributes",
        delete="sns:SetTopicAttributes",
    ),
    "AWS::KMS::Key": _of(
        create="kms:CreateKey kms:DisableKey kms:EnableKeyRotation kms:PutKeyPolicy kms:TagResource",
        read="kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags",
        update="""
        kms:DescribeKey kms:DisableKey kms:DisableKeyRotation kms:EnableKey kms:EnableKeyRotation kms:ListResourceTags
        kms:PutKeyPolicy kms:TagResource kms:UntagResource kms:UpdateKeyDescription
        """,
        delete="kms:DescribeKey kms:ScheduleKeyDeletion",
        list="kms:DescribeKey kms:ListKeys",
    ),
    "AWS::KMS::Alias": _of(
        create="kms:CreateAlias",
        read="kms:ListAliases",
        update="kms:UpdateAlias",
        delete="kms:DeleteAlias",
        list="kms:ListAliases",
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": _of(
        create="""
        application-autoscaling:DescribeScalableTargets application-autoscaling:DescribeScheduledActions
        application-autoscaling:ListTagsForResource application-autoscaling:PutScheduledAction
        application-autoscaling:RegisterScalableTarget application-autoscaling:TagResource cloudwatch:DeleteAlarms
        cloudwatch:DescribeAlarms cloudwatch:PutMetricAlarm iam:CreateServiceLinkedRole iam:PassRole
        lambda:DeleteProvisionedConcurrencyConfig lambda:GetProvisionedConcurrencyConfig
        lambda:PutProvisionedConcurrencyConfig
        """,
        read="""
        application-autoscaling:DescribeScalableTargets application-autoscaling:DescribeScheduledActions
        application-autoscaling:ListTagsForResource
        """,
        update="""
        application-autoscaling:DeleteScheduledAction application-autoscaling:DescribeScalableTargets
        application-autoscaling:DescribeScheduledActions application-autoscaling:ListTagsForResource
        application-autoscaling:PutScheduledAction application-autoscaling:RegisterScalableTarget
        application-autoscaling:TagResource application-autoscaling:UntagResource cloudwatch:DeleteAlarms
        cloudwatch:DescribeAlarms cloudwatch:PutMetricAlarm lambda:DeleteProvisionedConcurrencyConfig
        lambda:GetProvisionedConcurrencyConfig lambda:PutProvisionedConcurrencyConfig
        """,
        delete="application-autoscaling:DeregisterScalableTarget",
        list="application-autoscaling:DescribeScalableTargets",
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": _of(
        create="""
        application-autoscaling:DescribeScalingPolicies application-autoscaling:PutScalingPolicy
        cloudwatch:GetMetricData
        """,
        read="application-autoscaling:DescribeScalingPolicies",
        update="""
        application-autoscaling:DescribeScalingPolicies application-autoscaling:PutScalingPolicy
        cloudwatch:GetMetricData
        """,
        delete="""
        application-autoscaling:DeleteScalingPolicy application-autoscaling:DescribeScalingPolicies
        """,
        list="application-autoscaling:DescribeScalingPolicies",
    ),
    "AWS::Backup::BackupPlan": _of(
        create="backup:CreateBackupPlan backup:GetBackupPlan backup:TagResource iam:PassRole",
        read="backup:GetBackupPlan backup:ListTags",
        update="""
        backup:ListTags backup:TagResource backup:UntagResource backup:UpdateBackupPlan iam:PassRole
        """,
        delete="backup:DeleteBackupPlan backup:GetBackupPlan",
        list="backup:ListBackupPlans",
    ),
    "AWS::Backup::BackupSelection": _of(
        create="backup:CreateBackupSelection iam:CreateServiceLinkedRole iam:GetRole iam:PassRole",
        read="backup:GetBackupSelection",
        delete="backup:DeleteBackupSelection backup:GetBackupSelection",
        list="backup:ListBackupPlans backup:ListBackupSelections",
    ),
    "AWS::Backup::BackupVault": _of(
        create="""
        backup-storage:Mount backup-storage:MountCapsule backup:CreateBackupVault backup:PutBackupVaultAccessPolicy
        backup:PutBackupVaultLockConfiguration backup:PutBackupVaultNotifications backup:TagResource kms:CreateGrant
        kms:Decrypt kms:DescribeKey kms:GenerateDataKey kms:RetireGrant
        """,
        read="""
        backup:DescribeBackupVault backup:GetBackupVaultAccessPolicy backup:GetBackupVaultNotifications backup:ListTags
        """,
        update="""
        backup:DeleteBackupVaultAccessPolicy backup:DeleteBackupVaultLockConfiguration
        backup:DeleteBackupVaultNotifications backup:DescribeBackupVault backup:ListTags
        backup:PutBackupVaultAccessPolicy backup:PutBackupVaultLockConfiguration backup:PutBackupVaultNotifications
        backup:TagResource backup:UntagResource
        """,
        delete="backup:DeleteBackupVault",
        list="backup:ListBackupVaults",
    ),
    "AWS::IAM::Role": _of(
        create="""
        iam:AttachRolePolicy iam:CreateRole iam:GetRole iam:GetRolePolicy iam:PutRolePolicy iam:TagRole iam:UntagRole
        """,
        read="iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListRolePolicies",
        update="""
        iam:AttachRolePolicy iam:DeleteRolePermissionsBoundary iam:DeleteRolePolicy iam:DetachRolePolicy
        iam:PutRolePermissionsBoundary iam:PutRolePolicy iam:TagRole iam:UntagRole iam:UpdateAssumeRolePolicy
        iam:UpdateRole iam:UpdateRoleDescription
        """,
        delete="""
        iam:DeleteRole iam:DeleteRolePolicy iam:DetachRolePolicy iam:GetRole iam:ListAttachedRolePolicies
        iam:ListRolePolicies iam:TagRole iam:UntagRole
        """,
        list="iam:ListRoles",
    ),
    "AWS::IAM::ManagedPolicy": _of(
        create="iam:AttachGroupPolicy iam:AttachRolePolicy iam:AttachUserPolicy iam:CreatePolicy",
        read="iam:GetPolicy iam:GetPolicyVersion iam:ListEntitiesForPolicy",
        update="""
        iam:AttachGroupPolicy iam:AttachRolePolicy iam:AttachUserPolicy iam:CreatePolicyVersion iam:DeletePolicyVersion
        iam:DetachGroupPolicy iam:DetachRolePolicy iam:DetachUserPolicy iam:GetPolicy iam:ListPolicyVersions
        """,
        delete="""
        iam:DeletePolicy iam:DeletePolicyVersion iam:DetachGroupPolicy iam:DetachRolePolicy iam:DetachUserPolicy
        iam:GetPolicy iam:ListEntitiesForPolicy iam:ListPolicyVersions
        """,
        list="iam:ListPolicies",
    ),
    "AWS::IAM::RolePolicy": _of(
        create="iam:GetRolePolicy iam:PutRolePolicy",
        read="iam:GetRolePolicy",
        update="iam:GetRolePolicy iam:PutRolePolicy",
        delete="iam:DeleteRolePolicy iam:GetRolePolicy",
    ),
    "AWS::Lambda::EventSourceMapping": _of(
        create="""
        kms:Decrypt kms:DescribeKey kms:GenerateDataKey lambda:CreateEventSourceMapping lambda:GetEventSourceMapping
        lambda:TagResource
        """,
        read="kms:Decrypt lambda:GetEventSourceMapping lambda:ListTags",
        update="""
        kms:Decrypt kms:DescribeKey kms:GenerateDataKey lambda:GetEventSourceMapping lambda:TagResource
        lambda:UntagResource lambda:UpdateEventSourceMapping
        """,
        delete="kms:Decrypt lambda:DeleteEventSourceMapping lambda:GetEventSourceMapping",
        list="lambda:ListEventSourceMappings",
    ),
    "AWS::Kinesis::Stream": _of(
        create="""
        kinesis:AddTagsToStream kinesis:CreateStream kinesis:DescribeStreamSummary kinesis:EnableEnhancedMonitoring
        kinesis:IncreaseStreamRetentionPeriod kinesis:ListTagsForResource kinesis:ListTagsForStream
        kinesis:StartStreamEncryption kinesis:UpdateMaxRecordSize kinesis:UpdateStreamWarmThroughput
        """,
        read="kinesis:DescribeStreamSummary kinesis:ListTagsForResource kinesis:ListTagsForStream",
        update="""
        kinesis:AddTagsToStream kinesis:DecreaseStreamRetentionPeriod kinesis:DescribeStreamSummary
        kinesis:DisableEnhancedMonitoring kinesis:EnableEnhancedMonitoring kinesis:IncreaseStreamRetentionPeriod
        kinesis:ListTagsForResource kinesis:ListTagsForStream kinesis:RemoveTagsFromStream kinesis:StartStreamEncryption
        kinesis:StopStreamEncryption kinesis:TagResource kinesis:UntagResource kinesis:UpdateMaxRecordSize
        kinesis:UpdateShardCount kinesis:UpdateStreamMode kinesis:UpdateStreamRecordDistributionStrategy
        kinesis:UpdateStreamWarmThroughput
        """,
        delete="""
        kinesis:DeleteStream kinesis:DescribeStreamSummary kinesis:RemoveTagsFromStream kinesis:UntagResource
        """,
        list="kinesis:ListStreams",
    ),
    "AWS::SSM::Parameter": _of(
        create="ssm:AddTagsToResource ssm:GetParameters ssm:PutParameter",
        read="ssm:GetParameters ssm:ListTagsForResource",
        update="ssm:AddTagsToResource ssm:GetParameters ssm:PutParameter ssm:RemoveTagsFromResource",
        delete="ssm:DeleteParameter",
        list="ssm:DescribeParameters",
    ),
    "AWS::Budgets::Budget": _of(
        create="""
        billing:GetBillingViewData budgets:ListTagsForResource budgets:ModifyBudget budgets:TagResource
        budgets:ViewBudget
        """,
        read="billing:GetBillingViewData budgets:ListTagsForResource budgets:ViewBudget",
        update="""
        billing:GetBillingViewData budgets:ListTagsForResource budgets:ModifyBudget budgets:TagResource
        budgets:UntagResource budgets:ViewBudget
        """,
        delete="budgets:ModifyBudget",
        list="billing:GetBillingViewData budgets:ViewBudget",
    ),
    "AWS::CE::AnomalyMonitor": _of(
        create="ce:CreateAnomalyMonitor ce:TagResource",
        read="ce:GetAnomalyMonitors ce:ListTagsForResource",
        update="ce:UpdateAnomalyMonitor",
        delete="ce:DeleteAnomalyMonitor",
        list="ce:GetAnomalyMonitors",
    ),
}
"""Type -> operation (create, read, update, delete, list) -> actions."""

UNLISTED = ("AWS::CloudWatch::AnomalyDetector", "AWS::DAX::Cluster")
"""Types whose schema lists no handlers: what they need is not known from it."""
