"""Creates, updates, deletes and finds resources of the local AWS, as Pulumi declares them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import DeploymentFailed
from local.resources import (
    alarms,
    buckets,
    dashboards,
    events,
    functions,
    gateway,
    keys,
    logs,
    queues,
    roles,
    schedules,
    state_machines,
    tables,
    topics,
)
from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType, if_there

RESOURCES: Mapping[str, ResourceType] = MappingProxyType(
    {
        "aws:apigatewayv2/api:Api": gateway.API,
        "aws:apigatewayv2/authorizer:Authorizer": gateway.AUTHORIZER,
        "aws:apigatewayv2/integration:Integration": gateway.INTEGRATION,
        "aws:apigatewayv2/route:Route": gateway.ROUTE,
        "aws:apigatewayv2/stage:Stage": gateway.STAGE,
        "aws:cloudwatch/dashboard:Dashboard": dashboards.DASHBOARD,
        "aws:cloudwatch/eventBus:EventBus": events.BUS,
        "aws:cloudwatch/eventRule:EventRule": events.RULE,
        "aws:cloudwatch/eventTarget:EventTarget": events.TARGET,
        "aws:cloudwatch/logGroup:LogGroup": logs.LOG_GROUP,
        "aws:cloudwatch/logMetricFilter:LogMetricFilter": logs.METRIC_FILTER,
        "aws:cloudwatch/metricAlarm:MetricAlarm": alarms.ALARM,
        "aws:cloudwatch/queryDefinition:QueryDefinition": logs.QUERY,
        "aws:dynamodb/table:Table": tables.TABLE,
        "aws:iam/role:Role": roles.ROLE,
        "aws:iam/rolePolicy:RolePolicy": roles.POLICY,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": roles.ATTACHMENT,
        "aws:kms/alias:Alias": keys.ALIAS,
        "aws:kms/key:Key": keys.KEY,
        "aws:lambda/alias:Alias": functions.ALIAS,
        "aws:lambda/function:Function": functions.FUNCTION,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": functions.EVENTS,
        "aws:lambda/permission:Permission": functions.PERMISSION,
        "aws:s3/bucket:Bucket": buckets.BUCKET,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": buckets.LIFECYCLE,
        "aws:s3/bucketPolicy:BucketPolicy": buckets.POLICY,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": buckets.ACCESS_BLOCK,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
            buckets.ENCRYPTION
        ),
        "aws:s3/bucketVersioning:BucketVersioning": buckets.VERSIONING,
        "aws:scheduler/schedule:Schedule": schedules.SCHEDULE,
        "aws:scheduler/scheduleGroup:ScheduleGroup": schedules.GROUP,
        "aws:sfn/stateMachine:StateMachine": state_machines.STATE_MACHINE,
        "aws:sns/topic:Topic": topics.TOPIC,
        "aws:sns/topicPolicy:TopicPolicy": topics.POLICY,
        "aws:sns/topicSubscription:TopicSubscription": topics.SUBSCRIPTION,
        "aws:sqs/queue:Queue": queues.QUEUE,
        "aws:sqs/queuePolicy:QueuePolicy": queues.POLICY,
    }
)


def create(account: Account, declared: Declaration) -> Values:
    """Creates a resource, and returns its outputs, with its "id".

    Raises:
        DeploymentFailed: the type or an input is unknown, or AWS refuses it.
    """
    with _told(f"{declared} could not be created"):
        outputs = _type_of(declared).create(account, declared)
    declared.refuse_what_is_left()
    return outputs


def update(account: Account, before: Existing, declared: Declaration) -> Values:
    """Changes a resource to what is declared now, and returns its outputs, with its "id".

    A name that is no longer declared stays: it may be a generated one.

    Raises:
        DeploymentFailed: as `create`; or the change takes a replacement.
    """
    kind = _type_of(declared)
    for key in kind.fixed:
        declared.keep(key, before)
    with _told(f"{declared} could not be updated"):
        outputs = kind.update(account, before, declared)
    declared.refuse_what_is_left()
    return outputs


def delete(account: Account, before: Existing) -> None:
    """Deletes a resource; one that is gone already is no error.

    Raises:
        DeploymentFailed: it is protected or in use, or AWS refuses it.
    """
    with _told(f"{before} could not be deleted"), if_there():
        _type_of(before).delete(account, before)


def exists(account: Account, before: Existing) -> bool:
    """Whether a resource is still there."""
    with _told(f"{before} could not be read"), if_there():
        return bool(_type_of(before).find(account, before))
    return False


def _type_of(resource: Declaration | Existing) -> ResourceType:
    if resource.kind not in RESOURCES:
        raise DeploymentFailed(
            f"The local AWS can't create {resource}. Add its type to local/resources/."
        )
    return RESOURCES[resource.kind]


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise DeploymentFailed(f"{what}: {error}") from error


__all__ = [
    "RESOURCES",
    "Account",
    "Declaration",
    "Existing",
    "ResourceType",
    "Values",
    "create",
    "delete",
    "exists",
    "update",
]
