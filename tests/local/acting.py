"""What the parts of the stack do with what they may: each function raises where one can't."""

import itertools
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from handler import Concurrency, Context, Continue, Debounce, Done, Rate, task
from handler.aws import NoMetrics
from handler.clock import SystemClock
from handler.contract import DETAIL_TYPE, PARTITION_KEY, SIGNAL_DETAIL_TYPE
from handler.definition import Definition, Registry
from handler.settings import Settings
from handler.wiring import Parts, System, build
from infra.function import LIVE
from local.access import Access
from local.watch import Finder
from tests.local.roles import Role
from tests.running import Running

_LATER: Final = 300 * 86_400  # nothing of the stack runs a task that is delayed for so long
_LARGE: Final = 400_000  # no record has room for it
_PATIENCE: Final = timedelta(seconds=2)
_numbers = itertools.count(1)


@task(id="staysOpen")
def stays_open(context: Context, input: dict[str, object]) -> Continue:
    """Goes on and on."""
    return Continue(input)


@task(id="endsWithAHook")
def ends_with_a_hook(context: Context, input: dict[str, object]) -> Continue:
    """Goes on and on, until somebody ends it: then its hook raises."""
    return Continue(input)


@ends_with_a_hook.on_error
@ends_with_a_hook.on_abort
def raises(record: object) -> None:
    raise RuntimeError("This hook raises.")


@task(id="oneAtATime", concurrency=Concurrency(1, key="customer"))
def one_at_a_time(context: Context, input: dict[str, str]) -> Done:
    """One of each customer."""
    return Done()


@task(id="seldom", rate=Rate(1, per=_LATER, key="customer"))
def seldom(context: Context, input: dict[str, str]) -> Done:
    """One of each customer, and the next one much later."""
    return Done()


@dataclass(frozen=True)
class Acting:
    """One of the stack's roles at work.

    Args:
        access: somebody who may do what the role may.
        patience_seconds: how long it waits for what other parts of the stack do.
    """

    aws: Running
    role: Role
    access: Access
    patience_seconds: float = 30

    @cached_property
    def system(self) -> System:
        """The code of the function that has the role, in this process."""
        return self._system(self.access)

    @cached_property
    def unhindered(self) -> System:
        """The same, as somebody who may do everything."""
        return self._system(self.aws.deployed.access)

    @cached_property
    def finder(self) -> Finder:
        return Finder(self.aws.states, self.aws.deployed.state_machine_arn)

    def until(self, condition: Callable[[], Any]) -> Any:
        return self.aws.until(condition, patience_seconds=self.patience_seconds)

    def _system(self, access: Access) -> System:
        parts = Parts(
            settings=self._settings,
            registry=Registry([stays_open, ends_with_a_hook, one_at_a_time, seldom]),
            clients=access.client,
            clock=SystemClock(),
            metrics=NoMetrics(),
        )
        runs_hooks = self.role.suffix != "api"  # handler/api.py
        return build(parts, remaining=lambda: 900, patience=_PATIENCE, runs_hooks=runs_hooks)

    @property
    def _settings(self) -> Settings:
        function = self.aws.client("lambda").get_function_configuration(FunctionName=self.role.stem)
        settings = Settings.from_environment(function["Environment"]["Variables"])
        return replace(settings, recovery_after_seconds=0)


def takes_a_task_from_its_trigger_to_its_deletion(acting: Acting) -> None:
    """What authors' code and hooks may do with a task, and so may callers of the API."""
    tasks, large = acting.system.tasks, {"text": os.urandom(_LARGE).hex()}
    id = tasks.trigger(stays_open, input=large, delay=_LATER).id

    assert tasks.get(id).input == large
    assert id in [each.id for each in tasks.list(limit=10).items]
    tasks.abort(id, "Enough.")
    assert [log.task for log in tasks.logs(id)] == [id]
    tasks.delete(id)

    assert _rows(acting, id) == []
    assert _objects(acting, id) == 0


def retries_a_task(acting: Acting) -> None:
    """It needs no permission that a trigger and an abort do not need."""
    tasks, large = acting.system.tasks, {"text": os.urandom(_LARGE).hex()}
    id = tasks.trigger(stays_open, input=large, delay=_LATER).id
    tasks.abort(id)

    retry = tasks.retry(id, {"note": "Once more."})

    assert tasks.get(id).retried_by == retry.id
    assert "It was retried" in _logged(acting, id)
    assert tasks.get(retry.id).input == {**large, "note": "Once more."}


