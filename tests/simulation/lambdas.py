"""Lambda: invocations of the handler's entries, each on a machine of its own."""

import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from handler.contract import API_TIMEOUT_SECONDS, WORKER_TIMEOUT_SECONDS
from handler.runtime import using
from tests.simulation.faults import INVOCATIONS, Kind, drawn
from tests.simulation.machine import Killed, Machine
from tests.simulation.scheduler import Promise

if TYPE_CHECKING:
    from tests.simulation.state_machine import Execution
    from tests.simulation.world import World

Error = tuple[str, str]
"""An error's name, and its cause."""
Outcome = tuple[Error | None, Any]

_TIMEOUTS: Final = {
    "worker": WORKER_TIMEOUT_SECONDS,
    "recovery": WORKER_TIMEOUT_SECONDS,
    "api": API_TIMEOUT_SECONDS,
}


class Lambdas:
    """The stack's functions.

    Args:
        entries: the handler of each, by the function's name.
    """

    def __init__(self, world: "World", entries: dict[str, Callable[[Any, Any], Any]]) -> None:
        self._world = world
        self._entries = entries

    def run_worker(
        self, payload: Any, *, name: str, execution: "Execution", seconds: float
    ) -> Outcome:
        """Invokes the worker and waits, as `Run` does: so many seconds at most."""
        world = self._world
        fault = self._drawn(name, execution.task)
        if fault is Kind.LAMBDA_THROTTLED:
            return ("Lambda.TooManyRequestsException", "Rate exceeded"), None
        if fault is Kind.LAMBDA_FAILED:
            return ("Lambda.ServiceException", "Service unavailable"), None
        machine, told = self._started(
            "worker", payload, name=name, task=execution.task, execution=execution.name
        )
        if not world.scheduler.wait(told, seconds=seconds):
            return ("States.Timeout", ""), None
        if fault is Kind.LAMBDA_ANSWER_LOST and not machine.is_dead:
            return ("Lambda.AWSLambdaException", "Internal error"), None
        outcome: Outcome = told.value
        return outcome

    def invoke(self, function: str, event: Any, *, name: str, task: int = -1) -> Outcome:
        """Invokes a function and waits for what it returns."""
        _, told = self._started(function, event, name=name, task=task)
        self._world.scheduler.wait(told)
        outcome: Outcome = told.value
        return outcome

    def invoke_later(
        self,
        function: str,
        event: Any,
        *,
        name: str,
        task: int = -1,
        after: float = 0.0,
        ahead: float = 0.0,
    ) -> Promise:
        """Invokes a function for nobody who waits; its clock may be ahead."""
        machine, told = self._started(function, event, name=name, task=task, after=after)
        machine.skew_seconds += ahead
        return told

    def _drawn(self, name: str, task: int) -> Kind | None:
        world = self._world
        if world.scripted is not None or not world.intensity:
            return None
        roll = random.Random(f"{world.seed}/{name}/invocation").random()
        fault = drawn(roll / world.intensity, INVOCATIONS)
        return fault if fault and world.faults.comes(fault, name, 0, task=task) else None

    def _started(
        self,
        function: str,
        event: Any,
        *,
        name: str,
        task: int,
        execution: str = "",
        after: float = 0.0,
    ) -> tuple[Machine, Promise]:
        world, told, sent = self._world, Promise(), json.loads(json.dumps(event))
        machine = Machine(world, name, function=function, seconds=_TIMEOUTS[function], task=task)
        machine.execution = execution
        if function == "worker":
            machine.task_id = str(sent["payload"].get("webinyTaskId", ""))
        machine.failed.then(lambda error: told.keep((error, None)))

        def run() -> None:
            machine.started_at = world.scheduler.now
            machine.ends_at = machine.started_at + _TIMEOUTS[function]
            told.keep(self._outcome(machine, function, sent))
            world.watch.machine_ended(machine)

        actor = world.scheduler.spawn(name, run, after=after)
        actor.locals = machine
        return machine, told

    def _outcome(self, machine: Machine, function: str, event: Any) -> Outcome:
        try:
            with using(machine.parts):
                answer = self._entries[function](event, machine.context)
        except Killed as killed:
            machine.is_dead = True
            return (killed.error, killed.cause), None
        except Exception as error:
            machine.world.watch.raised(machine, error)
            return (type(error).__name__, json.dumps({"errorMessage": str(error)})), None
        return None, json.loads(json.dumps(answer))
