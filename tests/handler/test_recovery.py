"""The recovery Lambda's entry: what it makes of each kind of event."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.contract import Status
from tests.handler.recovering import Recovering
from tests.handler.stack import BusQueue, Stack, event_file, refusal


@pytest.fixture
def recovering(stack: Stack, bus_queue: BusQueue, monkeypatch: pytest.MonkeyPatch) -> Recovering:
    return Recovering(stack, bus_queue, monkeypatch)


def test_a_real_event_of_a_failed_execution_ends_its_task(recovering: Recovering) -> None:
    event = event_file("execution_failed")
    detail = event["detail"]
    record = recovering.claimed_by(detail["name"], id="6957329503d1f0a7c8b9e214")
    recovering.start(detail["name"], record)
    recovering.end(detail["name"], detail["status"], error=detail["error"], cause=detail["cause"])

    answer = recovering.call(event)

    assert answer == {"execution": detail["name"]}
    assert recovering.stack.get(record).status is Status.FAILED


def test_the_execution_is_asked_how_it_ended_since_an_event_may_be_late_or_cut(
    recovering: Recovering,
) -> None:
    record = recovering.running()
    recovering.end("execution-1", "ABORTED", cause="Stopped by Ada.")

    recovering.tell("execution-1")

    assert [name for name, _ in recovering.stack.stepfunctions.requests] == ["describe_execution"]
    assert recovering.stack.messages(record) == ["The execution was stopped. Stopped by Ada."]


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"source": "aws.events", "detail": {}}])
def test_anything_else_is_a_sweep_and_its_findings_are_returned(
    recovering: Recovering, event: Any
) -> None:
    recovering.pending()
    recovering.wait()

    assert recovering.call(event) == {"undelivered": 0, "ended": 0, "sent": 1, "closed": 0}


def test_the_patience_is_the_settings(recovering: Recovering) -> None:
    recovering.pending()
    recovering.stack.clock.advance(recovering.stack.settings.recovery_after_seconds - 1)
    assert recovering.sweep()["sent"] == 0

    recovering.stack.clock.advance(1)

    assert recovering.sweep()["sent"] == 1


def test_an_execution_that_cannot_be_read_fails_the_lambda_so_that_it_is_called_again(
    recovering: Recovering,
) -> None:
    recovering.running()

    recovering.stack.stepfunctions.fail(refusal("ThrottlingException"))

    with pytest.raises(ClientError):
        recovering.tell("execution-1")
