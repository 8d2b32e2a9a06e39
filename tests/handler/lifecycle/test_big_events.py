"""An event that is too large for an execution makes one task, whatever goes wrong on its way."""

import json
from functools import cache
from typing import Any

import pytest

from handler import Context, Done, task
from handler.contract import Status
from handler.lifecycle.reconciliation import DATA_LIMIT_EXCEEDED
from handler.testing import Killed
from handler.testing.aws import aws_client
from tests.handler.recovering import Recovering
from tests.handler.stack import BUCKET, BusQueue, Stack

TEXT = "x" * 200_000
EVENT = {
    "id": "by-hand-1",
    "detail": {"webinyTaskDefinitionId": "bigTask", "input": {"text": TEXT}},
}


@task(id="bigTask")
def big_task(context: Context, input: dict[str, object]) -> Done:
    return Done()


class Scene:
    """A dead letter with a large event, and a recovery that can be killed at each of its calls."""

    def __init__(self, stack: Stack) -> None:
        self.bus_queue = BusQueue()
        self.recovering = Recovering(stack, self.bus_queue)
        self.stack = stack
        stack.definitions = (big_task,)
        aws_client("s3").create_bucket(Bucket=BUCKET)
        aws_client("sqs").set_queue_attributes(  # a letter is there again at once
            QueueUrl=self.recovering.queue, Attributes={"VisibilityTimeout": "0"}
        )
        self.calls = 0
        self.watched = [stack.client(name) for name in ("dynamodb", "s3", "events", "sqs")]

    def kill_at(self, number: int, *, after: bool) -> None:
        """Kills the process right before or after its call of this number."""

        def count(operation: str, request: dict[str, Any]) -> None:
            self.calls += 1
            if self.calls == number:
                raise Killed

        for client in self.watched:
            setattr(client, "afterwards" if after else "interference", count)

    def let_it_live(self) -> None:
        for client in self.watched:
            client.recover()
            client.afterwards = client.interference

    def sweep_to_the_end(self) -> None:
        for _ in range(3):
            self.recovering.sweep()
            self.recovering.wait(4)

    def run_what_was_sent(self) -> list[str]:
        """Runs an execution for each event on the bus; returns the tasks that they name."""
        ids = [str(event["detail"]["webinyTaskId"]) for event in self.bus_queue.take()]
        for number, id in enumerate(ids, start=1):
            self.stack.run(self.stack.get(id), execution=f"execution-{number}")
        return ids


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene(stack)


def check_that_it_ran_once(scene: Scene) -> None:
    assert set(scene.run_what_was_sent()) == {"by-hand-1"}
    record = scene.stack.get("by-hand-1")
    assert (record.status, record.iterations) == (Status.SUCCESS, 1)
    assert scene.recovering.letters() == 0
    tasks = [row for row in scene.stack.rows() if row["sk"] == "TASK"]
    assert len(tasks) <= 1


@cache
def calls_of_a_sweep() -> int:
    with Stack.inside_moto() as stack:
        scene = Scene(stack)
        scene.recovering.send_to_dlq(EVENT)
        scene.kill_at(0, after=False)
        scene.recovering.sweep()
        return scene.calls


def every_call() -> list[Any]:
    return [
        pytest.param(number, after, id=f"{'after' if after else 'before'} {number}")
        for number in range(1, calls_of_a_sweep() + 1)
        for after in (False, True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "after"), every_call())
def test_a_sweep_that_is_killed_at_any_call_makes_one_task(
    scene: Scene, number: int, after: bool
) -> None:
    scene.recovering.send_to_dlq(EVENT)

    scene.kill_at(number, after=after)
    with pytest.raises(Killed):
        scene.recovering.sweep()
    scene.let_it_live()
    scene.recovering.wait(4)
    scene.sweep_to_the_end()

    check_that_it_ran_once(scene)


def test_the_same_letter_twice_is_one_task(scene: Scene) -> None:
    scene.recovering.send_to_dlq(EVENT)
    scene.recovering.send_to_dlq(EVENT)

    scene.recovering.wait(4)
    scene.sweep_to_the_end()

    check_that_it_ran_once(scene)


def test_a_letter_that_comes_again_after_its_task_has_ended_changes_nothing(scene: Scene) -> None:
    scene.recovering.send_to_dlq(EVENT)
    scene.recovering.sweep()
    scene.run_what_was_sent()
    ended = scene.stack.get("by-hand-1")

    scene.recovering.send_to_dlq(EVENT)
    scene.sweep_to_the_end()

    assert scene.bus_queue.take() == []
    assert scene.stack.get("by-hand-1") == ended


def test_an_execution_that_could_not_hold_its_event_is_followed_by_one_that_runs_it(
    scene: Scene,
) -> None:
    scene.recovering.start("execution-0", event=EVENT)
    scene.recovering.end("execution-0", "FAILED", error=DATA_LIMIT_EXCEEDED, cause="Too large.")

    scene.recovering.report("execution-0")
    scene.recovering.report("execution-0")

    check_that_it_ran_once(scene)


def test_the_event_that_is_sent_again_does_not_carry_the_input(scene: Scene) -> None:
    scene.recovering.send_to_dlq(EVENT)

    scene.recovering.sweep()

    [event] = scene.bus_queue.take()
    assert "input" not in event["detail"]
    assert len(json.dumps(event)) < 2_000
