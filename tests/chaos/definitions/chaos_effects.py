"""What a campaign's tasks do to the world: each effect is counted in a table of its own."""

import functools
from typing import Any

import boto3

from handler import Definition, TaskRecord

EFFECTS = "chaos-effects"
# What happens to all of them: an effect of no task.
CAMPAIGN = "campaign"
TIME_PASSED = "time passed"
SIGNAL = "go"  # what some of them wait for
URL_OFFERED = "offered a URL"


@functools.cache
def _dynamodb() -> Any:
    return boto3.client("dynamodb")


def count(task_id: str, effect: str) -> None:
    """Counts an effect of a task: the first time makes its row, later ones add to it."""
    _dynamodb().update_item(
        TableName=EFFECTS,
        Key={"task": {"S": task_id}, "effect": {"S": effect}},
        UpdateExpression="ADD times :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def offer(task_id: str, url: str) -> None:
    """Hands the URL of a signal to people: the last one that was offered is the one they find."""
    _dynamodb().update_item(
        TableName=EFFECTS,
        Key={"task": {"S": task_id}, "effect": {"S": URL_OFFERED}},
        UpdateExpression="SET signalUrl = :url ADD times :one",
        ExpressionAttributeValues={":url": {"S": url}, ":one": {"N": "1"}},
    )


def has_happened(effect: str) -> bool:
    """Whether an effect of the whole campaign has happened."""
    key = {"task": {"S": CAMPAIGN}, "effect": {"S": effect}}
    return "Item" in _dynamodb().get_item(TableName=EFFECTS, Key=key)


def with_counted_hooks(definition: Definition) -> Definition:
    """The definition, with hooks that count that they ran."""

    def counting(hook: str) -> Any:
        def run(record: TaskRecord) -> None:
            count(record.id, hook)

        return run

    definition.on_done(counting("on_done"))
    definition.on_error(counting("on_error"))
    definition.on_abort(counting("on_abort"))
    return definition
