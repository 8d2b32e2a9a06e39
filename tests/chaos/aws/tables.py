"""DynamoDB that fails and throttles, before or after it has carried out a request."""

import json
import re
from collections.abc import Iterator
from typing import Any

from handler.contract import PARTITION_KEY, SORT_KEY
from handler.record import EVENT_IDENTITY
from handler.table import keys
from local.aws.patch import Original, module, replace
from tests.chaos.aws.callers import caller_of
from tests.chaos.aws.dice import Dice
from tests.chaos.aws.outages import Outages
from tests.chaos.definitions.chaos_effects import EFFECTS
from tests.chaos.ledger import Fault, Ledger, Removal, Unasked, Write
from tests.chaos.odd_records import is_odd

Response = tuple[int, dict[str, str], Any]

THROTTLED = "DynamoDB throttled a request"
FAILED = "DynamoDB failed a request"
UNANSWERED = "DynamoDB's answer was lost"
CONFLICT = "DynamoDB cancelled a transaction"
LEFT_OVER = "DynamoDB left a batch undone"

ODDS = {THROTTLED: 0.015, FAILED: 0.015, UNANSWERED: 0.02, LEFT_OVER: 0.02, CONFLICT: 0.02}
# Longer than a worker of the campaign has patience: it gives up, and the state machine brings it
# back.
OUTAGE_SECONDS = 6.0
OUTAGES_PER_REQUEST = 1 / 1500
_WATCHING = ("recovery", "api")  # the campaign asks the API for no payloads of several tasks
_BATCHES = ("BatchGetItem", "BatchWriteItem")
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
_REQUESTS = ("GetItem", "Query", "BatchGetItem", *_WRITES)
_PAYLOADS = ("input", "output", "inputContent", "outputContent")
AMONG_MANY = "a list, a join or a sweep read its"
_LONG_BYTES = 8 * 1024  # a short one costs nobody anything
# Effects are counted: a count whose answer is lost, and which is sent again, would be one too many.
_OF_EFFECTS = json.dumps(EFFECTS).encode()
_TASK_ID = re.compile(rb'"TASK#([^"#]+)"')


