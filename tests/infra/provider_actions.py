"""What the AWS provider asks of AWS for each type that the program registers.

To create, read, update, delete and tag it, as terraform-provider-aws does in `internal/service/`:
its file is named beside each type. Where an API's operation has another name than its permission
(those of S3), the permission is in AWS's Service Authorization Reference.
"""

from typing import Final


def _of(service: str, *names: str) -> frozenset[str]:
    return frozenset(f"{service}:{name}" for name in names)


_TAGS: Final = ("ListTagsForResource", "TagResource", "UntagResource")
# A log that a service delivers (CloudWatch Logs guide, "Logs that require additional permissions").
_LOG_DELIVERY: Final = _of(
    "logs",
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "UpdateLogDelivery",
)
# Whoever names a key uses it: KMS asks the caller (KMS guide, "Permissions for AWS services in key
# policies").
_USE_KEY: Final = _of("kms", "CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")
_PASS_ROLE: Final = frozenset({"iam:PassRole"})
_API: Final = _of("apigateway", "DELETE", "GET", "PATCH", "POST", "PUT")

ACTIONS: Final[dict[str, frozenset[str]]] = {
    # apigatewayv2/api.go, authorizer.go, integration.go, route.go, stage.go
    "aws:apigatewayv2/api:Api": _API,
    "aws:apigatewayv2/authorizer:Authorizer": _API,
    "aws:apigatewayv2/integration:Integration": _API,
    "aws:apigatewayv2/route:Route": _API,
    "aws:apigatewayv2/stage:Stage": _API | _LOG_DELIVERY,
    # cloudwatch/dashboard.go, metric_alarm.go
    "aws:cloudwatch/dashboard:Dashboard": _of(
        "cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _of(
        "cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm", *_TAGS
    ),
    # events/bus.go, rule.go, target.go
    "aws:cloudwatch/eventBus:EventBus": _of(
        "events", "CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus", *_TAGS
    ),
    "aws:cloudwatch/eventRule:EventRule": _of(
        "events", "DeleteRule", "DescribeRule", "PutRule", *_TAGS
    ),
    "aws:cloudwatch/eventTarget:EventTarget": _of(
        "events", "ListTargetsByRule", "PutTargets", "RemoveTargets"
    )
    | _PASS_ROLE,
    # logs/group.go, query_definition.go
    "aws:cloudwatch/logGroup:LogGroup": _of(
        "logs",
        "AssociateKmsKey",
        "CreateLogGroup",
        "DeleteLogGroup",
        "DeleteRetentionPolicy",
        "DescribeLogGroups",
        "DisassociateKmsKey",
        "PutRetentionPolicy",
        *_TAGS,
    ),
    "aws:cloudwatch/queryDefinition:QueryDefinition": _of(
        "logs", "DeleteQueryDefinition", "DescribeQueryDefinitions", "PutQueryDefinition"
    ),
    # dynamodb/table.go
    "aws:dynamodb/table:Table": _of(
        "dynamodb",
        "CreateTable",
        "DeleteTable",
        "DescribeContinuousBackups",
        "DescribeTable",
        "DescribeTimeToLive",
        "ListTagsOfResource",
        "TagResource",
        "UntagResource",
        "UpdateContinuousBackups",
        "UpdateTable",
        "UpdateTimeToLive",
    )
    | _USE_KEY,
    # iam/role.go, role_policy.go
    "aws:iam/role:Role": _of(
        "iam",
        "CreateRole",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
        "PutRolePermissionsBoundary",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    ),
    "aws:iam/rolePolicy:RolePolicy": _of(
        "iam", "DeleteRolePolicy", "GetRolePolicy", "PutRolePolicy"
    ),
    # lambda/function.go, alias.go, permission.go, function_event_invoke_config.go. A VPC: Lambda
    # guide, "Giving Lambda functions access to resources in an Amazon VPC", "Required IAM
    # permissions".
    "aws:lambda/function:Function": _of(
        "lambda",
        "CreateFunction",
        "DeleteFunction",
        "DeleteFunctionConcurrency",
        "GetFunction",
        "GetFunctionCodeSigningConfig",
        "GetLayerVersion",
        "ListTags",
        "ListVersionsByFunction",
        "PublishVersion",
        "PutFunctionConcurrency",
        "TagResource",
        "UntagResource",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    )
    | _of(
        "ec2",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcs",
    )
    | _PASS_ROLE
    | _USE_KEY,
    "aws:lambda/alias:Alias": _of(
        "lambda", "CreateAlias", "DeleteAlias", "GetAlias", "UpdateAlias"
    ),
    "aws:lambda/permission:Permission": _of(
        "lambda", "AddPermission", "GetPolicy", "RemovePermission"
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _of(
        "lambda",
        "DeleteFunctionEventInvokeConfig",
        "GetFunctionEventInvokeConfig",
        "PutFunctionEventInvokeConfig",
    ),
    # s3/bucket.go reads everything that it once had an argument for.
    "aws:s3/bucket:Bucket": _of(
        "s3",
        "CreateBucket",
        "DeleteBucket",
        "DeleteObject",
        "DeleteObjectVersion",
        "GetAccelerateConfiguration",
        "GetBucketAcl",
        "GetBucketCORS",
        "GetBucketLocation",
        "GetBucketLogging",
        "GetBucketObjectLockConfiguration",
        "GetBucketPolicy",
        "GetBucketRequestPayment",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetBucketWebsite",
        "GetEncryptionConfiguration",
        "GetLifecycleConfiguration",
        "GetReplicationConfiguration",
        "ListBucket",
        "ListBucketVersions",
        "ListTagsForResource",
        "PutBucketTagging",
        "TagResource",
        "UntagResource",
    ),
    # s3/bucket_lifecycle_configuration.go, bucket_policy.go, bucket_public_access_block.go,
    # bucket_server_side_encryption_configuration.go
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of(
        "s3", "GetLifecycleConfiguration", "PutLifecycleConfiguration"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _of(
        "s3", "DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of(
        "s3", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _of(
        "s3", "GetEncryptionConfiguration", "PutEncryptionConfiguration"
    ),
    # scheduler/schedule.go, schedule_group.go
    "aws:scheduler/schedule:Schedule": _of(
        "scheduler", "CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule"
    )
    | _PASS_ROLE,
    "aws:scheduler/scheduleGroup:ScheduleGroup": _of(
        "scheduler", "CreateScheduleGroup", "DeleteScheduleGroup", "GetScheduleGroup", *_TAGS
    ),
    # sfn/state_machine.go validates in a preview, and reads the versions. Logs and a key: Step
    # Functions guide, "Using CloudWatch Logs", "Data at rest encryption".
    "aws:sfn/stateMachine:StateMachine": _of(
        "states",
        "CreateStateMachine",
        "DeleteStateMachine",
        "DescribeStateMachine",
        "ListStateMachineVersions",
        "UpdateStateMachine",
        "ValidateStateMachineDefinition",
        *_TAGS,
    )
    | _PASS_ROLE
    | _USE_KEY,
    # sns/topic.go, topic_policy.go, topic_subscription.go
    "aws:sns/topic:Topic": _of(
        "sns", "CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", *_TAGS
    ),
    "aws:sns/topicPolicy:TopicPolicy": _of("sns", "GetTopicAttributes", "SetTopicAttributes"),
    "aws:sns/topicSubscription:TopicSubscription": _of(
        "sns",
        "GetSubscriptionAttributes",
        "SetSubscriptionAttributes",
        "Subscribe",
        "Unsubscribe",
    ),
    # sqs/queue.go, queue_policy.go
    "aws:sqs/queue:Queue": _of(
        "sqs",
        "CreateQueue",
        "DeleteQueue",
        "GetQueueAttributes",
        "ListQueueTags",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    ),
    "aws:sqs/queuePolicy:QueuePolicy": _of("sqs", "GetQueueAttributes", "SetQueueAttributes"),
}
