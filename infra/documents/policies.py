"""IAM documents, made from ARNs. Each role names its actions and exact resources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from handler.contract import PAYLOAD_PREFIX
from infra.documents.partitions import account_of, partition_of, region_of, service_principal

Statement = dict[str, object]
Document = dict[str, object]

# The log delivery API takes no ARNs (Step Functions guide, "Using CloudWatch Logs to log execution
# history"), nor does X-Ray's, and the interfaces of a function in a VPC have none before it runs.
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
NETWORK_INTERFACES: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
WRITE_TRACES: Final = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
# Step Functions samples, too (guide, "Trace Step Functions request data in AWS X-Ray").
SAMPLE_TRACES: Final = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
# IAM checks a transaction by the actions in it (DynamoDB guide, "IAM and transactions"), but a
# batch by the batch's own action.
ITEM_ACTIONS: Final = (
    "dynamodb:BatchGetItem",
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
    recovery_failures: str
    kms_key: str | None = None  # that they are encrypted with; None where AWS's own keys are

    @property
    def executions(self) -> str:
        """All executions of this state machine, and only of this one."""
        return f"{self.state_machine.replace(':stateMachine:', ':execution:')}:*"


def trust(service: str, *, source: str) -> Document:
    """Lets an AWS service (`states`) assume the role for one resource of its own, and no other.

    Args:
        service: whose principal it is.
        source: the ARN that the service names as `aws:SourceArn`: a state machine's (Step Functions
            guide, "Creating an IAM role for your state machine"), a rule's (EventBridge guide,
            "Cross-service confused deputy prevention"), a schedule group's, which is the narrowest
            that a schedule has (EventBridge Scheduler guide, "Confused deputy prevention").
    """
    condition = {
        "ArnEquals": {"aws:SourceArn": source},
        "StringEquals": {"aws:SourceAccount": account_of(source)},
    }
    return _document(_assume(service) | {"Condition": condition})


def trust_lambda() -> Document:
    """Lets Lambda assume the role, without a condition on its source.

    Lambda documents none for an execution role: `aws:SourceArn` is for "policies where your Lambda
    function is the target resource" (Lambda guide, "Using source function ARN to control function
    access behavior"). A key that a request lacks would refuse every invocation. Nor is there a
    deputy to confuse: whoever makes a function with this role needs `iam:PassRole` on it, and
    Lambda takes no role of another account.
    """
    return _document(_assume("lambda"))


def worker(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The worker's policy. `tasks`: the config's `workerPolicyStatements`.

    What it could not do with a signal goes to the dead letters.
    """
    return _document(*_run_tasks(arns, log_group), _leave_record(arns.dead_letter_queue), *tasks)


def other_worker(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The policy of a worker beside the default one: no signals come to it."""
    return _document(*_run_tasks(arns, log_group), *tasks)


def api(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The API's policy. `tasks`: the config's `apiPolicyStatements`."""
    return _document(*_common(arns, log_group), *tasks)


def recovery(arns: Arns, log_group: str, *, tasks: Sequence[Statement]) -> Document:
    """The recovery's policy. `tasks`: the config's `workerPolicyStatements`.

    It finds dead executions, sends undelivered events again, runs the tasks' hooks, and dates the
    rows of those that are over.
    """
    return _document(
        *_common(arns, log_group),
        _allow(["dynamodb:BatchWriteItem"], arns.table),
        _allow(["states:DescribeExecution"], arns.executions),
        _allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], arns.dead_letter_queue),
        _leave_record(arns.recovery_failures),
        *tasks,
    )


def state_machine(
    *, workers: Sequence[str], kms_key: str | None = None, is_traced: bool = False
) -> Document:
    """The state machine's policy: it invokes the workers and writes its log.

    Those that no task is on any more are among them: an execution keeps the document that it began
    with, and needs them until it ends.
    """
    return _document(
        _allow(["lambda:InvokeFunction"], *workers),
        _allow(list(LOG_DELIVERY), NO_RESOURCE_TO_NAME),
        *([_allow([*WRITE_TRACES, *SAMPLE_TRACES], NO_RESOURCE_TO_NAME)] if is_traced else []),
        *_use_key(kms_key),
    )


def event_target(*, state_machine: str) -> Document:
    """The policy of the rule that starts executions."""
    return _document(_allow(["states:StartExecution"], state_machine))


def schedules(
    *, state_machine: str, dead_letter_queue: str, kms_key: str | None = None
) -> Document:
    """The policy of the schedules: they start executions.

    They also send what they can't deliver: EventBridge Scheduler does it with the schedule's own
    role (guide, "Configuring a schedule's dead-letter queue in EventBridge Scheduler").
    """
    return _document(
        _allow(["states:StartExecution"], state_machine),
        _allow(["sqs:SendMessage"], dead_letter_queue),
        *_use_key(kms_key),
    )


