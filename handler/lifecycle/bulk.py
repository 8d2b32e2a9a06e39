"""The verbs that are said of many tasks at once: each begins a task that does the work."""

import math
from collections.abc import Mapping, Set
from dataclasses import fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from handler.clock import Clock
from handler.contract import BULK_DEFINITION, OPEN_STATUSES, OVER_STATUSES, Status
from handler.errors import InvalidInput
from handler.lifecycle.triggering import Triggering, TriggerOptions, checked_idempotency_key
from handler.record import BulkResult, Identity, Json, StoredTask, cut, short_repr, to_text
from handler.table import CountBudget, Filter, Limit, Store, count_tasks

# Tasks a second. Each takes three to six requests: that is what one worker does without a pause.
DEFAULT_RATE: Final = 25.0
MIN_RATE: Final = 0.001
MAX_RATE: Final = 1_000.0
# They stand in the input of the task that does the work, which is written with each page.
MAX_BULK_IDS: Final = 1_000
_LISTS: Final = (
    "ids",
    "definition_ids",
    "except_ids",
    "except_parent_ids",
    "except_definition_ids",
)
# What the log of a task keeps of it.
MAX_MESSAGE_CHARACTERS: Final = 4_000


class BulkVerb(StrEnum):
    """What can be said of many tasks at once."""

    ABORT = "abort"
    RETRY = "retry"
    DELETE = "delete"
    RESUME = "resume"  # of those that are paused with others, and are not any more

    @property
    def statuses(self) -> frozenset[Status]:
        """The tasks that it can be said of: it takes no others."""
        return _STATUSES[self]


_STATUSES: Final = {
    BulkVerb.ABORT: OPEN_STATUSES,
    BulkVerb.RETRY: frozenset({Status.FAILED, Status.ABORTED}),
    BulkVerb.DELETE: OVER_STATUSES,
    BulkVerb.RESUME: OPEN_STATUSES,
}
# Those that are said of the tasks of a filter.
VERBS_OF_A_FILTER: Final = (BulkVerb.ABORT, BulkVerb.RETRY, BulkVerb.DELETE)


