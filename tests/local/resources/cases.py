"""A case for each type of resource: inputs that differ from each other, and how to read them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pulumi import AssetArchive, StringAsset

from local.access import Client
from local.resources import Account, Existing, Values

MACHINE = "aws:sfn/stateMachine:StateMachine"
FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"
TABLE = "aws:dynamodb/table:Table"
RULE = "aws:cloudwatch/eventRule:EventRule"
BUS = "aws:cloudwatch/eventBus:EventBus"
BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
PERMISSION = "aws:lambda/permission:Permission"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
# AWS has no operation that changes one, and Pulumi replaces it.
UNCHANGEABLE = frozenset({PERMISSION, ATTACHMENT})

TOPIC_ARN = "arn:aws:sns:eu-central-1:000000000000:alarms"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@dataclass(frozen=True)
class Parents:
    """What the resources of the cases belong to, or point at."""

    role: Values
    other_role: Values
    function: Values
    versions: tuple[str, str]
    layer: str
    key: Values
    other_key: Values
    table: Values
    bucket: Values
    bus: Values
    rule: Values
    queue: Values
    topic: Values
    api: Values
    integrations: tuple[str, str]
    authorizer: Values
    log_group: Values
    machine: Values
    schedules: Values


Read = Callable[[Account, Existing], object]
Variants = Callable[[Parents], Sequence[Values]]


@dataclass(frozen=True)
class Case:
    """Variants of a type's inputs; what `read` sees of each differs from the others."""

    kind: str
    variants: Variants
    read: Read


def trust(*services: str) -> str:
    principal = {"Service": list(services)}
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})


def document(*statements: Values) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str) -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": "*"})


def allow_on(arn: str, action: str, *, id: str = "theirs") -> str:
    principal = {"AWS": "arn:aws:iam::000000000000:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn}
    return document({"Sid": id, **statement})


def code(answer: str) -> AssetArchive:
    """Code whose function answers with a text, and with a variable of its environment."""
    lines = [
        "import os",
        "def handler(event, context):",
        f"    return [{answer!r}, os.environ.get('word'), context.memory_limit_in_mb]",
    ]
    return AssetArchive({"code.py": StringAsset("\n".join(lines))})


def pass_state(result: str) -> str:
    return json.dumps(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "Only",
            "States": {"Only": {"Type": "Pass", "Output": result, "End": True}},
        }
    )


def dead_letters(parents: Parents) -> Values:
    return {"deadLetterConfig": {"arn": parents.queue["arn"]}}


def pick(values: Values, *keys: str) -> Values:
    return {key: values[key] for key in keys if values.get(key) not in (None, "", [], {})}


def without(values: Values, *keys: str) -> Values:
    return {key: value for key, value in values.items() if key not in (*keys, "ResponseMetadata")}


def _function(account: Account, it: Existing) -> object:
    functions: Client = account.client("lambda")
    configuration = functions.get_function_configuration(FunctionName=it.id)
    reserved = functions.get_function_concurrency(FunctionName=it.id)
    layers = [layer["Arn"] for layer in configuration.get("Layers", [])]
    vpc = pick(configuration.get("VpcConfig", {}), "SubnetIds", "SecurityGroupIds")
    keys = ("Architectures", "CodeSha256", "Description", "EphemeralStorage")
    more = ("Handler", "KMSKeyArn", "MemorySize", "Role", "Timeout", "TracingConfig", "Runtime")
    return [
        pick(configuration, *keys, *more),
        pick(configuration.get("LoggingConfig") or {"LogFormat": "Text"}, "LogFormat"),
        pick(configuration.get("DeadLetterConfig") or {}, "TargetArn"),
        configuration.get("Environment", {}).get("Variables", {}),
        reserved.get("ReservedConcurrentExecutions"),
        layers,
        vpc,
    ]


