"""What waits in the queues: undelivered events, and failures of the recovery."""

from collections.abc import Iterator
from typing import Final

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient

_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def dead_letters(patient: Patient) -> Iterator[Finding]:
    """How many events could not be delivered, and wait to be sent again."""
    number = _depth(patient, patient.target.output("deadLetterQueueUrl"))
    yield Finding(
        check="dead letters",
        state="warning" if number else "ok",
        value=f"about {number:,}" if number else "none",
        expected="none",
        next="the recovery sends them again within 5 minutes; if they stay, look at its log,"
        " /aws/lambda/<recoveryFunctionName>."
        if number
        else "",
    )


def recovery_failures(patient: Patient) -> Iterator[Finding]:
    """How many invocations of the recovery have failed, and nobody has looked at."""
    name = f"{patient.prefix}-recovery-failures"
    url = patient.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    number = _depth(patient, url)
    yield Finding(
        check="recovery failures",
        state="failed" if number else "ok",
        value=f"about {number:,}" if number else "none",
        expected="none",
        next=f"read one: aws sqs receive-message --queue-url {url}; mend it, and purge the queue."
        if number
        else "",
    )


def _depth(patient: Patient, url: str) -> int:
    answer = patient.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))
    return sum(int(answer["Attributes"].get(name, 0)) for name in _COUNTS)
