"""Signals that are sent as events: to the worker, and, where that fails, by the dead letters."""

import json
import logging
from contextlib import suppress
from typing import Any

import pytest

from handler import Context, Done, Signal, TaskRecord, Verdict, task
from handler.contract import MAX_SIGNAL_BYTES
from handler.errors import NotFound, StoreUnavailable
from handler.recovery import RecoveryFailed
from tests.handler.lifecycle.sleeping import DAY
from tests.handler.recovering import Recovering
from tests.handler.stack import BusQueue, Stack, event_file, refusal

# As the guide shows it (Lambda guide, "Capturing records of Lambda asynchronous invocations").
RECORD = {
    "version": "1.0",
    "timestamp": "2026-01-02T03:07:09.513Z",
    "requestContext": {
        "requestId": "e4b46cbf-b738-4880-8a18-cdf61200123e",
        "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:tasks-worker:live",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    },
    "responseContext": {
        "statusCode": 200,
        "executedVersion": "7",
        "functionError": "Unhandled",
    },
    "responsePayload": {"errorMessage": "No store.", "errorType": "StoreUnavailable"},
}


@task()
def waiter(context: Context) -> Verdict:
    """Waits for a day for an approval, and hands over what it got."""
    return context.wait_for_signal("approved", given, timeout=DAY)


def given(signal: Signal | None) -> Verdict:
    return Done(output={"data": signal.data if signal else "nothing"})


@pytest.fixture
def recovering(stack: Stack) -> Recovering:
    return Recovering(stack, BusQueue())


@pytest.fixture
def waiting(stack: Stack, recovering: Recovering) -> TaskRecord:
    record = stack.trigger(waiter)
    recovering.start("execution-1", stack.get(record))
    assert stack.run(record)["status"] == "continue"
    recovering.bus_queue.take()
    return record


def event(id: object, **detail: object) -> dict[str, Any]:
    sent = event_file("eventbridge_signal")
    return {**sent, "detail": {**sent["detail"], "webinyTaskId": id} | detail}


def receive(stack: Stack, event: dict[str, Any]) -> bool:
    """Has the worker take an event of the bus: whether its task has the signal."""
    return stack.system.signal_events.receive(event)


def got(stack: Stack, record: TaskRecord) -> list[Any]:
    """The data of the signals that a task has."""
    partition = {"S": f"TASK#{record.id}"}
    rows = (row for row in stack.rows() if row["pk"] == partition)
    rows = (row for row in rows if row["sk"]["S"].startswith("SIGNAL#"))
    return [json.loads(row["data"]["S"]) if "data" in row else None for row in rows]