def _functions(parents: Parents) -> list[Values]:
    plain = {"role": parents.role["arn"], "runtime": "python3.13", "handler": "code.handler"}
    return [
        {**plain, "code": code("first")},
        {
            **plain,
            "code": code("second"),
            "role": parents.other_role["arn"],
            "architectures": ["arm64"],
            "description": "Answers.",
            "environment": {"variables": {"word": "WORD"}},
            "memorySize": 512.0,  # as Pulumi's protocol has numbers
            "timeout": 7.0,
            "reservedConcurrentExecutions": 3.0,
            "layers": [parents.layer],
            "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
            "tracingConfig": {"mode": "Active"},
            "ephemeralStorage": {"size": 1024},
            "kmsKeyArn": parents.key["arn"],
            "loggingConfig": {"logFormat": "JSON", "logGroup": parents.log_group["name"]},
            "deadLetterConfig": {"targetArn": parents.queue["arn"]},
            "publish": True,
        },
        {
            **plain,
            "code": code("second"),
            "environment": {"variables": {"other": "word"}},
            "memorySize": 256,
            "reservedConcurrentExecutions": 0,
            "publish": True,
        },
    ]


def _table(account: Account, it: Existing) -> object:
    dynamodb = account.client("dynamodb")
    table = dynamodb.describe_table(TableName=it.id)["Table"]
    indexes = [
        pick(index, "IndexName", "KeySchema", "Projection")
        for index in table.get("GlobalSecondaryIndexes", [])
    ]
    backups = dynamodb.describe_continuous_backups(TableName=it.id)
    expiry = dynamodb.describe_time_to_live(TableName=it.id)["TimeToLiveDescription"]
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    encryption = table.get("SSEDescription", {})
    return [
        table["DeletionProtectionEnabled"],
        table["BillingModeSummary"]["BillingMode"],
        table.get("TableClassSummary", {"TableClass": "STANDARD"})["TableClass"],
        sorted(attribute["AttributeName"] for attribute in table["AttributeDefinitions"]),
        sorted(indexes, key=lambda index: str(index["IndexName"])),
        recovery["PointInTimeRecoveryStatus"],
        expiry if expiry["TimeToLiveStatus"] == "ENABLED" else None,
        pick(encryption, "Status", "SSEType", "KMSMasterKeyArn")
        if encryption.get("Status") == "ENABLED"
        else None,
    ]


def _tables(parents: Parents) -> list[Values]:
    def attributes(*names: str) -> list[Values]:
        return [{"name": name, "type": "S"} for name in names]

    def index(name: str, **more: object) -> Values:
        return {"name": name, "projectionType": "KEYS_ONLY", **more}

    keys = {"billingMode": "PAY_PER_REQUEST", "hashKey": "pk", "rangeKey": "sk"}
    by_status = [
        {"attributeName": "status", "keyType": "HASH"},
        {"attributeName": "createdOn", "keyType": "RANGE"},
    ]
    return [
        {**keys, "attributes": attributes("pk", "sk")},
        {
            **keys,
            "attributes": attributes("pk", "sk", "status", "createdOn", "owner"),
            "globalSecondaryIndexes": [
                index("byStatus", keySchemas=by_status),
                index("byOwner", hashKey="owner"),
            ],
            "ttl": {"attributeName": "expiresAt", "enabled": True},
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": parents.key["arn"]},
            "tableClass": "STANDARD_INFREQUENT_ACCESS",
        },
        {
            **keys,
            "attributes": attributes("pk", "sk", "owner", "createdOn"),
            "globalSecondaryIndexes": [
                index("byOwner", hashKey="owner", rangeKey="createdOn"),
                {
                    "name": "byTime",
                    "hashKey": "createdOn",
                    "projectionType": "INCLUDE",
                    "nonKeyAttributes": ["b", "a"],
                },
            ],
            "ttl": {"attributeName": "gone", "enabled": True},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": parents.other_key["arn"]},
        },
    ]


