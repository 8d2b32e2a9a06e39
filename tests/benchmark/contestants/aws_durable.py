"""AWS's durable execution SDK, in the runner that it brings for tests: its store is in memory.

As in the SDK's own guide, https://docs.aws.amazon.com/durable-functions/ ("Steps", "Testing").
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python import (
    DurableContext,
    StepContext,
    durable_execution,
    durable_step,
)
from aws_durable_execution_sdk_python.execution import InvocationStatus
from aws_durable_execution_sdk_python_testing.client import InMemoryServiceClient
from aws_durable_execution_sdk_python_testing.invoker import InProcessInvoker
from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestRunner

from tests.benchmark.contestant import main
from tests.benchmark.meter import Meter
from tests.benchmark.work import Work


@dataclass
class Executions:
    """Executions of one function: with steps, or with none but its own body."""

    runner: Any

    def steps(self, count: int) -> None:
        self._await(self._start({"steps": count}))

    def tasks(self, count: int) -> None:
        started = [self._start({"number": number}) for number in range(count)]
        for execution in started:
            self._await(execution)

    def _start(self, event: dict[str, int]) -> str:
        return str(self.runner.run_async(input=json.dumps(event)))

    def _await(self, execution: str) -> None:
        result = self.runner.wait_for_result(execution, timeout=300)
        if result.status is not InvocationStatus.SUCCEEDED:
            raise RuntimeError(f"an execution is {result.status}: {result.error}")


@contextmanager
def opened(work: Work, meter: Meter, folder: Path) -> Iterator[Executions]:
    """A runner of a function, whose checkpoints and starts are the requests."""
    meter.watch(InMemoryServiceClient, "checkpoint", written=_checkpoint_bytes)
    meter.watch(DurableFunctionTestRunner, "run_async", written=_start_bytes)
    meter.watch_invocations(InProcessInvoker, "invoke")

    @durable_step
    def step(_: StepContext, number: int) -> None:
        work.do(number)

    @durable_execution
    def function(event: dict[str, int], context: DurableContext) -> None:
        if "number" in event:
            work.do(event["number"])
        for number in range(event.get("steps", 0)):
            context.step(step(number))

    with DurableFunctionTestRunner(handler=function) as runner:
        yield Executions(runner)


def _start_bytes(*, input: str) -> int:
    return len(input)


def _checkpoint_bytes(*, updates: list[Any], **_: object) -> int:
    """The part of the request of CheckpointDurableExecution (Lambda API) that is kept."""
    return len(json.dumps([update.to_dict() for update in updates]))


if __name__ == "__main__":
    main(
        opened,
        packages=(
            "aws-durable-execution-sdk-python",
            "aws-durable-execution-sdk-python-testing",
        ),
    )
