"""IAM documents, made from ARNs. Each role names its actions and exact resources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.partitions import account_of, service_principal

Statement = dict[str, object]
Document = dict[str, object]

# The log delivery API takes no ARNs (Step Functions guide, "Using CloudWatch Logs to log execution
# history").
NO_RESOURCE_TO_NAME: Final = "*"

LOG_DELIVERY: Final = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
# IAM checks a transaction by the actions in it (DynamoDB guide, "IAM and transactions"), but a
# batch by the batch's own action.
ITEM_ACTIONS: Final = (
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arns:
    """The resources that the functions use."""

    table: str
    event_bus: str
    payload_bucket: str
    state_machine: str
    dead_letter_queue: str

    @property
    def executions(self) -> str:
        """All executions of this state machine, and only of this one."""
        return f"{self.state_machine.replace(':stateMachine:', ':execution:')}:*"


def trust(service: str) -> Document:
    """Lets an AWS service, by its principal (`partitions.service_principal`), assume the role."""
    return _document(_assume(service))


def trust_schedules(group: str) -> Document:
    """Lets EventBridge Scheduler assume the role for the schedules of one group of this account.

    The group is the narrowest that the condition may name (EventBridge Scheduler guide, "Confused
    deputy prevention in EventBridge Scheduler").
    """
    condition = {"StringEquals": {"aws:SourceAccount": account_of(group), "aws:SourceArn": group}}
    return _document(_assume(service_principal("scheduler")) | {"Condition": condition})


def worker(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The worker's policy. `tasks`: the config's `workerPolicyStatements`.

    It reads the history of an execution to learn how the last invocation died.
    """
    history = _allow(["states:GetExecutionHistory"], arns.executions)
    return _document(*_common(arns, log_group), history, *tasks)


def api(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The API's policy. `tasks`: the config's `apiPolicyStatements`."""
    return _document(*_common(arns, log_group), *tasks)


def recovery(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The recovery's policy. `tasks`: the config's `workerPolicyStatements`.

    It lists executions to find dead ones, resends undelivered events, and runs the tasks' hooks.
    """
    return _document(
        *_common(arns, log_group),
        _allow(["states:ListExecutions"], arns.state_machine),
        _allow(
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            arns.dead_letter_queue,
        ),
        *tasks,
    )


def state_machine(*, worker: str) -> Document:
    """The state machine's policy: it invokes the worker and writes its log."""
    return _document(
        _allow(["lambda:InvokeFunction"], worker),
        _allow(list(LOG_DELIVERY), NO_RESOURCE_TO_NAME),
    )


def event_target(*, state_machine: str) -> Document:
    """The policy of the rule that starts executions."""
    return _document(_allow(["states:StartExecution"], state_machine))


def schedules(*, state_machine: str, dead_letter_queue: str) -> Document:
    """The policy of the schedules: they start executions.

    They also send what they can't deliver: EventBridge Scheduler does it with the schedule's own
    role (guide, "Configuring a schedule's dead-letter queue in EventBridge Scheduler").
    """
    return _document(
        _allow(["states:StartExecution"], state_machine),
        _allow(["sqs:SendMessage"], dead_letter_queue),
    )


def dead_letter_queue(*, queue: str, rule: str) -> Document:
    """The dead-letter queue's policy: of EventBridge's rules, only this one may send to it."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service_principal("events")},
            "Action": ["sqs:SendMessage"],
            "Resource": [queue],
            "Condition": {"ArnEquals": {"aws:SourceArn": [rule]}},
        }
    )


def _common(arns: Arns, log_group: str) -> list[Statement]:
    return [
        _allow(list(ITEM_ACTIONS), arns.table),
        _allow(["dynamodb:Query"], f"{arns.table}/index/*"),
        _allow(["events:PutEvents"], arns.event_bus),
        _allow(
            ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject"],
            f"{arns.payload_bucket}/*",
        ),
        _allow(["states:DescribeExecution", "states:StopExecution"], arns.executions),
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group}:log-stream:*"),
    ]


def _assume(service: str) -> Statement:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }


def _allow(actions: list[str], *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
