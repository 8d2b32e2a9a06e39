"""How long a task is kept: it expires with its logs some days after its end, never before."""

from dataclasses import replace
from typing import Any

import pytest

from handler import Context, Continue, Definition, Done, Verdict, task
from handler.contract import DAY_SECONDS, Status
from handler.record.stored_task import StoredTask
from tests.handler.recovering import Recovering
from tests.handler.stack import Stack

DAYS = 90
STEPS = 3


@pytest.fixture
def recovering(recovering: Recovering) -> Recovering:
    """The stack with its recovery; finished tasks are kept for ninety days."""
    recovering.stack.settings = replace(recovering.stack.settings, retention_days=DAYS)
    return recovering


def counting() -> Definition:
    @task(id="countUp", in_place=False)
    def count_up(context: Context, input: dict[str, int]) -> Verdict:
        context.log.info("Counted.")
        return Done() if input["count"] == STEPS else Continue({"count": input["count"] + 1})

    return count_up


def counted(stack: Stack, steps: int = STEPS) -> StoredTask:
    record = stack.trigger(counting(), input={"count": 1})
    for step in range(steps):
        stack.run(record, visit=f"visit-{step}")
    return stack.get(record)


def expiries(stack: Stack) -> list[Any]:
    """When each row expires: the record's first, then its logs'."""
    rows = sorted(stack.rows(), key=lambda row: row["sk"]["S"] != "TASK")
    return [int(row["expiresAt"]["N"]) if "expiresAt" in row else None for row in rows]


def end(stack: Stack) -> int:
    return int(stack.clock.now().timestamp()) + DAYS * DAY_SECONDS


def test_an_open_task_never_expires(recovering: Recovering) -> None:
    counted(recovering.stack, STEPS - 1)

    assert expiries(recovering.stack) == [None] * STEPS


def test_the_record_and_its_last_log_expire_from_the_write_that_ends_the_task(
    recovering: Recovering,
) -> None:
    record = counted(recovering.stack)

    found = expiries(recovering.stack)
    assert record.status is Status.SUCCESS
    assert found[0] == end(recovering.stack)
    assert found[1:].count(end(recovering.stack)) == 1


def test_the_next_sweep_dates_the_logs_of_earlier_iterations(recovering: Recovering) -> None:
    record = counted(recovering.stack)
    assert record.expiry_pending
    recovering.wait()

    found = recovering.sweep()

    assert found["closed"] == 1
    assert None not in expiries(recovering.stack)
    assert not recovering.stack.get(record).has_follow_ups
    assert recovering.sweep()["closed"] == 0


def test_a_task_of_one_iteration_leaves_no_log_without_a_date(recovering: Recovering) -> None:
    record = recovering.stack.trigger(counting(), input={"count": STEPS})
    recovering.stack.run(record)

    assert expiries(recovering.stack) == [end(recovering.stack)] * 2


def test_a_log_written_after_the_end_expires(recovering: Recovering) -> None:
    definition = counting()

    @definition.on_done
    def complain(record: object) -> None:
        raise ValueError("The hook fails.")

    record = recovering.stack.trigger(definition, input={"count": STEPS})
    recovering.stack.run(record)

    assert "Error executing on_done hook" in recovering.stack.messages(record)[-1]
    assert None not in expiries(recovering.stack)


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
def test_a_task_ended_by_the_recovery_expires(recovering: Recovering, status: str) -> None:
    recovering.running()
    recovering.end("execution-1", status, error="Lambda.Unknown")

    recovering.report("execution-1")

    assert expiries(recovering.stack) == [end(recovering.stack)] * 2


def test_an_aborted_task_expires(recovering: Recovering) -> None:
    record = recovering.pending()

    recovering.stack.tasks.abort(record.id)

    assert expiries(recovering.stack) == [end(recovering.stack)] * 2


def test_with_zero_retention_days_nothing_expires(recovering: Recovering) -> None:
    recovering.stack.settings = replace(recovering.stack.settings, retention_days=0)
    counted(recovering.stack)
    recovering.wait()

    recovering.sweep()

    assert expiries(recovering.stack) == [None] * (STEPS + 1)
    assert not any(record.expiry_pending for record in recovering.stack.unfinished())