def _role(account: Account, it: Existing) -> object:
    iam = account.client("iam")
    role = iam.get_role(RoleName=it.id)["Role"]
    names = iam.list_role_policies(RoleName=it.id)["PolicyNames"]
    inline = {
        name: iam.get_role_policy(RoleName=it.id, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    attached = iam.list_attached_role_policies(RoleName=it.id)["AttachedPolicies"]
    keys = ("AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "PermissionsBoundary")
    return [pick(role, *keys), inline, attached]


def _roles(_: Parents) -> list[Values]:
    return [
        {"assumeRolePolicy": trust("lambda.amazonaws.com")},
        {
            "assumeRolePolicy": trust("states.amazonaws.com"),
            "description": "Starts.",
            "maxSessionDuration": 7200,
            "permissionsBoundary": READ_ONLY,
            "inlinePolicies": [
                {"name": "one", "policy": allow("s3:GetObject")},
                {"name": "two", "policy": allow("s3:PutObject")},
            ],
            "managedPolicyArns": [READ_ONLY],
        },
        {
            "assumeRolePolicy": trust("states.amazonaws.com"),
            "inlinePolicies": [{"name": "two", "policy": allow("s3:DeleteObject")}],
        },
    ]


def _machine(account: Account, it: Existing) -> object:
    states = account.client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=it.id)
    keys = ("definition", "roleArn", "loggingConfiguration", "encryptionConfiguration")
    return pick(machine, *keys)


def _machines(parents: Parents) -> list[Values]:
    return [
        {"roleArn": parents.role["arn"], "definition": pass_state("first"), "type": "STANDARD"},
        {
            "roleArn": parents.other_role["arn"],
            "definition": pass_state("second"),
            "type": "STANDARD",
            "loggingConfiguration": {
                "level": "ALL",
                "includeExecutionData": True,
                "logDestination": f"{parents.log_group['arn']}:*",
            },
            "encryptionConfiguration": {
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kmsKeyId": parents.key["arn"],
                "kmsDataKeyReusePeriodSeconds": 900.0,
            },
            "tracingConfiguration": {"enabled": True},
        },
    ]


def _queue(account: Account, it: Existing) -> object:
    attributes = account.client("sqs").get_queue_attributes(QueueUrl=it.id, AttributeNames=["All"])[
        "Attributes"
    ]
    # What ministack leaves out of a queue that was made without it.
    defaults = {"KmsDataKeyReusePeriodSeconds": "300", "SqsManagedSseEnabled": "true"}
    names = ("CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")
    return {
        key: value
        for key, value in (defaults | without(attributes, *names)).items()
        if value and not key.startswith("Approximate")
    }


def _queues(parents: Parents) -> list[Values]:
    return [
        {},
        {
            "delaySeconds": 5.0,
            "maxMessageSize": 2048,
            "messageRetentionSeconds": 600,
            "receiveWaitTimeSeconds": 3,
            "visibilityTimeoutSeconds": 60,
            "kmsMasterKeyId": parents.key["arn"],
            "kmsDataKeyReusePeriodSeconds": 600,
            "redrivePolicy": json.dumps(
                {"deadLetterTargetArn": parents.queue["arn"], "maxReceiveCount": 3}
            ),
        },
        {"visibilityTimeoutSeconds": 90, "sqsManagedSseEnabled": False},
    ]


def _topic(account: Account, it: Existing) -> object:
    attributes = account.client("sns").get_topic_attributes(TopicArn=it.id)["Attributes"]
    policy = json.loads(attributes["Policy"])
    defaults = {"SignatureVersion": "1", "TracingConfig": "PassThrough"}
    keys = ("DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig")
    return [pick(defaults | attributes, *keys), [each["Action"] for each in policy["Statement"]]]


def _subscription(account: Account, it: Existing) -> object:
    attributes = account.client("sns").get_subscription_attributes(SubscriptionArn=it.id)[
        "Attributes"
    ]
    defaults = {"FilterPolicyScope": "MessageAttributes"}
    keys = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "Endpoint")
    return pick(defaults | attributes, *keys)


def _alarm(account: Account, it: Existing) -> object:
    [alarm] = account.client("cloudwatch").describe_alarms(AlarmNames=[it.id])["MetricAlarms"]
    keys = ("AlarmDescription", "MetricName", "Statistic", "Threshold", "AlarmActions", "OKActions")
    return pick(alarm, *keys, "Dimensions", "DatapointsToAlarm", "TreatMissingData", "Metrics")


def _alarms(_: Parents) -> list[Values]:
    common = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1}
    metric = {"namespace": "AWS/SQS", "metricName": "NumberOfMessagesSent", "period": 60}
    return [
        {**common, **metric, "statistic": "Sum", "threshold": 0},
        {
            **common,
            **metric,
            "alarmDescription": "Too many.",
            "statistic": "Maximum",
            "threshold": 5.0,
            "datapointsToAlarm": 1,
            "dimensions": {"QueueName": "dead"},
            "treatMissingData": "notBreaching",
            "alarmActions": [TOPIC_ARN],
            "okActions": [TOPIC_ARN],
        },
        {
            **common,
            "threshold": 1,
            "metricQueries": [{"id": "sum", "expression": "a + b", "returnData": True}],
        },
    ]


