"""Least privilege: exactly what each role may do."""

import json
from typing import Any

import pytest

from infra.documents import policies
from tests.infra.recording import Program, run

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/background-tasks-dev-tasks"
BUS = "arn:aws:events:eu-central-1:123456789012:event-bus/background-tasks-dev-bus"
BUCKET = "arn:aws:s3:::background-tasks-dev-payloads-bced6574"
OBJECTS = f"{BUCKET}/tasks/*"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:background-tasks-dev-state-machine"
EXECUTIONS = (
    "arn:aws:states:eu-central-1:123456789012:execution:background-tasks-dev-state-machine:*"
)
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:background-tasks-dev-undelivered"
FAILURES = "arn:aws:sqs:eu-central-1:123456789012:background-tasks-dev-recovery-failures"
RULE = "arn:aws:events:eu-central-1:123456789012:rule/background-tasks-dev-start"
LOG = (
    "arn:aws:logs:eu-central-1:123456789012"
    ":log-group:/aws/lambda/background-tasks-dev-{}:log-stream:*"
)

Grants = dict[str, set[str]]

COMMON: Grants = {
    "dynamodb:BatchGetItem": {TABLE},
    "dynamodb:ConditionCheckItem": {TABLE},
    "dynamodb:DeleteItem": {TABLE},
    "dynamodb:GetItem": {TABLE},
    "dynamodb:PutItem": {TABLE},
    "dynamodb:Query": {TABLE, f"{TABLE}/index/*"},
    "dynamodb:UpdateItem": {TABLE},
    "events:PutEvents": {BUS},
    "s3:DeleteObject": {OBJECTS},
    "s3:GetObject": {OBJECTS},
    "s3:ListBucket": {BUCKET},
    "s3:PutObject": {OBJECTS},
    "states:StopExecution": {EXECUTIONS},
}


def grants(statements: list[dict[str, Any]]) -> Grants:
    """The resources on which each action is allowed."""
    granted: Grants = {}
    for statement in statements:
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            granted.setdefault(action, set()).update(statement["Resource"])
    return granted


def log_of(function: str) -> Grants:
    return {
        "logs:CreateLogStream": {LOG.format(function)},
        "logs:PutLogEvents": {LOG.format(function)},
    }


def test_the_api_may_work_with_records_events_payloads_and_executions(program: Program) -> None:
    assert grants(program.policy("api")) == COMMON | log_of("api")


def test_the_worker_may_also_read_histories_and_leave_what_it_could_not_do(
    program: Program,
) -> None:
    assert grants(program.policy("worker")) == COMMON | log_of("worker") | {
        "states:GetExecutionHistory": {EXECUTIONS},
        "sqs:SendMessage": {QUEUE},
    }


def test_the_recovery_may_also_date_rows_look_at_executions_and_empty_the_queue(
    program: Program,
) -> None:
    assert grants(program.policy("recovery")) == COMMON | log_of("recovery") | {
        "dynamodb:BatchWriteItem": {TABLE},
        "states:DescribeExecution": {EXECUTIONS},
        "sqs:ReceiveMessage": {QUEUE},
        "sqs:DeleteMessage": {QUEUE},
        "sqs:SendMessage": {FAILURES},
    }


@pytest.mark.parametrize("name", ["worker", "api", "recovery"])
def test_a_function_lists_the_keys_of_payloads_and_no_others(program: Program, name: str) -> None:
    conditions = {
        action: statement["Condition"]
        for statement in program.policy(name)
        for action in statement["Action"]
        if "Condition" in statement
    }

    # S3 takes the key of a missing object as the prefix: tests/infra/ can't see that.
    assert conditions == {"s3:ListBucket": {"StringLike": {"s3:prefix": "tasks/*"}}}


def test_the_state_machine_may_run_the_worker_and_write_its_log(program: Program) -> None:
    worker = "arn:aws:lambda:eu-central-1:123456789012:function:background-tasks-dev-worker:live"

    assert grants(program.policy("state-machine")) == {"lambda:InvokeFunction": {worker}} | {
        action: {policies.NO_RESOURCE_TO_NAME} for action in policies.LOG_DELIVERY
    }


def test_the_rules_may_only_start_executions(program: Program) -> None:
    assert grants(program.policy("event-routing")) == {"states:StartExecution": {MACHINE}}


