"""What the worker may be sent."""

from typing import Any

import pytest

from handler.contract import MAX_WAIT_SECONDS
from handler.errors import InvalidInput
from handler.events import WorkerEvent
from tests.handler.stack import event_file

REQUIRED = [
    "webinyTaskId",
    "webinyTaskDefinitionId",
    "endpoint",
    "tenant",
    "locale",
    "executionName",
    "stateMachineId",
]


def worker_event(**changes: object) -> Any:
    event = event_file("worker")
    return event | {"payload": event["payload"] | changes}


def test_an_event_of_the_state_machine_is_taken_as_it_is() -> None:
    event = WorkerEvent.from_lambda(worker_event(delay=5))

    assert event.task_id == "6957329503d1f0a7c8b9e214"
    assert event.definition_id == "countUp"
    assert (event.tenant, event.locale, event.delay) == ("root", "en-US", 5)
    assert not event.by_hand


def test_an_event_by_hand_brings_its_input_along() -> None:
    event = WorkerEvent.from_lambda(event_file("worker_by_hand"))

    assert event.by_hand
    assert event.task_id == "2c5d0c6e-91f5-4a3c-9f0a-5f0d6f6b8a11"
    assert (event.input, event.name) == ({"total": 3}, "Count to three")


def test_an_event_of_webinys_own_state_machine_tells_no_visit() -> None:
    event = WorkerEvent.from_lambda(event_file("worker_of_webiny"))

    assert event.visit == event.visit_key == ""


def test_visits_of_two_executions_at_one_moment_are_two() -> None:
    first = WorkerEvent.from_lambda(worker_event(executionName="a"))
    second = WorkerEvent.from_lambda(worker_event(executionName="b"))

    assert first.visit == second.visit
    assert first.visit_key != second.visit_key


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_named(field: str) -> None:
    event = worker_event()
    del event["payload"][field]

    with pytest.raises(InvalidInput, match=r"^Validation failed\.$") as refused:
        WorkerEvent.from_lambda(event)

    assert refused.value.code == "VALIDATION_FAILED_INVALID_FIELDS"
    assert refused.value.data == {
        "invalidFields": {
            field: {"code": "invalid_type", "message": "Required", "data": {"path": [field]}}
        }
    }


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [5, None, ["t"], True])
def test_a_field_of_the_wrong_type_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        WorkerEvent.from_lambda(worker_event(**{field: value}))

    assert refused.value.data is not None
    assert set(refused.value.data["invalidFields"]) == {field}  # type: ignore[call-overload]


@pytest.mark.parametrize("field", ["endpoint", "locale", "executionName", "stateMachineId"])
def test_an_empty_text_passes_as_in_webiny(field: str) -> None:
    WorkerEvent.from_lambda(worker_event(**{field: ""}))


@pytest.mark.parametrize("field", ["webinyTaskId", "webinyTaskDefinitionId", "tenant"])
def test_what_a_record_is_found_by_is_not_empty(field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        WorkerEvent.from_lambda(worker_event(**{field: ""}))

    assert refused.value.data is not None
    assert set(refused.value.data["invalidFields"]) == {field}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "event", [None, "text", 5, [], {}, {"payload": None}, {"payload": []}, {"payload": "text"}]
)
def test_what_is_no_event_at_all_misses_every_field(event: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        WorkerEvent.from_lambda(event)

    assert refused.value.data is not None
    assert list(refused.value.data["invalidFields"]) == REQUIRED  # type: ignore[call-overload]


@pytest.mark.parametrize("delay", ["5", True, None, [5]])
def test_a_delay_that_is_no_number_is_named(delay: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        WorkerEvent.from_lambda(worker_event(delay=delay))

    assert "delay" in str(refused.value.data)


@pytest.mark.parametrize("delay", [MAX_WAIT_SECONDS, -1, 0, 0.5])
def test_a_delay_of_up_to_355_days_passes(delay: float) -> None:
    assert WorkerEvent.from_lambda(worker_event(delay=delay)).delay == delay


def test_unknown_keys_are_ignored() -> None:
    assert WorkerEvent.from_lambda(worker_event(more="of it")) == WorkerEvent.from_lambda(
        worker_event()
    )


@pytest.mark.parametrize("input", ["text", 5, [1]])
def test_an_input_by_hand_that_is_no_object_is_named(input: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        WorkerEvent.from_lambda(worker_event(byHand=True, input=input))

    assert refused.value.data is not None
    assert set(refused.value.data["invalidFields"]) == {"input"}  # type: ignore[call-overload]
