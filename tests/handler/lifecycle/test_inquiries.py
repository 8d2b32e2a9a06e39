"""How often a sweep asks Step Functions, and when it stops."""

from typing import Any

import pytest

from handler.aws import Executions, ExecutionsThrottled
from handler.lifecycle.inquiries import Inquiries
from handler.testing import ManualClock
from tests.handler.stack import STATE_MACHINE, refusal


class States:
    """Step Functions, which describes a running execution, until it throttles."""

    def __init__(self) -> None:
        self.is_throttled = False

    def describe_execution(self, **_: Any) -> Any:
        if self.is_throttled:
            raise refusal("ThrottlingException")
        return {"status": "RUNNING"}


class Asking:
    def __init__(self) -> None:
        self.states, self.clock, self.remaining = States(), ManualClock(), 900.0
        self.started_at = self.clock.now()
        executions = Executions(self.states, state_machine_arn=STATE_MACHINE)  # type: ignore[arg-type]
        self.inquiries = Inquiries(executions, clock=self.clock, remaining=lambda: self.remaining)

    def ask(self, times: int) -> None:
        for number in range(times):
            self.inquiries.describe(f"execution-{number}")

    @property
    def seconds(self) -> float:
        return (self.clock.now() - self.started_at).total_seconds()


@pytest.fixture
def asking() -> Asking:
    return Asking()


def test_a_hundred_are_asked_at_once(asking: Asking) -> None:
    asking.ask(100)

    assert asking.seconds == 0


def test_further_ones_are_asked_more_slowly_than_step_functions_lets_them(asking: Asking) -> None:
    asking.ask(100 + 800)

    # Step Functions quotas, "DescribeExecution": a bucket of 250, and 10 a second.
    assert 250 + 10 * asking.seconds >= 900
    assert asking.seconds == pytest.approx(100, abs=1)


def test_all_of_them_take_less_time_than_passes_until_the_next_sweep(asking: Asking) -> None:
    asked = 0
    while not asking.inquiries.are_over:
        asking.ask(1)
        asked += 1

    assert asked == 2_000
    assert asking.seconds < 300


def test_one_that_is_throttled_ends_them(asking: Asking) -> None:
    asking.states.is_throttled = True
    assert not asking.inquiries.are_over

    with pytest.raises(ExecutionsThrottled):
        asking.ask(1)

    assert asking.inquiries.are_over


@pytest.mark.parametrize(("remaining", "are_over"), [(61, False), (59, True)])
def test_the_last_minute_of_a_sweep_asks_nothing(
    asking: Asking, remaining: float, are_over: bool
) -> None:
    asking.remaining = remaining

    assert asking.inquiries.are_over is are_over
