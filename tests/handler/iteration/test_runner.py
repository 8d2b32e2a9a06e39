"""What the worker answers to an event, and when it can't answer."""

from typing import Any

import pytest

from handler import Context, Done, Verdict, task
from handler.contract import Status
from handler.errors import StoreUnavailable
from tests.handler.simple_tasks import bare, count_up, returning
from tests.handler.stack import Stack, event_file, refusal


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

    def test_the_valid_ids_of_a_malformed_event_are_echoed(self, stack: Stack) -> None:
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

    def test_a_request_that_the_table_refuses_is_answered_with_an_error(self, stack: Stack) -> None:
        stack.dynamodb.fail(refusal("AccessDeniedException"))

        answer = stack.invoke(event_file("worker"))

        assert (answer["status"], answer["error"]["code"]) == ("error", "STORE_ERROR")


class TestUnreachableStore:
    def test_an_unreachable_table_raises_store_unavailable_and_changes_nothing(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done()))
        stack.dynamodb.fail(refusal("ThrottlingException"))
        stack.remaining_seconds = lambda: 6.0

        with pytest.raises(StoreUnavailable):
            stack.run(record)

        stack.dynamodb.recover()
        assert stack.get(record).to_record() == record

    @pytest.mark.parametrize("only", ["update_item", "transact_write_items"])
    def test_the_visit_after_an_unreachable_table_ends_the_task(
        self, stack: Stack, only: str
    ) -> None:
        record = stack.trigger(returning(Done(output={"a": 1})))
        stack.dynamodb.fail(refusal("ThrottlingException"), only=only)
        stack.remaining_seconds = lambda: 5.01
        with pytest.raises(StoreUnavailable):
            stack.run(record)
        stack.dynamodb.recover()

        answer = stack.run(record)

        assert (answer["status"], answer["output"]) == ("done", {"a": 1})

    def test_five_throttled_requests_do_not_fail_the_iteration(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()))
        stack.dynamodb.fail(refusal("ThrottlingException"), times=5)

        assert stack.run(record)["status"] == "done"
        assert stack.messages(record) == ["Task done."]

    def test_an_unreachable_table_during_a_save_does_not_fail_the_task(self, stack: Stack) -> None:
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

    def test_a_store_that_fails_while_the_log_is_written_does_not_fail_the_task(
        self,
        stack: Stack,
    ) -> None:
        @task(id="logging")
        def logging(context: Context) -> Done:
            context.log.info("Started.")
            stack.clock.advance(40)
            stack.dynamodb.fail(refusal("ThrottlingException"))
            stack.remaining_seconds = lambda: 5.01
            return Done()

        record = stack.trigger(logging)

        with pytest.raises(StoreUnavailable):
            stack.run(record)
        stack.dynamodb.recover()
        assert stack.get(record).status is Status.RUNNING