class Bulk:
    """Counts the tasks of a filter, and triggers the task that goes through them.

    That task is of a definition of the engine's own (`handler.bulk`). It takes the tasks that were
    there when the verb was said: a retry does not retry its own retries.
    """

    def __init__(self, *, store: Store, triggering: Triggering, clock: Clock) -> None:
        self._store = store
        self._triggering = triggering
        self._clock = clock

    def begin(
        self,
        verb: BulkVerb,
        wanted: Filter,
        *,
        dry_run: bool,
        rate: float | None,
        idempotency_key: str | None,
        by: Identity,
        budget: CountBudget,
    ) -> BulkResult:
        """Has a verb carried out for the tasks of a filter. Raises as `Tasks.abort_many`."""
        pace, own_key = checked_rate(rate), checked_idempotency_key(idempotency_key)
        taken = self._taken(verb, wanted)
        counted = count_tasks(self._store.index, taken, budget)
        if dry_run:
            return BulkResult(count=counted.number, is_capped=counted.is_capped)
        input: Json = {"verb": verb.value, "where": _where(taken), "rate": pace}
        if not counted.is_capped:
            input["total"] = counted.number
        options = TriggerOptions(
            name=f"{verb.capitalize()} tasks in bulk", tenant=taken.tenant, created_by=by
        )
        key = None if own_key is None else f"{verb}\n{own_key}"
        task = self._triggering.trigger(BULK_DEFINITION, input, options, idempotency_key=key)
        return BulkResult(count=counted.number, task=task.to_record(), is_capped=counted.is_capped)

    def drain(
        self,
        limit: Limit,
        *,
        tenant: str | None,
        own_tenant: str,
        message: str | None,
        dry_run: bool,
        rate: float | None,
        idempotency_key: str | None,
        by: Identity,
        budget: CountBudget,
    ) -> BulkResult:
        """Has those aborted that queue for a slot. Raises as `Tasks.drain_queue`.

        Args:
            tenant: whose tasks; `None`: those of every tenant.
            own_tenant: whose is the task that does the work.
        """
        pace, own_key = checked_rate(rate), checked_idempotency_key(idempotency_key)
        counted = self._store.limit_list.count(limit.id, tenant=tenant, budget=budget)
        if dry_run:
            return BulkResult(count=counted.number, is_capped=counted.is_capped)
        queue = {
            "limit_id": limit.id,
            "tenant": tenant,
            "until": self._clock.now().isoformat(),
            "message": None if message is None else cut(to_text(message), MAX_MESSAGE_CHARACTERS),
        }
        input: Json = {"verb": BulkVerb.ABORT.value, "queue": queue, "rate": pace}
        if not counted.is_capped:
            input["total"] = counted.number
        options = TriggerOptions(
            name=f'Drain a queue of "{limit.definition_id}"', tenant=own_tenant, created_by=by
        )
        key = None if own_key is None else f"drain\n{own_key}"
        task = self._triggering.trigger(BULK_DEFINITION, input, options, idempotency_key=key)
        return BulkResult(count=counted.number, task=task.to_record(), is_capped=counted.is_capped)

    def let_go(self, *, rate: float | None, tenant: str, by: Identity) -> StoredTask:
        """Triggers the task that lets those go on that are not paused with others any more.

        Args:
            tenant: whose task it is. It goes through the tasks of all tenants.
        """
        input: Json = {"verb": BulkVerb.RESUME.value, "rate": checked_rate(rate)}
        options = TriggerOptions(name="Resume tasks in bulk", tenant=tenant, created_by=by)
        return self._triggering.trigger(BULK_DEFINITION, input, options, idempotency_key=None)

    def _taken(self, verb: BulkVerb, wanted: Filter) -> Filter:
        """The filter of those tasks that the verb can be said of, and that are there by now."""
        checked_filter(wanted)
        for name in _LISTS:
            values = getattr(wanted, name) or ()
            if len(values) > MAX_BULK_IDS:
                raise InvalidInput(
                    f"{name} has {len(values):,} ids; a verb in bulk takes {MAX_BULK_IDS:,}."
                    " Next: say it for fewer at a time, or for a definition and a time."
                )
        now, before = self._clock.now(), wanted.created_before
        asked = frozenset(Status) if wanted.statuses is None else wanted.statuses
        return replace(
            wanted,
            statuses=verb.statuses & asked,
            created_before=now if before is None else min(before, now),
        )


def _where(taken: Filter) -> Json:
    """What a filter says, as JSON, without its tenant: that is the task's own."""
    said = {
        each.name: value
        for each in fields(taken)
        if (value := getattr(taken, each.name)) != each.default
    }
    said.pop("tenant", None)
    return {name: _json(value) for name, value in said.items()}


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Identity):
        return value.model_dump(by_alias=True)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value)
    return list(map(_json, value)) if isinstance(value, list | tuple) else value


def checked_filter(wanted: object) -> Filter:
    """What lists, counts and verbs in bulk are about. Raises `InvalidInput` for anything else."""
    if isinstance(wanted, Filter):
        return wanted
    raise InvalidInput(
        f"The filter is {short_repr(wanted)}; it takes a Filter, such as"
        ' Filter(definition_id="export").'
    )


def checked_rate(rate: object) -> float:
    """A rate, if it can be one; 25 where none is given. Raises `InvalidInput`."""
    if rate is None:
        return DEFAULT_RATE
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if is_number and math.isfinite(rate) and MIN_RATE <= rate <= MAX_RATE:  # type: ignore[arg-type, operator]
        return float(rate)  # type: ignore[arg-type]
    raise InvalidInput(
        f"rate is {short_repr(rate)}; it takes {MIN_RATE} to {MAX_RATE:,.0f} tasks a second.",
        data={"rate": short_repr(rate)},
    )
