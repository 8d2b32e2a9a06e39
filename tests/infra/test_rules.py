"""The rules that hold for whatever the program registers, in every environment."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from infra.config_values import RETENTION_PERIODS
from infra.documents import policies
from infra.documents.policies import Statement
from infra.http_api import GRAPHIQL_ROUTES, SIGNAL_ROUTES
from tests.infra.recording import PROJECT, Program, Resource, defaults
from tests.infra.variants import KEY, VARIANTS, deployed

FUNCTION: Final = "aws:lambda/function:Function"
STAGE: Final = "aws:apigatewayv2/stage:Stage"
MACHINE: Final = "aws:sfn/stateMachine:StateMachine"
ACCOUNT: Final = "123456789012"
# The actions that take no ARNs, which infra/documents/policies.py names with the reason.
WITHOUT_ARNS: Final = {
    *policies.LOG_DELIVERY,
    *policies.NETWORK_INTERFACES,
    *policies.WRITE_TRACES,
    *policies.SAMPLE_TRACES,
}
# What a role may use of a resource that has many: the end of its ARN.
MANY: Final = ("/index/*", "/tasks/*", ":log-stream:*", "-state-machine:*")
# Services that name no account beside the source's ARN, which has it: a key that a request lacks
# would refuse every one. AWS's own examples for these have the ARN alone (EventBridge guide, "Using
# dead-letter queues", "Using resource-based policies"; API Gateway guide, "Lambda integrations").
ARN_ALONE: Final = {"aws:sqs/queuePolicy:QueuePolicy", "aws:lambda/permission:Permission"}
# Types that can have a key of the customer's, and don't: nothing of a task stays in them.
WITHOUT_KEY: Final = {
    "aws:cloudwatch/eventBus:EventBus": "it keeps no event: there is no archive",
    "aws:scheduler/schedule:Schedule": "its input is the author's `schedule_input`, in the bundle",
}
SECRET: Final = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN|gh[pousr]_\w{36}|xox[abp]-|eyJ\w{10,}\.")


@pytest.fixture(scope="session", params=list(VARIANTS))
def variant(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def stack(variant: str) -> Program:
    """The program of an environment."""
    return deployed(variant)


@pytest.fixture
def config(variant: str) -> dict[str, Any]:
    """The config of this environment, with the defaults of Pulumi.yaml."""
    return {**defaults(), **VARIANTS[variant][1]}


def ours(program: Program) -> list[Resource]:
    """The resources of AWS."""
    return [resource for resource in program.resources if resource.type.startswith("aws:")]


def documents(program: Program) -> Iterator[tuple[Resource, Statement]]:
    """Every statement of every policy: of roles, of trust, of queues, buckets and topics."""
    for resource in ours(program):
        for key in ("policy", "assumeRolePolicy"):
            if key in resource.inputs:
                for statement in json.loads(resource.inputs[key])["Statement"]:
                    yield resource, statement


def listed(value: object) -> list[str]:
    return value if isinstance(value, list) else [str(value)]


def properties_of(type: str) -> set[str]:
    """What the AWS provider's type can be told."""
    module, name = type.removeprefix("aws:").split("/")
    module = {"lambda": "lambda_"}.get(module, module)
    made = getattr(importlib.import_module(f"pulumi_aws.{module}"), name.split(":")[1])
    return set(dir(made))


def stack_of(program: Program) -> str:
    """The name of the stack, from the tags of a resource."""
    name: str = program.one(MACHINE)["tags"]["stack"]
    return name


def describe(resource: Resource) -> str:
    return f"{resource.type} {resource.name}"


def test_only_named_actions_and_resources_are_allowed(stack: Program) -> None:
    unnamed = [
        (describe(resource), action, arn)
        for resource, statement in documents(stack)
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for arn in listed(statement.get("Resource", ""))
        if "*" in action
        or (arn == "*" and action not in WITHOUT_ARNS)
        or ("*" in arn.removesuffix(next(filter(arn.endswith, MANY), "")) and arn != "*")
    ]

    assert unnamed == []


