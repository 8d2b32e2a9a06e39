import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from local.view import LiveView, PlainView, view_for
from local.watch import Execution, Finder, Step, follow

START = datetime(2026, 1, 1, tzinfo=UTC)


class History:
    """An execution as Step Functions tells of it, to which a test adds events."""

    def __init__(self, page_size: int = 100) -> None:
        self.status = "RUNNING"
        self.pages_read = 0
        self._events: list[dict[str, object]] = []
        self._page_size = page_size

    def enter(self, state: str, entered_with: object, seconds: float) -> None:
        details = {"name": state, "input": json.dumps(entered_with)}
        self.add("TaskStateEntered", seconds, stateEnteredEventDetails=details)
        self.add("TaskStateExited", seconds)

    def add(self, kind: str, seconds: float, **details: object) -> None:
        at = START + timedelta(seconds=seconds)
        self._events.append({"id": len(self._events) + 1, "type": kind, "timestamp": at, **details})

    def list_executions(self, **request: Any) -> Any:
        raise NotImplementedError

    def describe_execution(self, **request: Any) -> Any:
        return {"status": self.status}

    def get_execution_history(self, **request: Any) -> Any:
        assert request["reverseOrder"]
        self.pages_read += 1
        first = int(request.get("nextToken", 0))
        newest_first = self._events[::-1]
        page: dict[str, Any] = {"events": newest_first[first : first + self._page_size]}
        if first + self._page_size < len(newest_first):
            page["nextToken"] = str(first + self._page_size)
        return page


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def execution(history: History) -> Execution:
    return Execution("importCsv", "arn", history)


def test_a_poll_yields_only_what_is_new(history: History, execution: Execution) -> None:
    history.enter("TransformEvent", {}, 0)
    assert [step.state for step in execution.poll()] == ["TransformEvent"]
    assert execution.poll() == []
    history.enter("Run", {}, 1.5)
    assert execution.poll() == [Step("importCsv", "Run", 1.5)]
    assert execution.states == ["TransformEvent", "Run"]


def test_seconds_count_from_the_first_event(history: History, execution: Execution) -> None:
    history.enter("TransformEvent", {}, 10)
    history.enter("Run", {}, 12)
    assert [step.seconds for step in execution.poll()] == [0, 2]


def test_a_long_history_is_read_once_and_then_only_its_end() -> None:
    history = History(page_size=4)
    for second in range(20):
        history.enter("Run", {}, second)
    execution = Execution("importCsv", "arn", history)
    assert len(execution.poll()) == 20
    pages = history.pages_read
    history.enter("Done", {}, 21)
    assert [step.state for step in execution.poll()] == ["Done"]
    assert history.pages_read == pages + 1


@pytest.mark.parametrize(
    ("state", "entered_with", "note"),
    [
        ("CheckStatus", {"status": "continue", "wait": 30}, "continue"),
        ("CheckStatus", {"status": "done", "message": "All rows."}, "done: All rows."),
        ("CheckStatus", None, ""),
        ("CheckStatus", [], ""),
        ("CheckStatus", {}, "None"),
        ("Wait", {"status": "continue", "wait": 30}, "30 s"),
        ("Error", {"status": "error", "error": {"code": "X"}}, '{"code": "X"}'),
        ("UnknownError", {"error": "Runtime.ExitError", "cause": "killed"}, '"Runtime.ExitError"'),
        ("Run", {"status": "continue"}, ""),
    ],
)
def test_a_state_is_shown_with_what_matters_of_its_input(
    history: History, execution: Execution, state: str, entered_with: object, note: str
) -> None:
    history.enter(state, entered_with, 0)
    [step] = execution.poll()
    assert step.note == note


def test_a_long_note_is_cut(history: History, execution: Execution) -> None:
    history.enter("Error", {"error": "x" * 500}, 0)
    [step] = execution.poll()
    assert len(step.note) == 100
    assert step.note.endswith("…")


