"""What becomes of a task, by what its function returns or raises."""

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

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
from handler.testing import Killed, run
from tests.handler.simple_tasks import bare, raising, returning
from tests.handler.stack import Stack, moment


class Input(BaseModel):
    size: int = Field(default=1, ge=1)
    text: str = ""


class TestDone:
    def test_done_is_stored_and_answered(self, stack: Stack) -> None:
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
            moment("2030-01-01T00:00:05.000Z"),
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

    def test_an_output_that_is_not_json_fails_the_task(self, stack: Stack) -> None:
        circular: dict[str, object] = {}
        circular["self"] = circular
        record = stack.trigger(returning(Done(output=circular)))

        assert stack.run(record)["status"] == "error"
        assert stack.get(record).status is Status.FAILED

    def test_an_output_may_be_any_mapping_and_a_list_fails_the_task(self) -> None:
        @task()
        def proxied(context: Context) -> Done:
            return Done(output=MappingProxyType({"a": 1}))

        @task()
        def listed(context: Context) -> Done:
            return Done(output=[1, 2])  # type: ignore[arg-type]

        assert run(proxied).record.output == {"a": 1}
        assert "an output is a mapping" in str(run(listed).record.output)


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

    def test_continue_is_answered_without_an_input(self, stack: Stack) -> None:
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
    def test_continue_keeps_merges_or_replaces_the_input(
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
    def test_a_wait_is_answered_in_whole_seconds_and_stored(
        self, stack: Stack, wait: Any, seconds: int
    ) -> None:
        record, answer = self.continuing(stack, Continue(wait=wait))

        assert answer["wait"] == seconds
        assert type(answer["wait"]) is int
        assert record.waiting_until == stack.clock.now() + timedelta(seconds=seconds)
        assert stack.lines(record)[0].data == {"wait": seconds}

    @pytest.mark.parametrize("wait", [None, 0, -5, timedelta(0), datetime(2029, 1, 1, tzinfo=UTC)])
    def test_a_wait_of_none_zero_or_the_past_is_left_out(self, stack: Stack, wait: Any) -> None:
        record, answer = self.continuing(stack, Continue(wait=wait))

        assert "wait" not in answer
        assert record.waiting_until is None

    @pytest.mark.parametrize("wait", [math.nan, datetime(2030, 1, 1), "10", 10**400])  # noqa: DTZ001  the very mistake
    def test_an_invalid_wait_fails_the_task(self, stack: Stack, wait: Any) -> None:
        record, answer = self.continuing(stack, Continue(wait=wait))

        assert answer["status"] == "error"
        assert record.status is Status.FAILED
        assert record.output is not None

    def test_a_later_answer_to_the_same_visit_has_the_rest_of_the_wait(self, stack: Stack) -> None:
        record, _ = self.continuing(stack, Continue(wait=30))
        stack.clock.advance(10)

        answer = stack.run(record)

        assert (answer["status"], answer["wait"]) == ("continue", 20)
        assert stack.get(record).iterations == 1


class TestFailures:
    def test_failed_is_stored_and_answered(self, stack: Stack) -> None:
        record = stack.trigger(returning(Failed("boom", code="MY_CODE", data={"k": 1})))
        stack.clock.advance(5)

        answer = stack.run(record)

        error = {"message": "boom", "code": "MY_CODE", "data": {"k": 1}}
        after = stack.get(record)
        assert (answer["status"], answer["error"]) == ("error", error)
        assert (after.status, after.output, after.finished_on) == (
            Status.FAILED,
            {"error": error},
            moment("2030-01-01T00:00:05.000Z"),
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
        assert "simple_tasks.py" in (line.error.stack or "")

    @pytest.mark.parametrize("error", [SystemExit(3), SystemExit()])
    def test_system_exit_fails_the_task(self, stack: Stack, error: SystemExit) -> None:
        answer = stack.run(stack.trigger(raising(error)))

        assert (answer["status"], answer["error"]["code"]) == ("error", "SystemExit")

    def test_an_exception_without_a_message_gets_a_message(self, stack: Stack) -> None:
        assert stack.run(stack.trigger(raising(KeyError())))["error"]["message"]

    @pytest.mark.parametrize("verdict", [None, "done", {"status": "done"}, True, Done, [Done()]])
    def test_a_value_that_is_not_a_verdict_fails_the_task_and_names_the_verdicts(
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
    @pytest.mark.parametrize(
        "end",
        [
            lambda text: returning(Done(text, output={"a": text})),
            lambda text: returning(Failed(text, code=text)),
            lambda text: returning(Continue(wait=5)),
            lambda text: raising(ValueError(text)),
        ],
        ids=["done", "failed", "continue", "raised"],
    )
    def test_a_huge_text_is_cut_in_the_answer_and_the_outcome_is_stored(
        self, stack: Stack, end: Callable[[str], Definition], text: str
    ) -> None:
        record = stack.trigger(end(text))

        answer = stack.run(record)

        after = stack.get(record)
        assert len(json.dumps(answer)) <= MAX_ANSWER_BYTES
        assert after.last_answer == answer["status"]
        assert after.has_failed == (answer["status"] == "error")

    def test_text_that_is_not_unicode_is_escaped_and_the_task_ends(self) -> None:
        @task()
        def odd_text(context: Context) -> Done:
            context.log.info("name \udcff", name="\udcff")
            raise ValueError("file \udcff")

        result = run(odd_text)

        assert result.record.status is Status.FAILED
        assert result.record.output == {"error": {"message": "file \\udcff", "code": "ValueError"}}

    @pytest.mark.parametrize("saves", [True, False])
    def test_an_output_with_text_that_is_not_unicode_is_stored_escaped(self, saves: bool) -> None:
        output = {"files": ["caf\udce9.txt"]}

        @task()
        def odd_output(context: Context) -> Done:
            if saves:
                context.save_output(output)
            return Done(output=None if saves else output)

        result = run(odd_output)

        assert result.record.status is Status.SUCCESS
        assert result.record.output == {"files": ["caf\\udce9.txt"]}

    @pytest.mark.parametrize("output", ["text", [1]])
    def test_an_output_that_is_saved_is_a_mapping_or_a_model(self, output: Any) -> None:
        @task()
        def saving(context: Context) -> Done:
            context.save_output(output)
            return Done()

        result = run(saving)

        message = f"context.save_output({output!r}): an output is a mapping or a model"
        assert message in result.logs[0].lines[-1].message

    def test_an_exception_that_cannot_be_shown_ends_the_task(self) -> None:
        class SilentError(Exception):
            def __str__(self) -> str:
                raise RuntimeError("not even that")

        @task()
        def silent(context: Context) -> Done:
            raise SilentError

        assert run(silent).record.output == {
            "error": {"message": "(SilentError can't be shown)", "code": "SilentError"}
        }


class TestAborted:
    def test_a_returned_aborted_is_stored(self, stack: Stack) -> None:
        definition = returning(Aborted())
        hooks: list[TaskRecord] = []
        definition.on_abort(hooks.append)
        record = stack.trigger(definition)
        stack.clock.advance(5)

        answer = stack.run(record)

        after = stack.get(record)
        assert answer["status"] == "aborted"
        assert (after.status, after.finished_on) == (
            Status.ABORTED,
            moment("2030-01-01T00:00:05.000Z"),
        )
        assert stack.messages(record) == ["Task aborted."]
        assert [hook.status for hook in hooks] == [Status.ABORTED]


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
            "Attempt 1 of 3 failed, the next one is in 10 s: It can't be reached.",
            "Attempt 2 of 3 failed, the next one is in 20 s: It can't be reached.",
            "It can't be reached.",
        ]
        assert len(hooks) == 1

    def test_failed_is_retried_like_an_exception(self, stack: Stack) -> None:
        record = stack.trigger(returning(Failed("not yet"), retry=Retry(max_attempts=2)))

        assert [stack.run(record, visit=visit)["status"] for visit in "ab"] == ["continue", "error"]

    @pytest.mark.parametrize(
        ("definition", "exclude"),
        [(raising, LookupError), (raising, "KeyError"), (returning, "FINAL")],
    )
    def test_an_excluded_failure_is_not_retried(
        self, stack: Stack, definition: Any, exclude: Any
    ) -> None:
        failure = KeyError("k") if definition is raising else Failed("boom", code="FINAL")

        record = stack.trigger(definition(failure, retry=Retry(exclude=(exclude,))))

        assert stack.run(record)["status"] == "error"

    def test_continue_resets_the_attempts(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            return Continue() if context.task.iterations % 2 == 0 else Failed("not yet")

        record = stack.trigger(bare(body, retry=Retry(max_attempts=2)))

        answers = [stack.run(record, visit=str(number))["status"] for number in range(8)]

        assert answers == ["continue"] * 8

    def test_a_crash_counts_as_an_attempt(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            if context.task.iterations == 1:
                raise Killed
            return Failed("not yet")

        record = stack.trigger(bare(body, retry=Retry(max_attempts=2)))
        with pytest.raises(Killed):
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

    def test_an_invalid_input_is_not_retried(self) -> None:
        @task(retry=Retry(max_attempts=5))
        def strict(context: Context, input: Input) -> Done | Continue:
            return Continue({"size": "none"})

        result = run(strict)

        assert (result.record.status, result.iterations, result.waits) == (Status.FAILED, 1, ())


class TestInput:
    def test_a_strict_model_takes_a_date_as_json_has_it(self) -> None:
        class Report(BaseModel):
            model_config = ConfigDict(strict=True)
            day: date

        @task()
        def report(context: Context, input: Report) -> Done:
            return Done(output={"day": input.day})

        assert run(report, {"day": date(2030, 1, 1)}).record.output == {"day": "2030-01-01"}
