"""How a task ends, whoever ends it: stored once, counted once, and nothing of it is left undone."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import handler
from handler import Aborted, Context, Continue, Definition, Done, Failed, Retry, TaskRecord, task
from handler.aws.metrics import CloudWatchMetrics
from handler.contract import Index
from handler.errors import BackgroundTaskError, DeliveryError
from handler.record.stored_task import StoredTask
from handler.testing import Killed, run
from handler.wiring import build
from tests.handler.recovering import Recovering
from tests.handler.simple_tasks import returning
from tests.handler.stack import BusQueue, RefusingBus, Stack, event_file, refusal
from tests.modelled import modelled


def lose_a_response(stack: Stack, operation: str) -> None:
    """The next write of a kind is carried out, and its response is lost."""
    left = [refusal("InternalServerError", status=500, operation=operation)]

    def afterwards(sent: str, request: dict[str, Any]) -> None:
        if sent == operation and left:
            raise left.pop()

    stack.dynamodb.afterwards = afterwards


class TestUndeliveredTriggers:
    """EventBridge takes no event: the task is stored as failed, and the caller hears of it."""

    def test_a_lost_response_to_the_write_of_failed_still_raises_delivery_error(
        self, stack: Stack, definition: Definition, refuse_events: Callable[..., None]
    ) -> None:
        hooks: list[str] = []
        definition.on_error(lambda record: hooks.append(record.id))
        refuse_events()
        lose_a_response(stack, "transact_write_items")

        with pytest.raises(DeliveryError) as undelivered:
            stack.tasks.trigger("exportUsers")

        record = stack.get(str((undelivered.value.data or {})["id"]))
        assert record.has_failed
        assert hooks == [record.id]
        assert stack.metrics_counted.take() == [("TasksFailed", "exportUsers")]

    def test_two_callers_with_one_key_and_every_later_one_hear_that_it_failed(
        self, stack: Stack, definition: Definition, refuse_events: Callable[..., None]
    ) -> None:
        hooks: list[str] = []
        definition.on_error(lambda record: hooks.append(record.id))
        refuse_events()
        heard: list[DeliveryError] = []

        def trigger() -> None:
            with pytest.raises(DeliveryError) as undelivered:
                stack.tasks.trigger("exportUsers", idempotency_key="tonight")
            heard.append(undelivered.value)

        def trigger_meanwhile(operation: str, request: dict[str, Any]) -> None:
            stack.events.recover()
            trigger()

        stack.events.interference = trigger_meanwhile
        trigger()
        trigger()

        assert len(heard) == 3
        assert len({error.message for error in heard}) == 1
        assert hooks == [str((heard[0].data or {})["id"])]
        assert stack.metrics_counted.take() == [("TasksFailed", "exportUsers")]


class TestExecutionsThatEnd:
    """The recovery ends a task, and the response to its write is lost."""

    def test_the_children_of_a_stopped_task_are_aborted_and_its_hook_runs_once(
        self, recovering: Recovering
    ) -> None:
        parent = recovering.running()
        child = recovering.pending(parent_id=parent.id, definition_id="childTask")
        recovering.end("execution-1", "ABORTED")
        lose_a_response(recovering.stack, "transact_write_items")

        recovering.report("execution-1")

        assert recovering.stack.get(parent).was_aborted
        assert recovering.stack.get(child).was_aborted
        assert recovering.ran == [("on_abort", "aborted")]
        assert recovering.stack.metrics_counted.take() == [
            ("TasksAborted", "someTask"),
            ("TasksAborted", "unknown"),
        ]

    def test_a_failed_execution_and_its_crash_are_counted_once(
        self, recovering: Recovering
    ) -> None:
        recovering.running()
        recovering.end("execution-1", "FAILED", error="Runtime.ExitError")
        lose_a_response(recovering.stack, "transact_write_items")

        recovering.report("execution-1")

        assert recovering.ran == [("on_error", "failed")]
        assert recovering.stack.metrics_counted.take() == [
            ("TasksFailed", "someTask"),
            ("Crashes", "someTask"),
        ]


# What ends a task, once it is prepared: called twice, it must end the task once.
Act = Callable[[], object]


def abort_by_code(recovering: Recovering) -> Act:
    record = recovering.running()
    return lambda: recovering.stack.tasks.abort(record.id)


def abort_by_the_api(recovering: Recovering) -> Act:
    record = recovering.running()
    return lambda: api_of(recovering.stack).abort(record.id)


def api_of(stack: Stack) -> Any:
    """The tasks, as the API's Lambda has them: it runs no hooks."""
    return build(stack.parts(), remaining=stack.remaining, runs_hooks=False).tasks


def trigger_without_a_bus(recovering: Recovering) -> Act:
    recovering.stack.events.stands_for(RefusingBus())
    return lambda: recovering.stack.tasks.trigger("someTask", idempotency_key="tonight")


def send_by_hand(**changes: object) -> Callable[[Recovering], Act]:
    def prepare(recovering: Recovering) -> Act:
        payload = event_file("worker_by_hand")["payload"]
        changed = payload | {"webinyTaskDefinitionId": "someTask"} | changes
        return lambda: recovering.stack.invoke({"payload": changed})

    return prepare


