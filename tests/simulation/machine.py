"""A machine that runs the handler: an invocation of a Lambda, or a program of ours.

Everything that it asks of a service goes through `call`. There the others get their turns, before
the request and after it, and there faults come.
"""

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from handler.clock import to_milliseconds
from handler.errors import EngineSignal
from handler.table import STACK
from handler.wiring import Parts
from tests.simulation.faults import (
    CONFLICT_ODDS,
    LETHAL,
    OF_SERVICES,
    REFUSED_ODDS,
    SKEW_ODDS,
    Fault,
    Kind,
    Odds,
)
from tests.simulation.scheduler import Promise

if TYPE_CHECKING:
    from tests.simulation.world import World

_SKEW_SECONDS: Final = 5.0
# Most requests take some milliseconds, a few some seconds.
_FAST_SECONDS: Final = 0.02
_SLOW_SECONDS: Final = 3.0
_SLOW_ODDS: Final = 0.015
_OUTAGE_SECONDS: Final = 400.0
_LONGEST_FREEZE_SECONDS: Final = 1_500.0
_OVERLAP_SECONDS: Final = 0.15
_ENDPOINT: Final = "https://simulated"
_LETHAL_KINDS: Final = frozenset(odds.kind for odds in LETHAL)


class Killed(EngineSignal):
    """The process ends here; nothing of the task's own catches it.

    Args:
        error: what Lambda reports.
        cause: what it says of it.
    """

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


class MachineClock:
    """The machine's own clock, which may be wrong by seconds."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine

    def now(self) -> datetime:
        machine = self._machine
        return to_milliseconds(machine.world.moment(machine.skew_seconds))

    def sleep(self, seconds: float) -> None:
        self._machine.sleep(seconds)


class MachineMetrics:
    """Counts, beside who has counted."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine

    def count(self, values: Mapping[str, float], *, definition: str | None = None) -> None:
        self._machine.world.watch.counted(self._machine, values, definition or "")

    def measure(self, values: Mapping[str, float], *, definition: str | None = None) -> None:
        return


