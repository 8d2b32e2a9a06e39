"""The kit's `World`, with clients that a test watches, for tests that look closer than it does."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from botocore.exceptions import ClientError
from moto import mock_aws

from handler.contract import DETAIL_TYPE, ENDPOINT, PAYLOAD_NAME, Index
from handler.definition.definition import Definition
from handler.definition.registry import Registry
from handler.errors import DefinitionError
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine
from handler.record.task_record import TaskRecord
from handler.runtime import using
from handler.settings import Settings
from handler.table.conditions import ClaimRequest
from handler.table.keys import task_id
from handler.testing import ManualClock, World
from handler.testing.aws import CountedMetrics, aws_client
from handler.testing.world import SIGNALS_URL
from handler.wiring import Parts

TABLE = "tasks"
BUS = "tasks"
BUCKET = "payloads"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tasks"
EVENTS = Path(__file__).parent.parent / "events"

# Each caller may do everything, and names the tenant.
EVERY_CALLER = json.dumps({"tenants": ["*"]})

Interference = Callable[[str, dict[str, Any]], object]


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


def lambda_context(seconds: float = 900.0) -> Any:
    """The context that Lambda gives an entry."""
    return SimpleNamespace(
        aws_request_id="request-1", get_remaining_time_in_millis=lambda: int(seconds * 1000)
    )


class WatchedClient:
    """A client whose requests are kept.

    `interference` is called with each request before it is sent, `afterwards` with each that has
    taken effect; either may raise in place of the response.
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

    def stands_for(self, client: Any) -> None:
        """Has another client answer from now on."""
        self._client = client

    def __getattr__(self, operation: str) -> Any:
        method = getattr(self._client, operation)
        if operation in ("get_paginator", "exceptions", "meta"):
            return method

        def call(**request: Any) -> Any:
            self.requests.append((operation, request))
            self.interference(operation, request)
            response = method(**request)
            self.afterwards(operation, request)
            return response

        return call


