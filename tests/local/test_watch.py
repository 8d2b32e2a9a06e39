"""Executions, found and followed state by state."""

import json
from typing import Any

import pytest

from local.watch import Execution, Finder, Step, follow
from tests.local.history import History


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def execution(history: History) -> Execution:
    return Execution("importCsv", "arn", history)


def test_a_poll_yields_only_what_is_new(history: History, execution: Execution) -> None:
    history.enter("TransformEvent", {}, 0)
    first, second = execution.poll(), execution.poll()
    history.enter("Run", {}, 1.5)
    third = execution.poll()

    assert first == [Step("importCsv", "TransformEvent", 0)]
    assert second == []
    assert third == [Step("importCsv", "Run", 1.5)]
    assert execution.states == ["TransformEvent", "Run"]


def test_seconds_count_from_the_first_event(history: History, execution: Execution) -> None:
    history.enter("TransformEvent", {}, 10)
    history.enter("Run", {}, 12)

    steps = execution.poll()

    assert [step.seconds for step in steps] == [0, 2]


def test_a_second_poll_of_a_long_history_reads_its_last_page_only() -> None:
    history = History(page_size=4)
    for second in range(20):
        history.enter("Run", {}, second)
    execution = Execution("importCsv", "arn", history)

    earlier = execution.poll()
    pages = history.pages_read
    history.enter("Done", {}, 21)
    later = execution.poll()

    assert len(earlier) == 20
    assert [step.state for step in later] == ["Done"]
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
def test_a_step_has_a_note_from_the_input_of_its_state(
    history: History, execution: Execution, state: str, entered_with: object, note: str
) -> None:
    history.enter(state, entered_with, 0)

    [step] = execution.poll()

    assert step.note == note


def test_a_note_is_cut_at_100_characters(history: History, execution: Execution) -> None:
    history.enter("Error", {"error": "x" * 500}, 0)

    [step] = execution.poll()

    assert len(step.note) == 100
    assert step.note.endswith("…")


def test_executions_are_followed_until_all_of_them_are_over(
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


class Machine:
    """A state machine with an execution for each event."""

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
def test_an_execution_is_found_by_the_id_of_its_event_or_task(
    task_id: str, arn: str | None
) -> None:
    machine = Machine(
        {"id": "e1"}, None, {"id": "e2", "detail": {"webinyTaskId": "t1"}}, {"id": 5, "detail": []}
    )

    found = Finder(machine, "machine").find(task_id)

    assert found == arn


def test_the_newest_of_two_executions_of_a_task_is_found() -> None:
    machine = Machine({"detail": {"webinyTaskId": "t1"}}, {"detail": {"webinyTaskId": "t1"}})

    found = Finder(machine, "machine").find("t1")

    assert found == "arn1"


def test_two_searches_describe_each_execution_once() -> None:
    machine = Machine({"id": "e1"}, {"id": "e2"})
    finder = Finder(machine, "machine")

    finder.find("later")
    finder.find("later")

    assert machine.described == ["arn1", "arn0"]