class LambdaContext:
    """What Lambda gives an entry."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self.aws_request_id = machine.name

    def get_remaining_time_in_millis(self) -> int:
        return int(self._machine.remaining_seconds() * 1000)


class Machine:
    """One machine, from its start to its end.

    Args:
        name: its own in the world, and the same in every replay.
        function: the Lambda that it is an invocation of; `program` where it is none.
        seconds: how long it may run.
        task: the number of the task that it is about; -1: of none.
        is_mortal: whether Lambda may kill or freeze it.
    """

    def __init__(
        self,
        world: "World",
        name: str,
        *,
        function: str,
        seconds: float,
        task: int = -1,
        is_mortal: bool = True,
    ) -> None:
        self.world = world
        self.name = name
        self.function = function
        self.task = task
        self.step = 0
        self.random = random.Random(f"{world.seed}/{name}")
        self.skew_seconds = self._skew()
        self.started_at = world.scheduler.now
        self.ends_at = self.started_at + seconds
        self.is_zombie = False
        self.is_dead = False
        self.execution = ""  # the execution that has invoked it
        # What it has done, for the watch: the iterations that it has claimed, by the task's id, and
        # the ends that it has stored and not counted yet.
        self.claimed: dict[str, int] = {}
        self.claimed_at: dict[str, float] = {}
        self.uncounted: Counter[tuple[str, str]] = Counter()
        self.task_id = ""  # of the task that a worker is invoked for
        self.may_start_nothing = False  # what it has claimed may have come too late to start
        self.has_failed_requests = False
        self.to_send: set[str] = set()  # the tasks that it has let go on, and not sent
        self.failed = Promise()  # kept early: whoever waits for its answer gets an error
        self.clock = MachineClock(self)
        self.context = LambdaContext(self)
        self._is_mortal = is_mortal
        self._seconds = seconds
        self._is_out_until = 0.0
        self._clients: dict[str, Client] = {}
        self._parts: Parts | None = None

    def parts(self) -> Parts:
        """What the handler's system is built from here."""
        if self._parts is None:
            world = self.world
            known = world.known_settings(self)
            if not world.has_pauses:
                # A request more has a scope try many times as many orders.
                known.unchanged(STACK, at=self.clock.now())
            self._parts = Parts(
                settings=world.settings,
                registry=world.registry(self),
                clients=self.client,
                clock=self.clock,
                metrics=MachineMetrics(self),
                max_execution_visits=world.scenario.max_execution_visits,
                known_settings=known,
            )
        return self._parts

    def client(self, service: str) -> "Client":
        if service not in self._clients:
            self._clients[service] = Client(self, service, self.world.services[service])
        return self._clients[service]

    def remaining_seconds(self) -> float:
        return self.started_at + self._seconds - self.world.scheduler.now

    def sleep(self, seconds: float) -> None:
        """Lets time pass; a Lambda's ends with its timeout."""
        self._check_alive()
        scheduler = self.world.scheduler
        scheduler.sleep(min(seconds, max(self.ends_at - scheduler.now, 0.0)))
        self._check_alive()

    def call(
        self,
        service: str,
        operation: str,
        method: Callable[..., Any],
        request: dict[str, Any],
    ) -> Any:
        """One request: the others' turns, its effect, the others' turns again, its response."""
        self.step += 1
        world = self.world
        fault = self._drawn(service, operation)
        if fault and service == "events" and fault.kind not in _LETHAL_KINDS:
            self._hits(fault.kind, request["Entries"])
        self._pause(service, operation, request)
        if fault and not fault.is_after:
            self._suffer(fault.kind, service, operation)
        if self._is_out_until > world.scheduler.now and service == "dynamodb":
            self.has_failed_requests = True
            raise ConnectTimeoutError(endpoint_url=_ENDPOINT)
        if service == "dynamodb":
            self._perhaps_conflict(operation)
            response = world.watch.write(self, operation, method, request)
        elif service == "events":
            response = self._put_events(method, request)
        else:
            world.watch.other(self, service, operation, request)
            response = method(**request)
        if fault and fault.is_after:
            self._suffer(fault.kind, service, operation)
        if not world.scheduler.is_chosen:
            self._rest(self.random.random() * _FAST_SECONDS)
        return response

    def _pause(self, service: str, operation: str, request: dict[str, Any]) -> None:
        scheduler = self.world.scheduler
        if scheduler.is_chosen:
            self.world.tell_choice(self, service, operation, request)
            scheduler.pause(0)
            self._check_alive()
            return
        roll = self.random.random()
        seconds = roll * _FAST_SECONDS
        if roll < _SLOW_ODDS:
            seconds = roll / _SLOW_ODDS * _SLOW_SECONDS
        self._rest(seconds)

    def _rest(self, seconds: float) -> None:
        self._check_alive()
        scheduler = self.world.scheduler
        scheduler.pause(min(seconds, max(self.ends_at - scheduler.now, 0.0)))
        self._check_alive()

    def _check_alive(self) -> None:
        if self.is_dead or self.world.is_over:
            raise Killed("Runtime.ExitError")
        if self.world.scheduler.now >= self.ends_at:
            self._die(*_TIMEOUT)

    def _drawn(self, service: str, operation: str) -> Odds | None:
        """The fault that comes at this call; the dice are rolled either way."""
        scripted = self.world.scripted
        if scripted is not None:
            return scripted(self, service, operation)
        roll = self.random.random()
        if self.world.faults.is_calm or not self.world.intensity:
            return None
        roll /= self.world.intensity
        for odds in (*(LETHAL if self._is_mortal else ()), *OF_SERVICES[service]):
            roll -= odds.odds
            if roll < 0:
                return odds if self._comes(odds.kind) else None
        return None

    def _comes(self, kind: Kind) -> bool:
        task = self.task if self.task >= 0 else self.world.watch.task_at_hand
        return self.world.faults.comes(kind, self.name, self.step, task=task)

    def chance(self, odds: float, kind: Kind) -> bool:
        """Whether something happens here, by this machine's own dice."""
        roll = self.random.random()
        return roll < odds * self.world.intensity and self._comes(kind)

    def _suffer(self, kind: Kind, service: str, operation: str) -> None:
        self.has_failed_requests = True
        if kind in _LETHAL_KINDS:
            self._end_early(kind)
            return
        match kind:
            case Kind.DYNAMODB_THROTTLED:
                raise client_error("ProvisionedThroughputExceededException", operation)
            case Kind.DYNAMODB_REQUEST_LOST:
                raise ConnectTimeoutError(endpoint_url=_ENDPOINT)
            case Kind.DYNAMODB_ANSWER_LOST:
                self.world.people.provoked(self.task)
                raise ReadTimeoutError(endpoint_url=_ENDPOINT)
            case Kind.S3_ANSWER_LOST | Kind.SQS_RECEIVE_LOST:
                raise ReadTimeoutError(endpoint_url=_ENDPOINT)
            case Kind.EVENTS_ANSWER_LOST | Kind.STEP_FUNCTIONS_ANSWER_LOST:
                raise ReadTimeoutError(endpoint_url=_ENDPOINT)
            case Kind.DYNAMODB_OUT:
                seconds = self._own_dice(kind).uniform(1, _OUTAGE_SECONDS)
                self._is_out_until = self.world.scheduler.now + seconds
            case Kind.S3_FAILED:
                raise client_error("SlowDown", operation, status=503)
            case Kind.STEP_FUNCTIONS_THROTTLED:
                raise client_error("ThrottlingException", operation)
            case _:
                raise client_error("InternalServerError", operation, status=500)

    def _end_early(self, kind: Kind) -> None:
        dice = self._own_dice(kind)
        match kind:
            case Kind.KILLED:
                self._die("Runtime.ExitError", "RequestId: simulated Error: Runtime exited")
            case Kind.OUT_OF_MEMORY if dice.random() < 0.5:
                self._die("Runtime.OutOfMemory")
            case Kind.OUT_OF_MEMORY:
                self._die("Runtime.ExitError", "Runtime exited with error: signal: killed")
            case Kind.TIMED_OUT:
                scheduler = self.world.scheduler
                scheduler.sleep(self.ends_at - scheduler.now)
                self._die(*_TIMEOUT)
            case Kind.FROZEN | Kind.RAN_ON:
                self._freeze(kind, dice)

    def _freeze(self, kind: Kind, dice: random.Random) -> None:
        """It stands still, and comes back; whoever waited for it has given it up."""
        scheduler = self.world.scheduler
        if self.function != "worker":
            self.sleep(dice.uniform(0, 20))
            return
        self.is_zombie = True
        self.ends_at = float("inf")
        self.failed.keep(("Lambda.SdkClientException", "Unable to execute HTTP request"))
        if kind is Kind.RAN_ON:
            scheduler.sleep(dice.uniform(0, 3))
            return
        for _ in range(dice.choice([1, 1, 2])):  # its successor, or the next one
            overtaken = self.world.watch.overtaking(self)
            if not scheduler.wait(overtaken, seconds=_LONGEST_FREEZE_SECONDS):
                return
        scheduler.sleep(dice.uniform(0, _OVERLAP_SECONDS))

    def die(self, error: str = "Runtime.ExitError", cause: str = "") -> None:
        """Ends the process here."""
        self._die(error, cause)

    def _die(self, error: str, cause: str = "") -> None:
        self.is_dead = True
        raise Killed(error, cause)

    def _perhaps_conflict(self, operation: str) -> None:
        if self.world.scripted is not None or operation not in _CONFLICTING:
            return
        if not self.chance(CONFLICT_ODDS, Kind.TRANSACTION_CONFLICT):
            return
        raise conflict(operation)

    def _put_events(self, method: Callable[..., Any], request: dict[str, Any]) -> Any:
        entries = request["Entries"]
        world = self.world
        refused = [
            world.scripted is None and self.chance(REFUSED_ODDS, Kind.EVENT_REFUSED)
            for _ in entries
        ]
        self._hits(Kind.EVENT_REFUSED, itertools.compress(entries, refused))
        world.watch.other(self, "events", "put_events", request)
        if self.to_send:
            details = [json.loads(entry["Detail"]) for entry in entries]
            self.to_send -= {detail.get("webinyTaskId") for detail in details}
        taken = [
            entry for entry, is_refused in zip(entries, refused, strict=True) if not is_refused
        ]
        response = method(Entries=taken, by=self) if taken else {"Entries": []}
        given = iter(response["Entries"])
        refusal = {"ErrorCode": "InternalFailure", "ErrorMessage": "Simulated."}
        return {
            "FailedEntryCount": sum(refused),
            "Entries": [refusal if is_refused else next(given) for is_refused in refused],
        }

    def _hits(self, kind: Kind, entries: Iterable[Mapping[str, Any]]) -> None:
        """A request may send the events of many tasks: what hits it hits each of them."""
        watch, faults = self.world.watch, self.world.faults
        for entry in entries:
            number = watch.number_of_event({"detail": json.loads(entry["Detail"])})
            faults.hit(Fault(kind, self.name, self.step, number))

    def _own_dice(self, kind: Kind) -> random.Random:
        """For what a fault is like. One that does not come leaves the other dice alone."""
        return random.Random(f"{self.world.seed}/{self.name}/{self.step}/{kind}")

    def _skew(self) -> float:
        roll = self.random.random()
        seconds = self.random.uniform(-_SKEW_SECONDS, _SKEW_SECONDS)
        if self.world.scripted is not None or roll >= SKEW_ODDS * min(self.world.intensity, 1):
            return 0.0
        comes = self.world.faults.comes(Kind.CLOCK_SKEW, self.name, 0, task=self.task)
        return seconds if comes else 0.0


