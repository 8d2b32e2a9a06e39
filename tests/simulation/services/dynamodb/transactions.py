"""Transactions: several writes, all or none.

"Amazon DynamoDB Transactions: How it works", and the API reference of TransactWriteItems.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tests.simulation.services.dynamodb import writes
from tests.simulation.services.dynamodb.decisions import Decisions
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.requests import Request, check_known
from tests.simulation.services.dynamodb.table import Table
from tests.simulation.services.dynamodb.values import size_of
from tests.simulation.services.dynamodb.writes import Change, Write
from tests.simulation.services.errors import Refused

_OPERATION: Final = "transact_write_items"
_MAX_WRITES: Final = 100
_MAX_BYTES: Final = 4 * 1024 * 1024
# How long DynamoDB knows a token (TransactWriteItems, ClientRequestToken).
_TOKEN_LIFE: Final = timedelta(minutes=10)
_NOTHING_WRONG: Final = {"Code": "None"}
_CONFLICT: Final = {
    "Code": "TransactionConflict",
    "Message": "Transaction is ongoing for the item",
}


class Transactions:
    """Carries out transactions.

    Args:
        table: finds a table by its name.
        now: the time, which a token's life is measured by.
    """

    def __init__(
        self, table: Callable[[str], Table], *, decisions: Decisions, now: Callable[[], datetime]
    ) -> None:
        self._table = table
        self._decisions = decisions
        self._now = now
        self._tokens: dict[str, tuple[datetime, Request]] = {}

    def write(self, request: Request) -> None:
        """Carries out all of the writes, or none.

        A client's own token, which boto3 makes for each call, is known to nobody else: only a token
        that the caller gives makes two calls one.

        Raises:
            TransactionCanceledException: with the reason of each write, in their order.
            IdempotentParameterMismatchException: another request has had its token.
        """
        check_known(request, frozenset({"TransactItems", "ClientRequestToken"}))
        token = request.get("ClientRequestToken")
        if token and self._was_carried_out(token, request):
            return
        prepared = [self._write(each) for each in request["TransactItems"]]
        _check(prepared)
        changes, reasons = self._prepare(prepared)
        if any(reason is not _NOTHING_WRONG for reason in reasons):
            codes = ", ".join(str(reason["Code"]) for reason in reasons)
            raise Refused(
                "TransactionCanceledException",
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                f"[{codes}]",
                more={"CancellationReasons": [dict(reason) for reason in reasons]},
            )
        for write, change in zip(prepared, changes, strict=True):
            if change.after is not change.before:
                write.carry_out(change)
        if token:
            self._tokens[token] = (self._now(), request)

    def _write(self, action: Mapping[str, Request]) -> Write:
        if len(action) != 1:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        [(kind, request)] = action.items()
        if "ReturnValues" in request:
            raise invalid("A write of a transaction returns no values")
        return writes.KINDS[kind](self._table(request["TableName"]), request)

    def _prepare(
        self, prepared: Sequence[Write]
    ) -> tuple[list[Change], list[Mapping[str, object]]]:
        """What each write would do, and what stands against it."""
        changes, reasons = [], list[Mapping[str, object]]()
        for write in prepared:
            if self._decisions.conflict(_OPERATION, write.key):
                reasons.append(_CONFLICT)
                continue
            try:
                changes.append(write.change())
                reasons.append(_NOTHING_WRONG)
            except Refused as refused:
                reasons.append(_reason(refused))
        return changes, reasons

    def _was_carried_out(self, token: str, request: Request) -> bool:
        known = self._tokens.get(token)
        if known is None or self._now() - known[0] > _TOKEN_LIFE:
            return False
        if known[1] != request:
            raise Refused(
                "IdempotentParameterMismatchException",
                "The request uses the same client token as a previous, but non-identical request.",
            )
        return True


def _check(prepared: Sequence[Write]) -> None:
    if not 1 <= len(prepared) <= _MAX_WRITES:
        raise invalid(f"A transaction has 1 to {_MAX_WRITES} writes, not {len(prepared)}")
    if len({(write.table.name, write.key) for write in prepared}) < len(prepared):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if sum(_size(write.request) for write in prepared) > _MAX_BYTES:
        raise invalid("The items of a transaction have more than 4 MB together")


def _size(request: Request) -> int:
    given: Any = request.get("Item") or request.get("ExpressionAttributeValues") or {}
    return size_of(given)


def _reason(refused: Refused) -> Mapping[str, object]:
    codes = {
        "ConditionalCheckFailedException": "ConditionalCheckFailed",
        "ValidationException": "ValidationError",
    }
    return {"Code": codes[refused.code], "Message": refused.message, **refused.more}
