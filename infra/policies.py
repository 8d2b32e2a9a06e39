"""IAM documents: pure functions from ARNs. One role per actor; each lists its actions and exact
ARNs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Statement = dict[str, object]
Document = dict[str, object]

# Step Functions guide, "Using CloudWatch Logs to log execution history": the log delivery API has
# no resources to name.
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
# A transaction is authorised by the actions of what it holds (DynamoDB guide, "IAM and
# transactions"); a batch by its own.
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
    """What the functions work with."""

    table: str
    event_bus: str
    payload_bucket: str
    state_machine: str
    dead_letter_queue: str

    @property
    def executions(self) -> str:
        """Every execution of the state machine, and of no other (Step Functions: ARNs of
        executions).
        """
        return f"{self.state_machine.replace(':stateMachine:', ':execution:')}:*"


def trust(service: str) -> Document:
    """Who may take a role on: an AWS service."""
    return _document(
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    )


def worker(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The worker: its record, its events, its payloads, and what the tasks' own code needs."""
    how_it_died = _allow(["states:GetExecutionHistory"], arns.executions)
    return _document(*_common(arns, log_group), how_it_died, *tasks)


def api(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The API: the same, and what the tasks' own `on_before_trigger` hooks need."""
    return _document(*_common(arns, log_group), *tasks)


def recovery(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The recovery: besides, it asks what became of executions, and sends undelivered events again.
    It runs tasks' hooks.
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
    """The state machine: it invokes the worker and writes its log."""
    return _document(
        _allow(["lambda:InvokeFunction"], worker),
        _allow(list(LOG_DELIVERY), NO_RESOURCE_TO_NAME),
    )


def event_target(*, state_machine: str) -> Document:
    """The rule: it starts executions."""
    return _document(_allow(["states:StartExecution"], state_machine))


def dead_letter_queue(*, queue: str, rules: Sequence[str]) -> Document:
    """The queue's own policy: these rules, and nothing else of EventBridge, may send what they
    could not deliver.
    """
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["sqs:SendMessage"],
            "Resource": [queue],
            "Condition": {"ArnEquals": {"aws:SourceArn": list(rules)}},
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


def _allow(actions: list[str], *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