class Tables:
    """DynamoDB of the local AWS, with faults."""

    def __init__(self, ledger: Ledger, dice: Dice) -> None:
        self._ledger = ledger
        self._outages = Outages(
            "DynamoDB",
            ledger,
            dice,
            odds=ODDS,
            outages=OUTAGES_PER_REQUEST,
            seconds=OUTAGE_SECONDS,
        )

    def apply(self) -> None:
        replace(module("services.dynamodb"), "handle_request", self._faulty)

    def _faulty(self, handle: Original) -> Original:
        async def answer(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Response:
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            fault = self._fault(action, body)
            if refusal := self._refusal(fault, body):
                return refusal
            answered: Response = await handle(method, path, headers, body, query)
            if action in _WRITES and answered[0] == 200:
                for table, key in _written_tasks(json.loads(body)):
                    got = json.dumps({"TableName": table, "Key": key}).encode()
                    self._note(
                        keys.task_id(key),
                        await handle(method, path, {"x-amz-target": ".GetItem"}, got, query),
                    )
            if action == "BatchGetItem" and caller_of(headers) in _WATCHING:
                self._note_what_nobody_asked_for(json.loads(answered[2]))
            return _error("InternalServerError", 500) if fault == UNANSWERED else answered

        return answer

    def _fault(self, action: str, body: bytes) -> str:
        """What goes wrong with a request, noted; `""` for nothing."""
        is_ours = action in _REQUESTS and _OF_EFFECTS not in body
        fault = self._outages.drawn() if is_ours else ""
        if (fault == LEFT_OVER and action not in _BATCHES) or (
            fault == CONFLICT and action != "TransactWriteItems"
        ):
            return ""
        if fault:
            found = _TASK_ID.search(body)
            self._ledger.add(Fault(kind=fault, task_id=found[1].decode() if found else ""))
        return fault

    def _refusal(self, fault: str, body: bytes) -> Response | None:
        if fault == THROTTLED:
            return _error("ThrottlingException", 400)
        if fault in (FAILED, self._outages.outage):
            return _error("InternalServerError", 500)
        if fault == CONFLICT:
            reasons = [{"Code": "TransactionConflict", "Message": "Ongoing."}, {"Code": "None"}]
            return _error("TransactionCanceledException", 400, {"CancellationReasons": reasons})
        return _left_over(body) if fault == LEFT_OVER else None

    def _note(self, task_id: str, got: Response) -> None:
        if is_odd(task_id):
            return  # a person, or a newer version, wrote it: it is none of the campaign's tasks
        item = json.loads(got[2]).get("Item")
        self._ledger.add(_write(item) if item else Removal(task_id=task_id))

    def _note_what_nobody_asked_for(self, answered: dict[str, Any]) -> None:
        """A sweep and a list read no payloads: a few dozen large ones would end their Lambda."""
        for items in answered.get("Responses", {}).values():
            for item in items:
                for name in item.keys() & _PAYLOADS:
                    id, size = keys.task_id(item), len(json.dumps(item[name]))
                    if size > _LONG_BYTES and not is_odd(id):
                        self._ledger.add(Unasked(task_id=id, what=f"{AMONG_MANY} {name}"))


def _left_over(body: bytes) -> Response:
    requests = json.loads(body)["RequestItems"]
    left = {"Responses": {}, "UnprocessedKeys": requests, "UnprocessedItems": requests}
    return 200, {}, json.dumps(left).encode()


def _error(code: str, status: int, more: dict[str, object] | None = None) -> Response:
    response: Response = module("core.responses").error_response_json(
        code, f"{code}, by the campaign.", status, more
    )
    return response


def _written_tasks(request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys of the records among what a request wrote or deleted."""
    for table, write in _writes_of(request):
        written = write.get("Key") or write.get("Item") or {}
        key = {name: written[name] for name in (PARTITION_KEY, SORT_KEY) if name in written}
        if key.get(SORT_KEY) == {"S": keys.TASK_ROW}:
            yield table, key


def _writes_of(request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, batch in request.get("RequestItems", {}).items():
        yield from ((table, next(iter(each.values()))) for each in batch)
    for each in request.get("TransactItems", []):
        [write] = each.values()
        yield write["TableName"], write
    if "TableName" in request:
        yield request["TableName"], request


def _write(item: dict[str, Any]) -> Write:
    def text(name: str) -> str:
        return str(item[name]["S"]) if name in item else ""

    def number(name: str) -> int:
        return int(item[name]["N"]) if name in item else 0

    is_open = text("taskStatus") in ("pending", "running")
    is_deleted, is_by_hand = "deletionPending" in item, _is_by_hand(text("createdBy"))
    awaits_copies = is_deleted and is_by_hand and not text("pendingHook")
    return Write(
        task_id=keys.task_id(item),
        definition_id=text("definitionId"),
        status=text("taskStatus"),
        saved_on=text("savedOn"),
        execution=text("executionName"),
        iterations=number("iterations"),
        claims=number("claimsSinceOutcome"),
        answer=text("lastAnswer"),
        answered_visit=text("answeredVisit"),
        hook=text("pendingHook"),
        has_follow_ups="unfinishedKey" in item and not is_open and not awaits_copies,
        awaits_copies=awaits_copies,
        cursor=_cursor_of(item.get("input", {})),
        retry_of=text("retryOf"),
        limit=text("limitId") if text("slot") else "",
        is_paused="pausedOn" in item,
    )


def _is_by_hand(created_by: str) -> bool:
    identity = json.loads(created_by) if created_by else {}
    return bool(identity.get("type") == EVENT_IDENTITY.type)


def _cursor_of(input: dict[str, Any]) -> int | None:
    """Where a loop goes on; `None` for an input that has no cursor, or is not kept as text."""
    known = json.loads(input["S"]) if "S" in input else {}
    cursor = known.get("cursor") if isinstance(known, dict) else None
    return cursor if isinstance(cursor, int) else None