def queue(*, queue: str, rules: Sequence[str]) -> Document:
    """A queue's policy: of EventBridge's rules only these may send to it, and nobody without TLS.

    EventBridge names the rule as the source (guide, "Using dead-letter queues to process
    undelivered events"); its ARN has the account in it.
    """
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service_principal("events")},
            "Action": ["sqs:SendMessage"],
            "Resource": [queue],
            "Condition": {"ArnEquals": {"aws:SourceArn": list(rules)}},
        },
        _deny_without_tls("sqs:*", queue),
    )


def payload_bucket(*, bucket: str) -> Document:
    """The payload bucket's policy: nobody without TLS."""
    return _document(_deny_without_tls("s3:*", bucket, f"{bucket}/*"))


def _common(arns: Arns, log_group: str) -> list[Statement]:
    return [
        _allow(list(ITEM_ACTIONS), arns.table),
        _allow(["dynamodb:Query"], f"{arns.table}/index/*"),
        _allow(["events:PutEvents"], arns.event_bus),
        _allow(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            f"{arns.payload_bucket}/{PAYLOAD_PREFIX}*",
        ),
        _list_payloads(arns.payload_bucket),
        _allow(["states:StopExecution"], arns.executions),
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group}:log-stream:*"),
        *_use_key(arns.kms_key),
    ]


def _run_tasks(arns: Arns, log_group: str) -> list[Statement]:
    """What a worker does: it reads an execution's history, too, to learn how the last one died."""
    return [
        *_common(arns, log_group),
        _allow(["states:GetExecutionHistory"], arns.executions),
    ]


def network_interfaces() -> Statement:
    """Lets Lambda connect a function to a VPC: to interfaces that don't exist yet.

    The actions of the managed policy AWSLambdaVPCAccessExecutionRole (Lambda guide, "Giving Lambda
    functions access to resources in an Amazon VPC").
    """
    return _allow(list(NETWORK_INTERFACES), NO_RESOURCE_TO_NAME)


def write_traces() -> Statement:
    """Lets a function write its traces: X-Ray knows no ARNs of them (X-Ray guide, "IAM")."""
    return _allow(list(WRITE_TRACES), NO_RESOURCE_TO_NAME)


def alarm_topic(*, topic: str) -> Document:
    """The policy of the alarms' topic: only alarms of the account may send, and none without TLS.

    CloudWatch names the alarm as the source (guide, "Notify users on alarm changes").
    """
    account, region, partition = account_of(topic), region_of(topic), partition_of(topic)
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service_principal("cloudwatch")},
            "Action": ["sns:Publish"],
            "Resource": [topic],
            "Condition": {
                "ArnLike": {
                    "aws:SourceArn": f"arn:{partition}:cloudwatch:{region}:{account}:alarm:*"
                },
                "StringEquals": {"aws:SourceAccount": account},
            },
        },
        _deny_without_tls("sns:Publish", topic),
    )


def _use_key(key: str | None) -> list[Statement]:
    """Encrypts and decrypts with the stack's own key, if it has one.

    S3 and SQS ask for both actions of whoever writes or sends (S3 guide, "Using server-side
    encryption with AWS KMS keys"; SQS guide, "Key management"), Step Functions of the state
    machine's role (guide, "Data at rest encryption in Step Functions").
    """
    return [_allow(["kms:Decrypt", "kms:GenerateDataKey"], key)] if key else []


def _leave_record(queue: str) -> Statement:
    """Lambda sends the record of a failed invocation with the function's own role.

    Lambda guide, "Capturing records of Lambda asynchronous invocations".
    """
    return _allow(["sqs:SendMessage"], queue)


def _list_payloads(bucket: str) -> Statement:
    """Lists the keys of payloads. It also makes a missing object a 404.

    Without s3:ListBucket, S3 answers 403 for an object that isn't there (API reference,
    "GetObject"). It takes the key that was asked for as the prefix then: seen on AWS by kopia
    (kopia/kopia, pull request 3072) and Ceph (ceph/ceph, pull request 68577).
    """
    condition = {"StringLike": {"s3:prefix": f"{PAYLOAD_PREFIX}*"}}
    return _allow(["s3:ListBucket"], bucket) | {"Condition": condition}


def _deny_without_tls(action: str, *resources: str) -> Statement:
    """Security Hub's control S3.5; SQS guide, "Amazon SQS security best practices"."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": [action],
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _assume(service: str) -> Statement:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service_principal(service)},
        "Action": "sts:AssumeRole",
    }


def _allow(actions: list[str], *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
