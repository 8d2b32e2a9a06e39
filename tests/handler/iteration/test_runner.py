"""One iteration, from event to answer: every branch, by what is stored and what is answered."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Field

from handler import (
    Aborted,
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    Retry,
    TaskRecord,
    Verdict,
    task,
)
from handler.contract import MAX_ANSWER_BYTES, MAX_OUTPUT_BYTES, MAX_WAIT_SECONDS, Status
from handler.errors import StoreUnavailable
from tests.handler.stack import Stack, event_file, refusal

Body = Callable[[Context], Any]


class Input(BaseModel):
    size: int = Field(default=1, ge=1)
    text: str = ""


def bare(body: Body, **options: Any) -> Definition:
    """A task without input that does what a test wants."""

    @task(id="someTask", **options)
    def some_task(context: Context) -> Verdict:
        verdict: Verdict = body(context)
        return verdict

    return some_task


def returning(verdict: Any, **options: Any) -> Definition:
    return bare(lambda context: verdict, **options)


def raising(error: BaseException, **options: Any) -> Definition:
    def body(context: Context) -> Verdict:
        raise error

    return bare(body, **options)


@task(id="countUp")
def count_up(context: Context, input: dict[str, int]) -> Done:
    return Done("Counted.", output={"total": input["total"]})


class TestEvents:
    @pytest.mark.parametrize(
        "event", [None, "text", {}, {"payload": {"webinyTaskId": "t1", "tenant": "acme"}}]
    )
    def test_a_malformed_event_is_answered_with_an_error_that_names_the_fields(
        self, stack: Stack, event: Any
    ) -> None:
        answer = stack.invoke(event)

        assert answer["status"] == "error"
        assert answer["error"]["message"] == "Validation failed."
        assert answer["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert "endpoint" in answer["error"]["data"]["invalidFields"]
        assert stack.dynamodb.calls == []

    def test_a_malformed_event_is_echoed_as_far_as_it_goes(self, stack: Stack) -> None:
        answer = stack.invoke({"payload": {"webinyTaskId": "t1", "tenant": "acme", "locale": 5}})

        assert (answer["webinyTaskId"], answer["tenant"]) == ("t1", "acme")
        assert "locale" not in answer

    @pytest.mark.parametrize("name", ["worker", "worker_of_webiny"])
    def test_a_real_event_runs_its_task(self, stack: Stack, name: str) -> None:
        event = event_file(name)
        stack.definitions = (count_up,)
        stack.create(
            id=event["payload"]["webinyTaskId"], definition_id="countUp", input={"total": 3}
        )

        assert stack.invoke(event) == {
            "status": "done",
            "webinyTaskId": "6957329503d1f0a7c8b9e214",
            "webinyTaskDefinitionId": "countUp",
            "tenant": "root",
            "locale": "en-US",
            "message": "Counted.",
            "output": {"total": 3},
        }

    def test_a_task_that_does_not_exist_is_answered_in_webinys_words(self, stack: Stack) -> None:
        answer = stack.invoke(event_file("worker"))

        assert answer["error"] == {
            "message": (
                'Task "6957329503d1f0a7c8b9e214" cannot be executed because it does not exist.'
            ),
            "code": "TASK_NOT_FOUND",
        }
        assert stack.rows() == []

    def test_a_store_that_refuses_is_an_error_answer(self, stack: Stack) -> None:
        stack.dynamodb.fail(refusal("AccessDeniedException"))

        answer = stack.invoke(event_file("worker"))

        assert (answer["status"], answer["error"]["code"]) == ("error", "STORE_ERROR")


class TestEventsByHand:
    def test_an_event_by_hand_makes_its_own_task(self, stack: Stack) -> None:
        stack.definitions = (count_up,)

        answer = stack.invoke(event_file("worker_by_hand"))

        record = stack.get("2c5d0c6e-91f5-4a3c-9f0a-5f0d6f6b8a11")
        assert answer["status"] == "done"
        assert (record.name, record.input, record.output) == (
            "Count to three",
            {"total": 3},
            {"total": 3},
        )
        assert record.created_by.type == "event"

    def test_the_same_event_twice_is_the_same_task(self, stack: Stack) -> None:
        stack.definitions = (count_up,)
        event = event_file("worker_by_hand")
        stack.invoke(event)
        before = stack.get("2c5d0c6e-91f5-4a3c-9f0a-5f0d6f6b8a11")
        other = event | {
            "payload": event["payload"] | {"executionName": "execution-2", "visit": "visit-2"}
        }

        answer = stack.invoke(other)

        assert answer["status"] == "done"
        assert "this one changed nothing" in answer["message"]
        assert stack.get(before.id) == before

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"webinyTaskDefinitionId": "nothing"}, "TASK_DEFINITION_ERROR"),
            ({"input": {"total": "many"}}, "VALIDATION_FAILED_INVALID_FIELDS"),
        ],
    )
    def test_what_cannot_be_run_is_stored_as_failed_with_the_reason(
        self, stack: Stack, changes: dict[str, Any], code: str
    ) -> None:
        stack.definitions = (count_up,)
        event = event_file("worker_by_hand")

        answer = stack.invoke({"payload": event["payload"] | changes})

        record: Any = stack.get(event["payload"]["webinyTaskId"])
        assert (answer["status"], answer["error"]["code"]) == ("error", code)
        assert record.status is Status.FAILED
        assert record.output["error"] == answer["error"]
        assert stack.messages(record) == [answer["error"]["message"]]

    def test_a_delay_is_waited_for(self, stack: Stack) -> None:
        stack.definitions = (count_up,)
        event = event_file("worker_by_hand")

        answer = stack.invoke({"payload": event["payload"] | {"delay": 59.5}})

        record = stack.get(event["payload"]["webinyTaskId"])
        assert (answer["status"], answer["wait"], answer["delay"]) == ("continue", 60, -1)
        assert (record.status, record.delay, record.iterations) == (Status.PENDING, 60, 0)


class TestDelays:
    def test_a_delay_is_waited_for_by_the_execution_which_owns_the_task_from_then_on(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done()), delay=60)

        answer = stack.run(record, delay=60)

        after = stack.get(record)
        assert (answer["status"], answer["wait"], answer["delay"]) == ("continue", 60, -1)
        assert "input" not in answer
        assert (after.status, after.iterations, after.execution_name) == (
            Status.PENDING,
            0,
            "execution-1",
        )
        assert after.waiting_until == "2030-01-01T00:01:00.000Z"
        assert stack.messages(record) == []

    def test_after_the_delay_the_task_runs(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()), delay=60)
        stack.run(record, delay=60)

        answer = stack.run(record, visit="visit-2", delay=-1)

        assert answer["status"] == "done"
        assert stack.get(record).waiting_until is None

    def test_the_answer_to_a_delay_can_be_told_again(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()), delay=60)
        first = stack.run(record, delay=60)
        stack.clock.advance(1)

        assert stack.run(record, delay=60)["status"] == first["status"] == "continue"

    def test_a_second_execution_of_a_delayed_task_ends_at_once(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()), delay=60)
        stack.run(record, delay=60)
        before = stack.get(record)

        answer = stack.run(record, execution="execution-2", delay=60)

        assert answer["status"] == "done"
        assert stack.get(record) == before

    def test_a_task_that_was_aborted_while_it_was_delayed_does_not_run(self, stack: Stack) -> None:
        ran: list[bool] = []
        record = stack.trigger(bare(lambda context: ran.append(True)), delay=60)
        stack.run(record, delay=60)
        stack.tasks.abort(record.id)

        answer = stack.run(record, visit="visit-2", delay=-1)

        assert answer["status"] == "aborted"
        assert ran == []

    @pytest.mark.parametrize(
        ("status", "answered"), [(Status.ABORTED, "aborted"), (Status.SUCCESS, "done")]
    )
    def test_a_closed_task_is_not_delayed(
        self, stack: Stack, status: Status, answered: str
    ) -> None:
        record = stack.create(status=status)

        assert stack.run(record, delay=60)["status"] == answered
        assert stack.get(record) == record


class TestDefinitions:
    def test_a_task_whose_definition_is_gone_fails_with_webinys_words(self, stack: Stack) -> None:
        record = stack.create(definition_id="gone")

        answer = stack.run(record)

        error = {
            "message": (
                f'Task "{record.id}" cannot be executed because there is no "gone" definition'
                " plugin."
            ),
            "code": "TASK_DEFINITION_ERROR",
            "data": {"definitionId": "gone"},
        }
        after = stack.get(record)
        assert answer["error"] == error
        assert (after.status, after.output) == (Status.FAILED, {"error": error})
        assert stack.messages(record) == [error["message"]]

    def test_the_records_definition_is_run_and_the_events_is_echoed(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done("mine")))

        answer = stack.run(record, webinyTaskDefinitionId="otherTask")

        assert (answer["status"], answer["message"]) == ("done", "mine")
        assert answer["webinyTaskDefinitionId"] == "otherTask"


class TestClosedTasks:
    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED])
    def test_a_duplicate_of_a_task_that_is_over_ends_as_a_quiet_success(
        self, stack: Stack, status: Status
    ) -> None:
        record = stack.create(status=status, execution_name="execution-1")

        answer = stack.run(record, execution="execution-2")

        assert answer["status"] == "done"
        assert (
            answer["message"]
            == f'Task "{record.id}" ({status}) belongs to the execution "execution-1"; this one'
            " changed nothing."
        )
        assert stack.get(record) == record
        assert stack.messages(record) == []

    def test_an_aborted_task_is_answered_as_aborted_to_whoever_asks(self, stack: Stack) -> None:
        record = stack.create(status=Status.ABORTED, execution_name="execution-1")

        assert stack.run(record)["status"] == "aborted"
        assert stack.run(record, execution="execution-2")["status"] == "aborted"
        assert stack.get(record) == record

    @pytest.mark.parametrize(
        ("status", "message"),
        [
            (Status.SUCCESS, "Task is already done, cannot run it again."),
            (Status.FAILED, "Task has failed, cannot run it again."),
        ],
    )
    def test_the_owner_that_comes_back_after_the_end_is_told_in_webinys_words(
        self, stack: Stack, status: Status, message: str
    ) -> None:
        record = stack.create(status=status, execution_name="execution-1")

        assert stack.run(record, visit="later")["error"] == {"message": message}
        assert stack.get(record) == record


class TestStarting:
    def test_the_first_iteration_starts_the_task(self, stack: Stack) -> None:
        seen: list[TaskRecord] = []

        def body(context: Context) -> Verdict:
            seen.append(context.task)
            return Continue()

        record = stack.trigger(bare(body))
        stack.clock.advance(3)

        stack.run(record)

        (during,) = seen
        assert (during.status, during.iterations, during.execution_name) == (
            Status.RUNNING,
            1,
            "execution-1",
        )
        assert during.started_on == "2030-01-01T00:00:03.000Z"

    def test_the_next_ones_count_and_nothing_else(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue()))
        stack.run(record)
        first = stack.get(record)

        stack.run(record, visit="visit-2")

        second = stack.get(record)
        assert (first.iterations, second.iterations) == (1, 2)
        assert (second.started_on, second.execution_name) == (first.started_on, "execution-1")


class TestMaxIterations:
    @pytest.mark.parametrize("most", [1, 3])
    def test_a_task_runs_exactly_max_iterations_times(self, stack: Stack, most: int) -> None:
        ran: list[int] = []

        def body(context: Context) -> Verdict:
            ran.append(context.task.iterations)
            return Continue()

        record = stack.trigger(bare(body, max_iterations=most))
        answers = []
        for number in range(most + 1):
            stack.clock.advance(1)
            answers.append(stack.run(record, visit=f"visit-{number}"))

        after = stack.get(record)
        assert ran == list(range(1, most + 1))
        assert [answer["status"] for answer in answers] == ["continue"] * most + ["error"]
        assert answers[-1]["error"] == {
            "message": "Task reached max iterations.",
            "code": "MAX_ITERATIONS",
        }
        assert (after.status, after.output) == (Status.FAILED, {"error": answers[-1]["error"]})
        assert after.iterations == most
        assert stack.messages(record)[-1] == "Task reached max iterations."

    def test_done_in_the_last_one_is_done(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done(), max_iterations=1))

        assert stack.run(record)["status"] == "done"

    def test_the_end_can_be_told_again(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue(), max_iterations=1))
        stack.run(record)

        first = stack.run(record, visit="visit-2")

        assert stack.run(record, visit="visit-2") == first

    def test_its_own_hook_runs_instead_of_that_for_errors(self, stack: Stack) -> None:
        definition = returning(Continue(), max_iterations=1)
        hooks: list[str] = []
        definition.on_max_iterations(
            lambda record: hooks.append(f"on_max_iterations {record.status}")
        )
        definition.on_error(lambda record: hooks.append("on_error"))
        record = stack.trigger(definition)

        for visit in ("visit-1", "visit-2"):
            stack.run(record, visit=visit)

        assert hooks == ["on_max_iterations failed"]

    def test_without_it_that_for_errors_runs(self, stack: Stack) -> None:
        definition = returning(Continue(), max_iterations=1)
        hooks: list[TaskRecord] = []
        definition.on_error(hooks.append)
        record = stack.trigger(definition)

        for visit in ("visit-1", "visit-2"):
            stack.run(record, visit=visit)

        assert len(hooks) == 1


class TestDone:
    def test_done_is_stored_and_told(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done("All exported.", output={"rows": 3})))
        stack.clock.advance(5)

        answer = stack.run(record)

        after = stack.get(record)
        assert (answer["status"], answer["message"], answer["output"]) == (
            "done",
            "All exported.",
            {"rows": 3},
        )
        assert (after.status, after.output, after.finished_on) == (
            Status.SUCCESS,
            {"rows": 3},
            "2030-01-01T00:00:05.000Z",
        )
        (line,) = stack.lines(record)
        assert (line.message, line.type) == ("All exported.", "info")

    def test_done_without_a_message_is_logged_in_webinys_words(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()))

        answer = stack.run(record)

        assert "message" not in answer
        assert "output" not in answer
        assert stack.messages(record) == ["Task done."]

    def test_an_output_that_was_saved_stays(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            context.save_output({"saved": 1})
            return Done()

        record = stack.trigger(bare(body))

        assert stack.run(record)["output"] == {"saved": 1}
        assert stack.get(record).output == {"saved": 1}

    def test_an_output_that_is_too_large_is_replaced_by_a_note(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done(output={"text": "x" * MAX_OUTPUT_BYTES})))

        stack.run(record)

        output: Any = stack.get(record).output
        assert output["message"] == "Output size exceeds the maximum allowed size."

    def test_an_output_that_does_not_fit_the_answer_is_whole_on_the_record(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done("Done.", output={"text": "x" * 100_000})))

        answer = stack.run(record)

        assert "output" not in answer
        assert stack.get(record).output == {"text": "x" * 100_000}

    def test_an_output_that_is_no_json_fails_the_task(self, stack: Stack) -> None:
        circular: dict[str, object] = {}
        circular["self"] = circular
        record = stack.trigger(returning(Done(output=circular)))

        assert stack.run(record)["status"] == "error"
        assert stack.get(record).status is Status.FAILED


class TestContinue:
    def continuing(
        self, stack: Stack, verdict: Verdict, input: Any = None
    ) -> tuple[TaskRecord, Any]:
        @task(id="inputTask")
        def input_task(context: Context, input: Input) -> Verdict:
            return verdict

        record = stack.trigger(input_task, input=input)
        answer = stack.run(record)
        return stack.get(record), answer

    def test_continue_is_told_without_an_input(self, stack: Stack) -> None:
        record, answer = self.continuing(stack, Continue({"size": 2}))

        assert answer == {
            "status": "continue",
            "webinyTaskId": record.id,
            "webinyTaskDefinitionId": "inputTask",
            "tenant": "root",
            "locale": "en-US",
            "delay": -1,
        }
        assert record.status is Status.RUNNING
        assert stack.messages(record) == ["Task continuing."]

    @pytest.mark.parametrize(
        ("input", "after"),
        [
            (None, {"size": 5, "text": "a"}),
            ({"text": "b"}, {"size": 5, "text": "b"}),
            ({}, {"size": 5, "text": "a"}),
            (Input(size=7), {"size": 7, "text": ""}),
        ],
    )
    def test_nothing_keeps_the_input_a_mapping_is_merged_and_a_model_replaces(
        self, stack: Stack, input: Any, after: Any
    ) -> None:
        record, _ = self.continuing(stack, Continue(input), input={"size": 5, "text": "a"})

        assert record.input == after

    def test_an_input_that_does_not_validate_fails_the_task_and_names_the_field(
        self, stack: Stack
    ) -> None:
        record, answer = self.continuing(stack, Continue({"size": 0}))

        assert answer["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert set(answer["error"]["data"]["invalidFields"]) == {"size"}
        assert record.status is Status.FAILED

    @pytest.mark.parametrize(
        ("wait", "seconds"),
        [
            (30, 30),
            (0.5, 1),
            (timedelta(minutes=2), 120),
            (datetime(2030, 1, 1, 0, 0, 45, tzinfo=UTC), 45),
            (timedelta(days=400), MAX_WAIT_SECONDS),
            (math.inf, MAX_WAIT_SECONDS),
        ],
    )
    def test_a_wait_is_told_in_whole_seconds_and_stands_on_the_record(
        self, stack: Stack, wait: Any, seconds: int
    ) -> None:
        record, answer = self.continuing(stack, Continue(wait=wait))

        assert answer["wait"] == seconds
        assert type(answer["wait"]) is int
        assert datetime.fromisoformat(record.waiting_until or "") == stack.clock.now() + timedelta(
            seconds=seconds
        )
        assert stack.lines(record)[0].data == {"wait": seconds}

    @pytest.mark.parametrize("wait", [None, 0, -5, timedelta(0), datetime(2029, 1, 1, tzinfo=UTC)])
    def test_no_wait_is_no_wait(self, stack: Stack, wait: Any) -> None:
        record, answer = self.continuing(stack, Continue(wait=wait))

        assert "wait" not in answer
        assert record.waiting_until is None

    @pytest.mark.parametrize("wait", [math.nan, datetime(2030, 1, 1), "10", 10**400])  # noqa: DTZ001  the very mistake
    def test_a_wait_that_is_none_fails_the_task(self, stack: Stack, wait: Any) -> None:
        record, answer = self.continuing(stack, Continue(wait=wait))

        assert answer["status"] == "error"
        assert record.status is Status.FAILED
        assert record.output is not None

    def test_a_later_answer_to_the_same_visit_tells_what_is_left_of_the_wait(
        self, stack: Stack
    ) -> None:
        record, _ = self.continuing(stack, Continue(wait=30))
        stack.clock.advance(10)

        answer = stack.run(record)

        assert (answer["status"], answer["wait"]) == ("continue", 20)
        assert stack.get(record).iterations == 1


class TestFailures:
    def test_failed_is_stored_and_told(self, stack: Stack) -> None:
        record = stack.trigger(returning(Failed("boom", code="MY_CODE", data={"k": 1})))
        stack.clock.advance(5)

        answer = stack.run(record)

        error = {"message": "boom", "code": "MY_CODE", "data": {"k": 1}}
        after = stack.get(record)
        assert (answer["status"], answer["error"]) == ("error", error)
        assert (after.status, after.output, after.finished_on) == (
            Status.FAILED,
            {"error": error},
            "2030-01-01T00:00:05.000Z",
        )
        (line,) = stack.lines(record)
        assert (line.type, line.message) == ("error", "boom")
        assert line.error is not None
        assert line.error.code == "MY_CODE"

    @pytest.mark.parametrize("error", [ValueError("boom"), ExceptionGroup("boom", [ValueError()])])
    def test_an_exception_is_a_failure_with_its_type_as_the_code(
        self, stack: Stack, error: BaseException
    ) -> None:
        record = stack.trigger(raising(error))

        answer = stack.run(record)

        assert answer["error"]["message"].startswith("boom")
        assert answer["error"]["code"] == type(error).__name__
        assert "stack" not in answer["error"]
        (line,) = stack.lines(record)
        assert line.error is not None
        assert "test_runner.py" in (line.error.stack or "")

    @pytest.mark.parametrize("error", [SystemExit(3), SystemExit()])
    def test_a_task_that_exits_has_failed(self, stack: Stack, error: SystemExit) -> None:
        answer = stack.run(stack.trigger(raising(error)))

        assert (answer["status"], answer["error"]["code"]) == ("error", "SystemExit")

    def test_an_exception_without_a_message_gets_one(self, stack: Stack) -> None:
        assert stack.run(stack.trigger(raising(KeyError())))["error"]["message"]

    @pytest.mark.parametrize("verdict", [None, "done", {"status": "done"}, True, Done, [Done()]])
    def test_what_is_no_verdict_is_a_failure_that_says_what_is_one(
        self, stack: Stack, verdict: Any
    ) -> None:
        answer = stack.run(stack.trigger(returning(verdict)))

        assert answer["error"]["code"] == "NO_VERDICT"
        assert 'Task "someTask" returned' in answer["error"]["message"]
        assert "return Done, Continue, Failed or Aborted" in answer["error"]["message"]

    def test_an_output_that_was_saved_stays_beside_the_error(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            context.save_output({"rows": 3})
            return Failed("boom")

        record = stack.trigger(bare(body))
        stack.run(record)

        assert stack.get(record).output == {"rows": 3, "error": {"message": "boom"}}

    def test_an_input_that_older_code_stored_fails_with_each_field_named(
        self, stack: Stack
    ) -> None:
        @task(id="inputTask")
        def input_task(context: Context, input: Input) -> Verdict:
            return Done()

        stack.definitions = (input_task,)
        record = stack.create(definition_id="inputTask", input={"size": "huge"})

        answer = stack.run(record)

        assert answer["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert "size" in answer["error"]["data"]["invalidFields"]
        assert stack.get(record).status is Status.FAILED

    @pytest.mark.parametrize("text", ["x" * 500_000, "😀" * 100_000])
    def test_whatever_a_task_says_the_answer_stays_small_and_the_task_ends(
        self, stack: Stack, text: str
    ) -> None:
        verdicts = [Done(text, output={"a": text}), Failed(text, code=text), Continue(wait=5)]
        for verdict in verdicts:
            record = stack.trigger(returning(verdict))
            answer = stack.run(record)
            assert len(json.dumps(answer)) <= MAX_ANSWER_BYTES
            assert stack.get(record).answer is not None
        record = stack.trigger(raising(ValueError(text)))
        assert len(json.dumps(stack.run(record))) <= MAX_ANSWER_BYTES
        assert stack.get(record).status is Status.FAILED


class TestAborted:
    def test_aborted_that_a_task_returns_is_stored(self, stack: Stack) -> None:
        definition = returning(Aborted())
        hooks: list[TaskRecord] = []
        definition.on_abort(hooks.append)
        record = stack.trigger(definition)
        stack.clock.advance(5)

        answer = stack.run(record)

        after = stack.get(record)
        assert answer["status"] == "aborted"
        assert (after.status, after.finished_on) == (Status.ABORTED, "2030-01-01T00:00:05.000Z")
        assert stack.messages(record) == ["Task aborted."]
        assert [hook.status for hook in hooks] == [Status.ABORTED]

    @pytest.mark.parametrize(
        "verdict", [Done(output={"a": 1}), Continue({}), Failed("boom"), Aborted()]
    )
    def test_an_abort_during_an_iteration_is_never_overwritten(
        self, stack: Stack, verdict: Verdict
    ) -> None:
        def body(context: Context) -> Verdict:
            context.log.info("What it did.")
            stack.tasks.abort(context.task.id, "Stop it.")
            return verdict

        record = stack.trigger(bare(body))

        answer = stack.run(record)

        after = stack.get(record)
        assert answer["status"] == "aborted"
        assert (after.status, after.output) == (Status.ABORTED, None)
        assert {"Stop it.", "What it did."} <= set(stack.messages(record))

    def test_a_task_that_was_deleted_while_it_ran_is_not_made_again(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            stack.tasks.abort(context.task.id)
            stack.tasks.delete(context.task.id)
            return Done()

        record = stack.trigger(bare(body))

        answer = stack.run(record)

        assert answer["error"]["code"] == "TASK_NOT_FOUND"
        assert stack.rows() == []


class TestHooks:
    @pytest.mark.parametrize(
        ("verdict", "hook", "status"),
        [
            (Done(output={"a": 1}), "on_done", Status.SUCCESS),
            (Failed("boom"), "on_error", Status.FAILED),
            (Aborted(), "on_abort", Status.ABORTED),
        ],
    )
    def test_a_hook_gets_the_record_as_it_is_stored(
        self, stack: Stack, verdict: Verdict, hook: str, status: Status
    ) -> None:
        definition = returning(verdict)
        given: list[tuple[TaskRecord, TaskRecord]] = []
        getattr(definition, hook)(lambda record: given.append((record, stack.get(record))))
        record = stack.trigger(definition)

        stack.run(record)

        ((told, stored),) = given
        assert told == stored
        assert told.status is status
        assert told.finished_on is not None

    def test_no_hook_runs_when_a_task_continues(self, stack: Stack) -> None:
        definition = returning(Continue())
        hooks: list[TaskRecord] = []
        for set_hook in (
            definition.on_done,
            definition.on_error,
            definition.on_abort,
            definition.on_max_iterations,
        ):
            set_hook(hooks.append)

        stack.run(stack.trigger(definition))

        assert hooks == []

    @pytest.mark.parametrize("error", [ValueError("of the hook"), SystemExit(1)])
    def test_a_hook_that_raises_is_logged_and_changes_nothing(
        self, stack: Stack, error: BaseException
    ) -> None:
        definition = returning(Done("Done.", output={"a": 1}))

        @definition.on_done
        def fail(record: TaskRecord) -> None:
            raise error

        record = stack.trigger(definition)

        answer = stack.run(record)

        after = stack.get(record)
        assert (answer["status"], answer["output"]) == ("done", {"a": 1})
        assert (after.status, after.hook) == (Status.SUCCESS, None)
        line = next(line for line in stack.lines(record) if line.type == "error")
        assert line.message == f'Error executing on_done hook for task "{record.id}".'
        assert line.error is not None
        assert line.error.code == type(error).__name__

    def test_a_hook_whose_worker_died_runs_when_the_visit_is_tried_again(
        self, stack: Stack
    ) -> None:
        definition = returning(Done("Done."))
        ran: list[str] = []

        class Died(BaseException):
            pass

        @definition.on_done
        def die_once(record: TaskRecord) -> None:
            ran.append(record.id)
            if len(ran) == 1:
                raise Died

        record = stack.trigger(definition)
        with pytest.raises(Died):
            stack.run(record)

        answer = stack.run(record)

        assert answer["status"] == "done"
        assert ran == [record.id] * 2
        assert stack.run(record)["status"] == "done"
        assert len(ran) == 2

    def test_a_hook_that_was_removed_meanwhile_is_no_longer_due(self, stack: Stack) -> None:
        stack.definitions = (returning(Done()),)
        record = stack.create(status=Status.SUCCESS, hook="on_done", execution_name="execution-1")

        stack.run(record, visit="later")

        assert stack.get(record).hook is None

    def test_a_duplicate_leaves_the_hook_to_the_owner(self, stack: Stack) -> None:
        definition = returning(Done())
        hooks: list[TaskRecord] = []
        definition.on_done(hooks.append)
        stack.definitions = (definition,)
        record = stack.create(status=Status.SUCCESS, hook="on_done", execution_name="execution-1")

        stack.run(record, execution="execution-2")

        assert hooks == []
        assert stack.get(record).hook == "on_done"


class TestTellingAgain:
    """A worker's answer that was lost on the way: the state machine runs the same visit again."""

    @pytest.mark.parametrize(
        "verdict",
        [
            Done(output={"a": 1}),
            Failed("boom", code="C", data={"k": 1}),
            Continue(wait=30),
            Continue(),
            Aborted(),
        ],
    )
    def test_the_same_visit_gets_the_same_answer_and_runs_nothing(
        self, stack: Stack, verdict: Verdict
    ) -> None:
        ran: list[int] = []

        def body(context: Context) -> Verdict:
            ran.append(1)
            return verdict

        record = stack.trigger(bare(body))
        first = stack.run(record)
        before = stack.get(record)

        assert stack.run(record) == first
        assert ran == [1]
        assert stack.get(record) == before

    def test_an_abort_since_then_is_what_is_told(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue(wait=30)))
        stack.run(record)
        stack.tasks.abort(record.id)

        assert stack.run(record)["status"] == "aborted"

    def test_a_visit_of_another_execution_at_the_same_moment_is_another(self, stack: Stack) -> None:
        record = stack.trigger(returning(Failed("boom")))
        stack.run(record, execution="execution-1", visit="2030-01-01T00:00:00.000Z")

        answer = stack.run(record, execution="execution-2", visit="2030-01-01T00:00:00.000Z")

        assert answer["status"] == "done"


