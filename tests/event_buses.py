"""Buses of EventBridge whose rules put what they let through into queues: a boto3 client's methods.

moto reads and matches the patterns; it takes ten times as long for all that is around it.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from moto.events.models import EventPattern

from handler.clock import to_iso
from tests.simulation.services.errors import Refused
from tests.simulation.services.parameters import check_known
from tests.simulation.services.sqs import SQS

Response = dict[str, Any]
_ENTRY: Final = frozenset({"EventBusName", "Source", "DetailType", "Detail"})
_MAX_ENTRIES: Final = 10  # PutEvents, API reference


@dataclass(slots=True)
class _Rule:
    """What a rule lets through, and the queues that get it."""

    pattern: EventPattern
    queues: list[str] = field(default_factory=list)


class EventBuses:
    """The buses of an account, in memory. An event is delivered at once, and once.

    Args:
        sqs: where the queues are.

    Raises (every operation):
        ClientError: the bus or the rule isn't there.
        NotImplementedError: the model does not have a parameter.
    """

    def __init__(self, sqs: SQS) -> None:
        self._sqs = sqs
        self._buses: dict[str, dict[str, _Rule]] = {}
        self._numbers = itertools.count(1)

    def create_event_bus(self, **request: Any) -> Response:
        check_known("EventBridge", request, frozenset({"Name"}))
        self._buses[request["Name"]] = {}
        return {}

    def put_rule(self, **request: Any) -> Response:
        check_known("EventBridge", request, frozenset({"Name", "EventBusName", "EventPattern"}))
        rules, pattern = self._rules("PutRule", request), request["EventPattern"]
        rules[request["Name"]] = _Rule(EventPattern.load(pattern))
        return {}

    def put_targets(self, **request: Any) -> Response:
        check_known("EventBridge", request, frozenset({"Rule", "EventBusName", "Targets"}))
        if (rule := self._rules("PutTargets", request).get(request["Rule"])) is None:
            raise _not_found("Rule", request["Rule"]).to_client_error("PutTargets")
        rule.queues += [self._sqs.url_of(target["Arn"]) for target in request["Targets"]]
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def put_events(self, **request: Any) -> Response:
        check_known("EventBridge", request, frozenset({"Entries"}))
        entries: Sequence[Mapping[str, str]] = request["Entries"]
        if not 1 <= len(entries) <= _MAX_ENTRIES:
            message = f"It has {len(entries)} entries; 1 to {_MAX_ENTRIES} are allowed."
            raise Refused("ValidationException", message).to_client_error("PutEvents")
        taken = [{"EventId": self._taken(entry)} for entry in entries]
        return {"FailedEntryCount": 0, "Entries": taken}

    def _taken(self, entry: Mapping[str, str]) -> str:
        check_known("EventBridge", entry, _ENTRY)
        id = f"event-{next(self._numbers)}"
        event: Any = {
            "version": "0",
            "id": id,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": "123456789012",
            "time": to_iso(datetime.now(UTC)),
            "region": "us-east-1",
            "resources": [],
            "detail": json.loads(entry["Detail"]),
        }
        for rule in self._rules("PutEvents", entry).values():
            if rule.pattern.matches_event(event):
                for url in rule.queues:
                    self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
        return id

    def _rules(self, operation: str, request: Mapping[str, Any]) -> dict[str, _Rule]:
        if (found := self._buses.get(request["EventBusName"])) is None:
            raise _not_found("Event bus", request["EventBusName"]).to_client_error(operation)
        return found


def _not_found(kind: str, name: str) -> Refused:
    return Refused("ResourceNotFoundException", f"{kind} {name} does not exist.")
