"""A stack on moto with executions, dead letters and the recovery."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from moto.stepfunctions.models import stepfunctions_backends

from handler import Definition, Done, TaskRecord, recovery, task
from handler.contract import WireKey
from handler.definition.task_code import Hook
from handler.record.stored_task import StoredTask
from handler.testing.aws import aws_client
from tests.handler.stack import STATE_MACHINE, BusQueue, Stack, lambda_context

MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
PATIENCE = timedelta(minutes=2)


class Recovering:
    """The stack with its recovery, wired as the Lambda is.

    `ran` has each hook that ran, with the status of its task.
    """

    def __init__(self, stack: Stack, bus_queue: BusQueue) -> None:
        self.stack = stack
        self.bus_queue = bus_queue
        self.ran: list[tuple[str, str]] = []
        self.hook_error: BaseException | None = None  # what the hooks of `someTask` raise
        self._states = aws_client("stepfunctions")
        role = "arn:aws:iam::123456789012:role/tasks"
        self._states.create_state_machine(
            name="tasks", definition=json.dumps(MACHINE), roleArn=role
        )
        self.queue = aws_client("sqs").create_queue(QueueName="undelivered")["QueueUrl"]
        stack.settings = replace(
            stack.settings, state_machine_arn=STATE_MACHINE, dead_letter_queue_url=self.queue
        )
        stack.definitions = (self._definition(),)

    def _definition(self) -> Definition:
        @task(id="someTask")
        def some_task(context: Any) -> Done:
            return Done()

        for hook in Hook:
            getattr(some_task, hook)(lambda record, hook=hook: self._run_hook(hook, record))
        return some_task

    def _run_hook(self, hook: Hook, record: TaskRecord) -> None:
        if self.hook_error:
            raise self.hook_error
        self.ran.append((hook.value, record.status.value))

    def call(self, event: object) -> Any:
        """Calls the Lambda."""
        return recovery.handler(event, lambda_context())  # type: ignore[arg-type]

    def sweep(self) -> Any:
        return self.call({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})

    def pending(self, **fields: Any) -> StoredTask:
        """A task whose event is on its way, or was lost."""
        return self.stack.create(**fields)

    def running(self, execution: str = "execution-1", **fields: Any) -> StoredTask:
        """A task that an execution has begun to run."""
        record = self.claimed_by(execution, **fields)
        self.start(execution, record)
        return record

    def claimed_by(self, execution: str, **fields: Any) -> StoredTask:
        """A task that belongs to an execution that Step Functions does not know."""
        return self.stack.claim(self.pending(**fields), execution=execution)

    def start(
        self, execution: str, record: StoredTask | None = None, *, event: object = None
    ) -> None:
        """Starts an execution for a task, or with another event."""
        if event is None:
            event = self.event_of(record) if record else {"id": "e1", "detail": {}}
        text = json.dumps(event)
        self._states.start_execution(stateMachineArn=STATE_MACHINE, name=execution, input=text)

    def end(self, execution: str, status: str, *, error: str = "", cause: str = "") -> None:
        """Ends an execution, as Step Functions would."""
        backend: Any = stepfunctions_backends["123456789012"]["us-east-1"]
        found = backend.describe_execution(arn(execution))
        found.status, found.error, found.cause = status, error or None, cause or None

    def report(self, execution: str, record: StoredTask | None = None) -> Any:
        """Calls the recovery for an execution that has ended, as the rule does.

        Args:
            record: the task whose event it was started with, where the report has that.
        """
        detail = {"executionArn": arn(execution), "name": execution}
        started_by = {"input": json.dumps(self.event_of(record))} if record else {}
        return self.call({"detail": detail | started_by})

    def send_to_dlq(self, event: object, **attributes: str) -> None:
        """Puts an event into the dead-letter queue."""
        body = event if isinstance(event, str) else json.dumps(event)
        aws_client("sqs").send_message(
            QueueUrl=self.queue,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": text}
                for name, text in attributes.items()
            },
        )

    def event_of(self, record: StoredTask, *, tenant: str | None = None) -> dict[str, object]:
        """The event of a task; or one that names its id, and another tenant than its own."""
        return {
            "id": "e1",
            "detail": {
                WireKey.TASK_ID: record.id,
                WireKey.DEFINITION_ID: record.definition_id,
                WireKey.TENANT: tenant or record.tenant,
            },
        }

    def letters(self) -> int:
        """How many dead letters the queue has, received or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = aws_client("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)[
            "Attributes"
        ]
        return sum(int(found[name]) for name in names)

    def wait(self, times: int = 1) -> None:
        """Lets the time pass after which the recovery acts, or a multiple of it."""
        self.stack.clock.advance(PATIENCE.total_seconds() * times)

    def error(self, record: StoredTask) -> Any:
        return (self.stack.get(record).output or {})["error"]


def arn(execution: str) -> str:
    return f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:{execution}"
