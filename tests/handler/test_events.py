"""What the worker may be sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from handler.contract import MAX_WAIT_SECONDS
from handler.errors import InvalidInput
from handler.events import WorkerEvent, payload_by_hand
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


def test_an_event_of_the_state_machine_has_the_fields_of_its_payload() -> None:
    event = WorkerEvent.from_lambda(worker_event(delay=5))

    assert event.task_id == "6957329503d1f0a7c8b9e214"
    assert event.definition_id == "countUp"
    assert (event.tenant, event.locale, event.delay) == ("root", "en-US", 5)
    assert not event.by_hand


def test_an_event_sent_by_hand_has_an_input_and_a_name() -> None:
    event = WorkerEvent.from_lambda(event_file("worker_by_hand"))

    assert event.by_hand
    assert event.task_id == "2c5d0c6e-91f5-4a3c-9f0a-5f0d6f6b8a11"
    assert (event.input, event.name) == ({"total": 3}, "Count to three")


def test_an_event_of_webinys_own_state_machine_has_no_visit() -> None:
    event = WorkerEvent.from_lambda(event_file("worker_of_webiny"))

    assert event.visit == event.visit_key == ""


def test_visits_of_two_executions_at_one_moment_have_different_keys() -> None:
    first = WorkerEvent.from_lambda(worker_event(executionName="a"))
    second = WorkerEvent.from_lambda(worker_event(executionName="b"))

    assert first.visit == second.visit
    assert first.visit_key != second.visit_key


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_field_is_refused_with_its_name(field: str) -> None:
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
def test_a_field_that_is_not_text_is_refused_with_its_name(field: str, value: object) -> None:
    event = worker_event(**{field: value})

    assert refused_fields(event) == [field]


@pytest.mark.parametrize("field", ["endpoint", "locale", "executionName", "stateMachineId"])
def test_an_empty_text_passes_like_in_webiny(field: str) -> None:
    event = WorkerEvent.from_lambda(worker_event(**{field: ""}))

    assert event.model_dump(by_alias=True)[field] == ""


@pytest.mark.parametrize("field", ["webinyTaskId", "webinyTaskDefinitionId", "tenant"])
def test_an_empty_id_or_tenant_is_refused_with_its_name(field: str) -> None:
    event = worker_event(**{field: ""})

    assert refused_fields(event) == [field]


@pytest.mark.parametrize(
    "event", [None, "text", 5, [], {}, {"payload": None}, {"payload": []}, {"payload": "text"}]
)
def test_an_event_without_a_payload_is_refused_with_every_field(event: object) -> None:
    names = refused_fields(event)

    assert names == REQUIRED


@pytest.mark.parametrize("delay", ["5", True, None, [5]])
def test_a_delay_that_is_not_a_number_is_refused_with_its_name(delay: object) -> None:
    event = worker_event(delay=delay)

    assert refused_fields(event) == ["delay"]


@pytest.mark.parametrize("delay", [MAX_WAIT_SECONDS, -1, 0, 0.5])
def test_a_delay_of_up_to_355_days_passes(delay: float) -> None:
    event = WorkerEvent.from_lambda(worker_event(delay=delay))

    assert event.delay == delay


def test_an_unknown_key_is_ignored() -> None:
    with_more = WorkerEvent.from_lambda(worker_event(more="of it"))

    assert with_more == WorkerEvent.from_lambda(worker_event())


@pytest.mark.parametrize("input", ["text", 5, [1]])
def test_an_input_by_hand_that_is_not_an_object_is_refused_with_its_name(input: object) -> None:
    event = worker_event(byHand=True, input=input)

    assert refused_fields(event) == ["input"]


@pytest.mark.parametrize(
    ("started_on", "seconds"),
    [
        ("2030-01-01T00:00:00.000Z", 90.0),
        ("2030-01-01T02:00:00+02:00", 90.0),
        ("", 0.0),
        ("yesterday", 0.0),
        ("2030-01-01T00:00:00", 0.0),
    ],
    ids=["utc", "another time zone", "empty", "not a moment", "no time zone"],
)
def test_an_execution_runs_since_its_start_or_for_0_seconds_if_that_is_not_known(
    started_on: str, seconds: float
) -> None:
    event = WorkerEvent.from_lambda(worker_event(executionStartedOn=started_on))
    now = datetime(2030, 1, 1, 0, 1, 30, tzinfo=UTC)

    running = event.seconds_running(now)

    assert running == seconds


def test_an_event_by_hand_without_a_worker_has_the_defaults_of_the_transformation() -> None:
    sent = {"id": "e1", "detail": {"webinyTaskDefinitionId": "countUp", "other": "ignored"}}

    event = WorkerEvent.from_lambda({"payload": payload_by_hand(sent)})

    assert event.by_hand
    assert (event.task_id, event.definition_id) == ("e1", "countUp")
    assert (event.tenant, event.locale, event.delay, event.input) == ("root", "en-US", 0, {})


def refused_fields(event: object) -> list[str]:
    """The names of the fields that an event is refused with, in order."""
    with pytest.raises(InvalidInput) as refused:
        WorkerEvent.from_lambda(event)
    fields: Any = (refused.value.data or {})["invalidFields"]
    return list(fields)