def test_everything_is_named_but_where_log_delivery_has_no_resources(program: Program) -> None:
    documents = {
        name: program.policy(name)
        for name in ("worker", "api", "recovery", "state-machine", "event-routing")
    }
    assert len(documents) == len(program.all("aws:iam/rolePolicy:RolePolicy"))

    unnamed = [
        (name, action)
        for name, statements in documents.items()
        for statement in statements
        for action in statement["Action"]
        if "*" in action or "*" in statement["Resource"]
    ]

    assert unnamed == [("state-machine", action) for action in policies.LOG_DELIVERY]


def test_worker_policy_statements_are_added_to_worker_and_recovery_alone() -> None:
    needed = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::data"]}
    stack = run({"workerPolicyStatements": [needed], "vendorDependencies": False})

    having = {
        name
        for name in ("worker", "api", "recovery", "state-machine", "event-routing")
        if needed in stack.policy(name)
    }

    assert having == {"worker", "recovery"}


def test_api_policy_statements_are_added_to_the_api_alone() -> None:
    needed = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::data"]}
    stack = run({"apiPolicyStatements": [needed], "vendorDependencies": False})

    having = {
        name
        for name in ("worker", "api", "recovery", "state-machine", "event-routing")
        if needed in stack.policy(name)
    }

    assert having == {"api"}


@pytest.mark.parametrize(
    ("role", "service", "source"),
    [("state-machine", "states", MACHINE), ("event-routing", "events", RULE)],
)
def test_a_service_may_assume_its_role_for_the_stacks_own_resource_alone(
    program: Program, role: str, service: str, source: str
) -> None:
    assert trust(program, role) == [
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": source},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        }
    ]


@pytest.mark.parametrize("role", ["worker", "api", "recovery"])
def test_lambda_alone_may_assume_a_functions_role_and_names_no_source(
    program: Program, role: str
) -> None:
    assert trust(program, role) == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]


def test_every_service_but_lambda_names_its_source(program: Program) -> None:
    roles = [json.loads(each["assumeRolePolicy"]) for each in program.all("aws:iam/role:Role")]

    without = [
        statement["Principal"]
        for document in roles
        for statement in document["Statement"]
        if "aws:SourceArn" not in statement.get("Condition", {}).get("ArnEquals", {})
    ]

    assert without == [{"Service": "lambda.amazonaws.com"}] * 3


def test_every_allowance_of_a_queue_or_a_function_names_its_source(program: Program) -> None:
    queues = [
        statement
        for policy in program.all("aws:sqs/queuePolicy:QueuePolicy")
        for statement in json.loads(policy["policy"])["Statement"]
        if statement["Effect"] == "Allow"
    ]
    permissions = program.all("aws:lambda/permission:Permission")

    assert len(queues) == 2
    assert all(each["Condition"]["ArnEquals"]["aws:SourceArn"] for each in queues)
    assert len(permissions) == 5
    assert all(each["sourceArn"].startswith("arn:aws:") for each in permissions)


def test_nobody_reaches_a_queue_or_the_bucket_without_tls(program: Program) -> None:
    types = ("aws:sqs/queuePolicy:QueuePolicy", "aws:s3/bucketPolicy:BucketPolicy")
    denied = {
        tuple(statement["Resource"]): statement["Action"]
        for type in types
        for policy in program.all(type)
        for statement in json.loads(policy["policy"])["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }

    assert denied == {
        (QUEUE,): ["sqs:*"],
        (FAILURES,): ["sqs:*"],
        (BUCKET, f"{BUCKET}/*"): ["s3:*"],
    }


def trust(program: Program, role: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(
        program.one("aws:iam/role:Role", role)["assumeRolePolicy"]
    )["Statement"]
    return statements


def test_no_role_has_managed_or_inline_policies_beside_ours(program: Program) -> None:
    assert program.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == []
    assert all(
        "managedPolicyArns" not in role and "inlinePolicies" not in role
        for role in program.all("aws:iam/role:Role")
    )


def test_our_policies_leave_most_of_iams_limit_to_the_tasks_statements(program: Program) -> None:
    # A role's inline policies may have 10,240 characters without whitespace (IAM quotas, "Maximum
    # size of inline policies for a role").
    longest = max(
        len(json.dumps(program.policy(name), separators=(",", ":")))
        for name in ("worker", "api", "recovery")
    )

    assert longest < 4_000
