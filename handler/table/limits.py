"""Who holds the slots of a limit, and who queues for one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from handler.clock import Clock, to_iso
from handler.contract import CREATED_ON, PARTITION_KEY, SORT_KEY, Index
from handler.record import StoredTask
from handler.table import items, keys
from handler.table.dynamo import ConditionFailed, Dynamo
from handler.table.reading import status_of

if TYPE_CHECKING:
    from handler.table.keys import Item, Key

# A write to an item costs as much as the item is large (DynamoDB guide, "Read and write
# operations"): with 50 holders of some 40 bytes, two write units. A larger limit has several items.
SLOTS_A_PART: Final = 50
MAX_PARTS: Final = 20
# So many of those who queue are read beside the holders.
_AHEAD: Final = 5

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_HOLDERS: Final = "holders"
_QUEUE_TOKEN: Final = "queueToken"  # noqa: S105  its name
# How many an operator has set.
MAXIMUM: Final = "maximum"
_IS_WIDE: Final = "isWide"
_HAS_ROOM: Final = f"(attribute_not_exists({_HOLDERS}) OR size({_HOLDERS}) < %s)"
# Whoever comes does not go before those who queue. The last part of it is for a limit that an
# operator has set.
_MAY_TAKE: Final = (
    f"attribute_not_exists({_QUEUE_TOKEN}) AND attribute_not_exists({_IS_WIDE})"
    f" AND ((attribute_not_exists({MAXIMUM}) AND :limit <= :part AND {_HAS_ROOM % ':limit'})"
    f" OR ({MAXIMUM} BETWEEN :one AND :part AND {_HAS_ROOM % MAXIMUM}))"
)


Write = dict[str, Any]
"""A write of a transaction: its kind, and its request."""


class Limit(NamedTuple):
    """A limit: how many tasks of a key run at a time.

    Args:
        id: of the definition and the key.
        shown: the key, as people see it.
        slots: how many the definition says; `None`: it has no limit any more.
        tenant: whose tasks alone have the key; `None`: those of every tenant.
    """

    id: str
    definition_id: str
    shown: str
    slots: int | None
    tenant: str | None = None


class Waiting(NamedTuple):
    """Who queues for a slot.

    Args:
        row: the key of its place in the queue.
        task: its record, as far as its next event needs it; `None` where a person has written
            something else there.
    """

    row: "Key"
    task: StoredTask | None


class LimitView(NamedTuple):
    """A limit as it stands.

    Args:
        item: the item that stands for it; `None` if there is none.
        parts: who holds its slots, by the parts of a large limit.
        waiting: the first of those who queue.
        is_cut: whether more of them may queue.
    """

    id: str
    item: "Item | None"
    parts: Mapping[int, frozenset[str]]
    waiting: Sequence[Waiting]
    is_cut: bool

    @property
    def queue_token(self) -> str:
        """The mark of whoever has queued last; empty where nobody does."""
        return (self.item or {}).get(_QUEUE_TOKEN, {}).get("S", "")

    @property
    def holders(self) -> frozenset[str]:
        return frozenset().union(*self.parts.values())

    @property
    def definition_id(self) -> str:
        return (self.item or {}).get("definitionId", {}).get("S", "")

    @property
    def shown(self) -> str:
        return (self.item or {}).get("limitKey", {}).get("S", "")

    @property
    def tenant(self) -> str | None:
        """Whose tasks alone it is for; `None`: those of every tenant."""
        return (self.item or {}).get("tenant", {}).get("S")

    @property
    def seen_slots(self) -> int | None:
        """How many its definition said when it was last used; `None`: none, or not a number."""
        return _number(self.item, "limit")

    @property
    def maximum(self) -> int | None:
        """How many an operator has set; `None`: nobody has."""
        return maximum_of(self.item)

    def slots(self, deployed: int | None) -> int | None:
        """How many there are, where its definition says `deployed`; `None`: there is no limit."""
        return deployed if self.maximum is None else self.maximum

    def free_part(self, deployed: int | None) -> int | None:
        """A part with a free slot; `None` if all are taken."""
        slots = self.slots(deployed)
        if slots is None:
            return 0
        if len(self.holders) >= slots:
            return None
        shares = enumerate(shares_of(slots))
        room = {part: share - len(self.parts.get(part, ())) for part, share in shares}
        return max(room, key=lambda part: room[part])

    def given(self, part: int, holder: str) -> "LimitView":
        """The same, once the first who queues has a slot."""
        held = frozenset({*self.parts.get(part, ()), holder})
        return self._replace(parts={**self.parts, part: held}, waiting=self.waiting[1:])


class Holder(NamedTuple):
    """A name among the holders of a limit, and what the record of its task says.

    Args:
        part: of the limit.
        is_gone: whether the slot is nobody's: its task is gone, or has another slot, or none.
        is_over: for how long its task has been over, if it is, and still has the slot: an iteration
            may run that has not heard of it.
    """

    name: str
    part: int
    is_gone: bool = False
    is_over: timedelta = timedelta(0)


class Limits:
    """The limits, an item for each, and their queues.

    **A slot is held by a name**: the task's id, and a mark of its own for each time that it takes
    one. So nobody gives back what is another's, and to say it twice is as good as once. The name
    comes and goes with the slot of the record, in one transaction: a claim asks the record alone.

    **A slot that is given back late is lost to nobody for long.** What takes the slot from a record
    comes first, the name goes behind it: too few may run for a moment, and never too many.

    **Who queues is seen.** The mark of the queue stands in the same item as the holders. Whoever
    takes a slot asks that nobody queues; whoever queues, that no slot is free; whoever gives one
    back reads the mark in the same request.
    """

    def __init__(self, dynamo: Dynamo, *, clock: Clock) -> None:
        self._dynamo = dynamo
        self._clock = clock

    # Writes that are parts of a transaction on a record.

    def take(self, limit: Limit, task: StoredTask, view: LimitView | None) -> list[Write]:
        """Takes the slot that `task` has, if one is free and nobody queues.

        Args:
            view: the limit, as it was looked at: a large one has several items.
        """
        if view is None:
            values: dict[str, object] = {
                ":limit": limit.slots,
                ":part": SLOTS_A_PART,
                ":one": 1,
            }
            return [self._update(limit, f"ADD {_HOLDERS} :me", _MAY_TAKE, values, task=task)]
        part, nobody_queues = part_of(task), f"attribute_not_exists({_QUEUE_TOKEN})"
        room, values = self._room(view, limit.slots, part)
        if not part:
            both = " AND ".join(filter(None, (nobody_queues, room)))
            return [self._update(limit, f"ADD {_HOLDERS} :me", both, values, task=task)]
        wide = {":true": True}
        return [
            self._update(limit, f"SET {_IS_WIDE} = :true", nobody_queues, wide),
            self._update_part(limit.id, part, f"ADD {_HOLDERS} :me", room, values, task=task),
        ]

    def queue(self, limit: Limit, task: StoredTask, *, if_full: bool = True) -> list[Write]:
        """Puts a task into the queue.

        Args:
            if_full: only where `take` is refused.
        """
        row = self._row(limit.id, task)
        values: dict[str, object] = {":token": keys.new_token()}
        condition = ""
        if if_full:
            condition = f"NOT ({_MAY_TAKE})"
            values |= {":limit": limit.slots, ":part": SLOTS_A_PART, ":one": 1}
        marked = self._update(limit, f"SET {_QUEUE_TOKEN} = :token", condition, values)
        return [marked, {"Put": {"TableName": self._dynamo.table, "Item": row}}]

    def give(self, view: LimitView, deployed: int | None, task: StoredTask) -> list[Write]:
        """Gives a slot to the first of those who queue, which then queues no more."""
        part, row = part_of(task), view.waiting[0].row
        room, values = self._room(view, deployed, part)
        left: Write = {
            "Delete": {
                "TableName": self._dynamo.table,
                "Key": row,
                "ConditionExpression": f"attribute_exists({PARTITION_KEY})",
            }
        }
        is_last = len(view.waiting) == 1 and not view.is_cut
        unmarked = f"REMOVE {_QUEUE_TOKEN}"
        seen, token = f"{_QUEUE_TOKEN} = :seen", {":seen": view.queue_token}
        if part:
            adds = self._update_part(view.id, part, f"ADD {_HOLDERS} :me", room, values, task=task)
            # Whoever takes a slot when there are few again has to look at all parts.
            update = f"SET {_IS_WIDE} = :true"
            wide: dict[str, object] = {":true": True}
            if is_last:
                update, wide = f"{update} {unmarked}", wide | token
            main = self._update_part(view.id, 0, update, seen if is_last else "", wide)
            return [adds, main, left]
        if not is_last:
            adds = self._update_part(view.id, part, f"ADD {_HOLDERS} :me", room, values, task=task)
            return [adds, left]
        both = " AND ".join(filter(None, (room, seen)))
        update = f"{unmarked} ADD {_HOLDERS} :me"
        return [self._update_part(view.id, 0, update, both, values | token, task=task), left]

    # Requests of their own.

    def view(self, id: str) -> LimitView:
        """A limit as it stands, read consistently, in one request."""
        at_most = MAX_PARTS + _AHEAD
        rows = list(
            self._dynamo.rows(
                keys.limit_partition(id),
                keys.HOLDERS_ROW,
                f"{keys.QUEUE_ROWS}{keys.LAST}",
                limit=at_most,
            )
        )
        parts = {_part(row): holders_of(row) for row in rows if not _is_queue(row)}
        waiting = [_waiting(row) for row in rows if _is_queue(row)]
        main = keys.limit_key(id)[SORT_KEY]
        item = next((row for row in rows if row[SORT_KEY] == main), None)
        return LimitView(id, item, parts, waiting, is_cut=len(rows) == at_most)

    def give_back(self, id: str, holder: str, part: int) -> bool:
        """Takes a name from the holders. It may be gone already.

        Returns:
            Whether somebody may queue.
        """
        try:
            response = self._dynamo.call(
                "update_item",
                TableName=self._dynamo.table,
                Key=keys.limit_key(id, part=part),
                UpdateExpression=f"DELETE {_HOLDERS} :me",
                ConditionExpression=f"attribute_exists({PARTITION_KEY})",
                ExpressionAttributeValues={":me": {"SS": [holder]}},
                ReturnValues="ALL_NEW",
            )
        except ConditionFailed:
            return False
        return bool(part) or _QUEUE_TOKEN in response["Attributes"]

    def leave_queue(self, row: "Key") -> None:
        """Takes a place out of a queue. It may be gone already."""
        self._dynamo.call("delete_item", TableName=self._dynamo.table, Key=row)

    def unmark(self, view: LimitView) -> bool:
        """Notes that nobody queues. Returns whether that is so: somebody may just have come."""
        update = self._update_part(
            view.id,
            0,
            f"REMOVE {_QUEUE_TOKEN}",
            f"{_QUEUE_TOKEN} = :seen",
            {":seen": view.queue_token},
        )["Update"]
        return self._is_done("update_item", update)

    def are_wide(self, items: "Sequence[Item | None]") -> bool:
        """Whether a limit may have its slots in several items, whatever its definition says."""
        return any(_IS_WIDE in (item or {}) or is_large(maximum_of(item)) for item in items)

    def may_be_wide(self, item: "Item") -> bool:
        """The same, or its definition says so."""
        return self.are_wide([item]) or is_large(_number(item, "limit"))

    def remove_idle(self, view: LimitView) -> None:
        """Removes a limit that nobody uses. One that an operator has set stays, out of sight."""
        idle = f"attribute_not_exists({_HOLDERS}) AND attribute_not_exists({_QUEUE_TOKEN})"
        request: dict[str, object] = {
            "TableName": self._dynamo.table,
            "Key": keys.limit_key(view.id),
        }
        parts = [keys.limit_key(view.id, part=part) for part in view.parts if part]
        for key in parts:
            empty = {"ConditionExpression": f"attribute_not_exists({_HOLDERS})"}
            self._is_done("delete_item", {**request, "Key": key, **empty})
        if view.maximum is None:
            nobody_set = f"{idle} AND attribute_not_exists({MAXIMUM})"
            self._is_done("delete_item", {**request, "ConditionExpression": nobody_set})
            return
        watched = f"{Index.UNFINISHED.partition_key}, {Index.UNFINISHED.sort_key}"
        update = f"REMOVE {watched}, {_IS_WIDE}"
        self._is_done(
            "update_item", {**request, "UpdateExpression": update, "ConditionExpression": idle}
        )

    def held(self, view: LimitView) -> list[Holder]:
        """The holders, each with what its task's record says, read consistently behind the view."""
        names = [(name, part) for part, held in view.parts.items() for name in held]
        ids = list(dict.fromkeys(task_of_holder(name) for name, _ in names))
        found = self._dynamo.get_many(
            [keys.task_key(id) for id in ids],
            ProjectionExpression=f"{PARTITION_KEY}, {SORT_KEY}, taskStatus, slot, finishedOn",
        )
        records = {keys.task_id(item): item for item in found}
        return [self._holder(name, part, records) for name, part in names]

    def _holder(self, name: str, part: int, records: "Mapping[str, Item]") -> Holder:
        id = task_of_holder(name)
        record = records.get(id)
        if record is None or _name_of(id, record.get("slot", {}).get("S", "")) != name:
            return Holder(name, part, is_gone=True)
        if status_of(record).is_open:
            return Holder(name, part)
        return Holder(name, part, is_over=self._since(record))

    def _since(self, record: "Item") -> timedelta:
        try:
            finished_on = datetime.fromisoformat(record["finishedOn"]["S"])
            return self._clock.now() - finished_on
        except (KeyError, ValueError, TypeError):  # a person has written something else
            return timedelta.max

    def _room(
        self, view: LimitView, deployed: int | None, part: int
    ) -> tuple[str, dict[str, object]]:
        slots = view.slots(deployed)
        if slots is None:
            return "", {}
        return _HAS_ROOM % ":share", {":share": shares_of(slots)[part]}

    def _row(self, limit_id: str, task: StoredTask) -> "Item":
        row = queue_key_of(limit_id, task)
        fields = {
            "definitionId": task.definition_id,
            "tenant": task.tenant,
            "locale": task.locale,
            "worker": task.worker,
            "queuedOn": task.queued_on,
            "taskCreatedOn": task.created_text,
        }
        return row | items.encoded(fields)

    def _update(
        self,
        limit: Limit,
        update: str,
        condition: str,
        values: Mapping[str, object],
        *,
        task: StoredTask | None = None,
    ) -> Write:
        """An update of the item that stands for a limit. It is made, and seen by the sweep."""
        watched, due = Index.UNFINISHED.partition_key, Index.UNFINISHED.sort_key
        says = {
            "definitionId": limit.definition_id,
            "limitKey": limit.shown,
            "limit": limit.slots,
            "tenant": limit.tenant,
            Index.BY_DEFINITION.partition_key: keys.limits_partition(limit.definition_id),
        }
        said = {name: value for name, value in says.items() if value is not None}
        sets = [f"#{name} = :{name}" for name in said]
        sets += [f"{name} = if_not_exists({name}, :now)" for name in (CREATED_ON, due)]
        sets.append(f"{watched} = if_not_exists({watched}, :watched)")
        verb, _, rest = update.partition(" ")
        whole = f"SET {', '.join(sets)}"
        whole += f", {rest}" if verb == "SET" else f" {update}"
        more = {f":{name}": value for name, value in said.items()} | {
            ":now": to_iso(self._clock.now()),
            ":watched": keys.watched_partition(limit.id),
        }
        made = self._update_part(limit.id, 0, whole, condition, {**values, **more}, task=task)
        made["Update"]["ExpressionAttributeNames"] = {f"#{name}": name for name in said}
        return made

    def _update_part(
        self,
        id: str,
        part: int,
        update: str,
        condition: str,
        values: Mapping[str, object],
        *,
        task: StoredTask | None = None,
    ) -> Write:
        told = items.encoded(values)
        if task is not None:
            told[":me"] = {"SS": [holder_of(task)]}
        request: dict[str, object] = {
            "TableName": self._dynamo.table,
            "Key": keys.limit_key(id, part=part),
            "UpdateExpression": update,
            "ExpressionAttributeValues": told,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if condition:
            request["ConditionExpression"] = condition
        return {"Update": request}

    def _is_done(self, operation: str, request: Mapping[str, object]) -> bool:
        try:
            self._dynamo.call(operation, **request)
        except ConditionFailed:
            return False
        return True


def is_large(slots: int | None) -> bool:
    """Whether so many slots are in several items."""
    return slots is not None and slots > SLOTS_A_PART


def maximum_of(item: "Item | None") -> int | None:
    """How many an operator has set for a limit; `None`: nobody has."""
    return _number(item, MAXIMUM)


def new_slot(part: int = 0) -> str:
    """A slot, of a part of a limit: the mark of one time that a task has it."""
    return f"{part}.{keys.new_token()}"


def part_of(task: StoredTask) -> int:
    """The part of its limit in which a task has its slot."""
    return int((task.slot or "0").partition(".")[0])


def holder_of(task: StoredTask) -> str:
    """The name by which a task holds its slot."""
    return _name_of(task.id, task.slot or "")


def task_of_holder(name: str) -> str:
    """The id of the task that holds a slot by a name."""
    return name.rpartition("@")[0]


def queue_key_of(limit_id: str, task: StoredTask) -> "Key":
    """The key of a task's place in the queue: its priority is a head start."""
    since = task.queued_on or task.created_on
    return keys.queue_key(limit_id, task.id, since - timedelta(seconds=task.priority))


def queue_row_of(limit_id: str, task: StoredTask) -> str:
    """The sort key of it."""
    return queue_key_of(limit_id, task)[SORT_KEY]["S"]


def shares_of(slots: int) -> list[int]:
    """How many slots each part of a limit has."""
    parts = min(max(1, -(-slots // SLOTS_A_PART)), MAX_PARTS)
    return [slots // parts + (part < slots % parts) for part in range(parts)]


def _name_of(id: str, slot: str) -> str:
    return f"{id}@{slot}"


def holders_of(row: "Item") -> frozenset[str]:
    """The names that hold slots, of an item of a limit."""
    names: Iterable[str] = row.get(_HOLDERS, {}).get("SS", ())
    return frozenset(names)


def _is_queue(row: "Item") -> bool:
    return row[SORT_KEY]["S"].startswith(keys.QUEUE_ROWS)


def _part(row: "Item") -> int:
    return int(row[SORT_KEY]["S"].partition("#")[2] or 0)


def _waiting(row: "Item") -> Waiting:
    key = {name: row[name] for name in (PARTITION_KEY, SORT_KEY)}
    try:
        return Waiting(key, _task_of(row))
    except (KeyError, ValueError, TypeError):
        return Waiting(key, None)


def _task_of(row: "Item") -> StoredTask:
    fields = items.decoded(row)
    _, _, id = row[SORT_KEY]["S"].split("#", 2)
    created = str(fields["taskCreatedOn"])
    queued_on = datetime.fromisoformat(str(fields["queuedOn"]))
    task = StoredTask.new(
        now=queued_on,
        id=id,
        definition_id=str(fields["definitionId"]),
        name="",
        input={},
        tenant=str(fields["tenant"]),
        locale=str(fields["locale"]),
        worker=fields.get("worker"),
        queued_on=queued_on,
    )
    # Whatever its record says, it is due when it is sent off.
    return task.model_copy(update={"created_text": created, "due_on": _NEVER})


def _number(item: "Item | None", name: str) -> int | None:
    text = (item or {}).get(name, {}).get("N", "")
    return int(text) if text.isdecimal() else None
