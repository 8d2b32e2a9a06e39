"""A program of one resource of each type, deployed into the local AWS; and failures."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local.access import Access
from local.deployment import deploy
from local.errors import DeploymentFailed
from local.project import Project
from local.resources import RESOURCES
from tests.local.conftest import Outputs

DeployProgram = Callable[[str], Outputs]

PROJECT = "name: small\nruntime: python\n"


@pytest.fixture
def deploy_program(tmp_path: Path, access: Access) -> DeployProgram:
    """Deploys a program of a few lines."""

    def run(program: str) -> Outputs:
        (tmp_path / "Pulumi.yaml").write_text(PROJECT)
        (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
        (tmp_path / "__main__.py").write_text(
            f"import pulumi\nimport pulumi_aws as aws\n{program}\n"
        )
        return deploy(Project.from_folder(tmp_path), access)

    return run


def test_the_program_declares_every_type_that_can_be_created(
    outputs: Outputs, project: Project
) -> None:
    program = (project.folder / "__main__.py").read_text()

    missing = [kind for kind in RESOURCES if f".{kind.rsplit(':', 1)[1]}(" not in program]
    assert not missing


def test_outputs_are_plain_values_of_the_created_resources(outputs: Outputs) -> None:
    assert (
        outputs["stateMachineArn"]
        == "arn:aws:states:eu-central-1:000000000000:stateMachine:everything-machine"
    )
    assert outputs["accountId"] == "000000000000"
    assert outputs["partition"] == "aws"
    assert outputs["roles"]["rule"].startswith("rule-role-")


def test_a_table_has_its_keys_indexes_recovery_and_expiry(access: Access, outputs: Outputs) -> None:
    dynamodb, name = access.client("dynamodb"), outputs["tableName"]

    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]

    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    [index] = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "byStatus"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["byStatusKey", "createdOn"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert expiry["AttributeName"] == "expiresAt"


def test_a_bucket_is_private_encrypted_and_expiring(access: Access, outputs: Outputs) -> None:
    s3, bucket = access.client("s3"), outputs["bucketName"]

    access_block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    [expiry, abort] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])

    assert all(access_block.values())
    [default] = [rule["ApplyServerSideEncryptionByDefault"] for rule in encryption["Rules"]]
    assert default["SSEAlgorithm"] == "AES256"
    assert (expiry["ID"], expiry["Expiration"]["Days"]) == ("expire", 14)
    assert expiry["Filter"] == {"Tag": {"Key": "expire", "Value": "true"}}
    assert abort["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert policy["Statement"][0]["Effect"] == "Deny"


def test_a_function_has_its_code_settings_and_environment(access: Access, outputs: Outputs) -> None:
    function = access.client("lambda").get_function_configuration(
        FunctionName="everything-function"
    )

    assert (function["Handler"], function["Runtime"], function["MemorySize"]) == (
        "answer.handler",
        "python3.13",
        256,
    )
    assert (function["Timeout"], function["Architectures"]) == (30, ["arm64"])
    assert function["LoggingConfig"]["LogGroup"] == "/aws/lambda/everything-function"
    assert function["Environment"]["Variables"]["TABLE_NAME"] == outputs["tableName"]


def test_a_function_has_its_reserved_concurrency_and_what_becomes_of_its_events(
    access: Access, outputs: Outputs
) -> None:
    functions, name = access.client("lambda"), outputs["functionName"]

    reserved = functions.get_function_concurrency(FunctionName=name)
    events = functions.get_function_event_invoke_config(FunctionName=name)

    assert reserved["ReservedConcurrentExecutions"] == 7
    assert (events["MaximumRetryAttempts"], events["MaximumEventAgeInSeconds"]) == (0, 3600)
    assert events["DestinationConfig"]["OnFailure"]["Destination"].endswith(":everything-failed")


def test_an_alarm_has_its_metric_its_threshold_and_its_actions(
    access: Access, outputs: Outputs
) -> None:
    alarms = {
        alarm["AlarmName"]: alarm
        for alarm in access.client("cloudwatch").describe_alarms()["MetricAlarms"]
    }
    errors = alarms["everything-errors"]

    assert "everything-waiting" in alarms
    assert (errors["Namespace"], errors["MetricName"]) == ("AWS/Lambda", "Errors")
    assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": outputs["functionName"]}]
    assert (errors["Statistic"], errors["Period"], errors["Threshold"]) == ("Sum", 300, 0)
    assert (errors["EvaluationPeriods"], errors["DatapointsToAlarm"]) == (3, 2)
    assert errors["TreatMissingData"] == "notBreaching"
    assert errors["OKActions"] == ["arn:aws:sns:eu-central-1:000000000000:topic"]


def test_config_reaches_the_program_as_the_pulumi_cli_passes_it(
    access: Access, outputs: Outputs
) -> None:
    function = access.client("lambda").get_function_configuration(
        FunctionName="everything-function"
    )

    assert json.loads(function["Environment"]["Variables"]["POLICY"]) == [{"Effect": "Allow"}]


def test_an_invoked_function_runs_its_code(access: Access, outputs: Outputs) -> None:
    response = access.client("lambda").invoke(FunctionName=outputs["functionName"], Payload=b"{}")

    assert json.load(response["Payload"])["body"] == outputs["tableName"]


def test_a_rule_has_its_pattern_and_its_target_with_role_queue_and_retries(
    access: Access, outputs: Outputs
) -> None:
    events, bus = access.client("events"), outputs["eventBusName"]

    [rule] = events.list_rules(EventBusName=bus)["Rules"]
    [target] = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]

    assert json.loads(rule["EventPattern"]) == {"detail-type": ["Work"]}
    assert target["Arn"] == outputs["stateMachineArn"]
    assert target["RoleArn"].endswith(outputs["roles"]["rule"])
    assert target["DeadLetterConfig"]["Arn"].endswith(":everything-dead")
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185}


def test_a_schedule_has_its_expression_zone_end_window_and_target(
    access: Access, outputs: Outputs
) -> None:
    schedule = access.client("scheduler").get_schedule(
        GroupName="everything-schedules", Name="everything-nightly"
    )

    assert schedule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["EndDate"].year == 2199
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert schedule["Target"]["Arn"] == outputs["stateMachineArn"]
    assert schedule["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 3600,
        "MaximumRetryAttempts": 185,
    }


def test_a_rule_with_a_schedule_may_invoke_its_function(access: Access, outputs: Outputs) -> None:
    policy = access.client("lambda").get_policy(FunctionName=outputs["functionName"])["Policy"]

    assert "events.amazonaws.com" in policy
    assert "rule/schedule-" in policy


def test_a_queue_keeps_its_messages_as_long_as_declared(access: Access, outputs: Outputs) -> None:
    attributes = access.client("sqs").get_queue_attributes(
        QueueUrl=outputs["queueUrl"], AttributeNames=["All"]
    )["Attributes"]

    assert attributes["MessageRetentionPeriod"] == "1209600"
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert outputs["ruleArn"] in attributes["Policy"]


def test_a_state_machine_has_its_type_and_its_log(access: Access, outputs: Outputs) -> None:
    machine = access.client("stepfunctions").describe_state_machine(
        stateMachineArn=outputs["stateMachineArn"]
    )

    assert machine["type"] == "STANDARD"
    assert machine["loggingConfiguration"]["level"] == "ERROR"
    assert machine["loggingConfiguration"]["includeExecutionData"] is True
    [destination] = machine["loggingConfiguration"]["destinations"]
    assert destination["cloudWatchLogsLogGroup"]["logGroupArn"].endswith(
        ":log-group:/aws/vendedlogs/states/everything:*"
    )


def test_log_groups_keep_their_retention(access: Access, outputs: Outputs) -> None:
    groups = access.client("logs").describe_log_groups()["logGroups"]
    retention = {group["logGroupName"]: group.get("retentionInDays") for group in groups}

    assert retention["/aws/lambda/everything-function"] == 14
    assert retention["/aws/vendedlogs/states/everything"] == 7


def test_roles_have_their_policies(access: Access, outputs: Outputs) -> None:
    iam, role = access.client("iam"), outputs["roles"]["rule"]

    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

    assert document["Statement"][0]["Resource"] == outputs["stateMachineArn"]


def test_an_api_has_its_routes_authorizer_and_default_stage(
    access: Access, outputs: Outputs
) -> None:
    gateway = access.client("apigatewayv2")
    [api] = [api for api in gateway.get_apis()["Items"] if api["Name"] == "everything-api"]

    routes = {route["RouteKey"]: route for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]}
    [authorizer] = gateway.get_authorizers(ApiId=api["ApiId"])["Items"]
    [stage] = gateway.get_stages(ApiId=api["ApiId"])["Items"]

    assert routes["POST /graphql"]["AuthorizationType"] == "AWS_IAM"
    assert routes["GET /token"]["AuthorizationType"] == "JWT"
    assert authorizer["JwtConfiguration"] == {
        "Issuer": "https://issuer.example.com",
        "Audience": ["everything"],
    }
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 100


def test_an_unknown_type_is_an_error_that_names_it(deploy_program: DeployProgram) -> None:
    with pytest.raises(
        DeploymentFailed,
        match=r'can\'t create aws:sfn/activity:Activity "news"\. Add its type',
    ):
        deploy_program('aws.sfn.Activity("news")')


def test_an_unknown_input_is_an_error_that_names_it(
    deploy_program: DeployProgram,
) -> None:
    program = 'aws.s3.Bucket("files", bucket="small-files", acceleration_status="Enabled")'

    with pytest.raises(
        DeploymentFailed, match=r'aws:s3/bucket:Bucket "files" declares accelerationStatus, which'
    ):
        deploy_program(program)


def test_a_resource_that_aws_refuses_is_an_error_that_names_it(
    deploy_program: DeployProgram,
) -> None:
    program = 'aws.cloudwatch.EventRule("wrong", event_pattern="not json")'

    with pytest.raises(
        DeploymentFailed, match=r'EventRule "wrong" could not be created: .*InvalidEventPattern'
    ):
        deploy_program(program)


def test_an_unknown_call_is_an_error_that_names_it(deploy_program: DeployProgram) -> None:
    with pytest.raises(DeploymentFailed, match="getAvailabilityZones"):
        deploy_program("aws.get_availability_zones()")


def test_an_exception_in_the_program_is_shown(deploy_program: DeployProgram) -> None:
    with pytest.raises(DeploymentFailed, match=r"The program failed\. KeyError: 'memory'"):
        deploy_program('{}["memory"]')


def test_missing_config_is_shown_as_pulumi_reports_it(deploy_program: DeployProgram) -> None:
    with pytest.raises(
        DeploymentFailed, match="Missing required configuration variable 'small:memory'"
    ):
        deploy_program('pulumi.Config().require("memory")')


def test_advice_to_use_the_pulumi_cli_becomes_advice_to_use_config(
    deploy_program: DeployProgram,
) -> None:
    with pytest.raises(DeploymentFailed, match="`--config memory=<value>`"):
        deploy_program('pulumi.Config().require("memory")')


def test_a_run_error_is_shown_without_its_class(deploy_program: DeployProgram) -> None:
    with pytest.raises(DeploymentFailed, match=r"^The program failed\. Too small\.$"):
        deploy_program('raise pulumi.RunError("Too small.")')


def test_the_program_finds_the_modules_beside_it(
    deploy_program: DeployProgram, tmp_path: Path
) -> None:
    (tmp_path / "beside_the_program.py").write_text("ANSWER = 42\n")

    outputs = deploy_program(
        'from beside_the_program import ANSWER\npulumi.export("answer", ANSWER)'
    )

    assert outputs == {"answer": 42}


def test_a_resource_without_a_name_gets_a_name_with_seven_digits(
    deploy_program: DeployProgram,
) -> None:
    outputs = deploy_program('pulumi.export("name", aws.sqs.Queue("queue").name)')

    assert len(outputs["name"]) == len("queue-1234567")