_TIMEOUT: Final = (
    "Sandbox.Timedout",
    "RequestId: simulated Error: Task timed out after 900.00 seconds",
)
_CONFLICTING: Final = frozenset({"update_item", "put_item", "delete_item", "transact_write_items"})


class Client:
    """A service's client, as boto3 makes it, of one machine."""

    def __init__(self, machine: Machine, service: str, model: Any) -> None:
        self._machine = machine
        self._service = service
        self._model = model

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._model, operation)
        machine, service = self._machine, self._service

        def call(**request: Any) -> Any:
            return machine.call(service, operation, method, request)

        setattr(self, operation, call)
        return call

    def get_paginator(self, operation: str) -> "Paginator":
        return Paginator(self, operation)


class Paginator:
    """The pages of a list, each a request."""

    def __init__(self, client: Client, operation: str) -> None:
        self._client = client
        self._operation = operation

    def paginate(self, *, PaginationConfig: object = None, **request: Any) -> Iterator[Any]:  # noqa: N803  boto3's own word
        token: dict[str, Any] = {}
        while True:
            page = getattr(self._client, self._operation)(**request, **token)
            yield page
            if not (next_token := page.get("nextToken")):
                return
            token = {"nextToken": next_token}


def client_error(code: str, operation: str, *, status: int = 400) -> ClientError:
    """What boto3 raises when a service refuses."""
    response: Any = {
        "Error": {"Code": code, "Message": f"{code}, simulated."},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)


def conflict(operation: str) -> ClientError:
    """What a write gets that meets a transaction (DynamoDB guide, "Transaction conflicts")."""
    if operation != "transact_write_items":
        return client_error("TransactionConflictException", operation)
    error = client_error("TransactionCanceledException", operation)
    error.response["CancellationReasons"] = [{"Code": "TransactionConflict"}]
    return error