class TestAnEvent:
    def test_it_is_a_signal_and_wakes_its_task(
        self, stack: Stack, recovering: Recovering, waiting: TaskRecord
    ) -> None:
        assert receive(stack, event(waiting.id)) is True

        [sent] = recovering.bus_queue.take()
        assert sent["detail"]["webinyTaskId"] == waiting.id
        stack.run(waiting, execution="execution-2", visit="visit-2")
        assert stack.get(waiting).output == {"data": {"by": "Anne"}}

    def test_delivered_twice_it_is_one_signal(self, stack: Stack, waiting: TaskRecord) -> None:
        receive(stack, event(waiting.id))
        receive(stack, event(waiting.id))

        assert got(stack, waiting) == [{"by": "Anne"}]

    def test_a_key_of_its_own_makes_two_events_one_signal(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        receive(stack, event(waiting.id, key="payment-1"))
        receive(stack, {**event(waiting.id, key="payment-1"), "id": "another"})

        assert got(stack, waiting) == [{"by": "Anne"}]

    @pytest.mark.parametrize("key", [None, ...])
    def test_two_events_without_a_key_are_two_signals(
        self, stack: Stack, waiting: TaskRecord, key: object
    ) -> None:
        more = {} if key is ... else {"key": key}
        receive(stack, event(waiting.id, **more))
        receive(stack, {**event(waiting.id, **more), "id": "another"})

        assert len(got(stack, waiting)) == 2

    @pytest.mark.parametrize("more", [{"data": None}, {"tenant": "acme", "new": 1, "data": {}}])
    def test_it_may_have_no_data_and_keys_that_newer_senders_know(
        self, stack: Stack, waiting: TaskRecord, more: dict[str, object]
    ) -> None:
        receive(stack, event(waiting.id, **more))

        assert got(stack, waiting) == [more["data"]]

    def test_the_signal_is_of_an_event(self, stack: Stack, waiting: TaskRecord) -> None:
        receive(stack, event(waiting.id))

        signal = stack.store.signals.next(stack.get(waiting), "approved")
        assert signal is not None
        assert (signal.created_by.type, signal.key) == ("event", event("")["id"])


class TestWhatIsNone:
    @pytest.mark.parametrize(
        "detail",
        [
            {"webinyTaskId": None},
            {"webinyTaskId": ""},
            {"webinyTaskId": 7},
            {"webinyTaskId": "x" * 600},
            {"name": None},
            {"name": "not a name"},
            {"name": 7},
            {"data": "hunter2"},
            {"data": ["hunter2"]},
            {"data": {"password": "hunter2" * MAX_SIGNAL_BYTES}},
            {"key": ""},
            {"key": 7},
            {"key": "x" * 600},
        ],
    )
    def test_a_malformed_one_is_logged_without_its_data_and_dropped(
        self,
        stack: Stack,
        waiting: TaskRecord,
        detail: dict[str, object],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        sent = event(waiting.id, **{"data": {"password": "hunter2"}} | detail)

        assert receive(stack, sent) is False

        assert got(stack, waiting) == []
        [line] = [vars(line) for line in caplog.records if line.levelno >= logging.WARNING]
        assert (line["action"], line["event_id"]) == ("signal_dropped", sent["id"])
        assert "hunter2" not in str(line)

    @pytest.mark.parametrize("detail", [None, "text", [], {}])
    def test_so_is_one_without_a_detail(
        self, stack: Stack, waiting: TaskRecord, detail: object
    ) -> None:
        assert receive(stack, {**event(""), "detail": detail}) is False

    def test_so_is_one_without_an_id_or_a_key(self, stack: Stack, waiting: TaskRecord) -> None:
        sent = event(waiting.id)
        del sent["id"]

        assert receive(stack, sent) is False

    def test_so_is_one_whose_task_is_over(
        self, stack: Stack, waiting: TaskRecord, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.tasks.abort(waiting.id)

        assert receive(stack, event(waiting.id)) is False
        assert "does not take the signal" in caplog.text
        assert 'The signal "approved" came when it was over.' in stack.messages(waiting)

    def test_a_copy_of_one_that_its_task_had_in_time_is_taken_when_it_is_over(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        receive(stack, event(waiting.id))
        stack.tasks.abort(waiting.id)

        assert receive(stack, event(waiting.id)) is True


class TestWhatCouldNotBeDone:
    def test_a_table_out_of_reach_has_lambda_deliver_it_again(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        stack.dynamodb.fail(refusal("ThrottlingException"))
        stack.remaining_seconds = 5.0

        with pytest.raises(StoreUnavailable):
            receive(stack, event(waiting.id))

    def test_so_has_an_unknown_task_since_one_by_hand_may_have_no_record_yet(
        self, stack: Stack, recovering: Recovering
    ) -> None:
        with pytest.raises(NotFound):
            receive(stack, event("by-hand"))

        stack.definitions = (waiter,)
        stack.create(id="by-hand", definition_id="waiter")
        assert receive(stack, event("by-hand")) is True

    @pytest.mark.parametrize("by", ["EventBridge", "Lambda"])
    def test_the_sweep_hands_a_dead_letter_to_its_task(
        self, stack: Stack, recovering: Recovering, waiting: TaskRecord, by: str
    ) -> None:
        sent = event(waiting.id)
        recovering.send_to_dlq(sent if by == "EventBridge" else {**RECORD, "requestPayload": sent})

        recovering.sweep()

        assert recovering.letters() == 0
        assert got(stack, waiting) == [{"by": "Anne"}]
        assert stack.get(waiting).execution_name is None  # it was woken

    def test_a_letter_of_a_signal_that_has_arrived_adds_none(
        self, stack: Stack, recovering: Recovering, waiting: TaskRecord
    ) -> None:
        receive(stack, event(waiting.id))
        recovering.send_to_dlq({**RECORD, "requestPayload": event(waiting.id)})

        recovering.sweep()

        assert got(stack, waiting) == [{"by": "Anne"}]

    @pytest.mark.parametrize(
        "sent",
        [event("nobody"), event(None), {**event("nobody"), "detail": None}],
        ids=["unknown", "no id", "no detail"],
    )
    def test_the_sweep_drops_the_letter_of_one_that_is_none(
        self, recovering: Recovering, sent: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        recovering.send_to_dlq({**RECORD, "requestPayload": sent})

        recovering.sweep()

        assert recovering.letters() == 0
        assert recovering.stack.rows() == []
        assert "A signal was dropped." in caplog.text

    @pytest.mark.parametrize("by", ["EventBridge", "Lambda"])
    def test_a_letter_that_python_reads_in_part_alone_is_dropped(
        self, stack: Stack, recovering: Recovering, waiting: TaskRecord, by: str
    ) -> None:
        sent = event(waiting.id, data={"deep": "HERE"})
        letter = sent if by == "EventBridge" else {**RECORD, "requestPayload": sent}
        deep = "[" * 20_000 + "]" * 20_000
        recovering.send_to_dlq(json.dumps(letter).replace('"HERE"', deep))

        recovering.sweep()

        assert recovering.letters() == 0
        assert got(stack, waiting) == []

    def test_a_letter_stays_while_the_table_is_out_of_reach(
        self, stack: Stack, recovering: Recovering, waiting: TaskRecord
    ) -> None:
        recovering.send_to_dlq({**RECORD, "requestPayload": event(waiting.id)})
        stack.dynamodb.fail(refusal("AccessDenied"), times=1)

        with suppress(RecoveryFailed):
            recovering.sweep()

        assert recovering.letters() == 1

    @pytest.mark.parametrize("payload", [None, "text", {}, {"name": "x", "payload": {}}])
    def test_the_record_of_any_other_invocation_is_dropped(
        self, recovering: Recovering, payload: object
    ) -> None:
        recovering.send_to_dlq({**RECORD, "requestPayload": payload})

        recovering.sweep()

        assert recovering.letters() == 0
        assert recovering.stack.rows() == []