def test_nobody_is_allowed_anything_by_a_policy_that_names_nobody(stack: Program) -> None:
    for_everybody = [
        describe(resource)
        for resource, statement in documents(stack)
        if statement["Effect"] == "Allow" and "*" in str(statement.get("Principal"))
    ]

    assert for_everybody == []


def test_a_policy_that_lets_a_service_in_names_the_source(stack: Program) -> None:
    without = [
        describe(resource)
        for resource, statement in documents(stack)
        if statement["Effect"] == "Allow"
        and "Principal" in statement
        and statement["Principal"] != {"Service": "lambda.amazonaws.com"}  # policies.trust_lambda
        and not names_its_source(resource.type, statement)
    ]

    assert without == []


def names_its_source(type: str, statement: Statement) -> bool:
    conditions: Any = statement.get("Condition", {})
    arns = [
        arn
        for operator in ("ArnEquals", "ArnLike")
        for arn in listed(conditions.get(operator, {}).get("aws:SourceArn", []))
    ]
    accounts = conditions.get("StringEquals", {}).get("aws:SourceAccount")
    return (
        bool(arns)
        and all(arn.split(":")[4] == ACCOUNT for arn in arns)
        and (accounts == ACCOUNT or type in ARN_ALONE)
    )


def test_only_the_stacks_own_resources_may_invoke_a_function(stack: Program) -> None:
    permissions = stack.all("aws:lambda/permission:Permission")

    assert permissions
    for permission in permissions:
        assert permission["sourceArn"].split(":")[4] == ACCOUNT
        assert permission["principal"].endswith(".amazonaws.com")
        assert permission["qualifier"]


@pytest.mark.parametrize(
    ("type", "policy", "key"),
    [
        ("aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy", "name"),
        ("aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy", "bucket"),
        ("aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy", "name"),
    ],
)
def test_what_has_a_policy_refuses_whoever_comes_without_tls(
    stack: Program, type: str, policy: str, key: str
) -> None:
    refusing = {
        arn.rsplit(":", 1)[-1]
        for resource, statement in documents(stack)
        if resource.type == policy and statement["Effect"] == "Deny"
        if statement["Principal"] == "*"
        if statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for arn in listed(statement["Resource"])
    }

    assert {each[key] for each in stack.all(type)} <= refusing


def test_every_log_has_a_group_of_the_stacks_with_a_retention(stack: Program) -> None:
    groups = {each["name"]: each for each in stack.all("aws:cloudwatch/logGroup:LogGroup")}

    written = {each["loggingConfig"]["logGroup"] for each in stack.all(FUNCTION)}
    destinations = [
        *(each["accessLogSettings"]["destinationArn"] for each in stack.all(STAGE)),
        *(each["loggingConfiguration"]["logDestination"] for each in stack.all(MACHINE)),
    ]
    written |= {arn.split(":log-group:")[1].removesuffix(":*") for arn in destinations}

    assert written == set(groups)
    assert all(int(each["retentionInDays"]) in RETENTION_PERIODS for each in groups.values())


def test_whatever_takes_tags_has_the_projects_and_the_stacks_own(
    stack: Program, variant: str, config: dict[str, Any]
) -> None:
    expected = {"project": PROJECT, "stack": VARIANTS[variant][0], **config["tags"]}

    without = [
        describe(resource)
        for resource in ours(stack)
        if "tags" in properties_of(resource.type)
        and not expected.items() <= resource.inputs.get("tags", {}).items()
    ]

    assert without == []


def test_whatever_can_have_a_key_of_the_customers_has_it_once_there_is_one() -> None:
    stack = deployed("everything")
    takes_one = re.compile(r"kms_|encryption")

    without = {
        resource.type
        for resource in ours(stack)
        if any(map(takes_one.search, properties_of(resource.type)))
        and KEY not in json.dumps(resource.inputs, default=str)
    }

    # A bucket has its own in another resource.
    assert without - {"aws:s3/bucket:Bucket"} == set(WITHOUT_KEY)


def test_queues_and_buckets_are_encrypted_without_a_key_too(
    stack: Program, config: dict[str, Any]
) -> None:
    rules = [
        rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"]
        for each in stack.all(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        )
        for rule in each["rules"]
    ]

    assert rules == ["aws:kms" if config["kmsKeyArn"] else "AES256"]
    for queue in stack.all("aws:sqs/queue:Queue"):
        assert queue.get("sqsManagedSseEnabled") or queue.get("kmsMasterKeyId") == KEY