def test_following_goes_on_until_every_execution_is_over(
    history: History, execution: Execution
) -> None:
    other = History()
    quick = Execution("testingRun", "arn2", other)
    other.enter("Done", {}, 0)
    other.status = "SUCCEEDED"
    history.enter("Run", {}, 0)

    def finish() -> None:
        history.enter("Done", {}, 3)
        history.status = "SUCCEEDED"

    rounds = [
        [(step.task, step.state) for step in steps] for steps in follow([execution, quick], finish)
    ]
    assert rounds == [[("importCsv", "Run"), ("testingRun", "Done")], [("importCsv", "Done")]]
    assert execution.status == "SUCCEEDED"


def test_without_a_terminal_each_step_is_a_line() -> None:
    console = Console(file=(shown := io.StringIO()), width=60)
    with view_for(console, [], lambda: (1200, 3376)) as view:
        assert isinstance(view, PlainView)
        view.show(
            [Step("importCsv", "CheckStatus", 1.5, "continue"), Step("importCsv", "Run", 1.6)]
        )
        view.show([])
    assert shown.getvalue().splitlines() == [
        "     1.50 s  importCsv    CheckStatus     continue",
        "     1.60 s  importCsv    Run",
        "            1,200 of 3,376 rows",
    ]


def test_a_terminal_shows_a_table_with_progress(history: History, execution: Execution) -> None:
    console = Console(file=(shown := io.StringIO()), force_terminal=True, width=120)
    history.enter("Run", {}, 0)
    history.enter("CheckStatus", {"status": "done", "message": "All rows."}, 1)
    with view_for(console, [execution], lambda: (1200, 3376)) as view:
        assert isinstance(view, LiveView)
        view.show(execution.poll())
    assert "Run → CheckStatus" in shown.getvalue()
    assert "done: All rows." in shown.getvalue()
    assert "1,200 of 3,376 rows" in shown.getvalue()


def test_a_long_way_shows_its_last_states_and_how_many_came_before(
    history: History, execution: Execution
) -> None:
    console = Console(file=(shown := io.StringIO()), force_terminal=True, width=200)
    for second in range(9):
        history.enter(f"State{second}", {}, second)
    with view_for(console, [execution], lambda: (0, 1)) as view:
        view.show(execution.poll())
    assert "(4 before) State4 → State5 → State6 → State7 → State8" in shown.getvalue()


class Machine:
    """A state machine with executions that were started by the given events."""

    def __init__(self, *events: object) -> None:
        self.events = {f"arn{number}": event for number, event in enumerate(events)}
        self.described: list[str] = []

    def list_executions(self, **request: Any) -> Any:
        return {"executions": [{"executionArn": arn} for arn in reversed(self.events)]}

    def describe_execution(self, **request: Any) -> Any:
        self.described.append(request["executionArn"])
        return {"input": json.dumps(self.events[request["executionArn"]])}

    def get_execution_history(self, **request: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(("task_id", "arn"), [("e1", "arn0"), ("t1", "arn2"), ("other", None)])
def test_an_execution_is_found_by_its_event_or_its_task(task_id: str, arn: str | None) -> None:
    machine = Machine(
        {"id": "e1"}, None, {"id": "e2", "detail": {"webinyTaskId": "t1"}}, {"id": 5, "detail": []}
    )
    assert Finder(machine, "machine").find(task_id) == arn


def test_the_newest_of_several_executions_of_a_task_is_found() -> None:
    machine = Machine({"detail": {"webinyTaskId": "t1"}}, {"detail": {"webinyTaskId": "t1"}})
    assert Finder(machine, "machine").find("t1") == "arn1"


def test_an_execution_is_described_once() -> None:
    machine = Machine({"id": "e1"}, {"id": "e2"})
    finder = Finder(machine, "machine")
    finder.find("later")
    finder.find("later")
    assert machine.described == ["arn1", "arn0"]
