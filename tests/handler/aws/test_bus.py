"""Sending events, entry by entry."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from handler.aws.bus import Bus
from tests.handler.stack import BUS, BusQueue, Stack, event_file, refusal


class StubbornClient:
    """Refuses the entries of some tasks, for a number of requests or for ever; takes the others."""

    def __init__(self, refused: dict[str, int]) -> None:
        self.refused = refused
        self.requests: list[list[str]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> Any:  # noqa: N803  boto3's own word
        ids = [json.loads(entry["Detail"])["webinyTaskId"] for entry in Entries]
        self.requests.append(ids)
        results = [self._result(id) for id in ids]
        return {
            "FailedEntryCount": sum("ErrorCode" in result for result in results),
            "Entries": results,
        }

    def _result(self, id: str) -> dict[str, str]:
        if self.refused.get(id, 0) <= 0:
            return {"EventId": f"event of {id}"}
        self.refused[id] -= 1
        return {"ErrorCode": "InternalFailure", "ErrorMessage": "Try again."}


def bus(stack: Stack, client: object | None = None) -> Bus:
    """The stack's bus, by default behind the stack's own client."""
    return Bus(client or stack.events, name=BUS, clock=stack.clock)  # type: ignore[arg-type]


def test_the_event_of_a_task_has_webinys_shape(stack: Stack, bus_queue: BusQueue) -> None:
    task = stack.create(id="6957329503d1f0a7c8b9e214", definition_id="countUp")

    failures = bus(stack).send([task])

    (event,) = bus_queue.take()
    expected = event_file("eventbridge_task")
    assert failures == {}
    for key in ("detail-type", "source", "detail"):
        assert event[key] == expected[key]


def test_the_event_of_a_task_that_has_moved_names_its_worker(
    stack: Stack, bus_queue: BusQueue
) -> None:
    task = stack.create(worker="large")

    bus(stack).send([task])

    (event,) = bus_queue.take()
    assert event["detail"]["worker"] == "large"


def test_the_event_of_a_delayed_task_has_the_rest_of_its_delay(
    stack: Stack, bus_queue: BusQueue
) -> None:
    task = stack.create(delay=60)

    bus(stack).send([task])
    stack.clock.advance(20)
    bus(stack).send([task])
    stack.clock.advance(60)
    bus(stack).send([task])

    assert [event["detail"]["delay"] for event in bus_queue.take()] == [60, 40, 0]


def test_twelve_events_are_sent_in_requests_of_ten_and_two(
    stack: Stack, bus_queue: BusQueue
) -> None:
    tasks = [stack.create() for _ in range(12)]

    bus(stack).send(tasks)

    assert [len(request["Entries"]) for _, request in stack.events.requests] == [10, 2]
    assert [event["detail"]["webinyTaskId"] for event in bus_queue.take()] == [
        task.id for task in tasks
    ]


def test_no_tasks_make_no_request(stack: Stack) -> None:
    failures = bus(stack).send([])

    assert failures == {}
    assert stack.events.calls == []


def test_only_the_entries_that_failed_are_sent_again(stack: Stack) -> None:
    tasks = [stack.create(id=id) for id in ("a", "b", "c")]
    client = StubbornClient({"b": 2})

    failures = bus(stack, client).send(tasks)

    assert failures == {}
    assert client.requests == [["a", "b", "c"], ["b"], ["b"]]


def test_an_entry_that_fails_five_times_is_returned_with_its_reason(stack: Stack) -> None:
    tasks = [stack.create(id=id) for id in ("a", "b")]
    client = StubbornClient({"b": 100})

    failures = bus(stack, client).send(tasks)

    assert failures == {"b": "InternalFailure: Try again."}
    assert client.requests == [["a", "b"], *[["b"]] * 4]


def test_five_tries_take_less_than_ten_seconds(stack: Stack) -> None:
    start = stack.clock.now()
    client = StubbornClient({"a": 100})

    bus(stack, client).send([stack.create(id="a")])

    assert len(client.requests) == 5
    assert 0 < (stack.clock.now() - start).total_seconds() < 10


@pytest.mark.parametrize(
    "error",
    [refusal("ThrottlingException"), EndpointConnectionError(endpoint_url="https://events")],
    ids=str,
)
def test_a_request_that_fails_five_times_fails_each_of_its_entries(
    stack: Stack, error: Exception
) -> None:
    tasks = [stack.create(id=id) for id in ("a", "b")]
    stack.events.fail(error, times=5)

    failures = bus(stack).send(tasks)

    assert failures == {"a": str(error), "b": str(error)}


def test_a_request_that_succeeds_at_the_fifth_try_is_not_a_failure(
    stack: Stack, bus_queue: BusQueue
) -> None:
    stack.events.fail(refusal("ThrottlingException"), times=4)

    failures = bus(stack).send([stack.create()])

    assert failures == {}
    assert len(bus_queue.take()) == 1


def test_the_second_request_is_sent_after_the_first_has_failed(
    stack: Stack, bus_queue: BusQueue
) -> None:
    tasks = [stack.create() for _ in range(11)]
    stack.events.fail(refusal("ThrottlingException"), times=5)

    failures = bus(stack).send(tasks)

    assert set(failures) == {task.id for task in tasks[:10]}
    assert [event["detail"]["webinyTaskId"] for event in bus_queue.take()] == [tasks[10].id]


def test_a_refusal_is_told_without_its_arns_and_logged_whole(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    task = stack.create()
    stack.events.fail(refusal("Denied to arn:aws:iam::123456789012:role/tasks"))

    failures = bus(stack).send([task])

    assert "Denied to (an ARN)" in failures[task.id]
    assert "role/tasks" in caplog.text
