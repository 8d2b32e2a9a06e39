"""EventBridge refuses entries, and loses, repeats, delays or can't deliver what it has taken."""

import json
import threading
from typing import Any

from handler.contract import DETAIL_TYPE, SIGNAL_DETAIL_TYPE, WireKey
from local.aws.event_delivery import current_delivery, send_to_dlq
from local.aws.patch import Original, module, replace
from tests.chaos.aws.dice import Dice, drawn
from tests.chaos.aws.threads import in_this_context
from tests.chaos.ledger import Fault, Ledger
from tests.chaos.plan import SLEEPERS

REFUSED = "EventBridge refused an entry"
UNANSWERED = "EventBridge's answer was lost"
LOST = "An event was lost"
UNDELIVERED = "An event could not be delivered"
TWICE = "An event was delivered twice"
AGAIN = "An event was delivered again, late"
LATE = "An event was delivered late"
STATUS_LOST = "The end of an execution was not reported"
STATUS_TWICE = "The end of an execution was reported twice"
SIGNAL_TWICE = "A signal's event was delivered twice"

DELIVERY_ODDS = {LOST: 0.05, UNDELIVERED: 0.05, TWICE: 0.08, AGAIN: 0.05, LATE: 0.05}
STATUS_ODDS = {STATUS_LOST: 0.3, STATUS_TWICE: 0.2}
# Nobody looks at a task that sleeps before it should wake: of one that would wake after the
# campaign, the report is all there is.
_SLEEPERS_ODDS = {STATUS_TWICE: 0.2}
SIGNAL_ODDS = {SIGNAL_TWICE: 0.3}
REFUSED_ODDS = {REFUSED: 0.1}
UNANSWERED_ODDS = {UNANSWERED: 0.03}
LATE_SECONDS = 2.0


class Events:
    """EventBridge of the local AWS, with faults."""

    def __init__(self, ledger: Ledger, dice: Dice) -> None:
        self._ledger = ledger
        self._dice = dice

    def apply(self) -> None:
        events = module("services.eventbridge")
        replace(events, "_put_events", self._refusing)
        replace(events, "_dispatch_to_stepfunctions", self._losing)
        replace(events, "_dispatch_to_lambda", self._not_telling)

    def _refusing(self, put_events: Original) -> Original:
        def put(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
            entries = data.get("Entries", [])
            if not any(entry.get("DetailType") == DETAIL_TYPE for entry in entries):
                return put_events(data, allow_aws_source)
            refused = [
                self._fault("PutEvents", REFUSED_ODDS, _task_of(entry)) == REFUSED
                for entry in entries
            ]
            taken = [
                entry for entry, is_refused in zip(entries, refused, strict=True) if not is_refused
            ]
            status, headers, body = put_events({**data, "Entries": taken}, allow_aws_source)
            if self._fault("PutEvents' answer", UNANSWERED_ODDS):
                return module("core.responses").error_response_json(
                    "InternalException", "By the campaign.", 500
                )
            return status, headers, _with_refusals(json.loads(body), refused)

        return put

    def _losing(self, dispatch: Original) -> Original:
        def start(arn: str, payload: str) -> None:
            task_id = _task_of_event(payload)
            deliver = in_this_context(lambda: dispatch(arn, payload))
            match self._fault(
                "delivery", DELIVERY_ODDS if _has_record(payload) else _SAFE_ODDS, task_id
            ):
                case "":
                    dispatch(arn, payload)
                case kind if kind == UNDELIVERED:
                    send_to_dlq(current_delivery(), "NO_PERMISSIONS", "By the campaign.")
                case kind if kind == TWICE:
                    dispatch(arn, payload)
                    dispatch(arn, payload)
                case kind if kind == AGAIN:
                    dispatch(arn, payload)
                    threading.Timer(LATE_SECONDS, deliver).start()
                case kind if kind == LATE:
                    threading.Timer(LATE_SECONDS, deliver).start()

        return start

    def _not_telling(self, dispatch: Original) -> Original:
        def invoke(arn: str, payload: str) -> None:
            event = json.loads(payload)
            detail = event.get("detail") or {}
            fault = ""
            if event.get("detail-type") == SIGNAL_DETAIL_TYPE:
                fault = self._fault("signal", SIGNAL_ODDS, str(detail.get(WireKey.TASK_ID, "")))
            elif "executionArn" in detail:
                started_by = detail.get("input") or "{}"
                odds = _SLEEPERS_ODDS if _may_sleep(started_by) else STATUS_ODDS
                fault = self._fault("status", odds, _task_of_event(started_by))
            for _ in range({STATUS_LOST: 0, STATUS_TWICE: 2, SIGNAL_TWICE: 2}.get(fault, 1)):
                dispatch(arn, payload)

        return invoke

    def _fault(self, kind: str, odds: dict[str, float], task_id: str = "") -> str:
        fault = "" if self._ledger.is_calm else drawn(self._dice.roll(kind), odds)
        if fault:
            self._ledger.add(Fault(kind=fault, task_id=task_id))
        return fault


# Of an event that was sent by hand nothing is stored before it arrives: EventBridge promises to
# deliver it, and nobody else can know of it.
_SAFE_ODDS = {kind: odds for kind, odds in DELIVERY_ODDS.items() if kind != LOST}


def _task_of(entry: dict[str, Any]) -> str:
    return str(json.loads(entry["Detail"]).get(WireKey.TASK_ID, ""))


def _task_of_event(payload: str) -> str:
    event = json.loads(payload)
    return str(event.get("detail", {}).get(WireKey.TASK_ID, event.get("id", "")))


def _may_sleep(started_by: str) -> bool:
    """Whether the task of an event may sleep for longer than a campaign."""
    detail = json.loads(started_by).get("detail") or {}
    return detail.get(WireKey.DEFINITION_ID) in SLEEPERS


def _has_record(payload: str) -> bool:
    return WireKey.TASK_ID in json.loads(payload)["detail"]


def _with_refusals(answer: dict[str, Any], refused: list[bool]) -> bytes:
    """AnswerBuilder are in the order of the entries."""
    answers = iter(answer["Entries"])
    refusal = {"ErrorCode": "InternalFailure", "ErrorMessage": "By the campaign."}
    entries = [refusal if is_refused else next(answers) for is_refused in refused]
    return json.dumps(
        {"FailedEntryCount": answer["FailedEntryCount"] + sum(refused), "Entries": entries}
    ).encode()