def changes_a_limit_and_drains_its_queue(acting: Acting) -> None:
    """It needs no permission that a trigger and an abort do not need.

    The stack's own worker does not have the definition: what is sent off fails, and is over.
    """
    tasks, customer = acting.system.tasks, f"{uuid.uuid4()} # ~ é"
    tasks.set_limit(one_at_a_time, 0, key=customer)
    ids = [tasks.trigger(one_at_a_time, input={"customer": customer}).id for _ in range(3)]

    [state] = tasks.limits(one_at_a_time, key=customer).items
    assert (state.slots, state.used, state.queued, state.deployed) == (0, 0, 3, 1)
    assert state.oldest_queued_on
    acting.until(lambda: customer in {each.key for each in tasks.limits(one_at_a_time).items})
    page = tasks.queue(one_at_a_time, key=customer, limit=2)
    rest = tasks.queue(one_at_a_time, key=customer, limit=2, after=page.cursor)
    assert [each.id for each in (*page.items, *rest.items)] == ids
    own = tasks.queue(one_at_a_time, key=customer, tenant="root", limit=2)
    assert [each.id for each in own.items] == ids[:2]
    assert tasks.queue(one_at_a_time, key=customer, tenant="other").items == ()

    begun = tasks.drain_queue(one_at_a_time, key=customer, message="Enough.", rate=1_000)
    assert begun.count == 3
    acting.until(lambda: all(tasks.get(id).was_aborted for id in ids))

    late = tasks.trigger(one_at_a_time, input={"customer": customer}).id
    tasks.set_limit(one_at_a_time, 60, key=customer)
    acting.until(lambda: tasks.get(late).is_over)
    acting.until(lambda: tasks.limits(one_at_a_time, key=customer).items[0].used == 0)
    tasks.reset_limit(one_at_a_time, key=customer)
    assert tasks.limits(one_at_a_time, key=customer).items == ()


def triggers_at_a_rate_and_in_a_burst(acting: Acting) -> None:
    """It needs no permission that a trigger does not need."""
    tasks, key = acting.system.tasks, uuid.uuid4().hex
    first, second = (tasks.trigger(seldom, input={"customer": key}) for _ in range(2))
    assert first.starts_on is None
    assert second.starts_on is not None

    burst = Debounce(key, delay=_LATER)
    one, two = (tasks.trigger(stays_open, input={}, debounce=burst) for _ in range(2))
    assert one.id == two.id
    for id in (second.id, one.id):
        tasks.abort(id)


def stops_the_execution_of_an_aborted_task(acting: Acting) -> None:
    admin = acting.unhindered.tasks
    id = admin.trigger(stays_open, input={}, delay=_LATER).id
    acting.aws.until(lambda: admin.get(id).waiting_until)
    execution = {"executionArn": acting.aws.execution(id)}

    acting.system.tasks.abort(id)

    status = acting.aws.states.describe_execution(**execution)["status"]
    if status == "RUNNING":
        acting.aws.states.stop_execution(**execution)
    assert status == "ABORTED"


def sees_how_its_process_died(acting: Acting) -> None:
    id = acting.aws.trigger("endBadly", {"how": "kill"})

    assert acting.aws.run(id).error == "WORKER_OUT_OF_MEMORY"


def ends_a_task_whose_execution_is_gone(acting: Acting) -> None:
    id = _run(acting.unhindered, ends_with_a_hook)

    acting.system.reconciliation.sweep()

    assert acting.unhindered.tasks.get(id).status == "failed"
    assert "Error executing" in _logged(acting, id)


def dates_the_rows_of_a_task_that_is_over(acting: Acting) -> None:
    tasks = acting.unhindered.tasks
    id = tasks.trigger(stays_open, delay=_LATER).id
    tasks.pause(id)  # a line of an open task, which has no date
    tasks.abort(id)

    acting.system.reconciliation.sweep()

    assert all("expiresAt" in row for row in _rows(acting, id))


def takes_dead_letters_out_of_the_queue(acting: Acting) -> None:
    detail = {"webinyTaskDefinitionId": stays_open.id, "delay": _LATER}
    id = str(uuid.uuid4())
    letter = json.dumps({"id": id, "detail-type": DETAIL_TYPE, "detail": detail})
    queue = {"QueueUrl": acting.aws.deployed.outputs["deadLetterQueueUrl"]}
    acting.aws.client("sqs").purge_queue(**queue)
    acting.aws.client("sqs").send_message(**queue, MessageBody=letter)

    acting.system.reconciliation.sweep()

    assert acting.unhindered.tasks.get(id)
    assert _messages(acting, queue["QueueUrl"]) == 0


def leaves_a_record_of_a_failed_invocation(acting: Acting) -> None:
    failures = str(acting.aws.deployed.outputs["deadLetterQueueUrl"]).replace(
        "-undelivered", "-recovery-failures"
    )
    acting.aws.client("sqs").purge_queue(QueueUrl=failures)

    with acting.role.without("sqs:ReceiveMessage"):
        acting.aws.client("lambda").invoke(
            FunctionName=f"{acting.role.stem}:{LIVE}", InvocationType="Event", Payload=b"{}"
        )
        acting.until(lambda: _messages(acting, failures))


