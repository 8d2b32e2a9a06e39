"""How a worker died: its class, by what Lambda reports, and what counts against `crash_retries`."""

from typing import Any

import pytest

from handler import Context, Done, task, wiring
from handler.aws.executions import Executions
from handler.aws.worker_failures import Crash
from tests.handler.stack import STATE_MACHINE, Stack, refusal

CRASHES = [
    ("Runtime.OutOfMemory", "", Crash.OUT_OF_MEMORY),
    ("Runtime.ExitError", "Error: Runtime exited with error: signal: killed", Crash.OUT_OF_MEMORY),
    ("Sandbox.Timedout", "Error: Task timed out after 900.00 seconds", Crash.TIMEOUT),
    ("Lambda.Unknown", "2030-01-01 Task timed out after 900.00 seconds", Crash.TIMEOUT),
    ("States.Timeout", "", Crash.TIMEOUT),
    ("Runtime.ExitError", "Error: Runtime exited with error: exit status 7", Crash.KILLED),
    ("Lambda.Unknown", "Lambda did not return an error type.", Crash.KILLED),
    ("Lambda.TooManyRequestsException", "Rate Exceeded.", Crash.THROTTLED),
    ("StoreUnavailable", "DynamoDB's update_item kept failing.", Crash.STORE),
    ("Runtime.ImportModuleError", "No module named x", Crash.CODE),
    ("KeyError", "'x'", Crash.CODE),
]


@pytest.mark.parametrize(("error", "cause", "crash"), CRASHES)
def test_a_death_is_classed_by_what_lambda_reports(error: str, cause: str, crash: Crash) -> None:
    assert Crash.of(error, cause) is crash


@pytest.mark.parametrize("crash", list(Crash))
def test_each_class_has_words_and_a_code_of_its_own(crash: Crash) -> None:
    assert crash.in_words
    assert crash.error_code == f"WORKER_{crash.name}"


THROTTLED = ("Lambda.TooManyRequestsException", "Rate Exceeded.")
UNREACHABLE = ("StoreUnavailable", "DynamoDB kept failing.")
KILLED = ("Runtime.ExitError", "Error: Runtime exited with error: exit status 7")
OUT_OF_TIME = ("Sandbox.Timedout", "Error: Task timed out after 900.00 seconds")


class History:
    """A Step Functions client that knows one execution's history."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.enter()

    def enter(self) -> None:
        self._add("TaskStateEntered", stateEnteredEventDetails={"name": "Run"})

    def fail(self, *failures: tuple[str, str]) -> None:
        for error, cause in failures:
            self._add("TaskScheduled", taskScheduledEventDetails={})
            self._add("TaskFailed", taskFailedEventDetails={"error": error, "cause": cause})

    def time_out(self) -> None:
        self._add("TaskTimedOut", taskTimedOutEventDetails={"error": "States.Timeout"})

    def _add(self, kind: str, **details: object) -> None:
        self.events.append({"id": len(self.events) + 1, "type": kind, **details})

    def get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        reverseOrder: bool,  # noqa: N803
        maxResults: int,  # noqa: N803
    ) -> Any:
        if self.error:
            raise self.error
        assert executionArn.endswith(":execution-1")
        assert reverseOrder
        return {"events": self.events[::-1][:maxResults]}


@pytest.fixture
def history(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> History:
    history, client = History(), wiring.client
    monkeypatch.setattr(
        wiring, "client", lambda service: history if service == "stepfunctions" else client(service)
    )
    monkeypatch.setattr(
        stack,
        "settings",
        stack.settings.__class__("tasks", "tasks", state_machine_arn=STATE_MACHINE),
    )
    return history


@pytest.fixture
def executions(history: History) -> Executions:
    return Executions(history, state_machine_arn=STATE_MACHINE)  # type: ignore[arg-type]


def test_the_failures_of_a_visit_are_told_the_last_one_first(
    history: History, executions: Executions
) -> None:
    history.fail(KILLED)
    history.enter()
    history.fail(OUT_OF_TIME, THROTTLED)
    history.time_out()

    assert executions.failures("execution-1") == [("States.Timeout", ""), THROTTLED, OUT_OF_TIME]


def test_a_history_that_cannot_be_read_tells_nothing_and_fails_nothing(
    history: History, executions: Executions
) -> None:
    history.error = refusal("ThrottlingException")

    assert executions.failures("execution-1") == []


def die(stack: Stack, *, times: int) -> Any:
    """The answer to an invocation after so many others that claimed the task and died."""

    class Died(BaseException):
        """The worker's process is gone."""

    deaths = iter(range(times))

    @task(id="someTask", crash_retries=1)
    def some_task(context: Context) -> Done:
        if next(deaths, None) is not None:
            raise Died
        return Done()

    record = stack.trigger(some_task)
    for _ in range(times):
        with pytest.raises(Died):
            stack.run(record)
    return stack.run(record)


def test_a_task_whose_worker_died_more_often_than_it_may_is_failed_by_how_it_died(
    stack: Stack, history: History
) -> None:
    history.fail(KILLED, OUT_OF_TIME)

    answer = die(stack, times=2)

    assert answer["error"]["code"] == "WORKER_TIMEOUT"
    assert answer["error"]["data"] == {"crashes": 2, "crash": "timeout"}


@pytest.mark.parametrize(
    "failures", [[UNREACHABLE] * 5, [KILLED, UNREACHABLE], [UNREACHABLE, KILLED, UNREACHABLE]]
)
def test_a_table_that_was_out_of_reach_costs_a_task_none_of_its_retries(
    stack: Stack, history: History, failures: list[tuple[str, str]]
) -> None:
    history.fail(*failures)

    assert die(stack, times=len(failures))["status"] == "done"


def test_a_second_death_counts_whatever_lies_between(stack: Stack, history: History) -> None:
    history.fail(KILLED, UNREACHABLE, KILLED)

    answer = die(stack, times=3)

    assert answer["error"]["code"] == "WORKER_KILLED"
    assert answer["error"]["data"]["crashes"] == 2


def test_a_worker_that_lambda_had_no_room_for_did_not_die(stack: Stack, history: History) -> None:
    history.fail(KILLED, *[THROTTLED] * 20)

    assert die(stack, times=1)["status"] == "done"
    assert "the worker's process died" in first_line(stack)


def test_what_the_history_does_not_tell_yet_counts(stack: Stack, history: History) -> None:
    history.fail(KILLED)

    answer = die(stack, times=2)

    assert answer["error"]["code"] == "WORKER_KILLED"


def test_the_log_says_how_the_iteration_before_died(stack: Stack, history: History) -> None:
    history.fail(OUT_OF_TIME)

    die(stack, times=1)

    assert first_line(stack) == (
        "The iteration before did not end: the worker ran out of time; return Continue in time "
        "(context.is_close_to_timeout()). It runs again from its last checkpoint."
    )


def first_line(stack: Stack) -> str:
    """The first line of the only task's log."""
    [row] = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
    return stack.messages(row["pk"]["S"].removeprefix("TASK#"))[0]
