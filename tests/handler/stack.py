"""A stack on moto, wired by what wires the Lambdas, for tests that look closer than
`handler.testing` does.
"""

import functools
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from handler import wiring
from handler.contract import ENDPOINT, PAYLOAD_NAME
from handler.definition.definition import Definition
from handler.definition.registry import Registry
from handler.lifecycle.service import Tasks
from handler.record.task_record import LogLine, TaskRecord
from handler.settings import Settings
from handler.table.store import Store
from handler.testing import ManualClock
from handler.testing.aws import aws_client, create_table
from handler.wiring import System

TABLE = "tasks"
BUS = "tasks"
BUCKET = "payloads"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tasks"
EVENTS = Path(__file__).parent.parent / "events"


def event_file(name: str) -> Any:
    """One of the real events in `tests/events`."""
    return json.loads((EVENTS / f"{name}.json").read_text())


def refusal(code: str, *, status: int = 400, operation: str = "Operation") -> ClientError:
    """What boto3 raises when a service refuses."""
    response: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)


Interference = Callable[[str, dict[str, Any]], object]


class WatchedClient:
    """A client whose requests are kept; `interference` is called with each, and may raise in its
    place.
    """

    def __init__(self, client: Any) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.interference: Interference = lambda operation, request: None
        self.afterwards: Interference = lambda operation, request: None
        self._client = client

    @property
    def calls(self) -> list[str]:
        return [operation for operation, _ in self.requests]

    def fail(self, error: Exception, *, times: int | None = None, only: str = "") -> None:
        """The next `times` requests fail (all, when it isn't given), or those of one operation."""
        left = itertools.count() if times is None else iter(range(times))

        def interfere(operation: str, request: dict[str, Any]) -> None:
            if only in ("", operation) and next(left, None) is not None:
                raise error

        self.interference = interfere

    def recover(self) -> None:
        self.interference = lambda operation, request: None

    def __getattr__(self, operation: str) -> Any:
        method = getattr(self._client, operation)
        if operation in ("get_paginator", "exceptions", "meta"):
            return method

        def call(**request: Any) -> Any:
            self.requests.append((operation, request))
            self.interference(operation, request)
            answer = method(**request)
            self.afterwards(operation, request)
            return answer

        return call


class Stack:
    """The parts of a stack on moto, with a clock that stands still.

    `definitions`, `settings`, `clock` and `remaining_seconds` can be replaced at any moment.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.definitions: tuple[Definition, ...] = ()
        self.settings = Settings(table_name=TABLE, event_bus_name=BUS, payload_bucket_name=BUCKET)
        self.clock = ManualClock()
        self.remaining_seconds: Callable[[], float] = lambda: 900.0
        self._invocations = itertools.count(1)
        create_table(aws_client("dynamodb"), TABLE)
        aws_client("events").create_event_bus(Name=BUS)
        aws_client("s3").create_bucket(Bucket=BUCKET)
        monkeypatch.setattr(
            wiring, "client", functools.cache(lambda service: WatchedClient(aws_client(service)))
        )
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "BackgroundTasks")
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "worker")
        monkeypatch.setattr(wiring, "SystemClock", lambda: self.clock)
        monkeypatch.setattr(wiring, "_settings", lambda: self.settings)
        monkeypatch.setattr(wiring, "_registry", lambda: Registry(self.definitions))

    @property
    def dynamodb(self) -> WatchedClient:
        return cast("WatchedClient", wiring.client("dynamodb"))

    @property
    def events(self) -> WatchedClient:
        return cast("WatchedClient", wiring.client("events"))

    @property
    def stepfunctions(self) -> WatchedClient:
        return cast("WatchedClient", wiring.client("stepfunctions"))

    @property
    def system(self) -> System:
        return wiring.system(remaining=self._remaining)

    @property
    def store(self) -> Store:
        return self.system.store

    @property
    def tasks(self) -> Tasks:
        return self.system.tasks

    def trigger(self, definition: Definition, **options: Any) -> TaskRecord:
        """Triggers a task of a definition, which is made known first, in place of another of its
        id.
        """
        self.definitions = (
            *(known for known in self.definitions if known.id != definition.id),
            definition,
        )
        return self.tasks.trigger(definition, **options)

    def create(self, **fields: Any) -> TaskRecord:
        """A record in the table, without an event."""
        fields = {"definition_id": "someTask", "name": "Some task", "input": {}} | fields
        record = TaskRecord.new(now=self.clock.now(), **fields)
        assert self.store.create(record)
        return record

    def run(
        self,
        task: TaskRecord,
        *,
        execution: str = "execution-1",
        visit: str = "visit-1",
        invocation: str = "",
        **more: object,
    ) -> Any:
        """One invocation of the worker, and its answer; by default of the same visit of the same
        execution each time.
        """
        payload = {
            "webinyTaskId": task.id,
            "webinyTaskDefinitionId": task.definition_id,
            "tenant": task.tenant,
            "locale": task.locale,
            "delay": 0,
            "endpoint": ENDPOINT,
            "executionName": execution,
            "stateMachineId": STATE_MACHINE,
            "visit": visit,
            **more,
        }
        return self.invoke({"name": PAYLOAD_NAME, "payload": payload}, invocation=invocation)

    def invoke(self, event: object, *, invocation: str = "") -> Any:
        """The worker's answer to an event of any kind."""
        return self.system.runner.run(
            event, invocation=invocation or f"invocation-{next(self._invocations)}"
        )

    def _remaining(self) -> float:
        return self.remaining_seconds()

    def get(self, task: TaskRecord | str) -> TaskRecord:
        return self.store.get(task if isinstance(task, str) else task.id)

    def lines(self, task: TaskRecord | str) -> list[LogLine]:
        """Every line of a task's logs."""
        id = task if isinstance(task, str) else task.id
        return [line for log in self.store.logs(id) for line in log.items]

    def messages(self, task: TaskRecord | str) -> list[str]:
        return [line.message for line in self.lines(task)]

    def rows(self) -> list[dict[str, Any]]:
        """Everything that the table holds."""
        rows: list[dict[str, Any]] = aws_client("dynamodb").scan(TableName=TABLE)["Items"]
        return rows


class BusQueue:
    """A queue behind a rule that lets every event of the bus through: what the bus was sent."""

    def __init__(self) -> None:
        queue = aws_client("sqs").create_queue(QueueName="events")["QueueUrl"]
        arn = aws_client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        pattern = json.dumps({"detail-type": ["WebinyBackgroundTask"]})
        aws_client("events").put_rule(Name="all", EventBusName=BUS, EventPattern=pattern)
        aws_client("events").put_targets(
            Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}]
        )
        self._url = queue

    def take(self) -> list[dict[str, Any]]:
        """The events that have arrived since the last look, in order."""
        events: list[dict[str, Any]] = []
        while (
            messages := aws_client("sqs")
            .receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            .get("Messages")
        ):
            for message in messages:
                events.append(json.loads(message["Body"]))
                aws_client("sqs").delete_message(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
                )
        return events
