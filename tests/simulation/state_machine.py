"""Step Functions, as far as this system uses it: standard executions of the stack's own document.

Its sources are the Step Functions developer guide and API reference:

- "Error handling in Step Functions workflows": the first retrier that names an error counts its
  attempts; with none left, or none that names it, the first catcher that names it goes on.
- "Restarting state machine executions with redrive in Step Functions": a redriven execution keeps
  its name, and goes on at the state in which it ended, with that state's input.
- StartExecution: "idempotent" for a standard workflow that runs under this name with the same
  input; any other use of a name is `ExecutionAlreadyExists`.
- "Quotas": 25,000 events of an execution's history.
- "Discovering service integration patterns": a stopped execution does not stop the Lambda that it
  has invoked.
"""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from handler.clock import to_iso
from handler.contract import State
from infra.documents import state_machine_definition
from tests.simulation.expressions import evaluated
from tests.simulation.faults import REPORTS, Kind, drawn
from tests.simulation.machine import client_error
from tests.simulation.scheduler import Actor, Stopped, current
from tests.simulation.workers import CHOICE, OTHERS, WORKER_ARN

if TYPE_CHECKING:
    from tests.simulation.world import World

MACHINE_ARN: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:tasks"
MAX_HISTORY_EVENTS: Final = 25_000
_EXECUTION_ARN: Final = MACHINE_ARN.replace(":stateMachine:", ":execution:")
DOCUMENT: Final[Any] = state_machine_definition.definition(
    worker_arn=WORKER_ARN, others=OTHERS, choice=CHOICE
)
_MAX_INPUT_BYTES: Final = 256 * 1024
_TRANSITION_SECONDS: Final = 0.03
_REPORT_SECONDS: Final = 2.0
_LATE_REPORT_SECONDS: Final = 900.0
# How many events each kind of state writes, beside those of its attempts.
_EVENTS: Final = {"Pass": 2, "Task": 2, "Choice": 2, "Wait": 2, "Succeed": 2, "Fail": 1}
_ATTEMPT_EVENTS: Final = 3  # scheduled, started, succeeded or failed