class TestRetries:
    def test_a_failure_continues_with_a_growing_wait_and_the_log_says_why(
        self, stack: Stack
    ) -> None:
        definition = raising(
            ConnectionError("It can't be reached."), retry=Retry(max_attempts=3, jitter=False)
        )
        hooks: list[TaskRecord] = []
        definition.on_error(hooks.append)
        record = stack.trigger(definition)

        answers = [stack.run(record, visit=f"visit-{number}") for number in range(3)]

        assert [answer.get("wait") for answer in answers] == [10, 20, None]
        assert [answer["status"] for answer in answers] == ["continue", "continue", "error"]
        assert stack.messages(record) == [
            "Attempt 1 of 3 failed: It can't be reached. The next one is in 10 s.",
            "Attempt 2 of 3 failed: It can't be reached. The next one is in 20 s.",
            "It can't be reached.",
        ]
        assert len(hooks) == 1

    def test_failed_is_tried_again_like_an_exception(self, stack: Stack) -> None:
        record = stack.trigger(returning(Failed("not yet"), retry=Retry(max_attempts=2)))

        assert [stack.run(record, visit=visit)["status"] for visit in "ab"] == ["continue", "error"]

    @pytest.mark.parametrize(
        ("definition", "exclude"),
        [(raising, LookupError), (raising, "KeyError"), (returning, "FINAL")],
    )
    def test_what_is_excluded_is_final(self, stack: Stack, definition: Any, exclude: Any) -> None:
        failure = KeyError("k") if definition is raising else Failed("boom", code="FINAL")

        record = stack.trigger(definition(failure, retry=Retry(exclude=(exclude,))))

        assert stack.run(record)["status"] == "error"

    def test_a_continue_starts_the_count_anew(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            return Continue() if context.task.iterations % 2 == 0 else Failed("not yet")

        record = stack.trigger(bare(body, retry=Retry(max_attempts=2)))

        answers = [stack.run(record, visit=str(number))["status"] for number in range(8)]

        assert answers == ["continue"] * 8

    def test_a_crash_counts_as_an_attempt(self, stack: Stack) -> None:
        class Died(BaseException):
            pass

        def body(context: Context) -> Verdict:
            if context.task.iterations == 1:
                raise Died
            return Failed("not yet")

        record = stack.trigger(bare(body, retry=Retry(max_attempts=2)))
        with pytest.raises(Died):
            stack.run(record)

        assert stack.run(record)["status"] == "error"

    def test_the_input_of_an_attempt_is_the_last_checkpoint(self, stack: Stack) -> None:
        seen: list[int] = []

        @task(id="inputTask", retry=Retry(max_attempts=2))
        def input_task(context: Context, input: Input) -> Verdict:
            seen.append(input.size)
            context.save_input({"size": 5})
            return Failed("not yet")

        record = stack.trigger(input_task)
        for visit in "ab":
            stack.run(record, visit=visit)

        assert seen == [1, 5]


class TestCrashes:
    def crashing(self, stack: Stack, **options: Any) -> TaskRecord:
        def body(context: Context) -> Verdict:
            raise KeyboardInterrupt

        return stack.trigger(bare(body, **options))

    def crash(self, stack: Stack, record: TaskRecord) -> None:
        with pytest.raises(KeyboardInterrupt):
            stack.run(record)

    def test_a_worker_that_died_is_tried_once_more_and_the_log_says_so(self, stack: Stack) -> None:
        record = self.crashing(stack)
        self.crash(stack, record)
        self.crash(stack, record)

        answer = stack.run(record)

        after: Any = stack.get(record)
        assert answer["status"] == "error"
        assert "crashed its Lambda 2 times in a row" in answer["error"]["message"]
        assert answer["error"]["data"]["crashes"] == 2
        assert (after.status, after.output["error"]["code"]) == (
            Status.FAILED,
            answer["error"]["code"],
        )
        assert any(
            "The iteration before did not end" in message for message in stack.messages(record)
        )

    @pytest.mark.parametrize("retries", [0, 2])
    def test_a_definition_says_how_often(self, stack: Stack, retries: int) -> None:
        record = self.crashing(stack, crash_retries=retries)
        for _ in range(retries + 1):
            self.crash(stack, record)

        assert stack.run(record)["status"] == "error"

    def test_a_task_that_gets_on_is_never_at_its_end(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            if context.task.claims == 1:
                raise KeyboardInterrupt
            return Continue()

        record = stack.trigger(bare(body))
        for number in range(5):
            with pytest.raises(KeyboardInterrupt):
                stack.run(record, visit=str(number))
            assert stack.run(record, visit=str(number))["status"] == "continue"


class TestUnreachableStore:
    def test_the_worker_gives_up_with_an_error_that_the_state_machine_knows(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done()))
        stack.dynamodb.fail(refusal("ThrottlingException"))
        stack.remaining_seconds = lambda: 6.0

        with pytest.raises(StoreUnavailable):
            stack.run(record)

        stack.dynamodb.recover()
        assert stack.get(record) == record

    @pytest.mark.parametrize("only", ["update_item", "transact_write_items"])
    def test_the_next_try_ends_the_task(self, stack: Stack, only: str) -> None:
        record = stack.trigger(returning(Done(output={"a": 1})))
        stack.dynamodb.fail(refusal("ThrottlingException"), only=only)
        stack.remaining_seconds = lambda: 5.01
        with pytest.raises(StoreUnavailable):
            stack.run(record)
        stack.dynamodb.recover()

        answer = stack.run(record)

        assert (answer["status"], answer["output"]) == ("done", {"a": 1})

    def test_a_throttle_that_passes_is_not_noticed(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()))
        stack.dynamodb.fail(refusal("ThrottlingException"), times=5)

        assert stack.run(record)["status"] == "done"
        assert stack.messages(record) == ["Task done."]

    def test_inside_a_task_it_is_no_failure_of_the_task(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            context.save_output({"a": 1})
            return Done()

        record = stack.trigger(bare(body))
        stack.dynamodb.requests.clear()

        def throttle(operation: str, request: dict[str, Any]) -> None:
            # The checkpoint alone: the commit, a transaction, would pass.
            if operation == "update_item" and len(stack.dynamodb.requests) > 1:
                raise refusal("ThrottlingException")

        stack.dynamodb.interference = throttle
        stack.remaining_seconds = lambda: 5.01

        with pytest.raises(StoreUnavailable):
            stack.run(record)

        stack.dynamodb.recover()
        assert stack.get(record).status is Status.RUNNING


class TestLogs:
    def test_a_log_is_of_its_iteration_and_its_execution(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            context.log.info("Working.", rows=3)
            return Continue() if context.task.iterations == 1 else Done()

        record = stack.trigger(bare(body))
        for visit in ("visit-1", "visit-2"):
            stack.run(record, visit=visit)

        logs = list(stack.store.logs(record.id))
        assert [(log.iteration, log.execution_name) for log in logs] == [
            (1, "execution-1"),
            (2, "execution-1"),
        ]
        assert [[line.message for line in log.items] for log in logs] == [
            ["Working.", "Task continuing."],
            ["Working.", "Task done."],
        ]

    @pytest.mark.parametrize("verdict", [Done(), Continue(), Failed("boom"), Aborted()])
    def test_without_database_logs_none_are_written(self, stack: Stack, verdict: Verdict) -> None:
        def body(context: Context) -> Verdict:
            context.log.info("Working.")
            context.log.error("Failing.", error=ValueError("v"))
            return verdict

        record = stack.trigger(bare(body, database_logs=False))
        stack.run(record)
        if verdict == Continue():
            stack.tasks.abort(record.id)

        assert stack.messages(record) == []

    def test_what_one_iteration_logged_survives_the_crash_of_the_next(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            context.log.info(f"Iteration {context.task.iterations}.")
            if context.task.iterations == 2:
                raise KeyboardInterrupt
            return Continue()

        record = stack.trigger(bare(body))
        stack.run(record, visit="a")
        with pytest.raises(KeyboardInterrupt):
            stack.run(record, visit="b")

        assert stack.messages(record) == ["Iteration 1.", "Task continuing."]
