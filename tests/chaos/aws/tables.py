"""DynamoDB that fails and throttles, before or after it has carried out a request."""

import json
import random
import re
import time
from collections.abc import Iterator
from typing import Any

from handler.contract import PARTITION_KEY, SORT_KEY
from handler.table import keys
from local.aws.patch import Original, module, replace
from tests.chaos.aws.dice import Dice, drawn
from tests.chaos.ledger import Fault, Ledger, Write

Response = tuple[int, dict[str, str], Any]

THROTTLED = "DynamoDB throttled a request"
FAILED = "DynamoDB failed a request"
UNANSWERED = "DynamoDB's answer was lost"
CONFLICT = "DynamoDB cancelled a transaction"
LEFT_OVER = "DynamoDB left a batch undone"
OUTAGE = "DynamoDB was out"

ODDS = {THROTTLED: 0.015, FAILED: 0.015, UNANSWERED: 0.02, LEFT_OVER: 0.02, CONFLICT: 0.02}
# Longer than a worker of the campaign has patience: it gives up, and the state machine brings it
# back.
OUTAGE_SECONDS = 5.0
OUTAGES_PER_REQUEST = 1 / 1500
_BATCHES = ("BatchGetItem", "BatchWriteItem")
_WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")
_REQUESTS = ("GetItem", "DeleteItem", "Query", *_BATCHES, *_WRITES)
_TASK_ID = re.compile(rb'"TASK#([^"#]+)"')


class Tables:
    """DynamoDB of the local AWS, with faults."""

    def __init__(self, ledger: Ledger, dice: Dice) -> None:
        self._ledger = ledger
        self._dice = dice
        self._out_until = 0.0

    def apply(self) -> None:
        replace(module("services.dynamodb"), "handle_request", self._faulty)

    def _faulty(self, handle: Original) -> Original:
        async def answer(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Response:
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            fault = self._fault(action, body)
            if refusal := _refusal(fault, body):
                return refusal
            answered: Response = await handle(method, path, headers, body, query)
            if action in _WRITES and answered[0] == 200:
                for table, key in _written_tasks(json.loads(body)):
                    got = json.dumps({"TableName": table, "Key": key}).encode()
                    await self._note(
                        await handle(method, path, {"x-amz-target": ".GetItem"}, got, query)
                    )
            return _error("InternalServerError", 500) if fault == UNANSWERED else answered

        return answer

    def _fault(self, action: str, body: bytes) -> str:
        """What goes wrong with a request, noted; `""` for nothing."""
        if action not in _REQUESTS or self._ledger.is_calm:
            return ""
        fault = self._drawn(self._dice.roll("DynamoDB"), action)
        if fault:
            found = _TASK_ID.search(body)
            self._ledger.add(Fault(kind=fault, task_id=found[1].decode() if found else ""))
        return fault

    def _drawn(self, chance: random.Random, action: str) -> str:
        if chance.random() < OUTAGES_PER_REQUEST:
            self._out_until = time.monotonic() + OUTAGE_SECONDS
        if time.monotonic() < self._out_until:
            return OUTAGE
        fault = drawn(chance, ODDS)
        if (fault == LEFT_OVER and action not in _BATCHES) or (
            fault == CONFLICT and action != "TransactWriteItems"
        ):
            return ""
        return fault

    async def _note(self, got: Response) -> None:
        if item := json.loads(got[2]).get("Item"):
            self._ledger.add(_write(item))


def _refusal(fault: str, body: bytes) -> Response | None:
    if fault == THROTTLED:
        return _error("ThrottlingException", 400)
    if fault in (FAILED, OUTAGE):
        return _error("InternalServerError", 500)
    if fault == CONFLICT:
        reasons = [{"Code": "TransactionConflict", "Message": "Ongoing."}, {"Code": "None"}]
        return _error("TransactionCanceledException", 400, {"CancellationReasons": reasons})
    if fault == LEFT_OVER:
        requests = json.loads(body)["RequestItems"]
        return (
            200,
            {},
            json.dumps(
                {"Responses": {}, "UnprocessedKeys": requests, "UnprocessedItems": requests}
            ).encode(),
        )
    return None


def _error(code: str, status: int, more: dict[str, object] | None = None) -> Response:
    response: Response = module("core.responses").error_response_json(
        code, f"{code}, by the campaign.", status, more
    )
    return response


def _written_tasks(request: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """The keys of the records among what a request wrote."""
    for one in request.get("TransactItems", [{"": request}]):
        [write] = one.values()
        key = {name: (write.get("Key") or write.get("Item"))[name] for name in _keys_of(write)}
        if key.get(SORT_KEY) == {"S": keys.TASK_ROW}:
            yield write["TableName"], key


def _keys_of(write: dict[str, Any]) -> list[str]:
    written = write.get("Key") or write.get("Item") or {}
    return [name for name in (PARTITION_KEY, SORT_KEY) if name in written]


def _write(item: dict[str, Any]) -> Write:
    def text(name: str) -> str:
        return str(item[name]["S"]) if name in item else ""

    def number(name: str) -> int:
        return int(item[name]["N"]) if name in item else 0

    is_open = text("taskStatus") in ("pending", "running")
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
        has_follow_ups="unfinishedKey" in item and not is_open,
    )
