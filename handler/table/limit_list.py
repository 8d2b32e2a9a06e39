"""The limits of a definition, and who queues for one: pages of them, for their operators."""

import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handler.contract import CREATED_ON, MAX_ID_BYTES, PARTITION_KEY, SORT_KEY, Index
from handler.errors import InvalidInput
from handler.record import is_key
from handler.table import items, keys
from handler.table.cursors import invalid_cursor
from handler.table.dynamo import Dynamo
from handler.table.index_query import IndexQuery
from handler.table.limits import Limits, LimitView, holders_of
from handler.table.listing import CountBudget, TaskCount

if TYPE_CHECKING:
    from handler.table.keys import Item

# So many of those who queue are looked at for the state of a limit: some 200 KB.
MOST_COUNTED: Final = 1_000
# BatchGetItem takes so many keys (API reference).
_BATCH: Final = 100
# For a tenant that shares a limit, or a definition, a page reads so many requests at most.
_REQUESTS: Final = 10
_CURSOR: Final = re.compile(r"(?P<created>\S{1,64}) (?P<id>[0-9a-f]{32})")


class Place(NamedTuple):
    """A place in the queue for a slot.

    Args:
        row: its sort key, by which the next page begins.
    """

    row: str
    task_id: str


class Queued(NamedTuple):
    """How many queue.

    Args:
        number: 1,000 at most.
        is_capped: whether there are more.
        oldest: when the one began that has queued for the longest time, of those.
    """

    number: int
    is_capped: bool
    oldest: datetime | None


class LimitList:
    """Reads the limits of a definition, and their queues.

    **A cursor tells nothing of another tenant.** Of what a tenant shares with others, a page has
    its own alone, and ends behind one of its own.
    """

    def __init__(self, dynamo: Dynamo, *, limits: Limits) -> None:
        self._dynamo = dynamo
        self._limits = limits

    def limits(
        self, definition_id: str, *, tenant: str | None, limit: int, after: str | None
    ) -> tuple[Sequence[LimitView], str | None]:
        """A page of the limits that have an item, and its cursor. Who queues is not in the views.

        Args:
            tenant: whose limits; `None`: those of all, and those that all share.
            limit: how many at most, 1 to 100.

        Raises:
            InvalidInput: the cursor is not valid; or all that a page looks at is of other tenants.
        """
        query = IndexQuery(Index.BY_DEFINITION, keys.limits_partition(definition_id))
        request = query.request(self._dynamo.table)
        start: Any = _limit_start(after, query) if after else {}
        found: list[LimitView] = []
        last: str | None = None
        for _ in range(_REQUESTS):
            size = _BATCH if tenant else limit + 1
            response = self._dynamo.call("query", **request, **start, Limit=size)
            rows: list[Item] = response["Items"]
            further = response.get("LastEvaluatedKey")
            if tenant is None:
                views = self._views(rows[:limit])
                has_more = len(rows) > limit or further
                return views, _limit_cursor(rows[:limit][-1]) if has_more else None
            dates = {_limit_id(row): row for row in rows}
            for view in self._views(rows):
                if view.tenant == tenant and len(found) < limit:
                    found.append(view)
                    last = _limit_cursor(dates[view.id])
                elif view.tenant == tenant:
                    return found, last
            if not further:
                return found, None
            start = {"ExclusiveStartKey": further}
        if not found:
            raise _of_others()
        return found, last

    def queued(self, limit_id: str) -> Queued:
        """How many queue for a slot, and for how long."""
        rows = list(self._rows(limit_id, "queuedOn", at_most=MOST_COUNTED + 1))
        oldest = min(filter(None, map(_queued_on, rows[:MOST_COUNTED])), default=None)
        return Queued(min(len(rows), MOST_COUNTED), len(rows) > MOST_COUNTED, oldest)

    def count(self, limit_id: str, *, tenant: str | None, budget: CountBudget) -> TaskCount:
        """How many queue for a slot. It reads their places."""
        number = 0
        if not budget.left:
            return TaskCount(0, is_capped=True)
        for response in self._dynamo.pages(self._query(limit_id, tenant) | {"Select": "COUNT"}):
            number += int(response["Count"])
            budget.spend(int(response["ScannedCount"]))
            if not budget.left and "LastEvaluatedKey" in response:
                return TaskCount(number, is_capped=True)
        return TaskCount(number)

    def places(
        self,
        limit_id: str,
        *,
        tenant: str | None,
        limit: int,
        after: str | None,
        is_patient: bool = False,
    ) -> tuple[Sequence[Place], str | None]:
        """A page of the places in a queue, in the order in which they go, and its cursor.

        Args:
            tenant: whose places; `None`: those of all.
            is_patient: whether to look for those of a tenant until the end, however far.

        Raises:
            InvalidInput: the cursor is not valid; or all that a page looks at is of other tenants.
        """
        query = self._query(limit_id, tenant)
        if tenant is None:  # with a filter, it would be how many are read, and not how many match
            query |= {"Limit": limit + 1}
        start: Any = {"ExclusiveStartKey": _queue_start(after, limit_id)} if after else {}
        found: list[Place] = []
        for number in itertools.count(1):
            response = self._dynamo.call("query", **query, **start)
            found += map(_place, response["Items"])
            further = response.get("LastEvaluatedKey")
            if len(found) > limit:
                return found[:limit], found[limit - 1].row
            if not further:
                return found, None
            if found and (tenant is None or number >= _REQUESTS):
                return found, found[-1].row
            if number >= _REQUESTS and not is_patient:
                raise _of_others()
            start = {"ExclusiveStartKey": further}
        raise AssertionError  # it counts for ever

    def _views(self, rows: "Sequence[Item]") -> list[LimitView]:
        """The limits of rows of the index. One that has just been removed is left out."""
        wanted = [{name: row[name] for name in (PARTITION_KEY, SORT_KEY)} for row in rows]
        found = {_limit_id(item): item for item in self._dynamo.get_many(wanted)}
        views = []
        for id in map(_limit_id, rows):
            if item := found.get(id):
                view = LimitView(id, item, {0: holders_of(item)}, (), is_cut=False)
                is_wide = self._limits.may_be_wide(item)
                views.append(self._limits.view(id) if is_wide else view)
        return views

    def _query(self, limit_id: str, tenant: str | None) -> dict[str, object]:
        values = {
            ":partition": keys.limit_partition(limit_id),
            ":first": keys.QUEUE_ROWS,
            ":last": f"{keys.QUEUE_ROWS}{keys.LAST}",
        }
        whose: dict[str, object] = {}
        if tenant is not None:
            values[":tenant"] = tenant
            whose = {"FilterExpression": "tenant = :tenant"}
        return {
            "TableName": self._dynamo.table,
            "KeyConditionExpression": (
                f"{PARTITION_KEY} = :partition AND {SORT_KEY} BETWEEN :first AND :last"
            ),
            "ExpressionAttributeValues": items.encoded(values),
            "ConsistentRead": True,
            **whose,
        }

    def _rows(self, limit_id: str, names: str, *, at_most: int) -> "Iterator[Item]":
        left = at_most
        query = self._query(limit_id, None) | {"ProjectionExpression": names, "Limit": at_most}
        for response in self._dynamo.pages(query):
            yield from response["Items"][:left]
            left -= len(response["Items"])
            if left <= 0:
                return