def test_functions_and_the_state_machine_are_traced_where_the_config_says_so(
    stack: Program, config: dict[str, Any]
) -> None:
    is_traced = config["tracing"] == "xray"

    modes = {
        (each.get("tracingConfig") or {}).get("mode") == "Active" for each in stack.all(FUNCTION)
    }
    enabled = {
        (each.get("tracingConfiguration") or {}).get("enabled", False)
        for each in stack.all(MACHINE)
    }

    assert modes == enabled == {is_traced}


def test_every_role_has_the_boundary_of_the_config(stack: Program, config: dict[str, Any]) -> None:
    boundaries = {each.get("permissionsBoundary", "") for each in stack.all("aws:iam/role:Role")}

    assert boundaries == {config["permissionsBoundaryArn"]}


def test_nothing_is_public(stack: Program) -> None:
    blocks = stack.all("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")

    assert [each["bucket"] for each in blocks] == [
        each["bucket"] for each in stack.all("aws:s3/bucket:Bucket")
    ]
    assert all(value is True for each in blocks for key, value in each.items() if key != "bucket")
    routes = stack.all("aws:apigatewayv2/route:Route")
    is_open = {*SIGNAL_ROUTES.values(), *GRAPHIQL_ROUTES.values()}
    closed = [each for each in routes if each["routeKey"] not in is_open]
    assert {each["authorizationType"] for each in closed} <= {"AWS_IAM", "JWT"}
    assert stack.all("aws:lambda/functionUrl:FunctionUrl") == []


def test_whatever_is_called_without_an_answer_has_a_place_for_what_failed(stack: Program) -> None:
    targets = [
        *stack.all("aws:cloudwatch/eventTarget:EventTarget"),
        *(each["target"] for each in stack.all("aws:scheduler/schedule:Schedule")),
    ]
    kept = {
        f":{each['functionName']}:{each['qualifier']}"
        for each in stack.all("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
        if each["destinationConfig"]["onFailure"]["destination"].startswith("arn:aws:sqs:")
    }

    for target in targets:
        assert target["deadLetterConfig"]["arn"].startswith("arn:aws:sqs:")
        assert target["retryPolicy"]["maximumEventAgeInSeconds"]
        assert ":lambda:" not in target["arn"] or any(map(target["arn"].endswith, kept))


def test_no_input_of_a_resource_has_a_secret_in_it(stack: Program) -> None:
    found = [
        describe(resource)
        for resource in ours(stack)
        if SECRET.search(json.dumps(resource.inputs, default=str))
    ]

    assert found == []


def test_every_function_has_the_time_and_memory_that_are_configured(
    stack: Program, config: dict[str, Any]
) -> None:
    functions = {
        each["name"].removeprefix(f"background-tasks-{stack_of(stack)}-"): each
        for each in stack.all(FUNCTION)
    }
    others = {f"worker-{name}": said for name, said in config["workers"].items()}

    assert {name: int(each["memorySize"]) for name, each in functions.items()} == {
        "worker": int(config["workerMemoryMb"]),
        "api": int(config["apiMemoryMb"]),
        "recovery": int(config["workerMemoryMb"]),
        **{name: said["memoryMb"] for name, said in others.items()},
    }
    assert all(0 < each["timeout"] <= 900 for each in functions.values())
    assert {name: functions[name]["timeout"] for name in others} == {
        name: said["timeoutSeconds"] for name, said in others.items()
    }
    reserved = {
        name: int(each["reservedConcurrentExecutions"])
        for name, each in functions.items()
        if "reservedConcurrentExecutions" in each
    }
    concurrency = int(config["workerConcurrency"])
    assert reserved == (dict.fromkeys(("worker", *others), concurrency) if concurrency else {})


def test_every_function_is_in_the_subnets_of_the_config(
    stack: Program, config: dict[str, Any]
) -> None:
    subnets = [(each.get("vpcConfig") or {}).get("subnetIds", []) for each in stack.all(FUNCTION)]

    assert subnets == [config["subnetIds"]] * len(subnets)
