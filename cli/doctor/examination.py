"""All that the doctor looks at, in the order in which one thing explains the next."""

from collections.abc import Iterator
from typing import Final

from cli.doctor import (
    access,
    emulator,
    functions,
    idle_tasks,
    queues,
    quotas,
    schedule_drift,
)
from cli.doctor.findings import Check, Finding
from cli.doctor.patient import Patient

CHECKS: Final = (
    Check("credentials", access.credentials, "sts:GetCallerIdentity"),
    Check("region", access.region),
    Check("outputs", access.outputs),
    Check("API", access.api, "execute-api:Invoke"),
    Check("functions", functions.functions, "lambda:GetFunctionConfiguration"),
    Check(
        "Python",
        functions.python,
        "lambda:GetFunctionConfiguration",
        is_of_aws="its Lambdas run with this machine's Python",
    ),
    Check(
        "wheels",
        functions.wheels,
        "lambda:GetFunction",
        is_of_aws="its Lambdas use this machine's packages",
    ),
    Check("dead letters", queues.dead_letters, "sqs:GetQueueAttributes"),
    Check("recovery failures", queues.recovery_failures, "sqs:GetQueueUrl, sqs:GetQueueAttributes"),
    Check("open tasks", idle_tasks.idle_tasks, "states:DescribeExecution"),
    Check("slots", idle_tasks.idle_slots, "dynamodb:Query, dynamodb:BatchGetItem"),
    Check("schedules", schedule_drift.schedule_drift, "scheduler:ListSchedules, GetSchedule"),
    Check(
        "Lambda concurrency",
        quotas.lambda_concurrency,
        "lambda:GetAccountSettings, cloudwatch:GetMetricStatistics",
        is_of_aws="it has no quotas",
    ),
    Check(
        "StartExecution",
        quotas.start_execution,
        "servicequotas:ListServiceQuotas, cloudwatch:GetMetricStatistics",
        is_of_aws="it has no quotas",
    ),
    Check(
        "state transitions",
        quotas.state_transitions,
        "cloudwatch:GetMetricStatistics",
        is_of_aws="it has no quotas",
    ),
    Check("emulator", emulator.emulator),
)


def examined(patient: Patient) -> Iterator[Finding]:
    """The findings, one check after the other."""
    for check in CHECKS:
        yield from check.findings(patient)
