"""A limit as it stands, as its operators see it."""

from dataclasses import dataclass

from handler.record.model import Count, Moment, StoredModel
from handler.record.task_record import Identity


class LimitState(StoredModel):
    """How many tasks of a key may run at a time, how many do, and how many queue.

    Attributes:
        definition_id: whose tasks they are.
        key: what they share their slots by, as people see it: cut to 200 characters; empty where
            the limit has no key.
        tenant: whose tasks alone have the key; `None`: those of every tenant.
        slots: how many may run at a time, by what was set, or else deployed.
        deployed: how many the definition says.
        used: how many slots are taken.
        queued: how many tasks queue; of more than 1,000 it is 1,000.
        is_capped: whether more queue.
        oldest_queued_on: since when the one queues that has done so for the longest time, of those
            that are counted; `None`: none does.
        changed_on: when somebody has set `slots`; `None`: they are as deployed.
        changed_by: who has.
    """

    definition_id: str
    key: str = ""
    tenant: str | None = None
    slots: Count
    deployed: Count
    used: Count = 0
    queued: Count = 0
    is_capped: bool = False
    oldest_queued_on: Moment | None = None
    changed_on: Moment | None = None
    changed_by: Identity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPage:
    """A page of limits.

    Args:
        items: the limits.
        cursor: what `after` takes for the next page; `None` on the last.
    """

    items: tuple[LimitState, ...]
    cursor: str | None