def _log_group(account: Account, it: Existing) -> object:
    [group] = account.client("logs").describe_log_groups(logGroupNamePrefix=it.id)["logGroups"]
    return pick(group, "retentionInDays", "kmsKeyId")


def _metric_filter(account: Account, it: Existing) -> object:
    [found] = account.client("logs").describe_metric_filters(
        logGroupName=it.values["logGroupName"], filterNamePrefix=it.id
    )["metricFilters"]
    return pick(found, "filterPattern", "metricTransformations")


def _metric_filters(parents: Parents) -> list[Values]:
    group, count = parents.log_group["name"], {"name": "Count", "namespace": "Tasks"}
    by = {"value": "2", "dimensions": {"by": "$.definition"}}
    return [
        {
            "logGroupName": group,
            "pattern": "ERROR",
            "metricTransformation": {**count, "value": "1", "defaultValue": "0", "unit": "Count"},
        },
        {
            "logGroupName": group,
            "pattern": '{ $.level = "ERROR" }',
            "metricTransformation": {**count, **by},
        },
    ]


def _query(account: Account, it: Existing) -> object:
    queries = account.client("logs").describe_query_definitions()["queryDefinitions"]
    [found] = [query for query in queries if query["queryDefinitionId"] == it.id]
    return pick(found, "name", "queryString", "logGroupNames")


def _key(account: Account, it: Existing) -> object:
    kms = account.client("kms")
    key = kms.describe_key(KeyId=it.id)["KeyMetadata"]
    policy = json.loads(kms.get_key_policy(KeyId=it.id, PolicyName="default")["Policy"])
    rotation = kms.get_key_rotation_status(KeyId=it.id)
    return [
        pick(key, "Description", "Enabled"),
        [each["Sid"] for each in policy["Statement"]],
        rotation["KeyRotationEnabled"],
    ]


def _key_alias(account: Account, it: Existing) -> object:
    aliases = account.client("kms").list_aliases()["Aliases"]
    [found] = [alias for alias in aliases if alias["AliasName"] == it.id]
    return found["TargetKeyId"]


def _alias(account: Account, it: Existing) -> object:
    alias = account.client("lambda").get_alias(
        FunctionName=it.values["functionName"], Name=it.values["name"]
    )
    return pick(alias, "FunctionVersion", "Description", "RoutingConfig")


def _aliases(parents: Parents) -> list[Values]:
    first, second = parents.versions
    live = {"functionName": parents.function["name"], "name": "live"}
    return [
        {**live, "functionVersion": first},
        {**live, "functionVersion": second, "description": "The latest."},
        {
            **live,
            "functionVersion": first,
            "routingConfig": {"additionalVersionWeights": {second: 0.5}},
        },
    ]


