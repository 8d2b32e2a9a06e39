"""The recovery Lambda's entry: what it makes of each kind of event."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.contract import Status
from handler.recovery import RecoveryFailed
from tests.handler.recovering import Recovering
from tests.handler.stack import event_file, refusal


def test_a_real_event_of_a_failed_execution_ends_its_task(recovering: Recovering) -> None:
    event = event_file("execution_failed")
    detail = event["detail"]
    record = recovering.claimed_by(detail["name"], id="6957329503d1f0a7c8b9e214")
    recovering.start(detail["name"], record)
    recovering.end(detail["name"], detail["status"], error=detail["error"], cause=detail["cause"])

    answer = recovering.call(event)

    assert answer == {"execution": detail["name"]}
    assert recovering.stack.get(record).status is Status.FAILED


def test_the_execution_is_described_and_the_events_own_detail_ignored(
    recovering: Recovering,
) -> None:
    record = recovering.running()
    recovering.end("execution-1", "ABORTED", cause="Stopped by Ada.")

    recovering.report("execution-1")

    assert [name for name, _ in recovering.stack.stepfunctions.requests] == ["describe_execution"]
    assert recovering.stack.messages(record) == ["The execution was stopped. Stopped by Ada."]


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"source": "aws.events", "detail": {}}])
def test_any_other_event_starts_a_sweep_and_returns_its_counts(
    recovering: Recovering, event: Any
) -> None:
    recovering.pending()
    recovering.wait()

    found = recovering.call(event)

    others = {"undelivered": 0, "ended": 0, "closed": 0, "freed": 0, "left": 0, "failed": 0}
    assert found == {"sent": 1, **others}


def test_recovery_after_seconds_sets_when_an_event_is_sent_again(recovering: Recovering) -> None:
    recovering.pending()
    recovering.stack.clock.advance(recovering.stack.settings.recovery_after_seconds - 1)
    assert recovering.sweep()["sent"] == 0

    recovering.stack.clock.advance(1)

    assert recovering.sweep()["sent"] == 1


def test_an_execution_that_cannot_be_described_fails_the_lambda(
    recovering: Recovering,
) -> None:
    recovering.running()

    recovering.stack.stepfunctions.fail(refusal("AccessDeniedException"))

    with pytest.raises(ClientError):
        recovering.report("execution-1")


def test_a_record_that_the_table_keeps_refusing_takes_no_time_from_the_others(
    recovering: Recovering,
) -> None:
    stubborn, other = recovering.pending(id="stubborn"), recovering.pending(id="other")
    recovering.wait()
    started_at = recovering.stack.clock.now()

    def refuse(operation: str, request: Any) -> None:
        if operation == "update_item" and "stubborn" in str(request["Key"]):
            raise refusal("TransactionConflictException")

    recovering.stack.dynamodb.interference = refuse

    with pytest.raises(RecoveryFailed, match="could not deal with 1 "):
        recovering.sweep()

    assert recovering.stack.get(other).resends == 1
    assert recovering.stack.get(stubborn).resends == 0
    assert (recovering.stack.clock.now() - started_at).total_seconds() < 60