def end_the_execution(status: str) -> Callable[[Recovering], Act]:
    def prepare(recovering: Recovering) -> Act:
        recovering.running()
        recovering.end("execution-1", status)
        return lambda: recovering.report("execution-1")

    return prepare


def sweep_a_lost_execution(recovering: Recovering) -> Act:
    recovering.claimed_by("forgotten")
    recovering.wait()
    return recovering.sweep


def sweep_a_lost_event(recovering: Recovering) -> Act:
    recovering.pending(resends=3)
    recovering.wait(300)
    return recovering.sweep


def return_from_the_task(verdict: object, **options: Any) -> Callable[[Recovering], Act]:
    def prepare(recovering: Recovering) -> Act:
        record = recovering.stack.trigger(returning(verdict, **options))
        return lambda: recovering.stack.run(record)

    return prepare


def run_too_often(recovering: Recovering) -> Act:
    record = recovering.stack.trigger(returning(Continue(), max_iterations=1))
    recovering.stack.run(record)
    return lambda: recovering.stack.run(record, visit="visit-2")


def crash_too_often(recovering: Recovering) -> Act:
    record = recovering.stack.trigger(returning(Done(), crash_retries=0))
    recovering.stack.claim(record)
    return lambda: recovering.stack.run(record)


class TestMetrics:
    @pytest.mark.parametrize(
        ("prepare", "metric"),
        [
            pytest.param(abort_by_code, "TasksAborted", id="an abort by code"),
            pytest.param(abort_by_the_api, "TasksAborted", id="an abort by the API"),
            pytest.param(trigger_without_a_bus, "TasksFailed", id="an undelivered trigger"),
            pytest.param(send_by_hand(delay=10**9), "TasksFailed", id="by hand, refused"),
            pytest.param(send_by_hand(tenant=7), "TasksFailed", id="by hand, malformed"),
            pytest.param(end_the_execution("FAILED"), "TasksFailed", id="an execution failed"),
            pytest.param(end_the_execution("ABORTED"), "TasksAborted", id="an execution stopped"),
            pytest.param(sweep_a_lost_execution, "TasksFailed", id="an execution was lost"),
            pytest.param(sweep_a_lost_event, "TasksFailed", id="an event was lost"),
            pytest.param(return_from_the_task(Done()), "TasksSuccess", id="Done"),
            pytest.param(return_from_the_task(Failed("no")), "TasksFailed", id="Failed"),
            pytest.param(return_from_the_task(Aborted()), "TasksAborted", id="Aborted"),
            pytest.param(return_from_the_task("text"), "TasksFailed", id="no verdict"),
            pytest.param(run_too_often, "TasksFailed", id="too many iterations"),
            pytest.param(crash_too_often, "TasksFailed", id="too many crashes"),
        ],
    )
    def test_an_end_is_counted_once_by_its_outcome_and_not_again_when_repeated(
        self, recovering: Recovering, prepare: Callable[[Recovering], Act], metric: str
    ) -> None:
        act = prepare(recovering)

        for _ in range(2):
            with suppress(BackgroundTaskError):
                act()

        counted = recovering.stack.metrics_counted.take()
        ends = [each for each in counted if each[0] not in ("TasksStarted", "Crashes")]
        assert ends == [(metric, "someTask")]

    @pytest.mark.parametrize(
        "prepare",
        [
            pytest.param(return_from_the_task(Continue()), id="Continue"),
            pytest.param(return_from_the_task(Failed("not yet"), retry=Retry()), id="retried"),
        ],
    )
    def test_an_iteration_that_another_follows_counts_no_end(
        self, recovering: Recovering, prepare: Callable[[Recovering], Act]
    ) -> None:
        act = prepare(recovering)

        act()

        assert recovering.stack.metrics_counted.take() == [("TasksStarted", "someTask")]

    def test_a_metric_that_cannot_be_written_loses_no_answer(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)
        stack.metrics = CloudWatchMetrics()  # type: ignore[assignment]

        answer = stack.run(stack.trigger(returning(Done())))

        assert answer["status"] == "done"


class TestChildren:
    def test_a_task_that_returns_aborted_aborts_its_open_children(self) -> None:
        @task()
        def child(context: Context) -> Done:
            return Done()

        @task()
        def parent(context: Context) -> Aborted:
            context.trigger(child)
            return Aborted()

        result = run(parent, children=[child])

        assert [record.status for record in result.children] == ["aborted"]