def _event_config(account: Account, it: Existing) -> object:
    config = account.client("lambda").get_function_event_invoke_config(
        FunctionName=it.values["functionName"]
    )
    return pick(config, "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


def _permission(account: Account, it: Existing) -> object:
    policy = account.client("lambda").get_policy(FunctionName=it.values["function"])["Policy"]
    return [each for each in json.loads(policy)["Statement"] if each["Sid"] == it.id]


def _of_the_bucket(operation: str) -> Read:
    def read(account: Account, it: Existing) -> object:
        return without(getattr(account.client("s3"), operation)(Bucket=it.id))

    return read


def _rule(account: Account, it: Existing) -> object:
    bus, name = it.id.split("/")
    rule = account.client("events").describe_rule(Name=name, EventBusName=bus)
    return pick(rule, "EventPattern", "State", "Description", "RoleArn")


def _target(account: Account, it: Existing) -> object:
    targets = account.client("events").list_targets_by_rule(
        Rule=it.values["rule"], EventBusName=it.values["eventBusName"]
    )["Targets"]
    return [without(target, "Id") for target in targets]


def _schedule(account: Account, it: Existing) -> object:
    group, name = it.id.split("/")
    schedule = account.client("scheduler").get_schedule(GroupName=group, Name=name)
    keys = ("Arn", "Name", "CreationDate", "LastModificationDate")
    return without(schedule, *keys)


def _of_the_api(operation: str, id: str, *hidden: str) -> Read:
    def read(account: Account, it: Existing) -> object:
        api = {"ApiId": it.values["apiId"]} if "apiId" in it.values else {}
        found = getattr(account.client("apigatewayv2"), operation)(**api, **{id: it.id})
        return pick(without(found, id, "Name", "CreatedDate", "LastUpdatedDate", *hidden), *found)

    return read


def _on(parents: Parents, *variants: Values) -> list[Values]:
    return [{"bucket": parents.bucket["bucket"], **variant} for variant in variants]


def _of(parents: Parents, *variants: Values) -> list[Values]:
    return [{"apiId": parents.api["id"], **variant} for variant in variants]


CASES: Sequence[Case] = [
    Case(FUNCTION, _functions, _function),
    Case(TABLE, _tables, _table),
    Case(ROLE, _roles, _role),
    Case(MACHINE, _machines, _machine),
    Case("aws:sqs/queue:Queue", _queues, _queue),
    Case("aws:cloudwatch/metricAlarm:MetricAlarm", _alarms, _alarm),
    Case(
        "aws:lambda/alias:Alias",
        _aliases,
        _alias,
    ),
    Case(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        lambda parents: [
            {"functionName": parents.function["name"], "maximumRetryAttempts": 0},
            {
                "functionName": parents.function["name"],
                "maximumEventAgeInSeconds": 3600.0,
                "destinationConfig": {"onFailure": {"destination": parents.queue["arn"]}},
            },
        ],
        _event_config,
    ),
    Case(
        PERMISSION,
        lambda parents: [
            {
                "function": parents.function["name"],
                "action": "lambda:InvokeFunction",
                "principal": "events.amazonaws.com",
                "sourceArn": parents.rule["arn"],
            }
        ],
        _permission,
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda parents: [
            {"role": parents.role["name"], "name": "some", "policy": allow(action)}
            for action in ("s3:GetObject", "s3:PutObject")
        ],
        lambda account, it: account.client("iam").get_role_policy(
            RoleName=it.values["role"], PolicyName="some"
        )["PolicyDocument"],
    ),
    Case(
        ATTACHMENT,
        lambda parents: [{"role": parents.role["name"], "policyArn": READ_ONLY}],
        lambda account, it: account.client("iam").list_attached_role_policies(
            RoleName=it.values["role"]
        )["AttachedPolicies"],
    ),
    Case(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _: [{"dashboardBody": json.dumps({"widgets": [], "start": s})} for s in ("a", "b")],
        lambda account, it: account.client("cloudwatch").get_dashboard(DashboardName=it.id)[
            "DashboardBody"
        ],
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda parents: [
            {},
            {"retentionInDays": 14.0, "kmsKeyId": parents.key["arn"]},
            {"retentionInDays": 7, "kmsKeyId": parents.other_key["arn"]},
        ],
        _log_group,
    ),
    Case(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        _metric_filters,
        _metric_filter,
    ),
    Case(
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        lambda parents: [
            {"name": "What failed", "queryString": "fields @message"},
            {
                "name": "What failed, and why",
                "queryString": "fields @message, error",
                "logGroupNames": [parents.log_group["name"]],
            },
        ],
        _query,
    ),
    Case(
        BUS,
        lambda parents: [
            {},
            {"description": "Tasks.", "kmsKeyIdentifier": parents.key["arn"]},
            {"description": "Others.", "kmsKeyIdentifier": parents.other_key["arn"]},
        ],
        lambda account, it: pick(
            account.client("events").describe_event_bus(Name=it.id),
            "Description",
            "KmsKeyIdentifier",
        ),
    ),
    Case(
        RULE,
        lambda parents: [
            {"eventBusName": parents.bus["name"], "eventPattern": '{"detail-type": ["Work"]}'},
            {
                "eventBusName": parents.bus["name"],
                "eventPattern": '{"detail-type": ["Play"]}',
                "description": "Plays.",
                "state": "DISABLED",
                "roleArn": parents.role["arn"],
            },
        ],
        _rule,
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda parents: [
            {"rule": parents.rule["name"], "eventBusName": parents.bus["name"], **target}
            for target in (
                {"arn": parents.queue["arn"]},
                {
                    "arn": parents.machine["arn"],
                    "roleArn": parents.role["arn"],
                    "retryPolicy": {"maximumRetryAttempts": 5.0},
                    **dead_letters(parents),
                },
            )
        ],
        _target,
    ),
    Case("aws:scheduler/scheduleGroup:ScheduleGroup", lambda _: [{}], lambda *_: None),
    Case(
        "aws:scheduler/schedule:Schedule",
        lambda parents: [
            {
                "groupName": parents.schedules["name"],
                "scheduleExpression": "cron(0 3 * * ? *)",
                "flexibleTimeWindow": {"mode": "OFF"},
                "target": {"arn": parents.machine["arn"], "roleArn": parents.schedules["role"]},
            },
            {
                "groupName": parents.schedules["name"],
                "scheduleExpression": "cron(0 4 * * ? *)",
                "scheduleExpressionTimezone": "Europe/Berlin",
                "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15.0},
                "endDate": "2199-01-01T00:00:00Z",
                "description": "At night.",
                "state": "DISABLED",
                "target": {
                    "arn": parents.machine["arn"],
                    "roleArn": parents.schedules["role"],
                    "input": '{"a": 1}',
                    **dead_letters(parents),
                },
            },
        ],
        _schedule,
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda parents: [
            {},
            {
                "displayName": "Alarms",
                "kmsMasterKeyId": parents.key["arn"],
                "signatureVersion": 2.0,
                "tracingConfig": "Active",
                "policy": allow_on("*", "sns:Publish"),
            },
            {"displayName": "More alarms"},
        ],
        _topic,
    ),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda parents: [
            {"arn": parents.topic["arn"], "policy": allow_on(parents.topic["arn"], action)}
            for action in ("sns:Publish", "sns:Subscribe")
        ],
        lambda account, it: json.loads(
            account.client("sns").get_topic_attributes(TopicArn=it.id)["Attributes"]["Policy"]
        ),
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda parents: [
            {"topic": parents.topic["arn"], "protocol": "sqs", "endpoint": parents.queue["arn"]}
            | more
            for more in (
                {},
                {
                    "rawMessageDelivery": True,
                    "filterPolicy": '{"a": ["b"]}',
                    "filterPolicyScope": "MessageBody",
                },
            )
        ],
        _subscription,
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: [
            {},
            {
                "description": "Tasks.",
                "enableKeyRotation": True,
                "rotationPeriodInDays": 100.0,
                "deletionWindowInDays": 7,
                "policy": allow_on("*", "kms:*", id="ours"),
            },
            {"isEnabled": False, "description": "Unused."},
        ],
        _key,
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda parents: [
            {"name": "alias/tasks", "targetKeyId": key["keyId"]}
            for key in (parents.key, parents.other_key)
        ],
        _key_alias,
    ),
    Case(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda parents: [
            {
                "queueUrl": parents.queue["url"],
                "policy": allow_on(parents.queue["arn"], action),
            }
            for action in ("sqs:SendMessage", "sqs:ReceiveMessage")
        ],
        lambda account, it: account.client("sqs").get_queue_attributes(
            QueueUrl=it.id, AttributeNames=["Policy"]
        )["Attributes"],
    ),
    Case(BUCKET, lambda _: [{}, {"forceDestroy": True}], lambda *_: None),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda parents: _on(
            parents,
            *(
                {"policy": allow_on(f"{parents.bucket['arn']}/*", action)}
                for action in ("s3:GetObject", "s3:PutObject")
            ),
        ),
        _of_the_bucket("get_bucket_policy"),
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda parents: _on(
            parents, {"blockPublicAcls": True, "ignorePublicAcls": True}, {"blockPublicAcls": True}
        ),
        _of_the_bucket("get_public_access_block"),
    ),
    Case(
        ENCRYPTION,
        lambda parents: _on(
            parents,
            {
                "rules": [
                    {
                        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
                        "bucketKeyEnabled": False,
                        "blockedEncryptionTypes": ["SSE-C"],
                    }
                ]
            },
            {
                "rules": [
                    {
                        "applyServerSideEncryptionByDefault": {
                            "sseAlgorithm": "aws:kms",
                            "kmsMasterKeyId": parents.key["arn"],
                        },
                        "bucketKeyEnabled": True,
                    }
                ]
            },
        ),
        _of_the_bucket("get_bucket_encryption"),
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda parents: _on(
            parents,
            *(
                {"rules": [{"id": "expire", "status": "Enabled", "expiration": {"days": days}}]}
                for days in (14.0, 30.0)
            ),
        ),
        _of_the_bucket("get_bucket_lifecycle_configuration"),
    ),
    Case(
        VERSIONING,
        lambda parents: _on(
            parents,
            {"versioningConfiguration": {"status": "Suspended"}},
            {"versioningConfiguration": {"status": "Enabled"}},
        ),
        _of_the_bucket("get_bucket_versioning"),
    ),
    Case(
        "aws:apigatewayv2/api:Api",
        lambda _: [
            {"protocolType": "HTTP"},
            {
                "protocolType": "HTTP",
                "description": "Tasks.",
                "version": "2",
                "disableExecuteApiEndpoint": True,
                "corsConfiguration": {"allowOrigins": ["https://a.example"], "maxAge": 60.0},
            },
            {
                "protocolType": "HTTP",
                "corsConfiguration": {"allowMethods": ["POST"]},
            },
        ],
        _of_the_api("get_api", "ApiId", "ApiEndpoint"),
    ),
    Case(
        "aws:apigatewayv2/integration:Integration",
        lambda parents: _of(
            parents,
            {
                "integrationType": "AWS_PROXY",
                "integrationUri": parents.function["invokeArn"],
                "payloadFormatVersion": "2.0",
            },
            {
                "integrationType": "AWS_PROXY",
                "integrationUri": parents.function["qualifiedInvokeArn"],
                "payloadFormatVersion": "1.0",
                "timeoutMilliseconds": 5000.0,
                "description": "Answers.",
            },
        ),
        _of_the_api("get_integration", "IntegrationId"),
    ),
    Case(
        "aws:apigatewayv2/route:Route",
        lambda parents: _of(
            parents,
            {
                "routeKey": "POST /a",
                "authorizationType": "AWS_IAM",
                "target": f"integrations/{parents.integrations[0]}",
            },
            {
                "routeKey": "POST /b",
                "authorizationType": "JWT",
                "authorizerId": parents.authorizer["id"],
                "authorizationScopes": ["tasks"],
                "target": f"integrations/{parents.integrations[1]}",
            },
            {"routeKey": "GET /c"},
        ),
        _of_the_api("get_route", "RouteId"),
    ),
    Case(
        "aws:apigatewayv2/authorizer:Authorizer",
        lambda parents: _of(
            parents,
            *(
                {
                    "authorizerType": "JWT",
                    "identitySources": [f"$request.header.{name}"],
                    "jwtConfiguration": {
                        "issuer": f"https://{name}.example",
                        "audiences": [name],
                    },
                }
                for name in ("one", "two")
            ),
        ),
        _of_the_api("get_authorizer", "AuthorizerId"),
    ),
    Case(
        "aws:apigatewayv2/stage:Stage",
        lambda parents: _of(
            parents,
            {"name": "v1"},
            {
                "name": "v1",
                "autoDeploy": True,
                "description": "First.",
                "stageVariables": {"lower": "case"},
                "accessLogSettings": {
                    "destinationArn": parents.log_group["arn"],
                    "format": "$context.requestId",
                },
                "defaultRouteSettings": {"throttlingBurstLimit": 7.0, "throttlingRateLimit": 5.0},
            },
            {"name": "v1", "defaultRouteSettings": {"throttlingBurstLimit": 9}},
        ),
        _of_the_api("get_stage", "StageName"),
    ),
]