class StateFailed(Exception):
    """A state has failed with an error's name, and its cause."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


class Execution:
    """One execution: where it is, and what became of it.

    Args:
        name: unique in the state machine.
        task: the number of the task that its event is about.
    """

    def __init__(self, world: "World", name: str, given: Any, task: int) -> None:
        self.world = world
        self.name = name
        self.input = given
        self.task = task
        self.status = "RUNNING"
        self.error = ""
        self.cause = ""
        self.state = str(DOCUMENT["StartAt"])
        self.data: Any = given
        self.started_on = to_iso(world.moment())
        self.ended_at = -1.0  # when it was not running, last
        self.history_events = 1
        self.failures: list[tuple[str, str, str]] = []  # of the current visit, by the event's type
        self.redrives = 0
        self.visits = 0
        self.actor: Actor | None = None
        self.random = random.Random(f"{world.seed}/{name}")

    @property
    def is_running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def arn(self) -> str:
        return f"{_EXECUTION_ARN}:{self.name}"

    def begin(self) -> None:
        name = f"{self.name}+{self.redrives}" if self.redrives else self.name
        self.actor = self.world.scheduler.spawn(name, self._run)

    def stop(self, error: str, cause: str) -> None:
        """Somebody stops it: its actor does nothing more."""
        self._end("ABORTED", error, cause)
        self._silence()

    def time_out(self) -> None:
        """It has lived for a year."""
        self._end("TIMED_OUT", "States.Timeout", "")
        self._silence()

    def redrive(self) -> None:
        self.redrives += 1
        self.ended_at = self.world.scheduler.now
        self.status, self.error, self.cause = "RUNNING", "", ""
        self.begin()

    def _silence(self) -> None:
        if self.actor is not None and self.actor is not current():
            self.actor.throw(Stopped())

    def _run(self) -> None:
        try:
            while self._is_at_work():
                pass
        except StateFailed as failed:
            self._end("FAILED", failed.error, failed.cause)

    def _is_at_work(self) -> bool:
        """Runs one state. Returns whether another one follows."""
        self._transit()
        document = DOCUMENT["States"][self.state]
        kind = document["Type"]
        self._write(_EVENTS[kind])
        states = {"input": self.data, "context": self._context()}
        if kind == "Succeed":
            self._end("SUCCEEDED", "", "")
            return False
        if kind == "Fail":
            error, cause = (evaluated(document[key], states) for key in ("Error", "Cause"))
            raise StateFailed(error, cause)
        if kind == "Wait":
            self.world.scheduler.sleep(evaluated(document["Seconds"], states))
            following = document["Next"]
        elif kind == "Choice":
            following = _chosen(document, states)
        elif kind == "Pass":
            self.data, following = evaluated(document["Output"], states), document["Next"]
        else:
            self.data, following = self._task(document, states)
        self.state = following
        return True

    def _transit(self) -> None:
        scheduler = self.world.scheduler
        if scheduler.is_chosen:
            scheduler.now += 0.001  # two visits are entered at two moments
            current().check()
        else:
            scheduler.sleep(0.001 + self.random.random() * _TRANSITION_SECONDS)

    def _task(self, document: Any, states: dict[str, Any]) -> tuple[Any, str]:
        """`Run`: invokes the worker until it answers, or until no retrier takes its error."""
        self.visits += 1
        self.failures.clear()
        arguments = evaluated(document["Arguments"], states)
        payload = arguments["Payload"]
        self.world.watch.invoked(self, arguments["FunctionName"])
        counts = [0] * len(document["Retry"])
        attempt = 0
        while True:
            attempt += 1
            self._write(_ATTEMPT_EVENTS)
            name = f"{self.name}+{self.redrives}/v{self.visits}.{attempt}"
            seconds = document["TimeoutSeconds"]
            error, answer = self.world.lambdas.run_worker(
                payload, name=name, execution=self, seconds=seconds
            )
            if error is None:
                result = states | {"result": {"Payload": answer}}
                return evaluated(document["Output"], result), document["Next"]
            kind = "taskTimedOut" if error[0] == "States.Timeout" else "taskFailed"
            self.failures.append((kind, *error))
            wait = _wait_before_retry(document["Retry"], counts, error[0], self.random)
            if wait is None:
                break
            self.world.scheduler.sleep(wait)
        catcher = document["Catch"][0]
        output = {"errorOutput": {"Error": error[0], "Cause": error[1]}}
        return evaluated(catcher["Output"], states | output), catcher["Next"]

    def _context(self) -> dict[str, Any]:
        return {
            "Execution": {
                "Input": self.input,
                "Name": self.name,
                "StartTime": self.started_on,
            },
            "StateMachine": {"Id": MACHINE_ARN},
            "State": {"EnteredTime": to_iso(self.world.moment())},
        }

    def _write(self, events: int) -> None:
        self.history_events += events
        if self.history_events > self.world.scenario.max_history_events:
            raise StateFailed(
                "States.Runtime",
                "The execution reached the maximum number of history events"
                f" ({self.world.scenario.max_history_events}).",
            )

    def _end(self, status: str, error: str, cause: str) -> None:
        if not self.is_running:
            return
        self.status, self.error, self.cause = status, error, cause
        self.ended_at = self.world.scheduler.now
        self.world.watch.execution_ended(self)
        if status != "SUCCEEDED":
            self.world.report_end(self, ending=self._numbered_end())

    def _numbered_end(self) -> str:
        return f"{self.name}+{self.redrives}/end"


def _chosen(document: Any, states: Mapping[str, Any]) -> str:
    for choice in document["Choices"]:
        if evaluated(choice["Condition"], states):
            return str(choice["Next"])
    return str(document["Default"])


def _wait_before_retry(
    retriers: list[Any], counts: list[int], error: str, dice: random.Random
) -> float | None:
    """How long to wait before the next attempt; `None`: there is none."""
    for number, retrier in enumerate(retriers):
        if error not in retrier["ErrorEquals"]:
            continue
        if counts[number] >= retrier["MaxAttempts"]:
            return None
        longest = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** counts[number]
        counts[number] += 1
        longest = min(longest, retrier["MaxDelaySeconds"])
        return dice.uniform(0, longest) if retrier["JitterStrategy"] == "FULL" else longest
    return None


class StepFunctions:
    """The service's client, and all executions. An answer's shape is boto3's."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.executions: dict[str, Execution] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> Any:  # noqa: N803
        """Starts an execution, once for each name."""
        known = self.executions.get(name)
        if known is not None:
            if known.is_running and known.input == json.loads(input):
                return {"executionArn": known.arn}
            raise client_error("ExecutionAlreadyExists", "StartExecution")
        if len(input.encode()) > _MAX_INPUT_BYTES:
            raise client_error("ValidationException", "StartExecution")
        event = json.loads(input)
        execution = Execution(self._world, name, event, self._world.watch.number_of_event(event))
        self.executions[name] = execution
        execution.begin()
        return {"executionArn": execution.arn}

    def stop_execution(self, *, executionArn: str, error: str = "", cause: str = "") -> Any:  # noqa: N803
        """Stops one that runs. Of one that is over it is a no-op."""
        self._found(executionArn, "StopExecution").stop(error, cause)
        return {}

    def redrive_execution(self, *, executionArn: str) -> Any:  # noqa: N803
        execution = self._found(executionArn, "RedriveExecution")
        if execution.status in ("RUNNING", "SUCCEEDED"):
            raise client_error("ExecutionNotRedrivable", "RedriveExecution")
        execution.redrive()
        return {}

    def describe_execution(self, *, executionArn: str) -> Any:  # noqa: N803
        found = self._found(executionArn, "DescribeExecution")
        said = {"error": found.error, "cause": found.cause}
        return {
            "name": found.name,
            "status": found.status,
            "input": json.dumps(found.input),
            "startDate": datetime.fromisoformat(found.started_on),
            **{name: text for name, text in said.items() if text},
        }

    def list_executions(
        self,
        *,
        stateMachineArn: str,  # noqa: N803
        statusFilter: str,  # noqa: N803
        maxResults: int = 1000,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
    ) -> Any:
        """One page of those of a status, the newest first."""
        found = [each for each in self.executions.values() if each.status == statusFilter]
        start = int(nextToken)
        page = {"executions": [{"name": each.name} for each in found[start : start + maxResults]]}
        is_whole = start + maxResults >= len(found)
        return page if is_whole else page | {"nextToken": str(start + maxResults)}

    def get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        reverseOrder: bool,  # noqa: N803
        maxResults: int,  # noqa: N803
    ) -> Any:
        """The failed attempts of the current visit, the last one first, and where it began."""
        found = self._found(executionArn, "GetExecutionHistory")
        events = list(_failed_events(found))
        if found.visits:
            events.append({"type": "TaskStateEntered"})
        return {"events": events[:maxResults] if reverseOrder else events[::-1][:maxResults]}

    def _found(self, arn: str, operation: str) -> Execution:
        found = self.executions.get(arn.removeprefix(f"{_EXECUTION_ARN}:"))
        if found is None:
            raise client_error("ExecutionDoesNotExist", operation)
        return found


def _failed_events(execution: Execution) -> Iterator[dict[str, Any]]:
    for kind, error, cause in reversed(execution.failures):
        yield {
            "type": f"T{kind[1:]}",
            f"{kind}EventDetails": {"error": error, "cause": cause},
        }


def reports(world: "World", ending: str, task: int) -> list[float]:
    """After how many seconds the end of an execution is reported: each time that it is."""
    dice = random.Random(f"{world.seed}/{ending}")
    usual, roll, other = dice.uniform(0.01, _REPORT_SECONDS), dice.random(), dice.random()
    if world.scripted is not None:
        return [usual]
    fault = drawn(roll / world.intensity, REPORTS) if world.intensity else None
    if fault is None or not world.faults.comes(fault, ending, 0, task=task):
        return [usual]
    late = usual + other * _LATE_REPORT_SECONDS
    return {Kind.STATUS_LOST: [], Kind.STATUS_TWICE: [usual, late], Kind.STATUS_LATE: [late]}[fault]


RUN: Final = State.RUN