class Family:
    """A running parent with two children and a grandchild; `hooks` has whose hook has run."""

    def __init__(self, recovering: Recovering) -> None:
        self.recovering = recovering
        self.stack = recovering.stack
        self.hooks: list[str] = []
        self.killing: set[str] = set()  # whose hook kills its process
        self.definition = returning(Aborted(), crash_retries=9)
        self.definition.on_abort(self._hook)
        self.stack.definitions = (self.definition,)
        recovering.running("execution-1", id="parent")
        for id, parent in (("one", "parent"), ("two", "parent"), ("grandchild", "one")):
            self.stack.create(id=id, parent_id=parent)

    def _hook(self, record: TaskRecord) -> None:
        if record.id in self.killing:
            raise Killed
        self.hooks.append(record.id)

    @property
    def members(self) -> list[StoredTask]:
        return [self.stack.get(id) for id in ("parent", "one", "two", "grandchild")]

    def sweep(self, times: int = 6) -> None:
        """Sweeps until a sweep finds nothing to do."""
        for _ in range(times):
            self.recovering.wait()
            if not any(self.recovering.sweep().values()):
                return

    # The ways to abort it.

    def abort_by_code(self) -> None:
        self.stack.tasks.abort("parent")

    def abort_by_the_api(self) -> None:
        api_of(self.stack).abort("parent")

    def return_aborted(self) -> None:
        self.stack.run(self.stack.get("parent"))

    def stop_the_execution(self) -> None:
        self.recovering.end("execution-1", "ABORTED")
        self.recovering.report("execution-1")


WAYS: dict[str, Callable[[Family], None]] = {
    "by code": Family.abort_by_code,
    "by the API": Family.abort_by_the_api,
    "by the task": Family.return_aborted,
    "by the recovery": Family.stop_the_execution,
}


@cache
def calls_of(way: str) -> int:
    """How many calls of the table take effect, of an abort that nothing interrupts."""
    # Asked when the tests are collected.
    with modelled("dynamodb", "events", "s3", "sqs"), Stack.inside_moto() as stack:
        family = Family(Recovering(stack, BusQueue()))
        effective: list[str] = []
        stack.dynamodb.afterwards = lambda operation, _: effective.append(operation)
        WAYS[way](family)
        return len(effective)


def every_call() -> list[tuple[str, int]]:
    return [(way, number) for way in WAYS for number in range(1, calls_of(way) + 1)]


def kill_after(stack: Stack, number: int) -> None:
    """Kills the process after its call of the table number `number`, from 1."""
    numbers = itertools.count(1)

    def interfere(operation: str, request: dict[str, Any]) -> None:
        if next(numbers) == number:
            raise Killed

    stack.dynamodb.afterwards = interfere


@pytest.mark.slow
class TestInterruptedAborts:
    @pytest.mark.parametrize(("way", "call"), every_call())
    def test_the_sweeps_finish_an_abort_that_was_killed_after_any_call(
        self, recovering: Recovering, way: str, call: int
    ) -> None:
        family, stack = Family(recovering), recovering.stack
        kill_after(stack, call)

        with pytest.raises(Killed):
            WAYS[way](family)
        kill_after(stack, 0)
        if stack.get("parent").is_open:
            WAYS[way](family)  # the abort had not happened: the caller tries again
        family.sweep()

        assert [member.status for member in family.members] == ["aborted"] * 4
        assert set(family.hooks) == {"parent", "one", "two", "grandchild"}
        assert not any(member.has_follow_ups for member in family.members)
        assert not any(Index.UNFINISHED.partition_key in row for row in stack.rows())

    @pytest.mark.parametrize("call", range(1, calls_of("by code") + 1))
    def test_the_sweeps_abort_the_children_of_a_parent_without_a_hook(
        self, recovering: Recovering, call: int
    ) -> None:
        family = Family(recovering)
        recovering.stack.definitions = (returning(Aborted()),)
        kill_after(recovering.stack, call)

        with suppress(Killed):
            family.abort_by_code()
        kill_after(recovering.stack, 0)
        if recovering.stack.get("parent").is_open:
            family.abort_by_code()  # the abort had not happened: the caller tries again
        family.sweep()

        assert [member.status for member in family.members] == ["aborted"] * 4
        assert not any(Index.UNFINISHED.partition_key in row for row in recovering.stack.rows())

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("killing", ["parent", "one", "grandchild"])
    def test_a_hook_that_kills_its_process_does_not_keep_the_family_from_being_aborted(
        self, recovering: Recovering, way: str, killing: str
    ) -> None:
        family = Family(recovering)
        family.killing = {killing}

        with suppress(Killed):
            WAYS[way](family)
        for _ in range(6):
            with suppress(Killed):
                family.sweep(times=1)

        assert [member.status for member in family.members] == ["aborted"] * 4
        assert set(family.hooks) == {"parent", "one", "two", "grandchild"} - {killing}
        assert not any(member.has_follow_ups for member in family.members)

    def test_the_children_are_aborted_before_the_hook_of_their_parent_runs(
        self, recovering: Recovering
    ) -> None:
        family = Family(recovering)
        family.killing = {"parent"}

        with pytest.raises(Killed):
            family.abort_by_code()

        assert [member.status for member in family.members] == ["aborted"] * 4


@pytest.mark.parametrize("words", ["_counts.ended(", ".due(", ".run_pending("])
def test_one_module_counts_ends_and_runs_hooks(words: str) -> None:
    root = Path(handler.__file__).parent

    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if words in path.read_text()
    ]

    assert found == ["lifecycle/ending.py"]
