"""Creates, updates, deletes and finds resources of the local AWS, as Pulumi declares them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import DeploymentFailed
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
from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType


def _not_yet(*_: object) -> Any:
    raise NotImplementedError


RESOURCES: Mapping[str, ResourceType] = MappingProxyType(
    {
        "aws:apigatewayv2/api:Api": ResourceType(gateway.create_api, _not_yet, _not_yet, _not_yet),
        "aws:apigatewayv2/authorizer:Authorizer": ResourceType(
            gateway.create_authorizer, _not_yet, _not_yet, _not_yet
        ),
        "aws:apigatewayv2/integration:Integration": ResourceType(
            gateway.create_integration, _not_yet, _not_yet, _not_yet
        ),
        "aws:apigatewayv2/route:Route": ResourceType(
            gateway.create_route, _not_yet, _not_yet, _not_yet
        ),
        "aws:apigatewayv2/stage:Stage": ResourceType(
            gateway.create_stage, _not_yet, _not_yet, _not_yet
        ),
        "aws:cloudwatch/eventBus:EventBus": ResourceType(
            events.create_bus, _not_yet, _not_yet, _not_yet
        ),
        "aws:cloudwatch/eventRule:EventRule": ResourceType(
            events.create_rule, _not_yet, _not_yet, _not_yet
        ),
        "aws:cloudwatch/eventTarget:EventTarget": ResourceType(
            events.create_target, _not_yet, _not_yet, _not_yet
        ),
        "aws:cloudwatch/logGroup:LogGroup": ResourceType(
            logs.create_log_group, _not_yet, _not_yet, _not_yet
        ),
        "aws:cloudwatch/metricAlarm:MetricAlarm": ResourceType(
            alarms.create_alarm, _not_yet, _not_yet, _not_yet
        ),
        "aws:dynamodb/table:Table": ResourceType(tables.create_table, _not_yet, _not_yet, _not_yet),
        "aws:iam/role:Role": ResourceType(roles.create_role, _not_yet, _not_yet, _not_yet),
        "aws:iam/rolePolicy:RolePolicy": ResourceType(
            roles.create_role_policy, _not_yet, _not_yet, _not_yet
        ),
        "aws:lambda/function:Function": ResourceType(
            functions.create_function, _not_yet, _not_yet, _not_yet
        ),
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
            ResourceType(functions.configure_events, _not_yet, _not_yet, _not_yet)
        ),
        "aws:lambda/permission:Permission": ResourceType(
            functions.create_permission, _not_yet, _not_yet, _not_yet
        ),
        "aws:s3/bucket:Bucket": ResourceType(buckets.create_bucket, _not_yet, _not_yet, _not_yet),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
            ResourceType(buckets.configure_lifecycle, _not_yet, _not_yet, _not_yet)
        ),
        "aws:s3/bucketPolicy:BucketPolicy": ResourceType(
            buckets.put_bucket_policy, _not_yet, _not_yet, _not_yet
        ),
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ResourceType(
            buckets.block_public_access, _not_yet, _not_yet, _not_yet
        ),
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
            ResourceType(buckets.configure_encryption, _not_yet, _not_yet, _not_yet)
        ),
        "aws:scheduler/schedule:Schedule": ResourceType(
            schedules.create_schedule, _not_yet, _not_yet, _not_yet
        ),
        "aws:scheduler/scheduleGroup:ScheduleGroup": ResourceType(
            schedules.create_group, _not_yet, _not_yet, _not_yet
        ),
        "aws:sfn/stateMachine:StateMachine": ResourceType(
            state_machines.create_state_machine, _not_yet, _not_yet, _not_yet
        ),
        "aws:sqs/queue:Queue": ResourceType(queues.create_queue, _not_yet, _not_yet, _not_yet),
        "aws:sqs/queuePolicy:QueuePolicy": ResourceType(
            queues.put_queue_policy, _not_yet, _not_yet, _not_yet
        ),
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

    Raises:
        DeploymentFailed: as `create`.
    """
    with _told(f"{declared} could not be updated"):
        outputs = _type_of(declared).update(account, before, declared)
    declared.refuse_what_is_left()
    return outputs


def delete(account: Account, before: Existing) -> None:
    """Deletes a resource; one that is gone already is no error.

    Raises:
        DeploymentFailed: it is protected, or AWS refuses it.
    """
    with _told(f"{before} could not be deleted"):
        _type_of(before).delete(account, before)


def exists(account: Account, before: Existing) -> bool:
    """Whether a resource is still there."""
    with _told(f"{before} could not be read"):
        return _type_of(before).exists(account, before)


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