def _place(row: "Item") -> Place:
    sort_key = row[SORT_KEY]["S"]
    return Place(sort_key, sort_key.split("#", 2)[-1])


def _queued_on(row: "Item") -> datetime | None:
    try:
        moment = datetime.fromisoformat(row["queuedOn"]["S"])
    except (KeyError, ValueError):  # a person has written something else
        return None
    return moment if moment.tzinfo else None


def _limit_id(row: "Item") -> str:
    return keys.limit_of(row[PARTITION_KEY]["S"])


def _limit_cursor(row: "Item") -> str:
    return f"{row[CREATED_ON]['S']} {_limit_id(row)}"


def _limit_start(after: str, query: IndexQuery) -> dict[str, object]:
    found = _CURSOR.fullmatch(after) if isinstance(after, str) else None
    if found is None:
        raise invalid_cursor(after)
    key = keys.limit_key(found["id"]) | {
        CREATED_ON: {"S": found["created"]},
        Index.BY_DEFINITION.partition_key: {"S": query.partition},
    }
    if not query.accepts_cursor(keys.texts(key)):
        raise invalid_cursor(after)
    return {"ExclusiveStartKey": key}


def _queue_start(after: object, limit_id: str) -> "Item":
    longest = len(keys.QUEUE_ROWS) + len("2030-01-01T00:00:00.000Z#") + MAX_ID_BYTES
    is_place = is_key(after, longest) and str(after).startswith(keys.QUEUE_ROWS)
    if not is_place or str(after) > f"{keys.QUEUE_ROWS}{keys.LAST}":
        raise invalid_cursor(str(after))
    return {
        PARTITION_KEY: {"S": keys.limit_partition(limit_id)},
        SORT_KEY: {"S": str(after)},
    }


def _of_others() -> InvalidInput:
    return InvalidInput(
        "More of other tenants stand here than a page looks at."
        " Next: ask for one key, or have an operator look who may speak for every tenant."
    )
