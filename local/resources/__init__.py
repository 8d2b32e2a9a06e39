"""A creator for each type of resource that the local AWS can create."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from local.resources import (
    alarms,
    buckets,
    events,
    functions,
    gateway,
    logs,
    queues,
    roles,
    schedules,
    state_machines,
    tables,
)
from local.resources.declaration import Account, Declaration, Values

Creator = Callable[[Account, Declaration], Values]

CREATORS: Mapping[str, Creator] = MappingProxyType(
    {
        "aws:apigatewayv2/api:Api": gateway.create_api,
        "aws:apigatewayv2/authorizer:Authorizer": gateway.create_authorizer,
        "aws:apigatewayv2/integration:Integration": gateway.create_integration,
        "aws:apigatewayv2/route:Route": gateway.create_route,
        "aws:apigatewayv2/stage:Stage": gateway.create_stage,
        "aws:cloudwatch/eventBus:EventBus": events.create_bus,
        "aws:cloudwatch/eventRule:EventRule": events.create_rule,
        "aws:cloudwatch/eventTarget:EventTarget": events.create_target,
        "aws:cloudwatch/logGroup:LogGroup": logs.create_log_group,
        "aws:cloudwatch/metricAlarm:MetricAlarm": alarms.create_alarm,
        "aws:dynamodb/table:Table": tables.create_table,
        "aws:iam/role:Role": roles.create_role,
        "aws:iam/rolePolicy:RolePolicy": roles.create_role_policy,
        "aws:lambda/function:Function": functions.create_function,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
            functions.configure_events
        ),
        "aws:lambda/permission:Permission": functions.create_permission,
        "aws:s3/bucket:Bucket": buckets.create_bucket,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
            buckets.configure_lifecycle
        ),
        "aws:s3/bucketPolicy:BucketPolicy": buckets.put_bucket_policy,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": buckets.block_public_access,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
            buckets.configure_encryption
        ),
        "aws:scheduler/schedule:Schedule": schedules.create_schedule,
        "aws:scheduler/scheduleGroup:ScheduleGroup": schedules.create_group,
        "aws:sfn/stateMachine:StateMachine": state_machines.create_state_machine,
        "aws:sqs/queue:Queue": queues.create_queue,
        "aws:sqs/queuePolicy:QueuePolicy": queues.put_queue_policy,
    }
)

__all__ = ["CREATORS", "Account", "Creator", "Declaration", "Values"]
