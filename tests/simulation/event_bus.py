"""EventBridge: a bus with the rule that starts executions, and the queue of what it can't deliver.

Its sources are the EventBridge user guide: "at least once" and in no order ("Amazon EventBridge
targets"); "How EventBridge retries delivering events": a target that throttles is tried again, and
what can't be delivered goes to the dead-letter queue, with `ERROR_CODE` and `ERROR_MESSAGE`
("Using dead-letter queues to process undelivered events"). The rule's own limits are of
`infra.event_routing`.
"""

import json
import random
from typing import TYPE_CHECKING, Any, Final

from handler.clock import to_iso
from handler.contract import DETAIL_TYPE, STATUS_DETAIL_TYPE
from infra.event_routing import MAX_EVENT_AGE_SECONDS
from tests.simulation.faults import DELIVERIES, Kind, drawn
from tests.simulation.machine import client_error
from tests.simulation.scheduler import acting
from tests.simulation.state_machine import MACHINE_ARN

if TYPE_CHECKING:
    from tests.simulation.world import World

# PutEvents takes ten entries a request (API reference, PutEvents).
_MAX_ENTRIES: Final = 10
_USUAL_SECONDS: Final = 0.5
_TIGHT_SECONDS: Final = 0.1
_TIGHT_ODDS: Final = 0.7
_LATE_SECONDS: Final = 600.0
_DAY_SECONDS: Final = 24 * 60 * 60.0


class EventBus:
    """The service's client, and what it delivers."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.sent = 0
        self.is_held = False  # whether events wait for somebody to deliver them
        self.held: list[Any] = []
        self.on_their_way: set[str] = set()  # the ids of events that nobody has got yet

    def put_events(self, *, Entries: list[Any], by: Any = None) -> Any:  # noqa: N803  boto3's own word
        """Takes events; each gets an id, in the order of the entries."""
        if not 1 <= len(Entries) <= _MAX_ENTRIES:
            raise client_error("ValidationException", "PutEvents")
        return {
            "FailedEntryCount": 0,
            "Entries": [{"EventId": self._taken(entry, by)} for entry in Entries],
        }

    def _taken(self, entry: Any, by: Any) -> str:
        self.sent += 1
        id = f"{(by.random if by else random).getrandbits(64):016x}"
        event = {
            "version": "0",
            "id": id,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": "123456789012",
            "time": to_iso(self._world.moment()),
            "region": "us-east-1",
            "resources": [],
            "detail": json.loads(entry["Detail"]),
        }
        if event["detail-type"] == DETAIL_TYPE:
            self._deliver(event)
        elif event["detail-type"] == STATUS_DETAIL_TYPE:
            self._world.watch.told(event["detail"])
        return id

    def _deliver(self, event: Any) -> None:
        """Has the rule's target called: once, twice, later, or never."""
        if self.is_held:
            self.held.append(event)
            return
        id = event["id"]
        dice = random.Random(f"{self._world.seed}/event-{id}")
        usual = dice.uniform(0.01, _USUAL_SECONDS)
        fault = self._drawn(event, dice.random())
        if fault is Kind.EVENT_LOST:
            return
        self.on_their_way.add(id)
        match fault:
            case Kind.EVENT_UNDELIVERED:
                self._give_up(event, "NO_PERMISSIONS", after=usual)
                return
            case Kind.TARGET_THROTTLED:
                self._give_up(event, "THROTTLING", after=MAX_EVENT_AGE_SECONDS)
                return
            case Kind.EVENT_LATE:
                usual += dice.uniform(1, _LATE_SECONDS)
            case Kind.EVENT_TWICE:
                longest = _TIGHT_SECONDS if dice.random() < _TIGHT_ODDS else _LATE_SECONDS
                self._start(event, 2, after=usual + dice.uniform(0, longest))
            case Kind.EVENT_NEXT_DAY:
                self._start(event, 2, after=usual + _DAY_SECONDS)
        self._start(event, 1, after=0.0 if self._world.scheduler.is_chosen else usual)

    def _drawn(self, event: Any, roll: float) -> Kind | None:
        """The fault that comes to a delivery."""
        world = self._world
        if not world.intensity or world.scripted is not None:
            return None
        fault = drawn(roll / world.intensity, DELIVERIES)
        if fault is Kind.EVENT_LOST and "webinyTaskId" not in event["detail"]:
            return None  # EventBridge promises to deliver; of this one there is no record yet
        task, name = world.watch.number_of_event(event), f"event-{event['id']}"
        return fault if fault and world.faults.comes(fault, name, 0, task=task) else None

    def start_now(self, event: Any, name: str) -> None:
        """Starts an execution of this name for an event."""
        self._world.step_functions.start_execution(
            stateMachineArn=MACHINE_ARN, name=name, input=json.dumps(event)
        )

    def _start(self, event: Any, number: int, *, after: float) -> None:
        world = self._world
        name = f"x-{event['id']}-{number}"

        def start() -> None:
            self.on_their_way.discard(event["id"])
            world.step_functions.start_execution(
                stateMachineArn=MACHINE_ARN, name=name, input=json.dumps(event)
            )

        if acting() is not None and world.scheduler.is_chosen:
            start()
            return
        world.scheduler.spawn(f"{name}/start", start, after=after)

    def _give_up(self, event: Any, code: str, *, after: float) -> None:
        world = self._world

        def send() -> None:
            self.on_their_way.discard(event["id"])
            world.send_dead_letter(json.dumps(event), code)

        world.scheduler.spawn(f"event-{event['id']}/dead", send, after=after)
