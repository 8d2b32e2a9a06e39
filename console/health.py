"""What no task tells of a stack's health: its queues, its functions, and what the doctor finds."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from console import answers
from console.schedules import prefix_of
from console.stack import Finding, Source
from handler.contract import EnvVar

# What can be received now, what somebody has received, and what is delayed.
_DEPTHS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
# SQS sends metrics every minute, and some of them late (SQS guide, "Available CloudWatch metrics").
_METRIC_PERIOD: Final = timedelta(minutes=1)
_METRIC_AGE: Final = timedelta(minutes=15)
# The outputs that name a function, and what people call it.
_FUNCTIONS: Final = {
    "workerFunctionName": "worker",
    "apiFunctionName": "API",
    "recoveryFunctionName": "recovery",
}
_WORKER_LOG: Final = "WorkerLog"


def queues(source: Source, now: datetime) -> list[Mapping[str, Any]]:
    """The queue of undelivered events, and that of the recovery's own failures.

    Returns:
        `count`: about how many messages each has; `oldestSeconds`: the age of the oldest, `None`
        where nobody knows.
    """
    sqs = source.aws("sqs")
    letters = str(source.outputs["deadLetterQueueUrl"])
    failures = f"{prefix_of(source.outputs)}-recovery-failures"
    urls = {
        "deadLetters": letters,
        "recoveryFailures": sqs.get_queue_url(QueueName=failures)["QueueUrl"],
    }
    return [
        {"name": name, "url": url, **_depth(source, sqs, url, now)} for name, url in urls.items()
    ]


def _depth(source: Source, sqs: Any, url: str, now: datetime) -> Mapping[str, Any]:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_DEPTHS))["Attributes"]
    count = sum(int(found.get(name, 0)) for name in _DEPTHS)
    return {"count": count, "oldestSeconds": _oldest(source, url, now) if count else None}


def _oldest(source: Source, url: str, now: datetime) -> float | None:
    """The age of the oldest message. SQS itself doesn't tell it: CloudWatch does, minutes later."""
    try:
        found = source.aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
            StartTime=now - _METRIC_AGE,
            EndTime=now,
            Period=int(_METRIC_PERIOD.total_seconds()),
            Statistics=["Maximum"],
        )["Datapoints"]
    except (BotoCoreError, ClientError):
        return None  # the count is what matters
    latest = max(found, key=lambda each: each["Timestamp"], default=None)
    return None if latest is None else float(latest["Maximum"])


def functions(source: Source) -> list[Mapping[str, Any]]:
    """The stack's Lambdas, as they are deployed."""
    client = source.aws("lambda")
    found: list[Mapping[str, Any]] = []
    for name, role in _named(source.outputs).items():
        config = client.get_function_configuration(FunctionName=name)
        variables = config.get("Environment", {}).get("Variables", {})
        found.append(
            {
                "role": role,
                "name": name,
                "codeVersion": variables.get(EnvVar.CODE_VERSION) or None,
                "modifiedOn": _iso(config.get("LastModified")),
                "memoryMb": config.get("MemorySize"),
                "timeoutSeconds": config.get("Timeout"),
                "runtime": config.get("Runtime"),
                "architecture": (config.get("Architectures") or [None])[0],
                "state": config.get("State"),
            }
        )
    return found


def _iso(moment: str | None) -> str | None:
    """Lambda's `2026-01-01T10:00:00.000+0000`, as every browser reads it."""
    return datetime.fromisoformat(moment).isoformat() if moment else None


def _named(outputs: Mapping[str, Any]) -> Mapping[str, str]:
    """What each function is for, by its name. Of further workers, the links to their logs tell."""
    found = {str(outputs[key]): role for key, role in _FUNCTIONS.items() if outputs.get(key)}
    for link in outputs.get("console") or {}:
        if worker := link.removesuffix(_WORKER_LOG) if link.endswith(_WORKER_LOG) else "":
            found[f"{outputs.get('workerFunctionName')}-{worker}"] = f"worker {worker}"
    return found


def findings(find: Callable[[], Iterable[Finding]]) -> Iterator[str]:
    """What the doctor finds, a line of JSON each, as soon as it is found.

    A failure is the last line: `{"error": ...}`, as of every answer. Without one, the last line is
    `{"isDone": true}`, so that an answer that was cut off is not taken for a whole one.
    """
    try:
        for each in find():
            yield _line({"finding": _shown(each)})
    except Exception as error:  # whatever it is, the page gets an answer
        yield _line({"error": answers.failure_of(error)})
    else:
        yield _line({"isDone": True})


def _shown(finding: Finding) -> Mapping[str, str]:
    return {
        "check": finding.check,
        "state": finding.state,
        "value": finding.value,
        "expected": finding.expected,
        "next": finding.next,
    }


def _line(said: Mapping[str, Any]) -> str:
    return f"{json.dumps(said)}\n"