def leaves_a_signal_that_it_could_not_hand_over(acting: Acting) -> None:
    """Of a task that nobody knows: Lambda tries it three times, which takes three seconds here."""
    queue = str(acting.aws.deployed.outputs["deadLetterQueueUrl"])
    acting.aws.client("sqs").purge_queue(QueueUrl=queue)
    signal = {
        "id": str(uuid.uuid4()),
        "detail-type": SIGNAL_DETAIL_TYPE,
        "detail": {"webinyTaskId": "nobody", "name": "approved"},
    }

    acting.aws.client("lambda").invoke(
        FunctionName=f"{acting.role.stem}:{LIVE}",
        InvocationType="Event",
        Payload=json.dumps(signal).encode(),
    )

    patient = replace(acting, patience_seconds=max(acting.patience_seconds, 8))
    patient.until(lambda: _messages(acting, queue))


def invokes_the_worker(acting: Acting) -> None:
    states = acting.aws.states
    execution = {"executionArn": acting.aws.start({"id": "x", "detail": {}})}

    def tried() -> list[str]:
        events = states.get_execution_history(**execution)["events"]
        return [
            event["type"] for event in events if event["type"] in ("TaskSucceeded", "TaskFailed")
        ]

    first, *_ = acting.aws.until(tried)
    if first == "TaskFailed":  # it would be tried again for hours
        states.stop_execution(**execution)
    assert first == "TaskSucceeded"


def starts_an_execution_for_an_event(acting: Acting) -> None:
    id = acting.aws.send({"webinyTaskDefinitionId": "testingRun"})

    acting.until(lambda: acting.finder.find(id))


def starts_an_execution_for_a_tick(acting: Acting) -> None:
    with _schedule(acting) as id:
        acting.until(lambda: acting.finder.find(id))


def sends_a_tick_that_starts_nothing_to_the_dead_letters(acting: Acting) -> None:
    queue = str(acting.aws.deployed.outputs["deadLetterQueueUrl"])
    acting.aws.client("sqs").purge_queue(QueueUrl=queue)

    with acting.role.without("states:StartExecution"), _schedule(acting):
        acting.until(lambda: _messages(acting, queue))


def _run(system: System, definition: Definition) -> str:
    """Runs an iteration, in an execution that Step Functions doesn't know."""
    id = system.tasks.trigger(definition, input={}, delay=_LATER).id
    payload = {
        "webinyTaskId": id,
        "webinyTaskDefinitionId": definition.id,
        "tenant": "root",
        "locale": "en-US",
        "endpoint": "manage",
        "stateMachineId": "unknown",
        "executionName": f"unknown-{id}",
        "visit": "2026-01-02T03:04:06.789Z",
        "executionStartedOn": "2026-01-02T03:04:06.123Z",
    }
    answer = system.runner.run({"name": "task", "payload": payload})
    assert answer["status"] == "continue", answer
    return id


def _logged(acting: Acting, id: str) -> str:
    logs = acting.unhindered.tasks.logs(id)
    return "\n".join(line.message for log in logs for line in log.lines)


def _rows(acting: Acting, id: str) -> list[dict[str, Any]]:
    """The rows that the table has of a task."""
    found: list[dict[str, Any]] = acting.aws.client("dynamodb").query(
        TableName=acting.aws.table,
        KeyConditionExpression=f"{PARTITION_KEY} = :task",
        ExpressionAttributeValues={":task": {"S": f"TASK#{id}"}},
    )["Items"]
    return found


def _objects(acting: Acting, id: str) -> int:
    bucket = acting.aws.deployed.outputs["payloadBucketName"]
    found: int = acting.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"tasks/{id}/")[
        "KeyCount"
    ]
    return found


def _messages(acting: Acting, queue: str) -> int:
    """How many messages a queue has, hidden ones among them."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = acting.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


@contextmanager
def _schedule(acting: Acting) -> Iterator[str]:
    """A schedule of the stack's that triggers at once; the id of its tick's event."""
    scheduler, name = acting.aws.client("scheduler"), f"tick{next(_numbers)}"
    group = acting.role.stem
    like = scheduler.get_schedule(GroupName=group, Name="greetTheDay")["Target"]
    event = {"id": name, "detail": {"webinyTaskDefinitionId": "testingRun"}}
    scheduler.create_schedule(
        GroupName=group,
        Name=name,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**like, "Input": json.dumps(event)},
    )
    try:
        yield name
    finally:
        scheduler.delete_schedule(GroupName=group, Name=name)