class WatchedClock(ManualClock):
    """A clock whose sleeps are kept, and at which things happen."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps: list[float] = []
        self.at_sleep: Callable[[int], object] = lambda number: None

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        super().sleep(seconds)
        self.at_sleep(len(self.sleeps))


class Stack(World):
    """A world whose bus, bucket, executions and queue are moto's own, with a watched client each.

    The test stands in for the state machine: `run` is one visit. The clock stands still.
    `definitions`, `problems`, `settings`, `clock` and `remaining_seconds` can be replaced at any
    moment.
    """

    def __init__(self) -> None:
        settings = Settings(
            table_name=TABLE,
            event_bus_name=BUS,
            payload_bucket_name=BUCKET,
            signals_url=SIGNALS_URL,
            api_access=EVERY_CALLER,
        )
        super().__init__((), settings=settings)
        self.remaining_seconds = 900.0
        self.problems: tuple[DefinitionError, ...] = ()  # files that could not be imported
        self._clients: dict[str, WatchedClient] = {}
        self._visits = itertools.count(1)
        aws_client("events").create_event_bus(Name=BUS)

    @classmethod
    @contextmanager
    def inside_moto(cls) -> Iterator[Self]:
        """A stack that the Lambdas' entries and `handler.tasks` use, too."""
        with mock_aws():
            stack = cls()
            with using(stack.parts):
                yield stack

    def parts(self, *, worker: bool = False) -> Parts:
        registry = Registry(self.definitions, problems=self.problems)
        return replace(super().parts(worker=worker), registry=registry)

    def client(self, service: str, *, worker: bool = False) -> WatchedClient:
        if service not in self._clients:
            self._clients[service] = WatchedClient(aws_client(service))
        return self._clients[service]

    def remaining(self) -> float:
        return self.shown()

    @property
    def metrics_counted(self) -> CountedMetrics:
        return self.metrics

    @property
    def dynamodb(self) -> WatchedClient:
        return self.client("dynamodb")

    @property
    def events(self) -> WatchedClient:
        return self.client("events")

    @property
    def stepfunctions(self) -> WatchedClient:
        return self.client("stepfunctions")

    def trigger(self, definition: Definition, **options: Any) -> TaskRecord:
        """Triggers a task of a definition, which is made known first, in place of its namesake."""
        others = (known for known in self.definitions if known.id != definition.id)
        self.definitions = (*others, definition)
        return self.tasks.trigger(definition, **options)

    def create(self, **fields: Any) -> StoredTask:
        """A record in the table, without an event."""
        fields = {"definition_id": "someTask", "name": "Some task", "input": {}} | fields
        task = StoredTask.new(now=self.clock.now(), **fields)
        assert self.store.create(task)
        return self.get(task)

    def claim(
        self,
        task: TaskRecord,
        *,
        execution: str = "execution-1",
        visit: str = "v",
        max_iterations: int = 9,
    ) -> StoredTask:
        """The record after an iteration was claimed."""
        return self.store.claim(
            ClaimRequest(
                task_id=task.id,
                tenant=task.tenant,
                definition_ids=(task.definition_id,),
                execution_name=execution,
                visit=visit,
                max_iterations=max_iterations,
            )
        )

    def run(
        self,
        task: TaskRecord,
        *,
        execution: str = "execution-1",
        visit: str = "visit-1",
        **more: object,
    ) -> Any:
        """One invocation of the worker, and its answer.

        By default each is of the same visit of the same execution.
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
        return self.invoke({"name": PAYLOAD_NAME, "payload": payload})

    def invoke(self, event: object) -> Any:
        """The worker's answer to an event of any kind."""
        return self.system.runner.run(event)

    def get(self, task: TaskRecord | str) -> StoredTask:
        return self.store.get(task if isinstance(task, str) else task.id)

    def lines(self, task: TaskRecord | str) -> list[LogLine]:
        """Every line of a task's logs."""
        id = task if isinstance(task, str) else task.id
        return [line for log in self.store.logs.read(id) for line in log.lines]

    def messages(self, task: TaskRecord | str) -> list[str]:
        return [line.message for line in self.lines(task)]

    def unfinished(self) -> list[StoredTask]:
        """The tasks in the index of unfinished ones, those that are due first at its beginning."""
        rows = [row for row in self.rows() if Index.UNFINISHED.partition_key in row]
        rows.sort(key=lambda row: row[Index.UNFINISHED.sort_key]["S"])
        return self.store.index.tasks([task_id(row) for row in rows], deleted=True)

    def rows(self) -> list[dict[str, Any]]:
        """Everything that the table holds."""
        rows: list[dict[str, Any]] = aws_client("dynamodb").scan(TableName=TABLE)["Items"]
        return rows


class BusQueue:
    """A queue behind a rule: what the bus was sent.

    Args:
        pattern: of the rule; by default it lets every event of the type through.
    """

    def __init__(
        self, detail_type: str = DETAIL_TYPE, *, pattern: dict[str, Any] | None = None
    ) -> None:
        sqs, events = aws_client("sqs"), aws_client("events")
        self._url = sqs.create_queue(QueueName=detail_type)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        text = json.dumps(pattern or {"detail-type": [detail_type]})
        events.put_rule(Name=detail_type, EventBusName=BUS, EventPattern=text)
        target = {"Id": "queue", "Arn": found["Attributes"]["QueueArn"]}
        events.put_targets(Rule=detail_type, EventBusName=BUS, Targets=[target])

    def take(self) -> list[dict[str, Any]]:
        """The events that have arrived since the last look, in order."""
        sqs, events = aws_client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                events.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return events


def moment(text: str) -> datetime:
    """A moment, as ISO text."""
    return datetime.fromisoformat(text)


class RefusingBus:
    """EventBridge, which refuses the events of some tasks, by their ids; of all by default."""

    def __init__(self, refuses: Callable[[str], bool] = lambda _: True) -> None:
        self._refuses = refuses

    def put_events(self, *, Entries: list[dict[str, str]]) -> Any:  # noqa: N803  boto3's own word
        ids = [json.loads(entry["Detail"])["webinyTaskId"] for entry in Entries]
        entries = [self._result(id) for id in ids]
        failed = sum("ErrorCode" in entry for entry in entries)
        return {"FailedEntryCount": failed, "Entries": entries}

    def _result(self, id: str) -> dict[str, str]:
        if not self._refuses(id):
            return {"EventId": id}
        return {"ErrorCode": "LimitExceededException", "ErrorMessage": "Too many."}
