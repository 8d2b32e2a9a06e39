"""When the next start of a rate is free: an item for each, which nobody polls."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from handler.contract import DAY_SECONDS, EXPIRY_ATTRIBUTE
from handler.table import items, keys
from handler.table.dynamo import ConditionFailed, Dynamo

# When the next start is due, in milliseconds since 1970, if none may come early: the theoretical
# arrival time of the generic cell rate algorithm (ITU-T I.371, "Traffic control and congestion
# control in B-ISDN", annex A).
_NEXT: Final = "nextStart"
# A rate that nobody uses is removed so long after its last start.
_KEPT_SECONDS: Final = DAY_SECONDS
_IS_IDLE: Final = f"attribute_not_exists({_NEXT}) OR {_NEXT} <= :now"


class RateOf(NamedTuple):
    """A rate of one key.

    Args:
        id: of the definition and the key.
        apart: milliseconds between two starts.
        burst: how many may start at once.
    """

    id: str
    apart: int
    burst: int


class Rates:
    """Reserves starts: each gets a moment of its own, in the order of the requests.

    A moment that is reserved and not used stays empty: whoever dies in between, or sends a request
    again whose answer was lost, has the next ones start later, and never earlier.
    """

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def now(self, rate: RateOf, *, at: datetime) -> dict[str, Any]:
        """The write, for a transaction, that reserves this very moment, if it is free."""
        return {"Update": self._idle(rate, at) | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}

    def reserve(self, rate: RateOf, *, at: datetime) -> datetime:
        """Reserves the next free moment, `at` or later."""
        while True:
            try:
                return self._behind_others(rate, at)
            except ConditionFailed:
                pass
            try:
                self._dynamo.call("update_item", **self._idle(rate, at))
            except ConditionFailed:
                continue  # somebody has just reserved a moment
            return at

    def _behind_others(self, rate: RateOf, at: datetime) -> datetime:
        """A moment behind those that are reserved. Raises `ConditionFailed` if none is."""
        values = {":now": _milliseconds(at), ":apart": rate.apart}
        item: dict[str, Any] = self._dynamo.call(
            "update_item",
            TableName=self._dynamo.table,
            Key=keys.rate_key(rate.id),
            UpdateExpression=f"SET {_NEXT} = {_NEXT} + :apart",
            ConditionExpression=f"{_NEXT} > :now",
            ExpressionAttributeValues=items.encoded(values),
            ReturnValues="ALL_NEW",
        )["Attributes"]
        after = int(item[_NEXT]["N"])
        self._keep(rate, item, until=after)
        # So many may start early.
        return max(at, _moment(after - rate.burst * rate.apart))

    def _keep(self, rate: RateOf, item: dict[str, Any], *, until: int) -> None:
        """Has an item stay for as long as its starts are ahead."""
        expires_at = until // 1000 + _KEPT_SECONDS
        if int(item.get(EXPIRY_ATTRIBUTE, {}).get("N", "0")) > expires_at - _KEPT_SECONDS // 2:
            return
        self._dynamo.call(
            "update_item",
            TableName=self._dynamo.table,
            Key=keys.rate_key(rate.id),
            UpdateExpression=f"SET {EXPIRY_ATTRIBUTE} = :at",
            ExpressionAttributeValues=items.encoded({":at": expires_at}),
        )

    def _idle(self, rate: RateOf, at: datetime) -> dict[str, Any]:
        now = _milliseconds(at)
        values = {
            ":now": now,
            ":next": now + rate.apart,
            ":at": (now + rate.apart) // 1000 + _KEPT_SECONDS,
        }
        return {
            "TableName": self._dynamo.table,
            "Key": keys.rate_key(rate.id),
            "UpdateExpression": f"SET {_NEXT} = :next, {EXPIRY_ATTRIBUTE} = :at",
            "ConditionExpression": _IS_IDLE,
            "ExpressionAttributeValues": items.encoded(values),
        }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
