"""Least privilege: what each role may do, and that it may do no more."""

import json
from typing import Any

import pytest

from infra import policies
from tests.infra.recording import Program, run

TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/background-tasks-dev-tasks-1a2b3c4"
BUS = "arn:aws:events:eu-central-1:123456789012:event-bus/background-tasks-dev-bus"
OBJECTS = "arn:aws:s3:::background-tasks-dev-payloads-1a2b3c4/*"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:background-tasks-dev-state-machine"
EXECUTIONS = (
    "arn:aws:states:eu-central-1:123456789012:execution:background-tasks-dev-state-machine:*"
)
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:background-tasks-dev-undelivered"
LOG = (
    "arn:aws:logs:eu-central-1:123456789012"
    ":log-group:/aws/lambda/background-tasks-dev-{}:log-stream:*"
)

Grants = dict[str, set[str]]

COMMON: Grants = {
    "dynamodb:BatchGetItem": {TABLE},
    "dynamodb:BatchWriteItem": {TABLE},
    "dynamodb:ConditionCheckItem": {TABLE},
    "dynamodb:DeleteItem": {TABLE},
    "dynamodb:GetItem": {TABLE},
    "dynamodb:PutItem": {TABLE},
    "dynamodb:Query": {TABLE, f"{TABLE}/index/*"},
    "dynamodb:UpdateItem": {TABLE},
    "events:PutEvents": {BUS},
    "s3:DeleteObject": {OBJECTS},
    "s3:GetObject": {OBJECTS},
    "s3:PutObject": {OBJECTS},
    "s3:PutObjectTagging": {OBJECTS},
    "states:DescribeExecution": {EXECUTIONS},
    "states:StopExecution": {EXECUTIONS},
}


def grants(statements: list[dict[str, Any]]) -> Grants:
    """Which action is allowed on which resources."""
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


def test_the_worker_may_besides_read_how_an_iteration_died(program: Program) -> None:
    assert grants(program.policy("worker")) == COMMON | log_of("worker") | {
        "states:GetExecutionHistory": {EXECUTIONS}
    }


def test_the_recovery_may_besides_list_executions_and_empty_the_queue(program: Program) -> None:
    assert grants(program.policy("recovery")) == COMMON | log_of("recovery") | {
        "states:ListExecutions": {MACHINE},
        "sqs:ReceiveMessage": {QUEUE},
        "sqs:DeleteMessage": {QUEUE},
        "sqs:GetQueueAttributes": {QUEUE},
    }


def test_the_state_machine_may_run_the_worker_and_write_its_log(program: Program) -> None:
    worker = "arn:aws:lambda:eu-central-1:123456789012:function:background-tasks-dev-worker"

    assert grants(program.policy("state-machine")) == {"lambda:InvokeFunction": {worker}} | {
        action: {policies.NO_RESOURCE_TO_NAME} for action in policies.LOG_DELIVERY
    }


def test_the_rule_may_start_executions_and_nothing_else(program: Program) -> None:
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


def test_what_tasks_need_is_added_where_tasks_and_their_hooks_run_and_nowhere_else() -> None:
    needed = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::data"]}
    stack = run({"workerPolicyStatements": [needed], "vendorDependencies": False})

    having = {
        name
        for name in ("worker", "api", "recovery", "state-machine", "event-routing")
        if needed in stack.policy(name)
    }

    assert having == {"worker", "recovery"}


def test_what_hooks_before_a_trigger_need_is_added_to_the_api_alone() -> None:
    needed = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::data"]}
    stack = run({"apiPolicyStatements": [needed], "vendorDependencies": False})

    having = {
        name
        for name in ("worker", "api", "recovery", "state-machine", "event-routing")
        if needed in stack.policy(name)
    }

    assert having == {"api"}


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("worker", "lambda"),
        ("api", "lambda"),
        ("recovery", "lambda"),
        ("state-machine", "states"),
        ("event-routing", "events"),
    ],
)
def test_each_actor_has_a_role_that_its_service_alone_may_take_on(
    program: Program, role: str, service: str
) -> None:
    trust = json.loads(program.one("aws:iam/role:Role", role)["assumeRolePolicy"])["Statement"]

    assert trust == [
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]


def test_no_role_has_a_policy_that_is_not_ours(program: Program) -> None:
    assert program.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == []
    assert all(
        "managedPolicyArns" not in role and "inlinePolicies" not in role
        for role in program.all("aws:iam/role:Role")
    )


def test_a_role_with_tasks_of_its_own_still_fits_iams_limit(program: Program) -> None:
    # IAM quotas, "Maximum size of inline policies for a role": 10,240 characters without
    # whitespace, of which the stack's own policies leave the most to `workerPolicyStatements`.
    longest = max(
        len(json.dumps(program.policy(name), separators=(",", ":")))
        for name in ("worker", "api", "recovery")
    )

    assert longest < 4_000
