"""One resource of each type that local/resources/ can create."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
caller, region, partition = aws.get_caller_identity(), aws.get_region(), aws.get_partition()


def trust(service: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    statement |= more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: str, resource: str, **more: object) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}],
        }
    )


provider = aws.Provider(
    "provider", region=region.region, default_tags={"tags": {"project": "everything"}}
)
ours = pulumi.ResourceOptions(provider=provider)


class Storage(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("everything:index:Storage", name)
        child = pulumi.ResourceOptions(parent=self, provider=provider)
        self.table = aws.dynamodb.Table(
            "table",
            billing_mode="PAY_PER_REQUEST",
            hash_key="pk",
            range_key="sk",
            attributes=[{"name": n, "type": "S"} for n in ("pk", "sk", "byStatusKey", "createdOn")],
            global_secondary_indexes=[
                {
                    "name": "byStatus",
                    "hash_key": "byStatusKey",
                    "range_key": "createdOn",
                    "projection_type": "KEYS_ONLY",
                }
            ],
            point_in_time_recovery={"enabled": True},
            ttl={"attribute_name": "expiresAt", "enabled": True},
            deletion_protection_enabled=True,
            opts=child,
        )
        self.bucket = aws.s3.Bucket("bucket", force_destroy=True, opts=child)
        aws.s3.BucketPublicAccessBlock(
            "private",
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            "encrypted",
            bucket=self.bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            "expiring",
            bucket=self.bucket.id,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"tag": {"key": "expire", "value": "true"}},
                    "expiration": {"days": 14},
                },
                {
                    "id": "abort",
                    "status": "Enabled",
                    "filter": {},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                },
            ],
            opts=child,
        )
        aws.s3.BucketPolicy(
            "by-tls",
            bucket=self.bucket.id,
            policy=self.bucket.arn.apply(
                lambda arn: json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Deny",
                                "Principal": "*",
                                "Action": "s3:*",
                                "Resource": [arn, f"{arn}/*"],
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                            }
                        ],
                    }
                )
            ),
            opts=child,
        )
        self.register_outputs({})


storage = Storage("storage")

function_role = aws.iam.Role(
    "function-role", assume_role_policy=trust("lambda.amazonaws.com"), opts=ours
)
aws.iam.RolePolicy(
    "function-policy",
    role=function_role.name,
    policy=storage.table.arn.apply(lambda arn: allow("dynamodb:GetItem", arn)),
)
failed = aws.sqs.Queue("failed", name="everything-failed")
aws.iam.RolePolicy(
    "function-may-send",
    name="send",
    role=function_role.name,
    policy=failed.arn.apply(lambda arn: allow("sqs:SendMessage", arn)),
)
logs = aws.cloudwatch.LogGroup("logs", name="/aws/lambda/everything-function", retention_in_days=14)
function = aws.lambda_.Function(
    "function",
    name="everything-function",
    role=function_role.arn,
    runtime="python3.13",
    architectures=["arm64"],
    handler="answer.handler",
    memory_size=config.require_int("memory"),
    timeout=30,
    reserved_concurrent_executions=7,
    code=pulumi.FileArchive("code"),
    environment={
        "variables": {"TABLE_NAME": storage.table.name, "POLICY": config.require("policy")}
    },
    logging_config={"log_format": "JSON", "log_group": logs.name},
)

aws.lambda_.FunctionEventInvokeConfig(
    "events",
    function_name=function.name,
    maximum_retry_attempts=0,
    maximum_event_age_in_seconds=3600,
    destination_config={"on_failure": {"destination": failed.arn}},
)
aws.cloudwatch.MetricAlarm(
    "errors",
    name="everything-errors",
    namespace="AWS/Lambda",
    metric_name="Errors",
    dimensions={"FunctionName": function.name},
    statistic="Sum",
    period=300,
    comparison_operator="GreaterThanThreshold",
    threshold=0,
    evaluation_periods=3,
    datapoints_to_alarm=2,
    treat_missing_data="notBreaching",
    ok_actions=["arn:aws:sns:eu-central-1:000000000000:topic"],
)
aws.cloudwatch.MetricAlarm(
    "waiting",
    name="everything-waiting",
    metric_queries=[
        {"id": "twice", "expression": "2 * sent", "label": "Twice", "return_data": True},
        {
            "id": "sent",
            "metric": {
                "namespace": "AWS/SQS",
                "metric_name": "NumberOfMessagesSent",
                "dimensions": {"QueueName": failed.name},
                "stat": "Sum",
                "period": 300,
            },
        },
    ],
    comparison_operator="GreaterThanThreshold",
    threshold=0,
    evaluation_periods=1,
)

machine_role = aws.iam.Role(
    "machine-role",
    assume_role_policy=trust(
        "states.amazonaws.com",
        Condition={
            "ArnEquals": {
                "aws:SourceArn": f"arn:aws:states:{region.region}:{caller.account_id}"
                ":stateMachine:everything-machine"
            },
            "StringEquals": {"aws:SourceAccount": caller.account_id},
        },
    ),
    inline_policies=[
        {
            "name": "invoke",
            "policy": function.arn.apply(lambda arn: allow("lambda:InvokeFunction", arn)),
        }
    ],
)
machine_logs = aws.cloudwatch.LogGroup(
    "machine-logs", name="/aws/vendedlogs/states/everything", retention_in_days=7
)
machine = aws.sfn.StateMachine(
    "machine",
    name="everything-machine",
    role_arn=machine_role.arn,
    type="STANDARD",
    logging_configuration={
        "level": "ERROR",
        "include_execution_data": True,
        "log_destination": machine_logs.arn.apply(lambda arn: f"{arn}:*"),
    },
    definition=function.arn.apply(
        lambda arn: json.dumps(
            {
                "QueryLanguage": "JSONata",
                "StartAt": "Run",
                "States": {
                    "Run": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Arguments": {"FunctionName": arn, "Payload": "{% $states.input.detail %}"},
                        "Output": "{% $states.result.Payload %}",
                        "TimeoutSeconds": 60,
                        "Catch": [
                            {
                                "ErrorEquals": ["States.ALL"],
                                "Next": "Caught",
                                "Output": "{% $states.errorOutput %}",
                            }
                        ],
                        "End": True,
                    },
                    "Caught": {"Type": "Pass", "End": True},
                },
            }
        )
    ),
)

bus = aws.cloudwatch.EventBus("bus", name="everything-bus")
rule = aws.cloudwatch.EventRule(
    "rule",
    event_bus_name=bus.name,
    event_pattern=json.dumps({"detail-type": ["Work"]}),
    state="ENABLED",
)
queue = aws.sqs.Queue(
    "queue",
    name="everything-dead",
    message_retention_seconds=1_209_600,
    sqs_managed_sse_enabled=True,
)
aws.sqs.QueuePolicy(
    "queue-policy",
    queue_url=queue.url,
    policy=pulumi.Output.all(queue.arn, rule.arn).apply(
        lambda arns: allow(
            "sqs:SendMessage",
            arns[0],
            Principal={"Service": "events.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": arns[1]}},
        )
    ),
)
rule_role = aws.iam.Role(
    "rule-role",
    assume_role_policy=rule.arn.apply(
        lambda arn: trust("events.amazonaws.com", Condition={"ArnEquals": {"aws:SourceArn": arn}})
    ),
)
aws.iam.RolePolicy(
    "rule-policy",
    role=rule_role.id,
    policy=machine.arn.apply(lambda arn: allow("states:StartExecution", arn)),
)
aws.cloudwatch.EventTarget(
    "target",
    rule=rule.name,
    event_bus_name=bus.name,
    arn=machine.arn,
    role_arn=rule_role.arn,
    dead_letter_config={"arn": queue.arn},
    retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 185},
)
schedule = aws.cloudwatch.EventRule("schedule", schedule_expression="rate(1 day)")
aws.cloudwatch.EventTarget("scheduled", rule=schedule.name, arn=function.arn)
aws.lambda_.Permission(
    "permission",
    action="lambda:InvokeFunction",
    function=function.name,
    principal="events.amazonaws.com",
    source_arn=schedule.arn,
)

schedules = aws.scheduler.ScheduleGroup("schedules", name="everything-schedules")
schedules_role = aws.iam.Role(
    "schedules-role",
    assume_role_policy=schedules.arn.apply(
        lambda arn: trust(
            "scheduler.amazonaws.com", Condition={"StringEquals": {"aws:SourceArn": arn}}
        )
    ),
    inline_policies=[
        {
            "name": "start",
            "policy": machine.arn.apply(lambda arn: allow("states:StartExecution", arn)),
        },
        {"name": "send", "policy": queue.arn.apply(lambda arn: allow("sqs:SendMessage", arn))},
    ],
)
aws.scheduler.Schedule(
    "nightly",
    name="everything-nightly",
    group_name=schedules.name,
    schedule_expression="cron(0 3 * * ? *)",
    schedule_expression_timezone="Europe/Berlin",
    end_date="2199-01-01T00:00:00Z",
    flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": 15},
    target={
        "arn": machine.arn,
        "role_arn": schedules_role.arn,
        "input": "{}",
        "dead_letter_config": {"arn": queue.arn},
        "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 185},
    },
)

api = aws.apigatewayv2.Api("api", name="everything-api", protocol_type="HTTP")
integration = aws.apigatewayv2.Integration(
    "integration",
    api_id=api.id,
    integration_type="AWS_PROXY",
    integration_uri=function.invoke_arn,
    payload_format_version="2.0",
)
aws.lambda_.Permission(
    "api-permission",
    statement_id="api",
    action="lambda:InvokeFunction",
    function=function.name,
    principal="apigateway.amazonaws.com",
    source_arn=api.execution_arn.apply(lambda arn: f"{arn}/*/*"),
)
aws.apigatewayv2.Route(
    "signed",
    api_id=api.id,
    route_key="POST /graphql",
    authorization_type="AWS_IAM",
    target=integration.id.apply(lambda integration_id: f"integrations/{integration_id}"),
)
authorizer = aws.apigatewayv2.Authorizer(
    "authorizer",
    api_id=api.id,
    authorizer_type="JWT",
    identity_sources=["$request.header.Authorization"],
    jwt_configuration={"issuer": "https://issuer.example.com", "audiences": ["everything"]},
)
aws.apigatewayv2.Route(
    "with-token",
    api_id=api.id,
    route_key="GET /token",
    authorization_type="JWT",
    authorizer_id=authorizer.id,
    target=integration.id.apply(lambda integration_id: f"integrations/{integration_id}"),
)
aws.apigatewayv2.Stage(
    "stage",
    api_id=api.id,
    name="$default",
    auto_deploy=True,
    access_log_settings={
        "destination_arn": machine_logs.arn,
        "format": json.dumps({"id": "$context.requestId"}),
    },
    default_route_settings={"throttling_burst_limit": 100, "throttling_rate_limit": 50},
)

aws.s3.BucketVersioning(
    "versions", bucket=storage.bucket.id, versioning_configuration={"status": "Enabled"}
)
aws.iam.RolePolicyAttachment(
    "function-reads", role=function_role.name, policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess"
)
key = aws.kms.Key("key", enable_key_rotation=True, deletion_window_in_days=7)
aws.kms.Alias("key-alias", name="alias/everything", target_key_id=key.key_id)
topic = aws.sns.Topic("topic", kms_master_key_id=key.arn)
aws.sns.TopicPolicy(
    "topic-policy", arn=topic.arn, policy=topic.arn.apply(lambda arn: allow("sns:Publish", arn))
)
aws.sns.TopicSubscription("told", topic=topic.arn, protocol="email", endpoint="us@example.com")
published = aws.lambda_.Function(
    "published",
    role=function_role.arn,
    runtime="python3.13",
    handler="answer.handler",
    code=pulumi.FileArchive("code"),
    publish=True,
    tracing_config={"mode": "Active"},
    ephemeral_storage={"size": 1024},
    vpc_config={"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
    kms_key_arn=key.arn,
)
aws.lambda_.Alias(
    "live",
    name="live",
    function_name=published.name,
    function_version=published.version,
)
aws.cloudwatch.LogMetricFilter(
    "failures",
    log_group_name=logs.name,
    pattern='{ $.level = "ERROR" }',
    metric_transformation={"name": "Failures", "namespace": "Everything", "value": "1"},
)
aws.cloudwatch.QueryDefinition(
    "what-failed", name="everything/failed", query_string="fields @message", log_group_names=[]
)
aws.cloudwatch.Dashboard(
    "dashboard", dashboard_name="everything", dashboard_body=json.dumps({"widgets": []})
)

pulumi.export("apiUrl", api.api_endpoint.apply(lambda endpoint: f"{endpoint}/graphql"))
pulumi.export("bucketName", storage.bucket.bucket)
pulumi.export("tableName", storage.table.name)
pulumi.export("functionName", function.name)
pulumi.export("stateMachineArn", machine.arn)
pulumi.export("eventBusName", bus.name)
pulumi.export("queueUrl", queue.url)
pulumi.export("failedUrl", failed.url)
pulumi.export("ruleArn", rule.arn)
pulumi.export(
    "roles",
    {
        "function": function_role.name,
        "rule": rule_role.name,
        "machine": machine_role.name,
        "schedules": schedules_role.name,
    },
)
pulumi.export("accountId", caller.account_id)
pulumi.export("partition", partition.partition)
