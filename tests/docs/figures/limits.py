"""The blocks of docs/limits.md."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from handler import contract
from handler.aws import bus
from handler.contract import Index, Status
from handler.graphql.limits import MAX_MUTATIONS
from handler.lifecycle import reconciliation
from handler.lifecycle.reconciliation import MAX_RESENDS
from handler.record import StoredTask
from handler.table import items
from infra.event_routing import MAX_EVENT_AGE_SECONDS
from infra.http_api import REQUESTS_PER_SECOND
from tests.docs.figures import bounds
from tests.docs.figures.blocks import Block, Paragraph, Table
from tests.docs.figures.facts import QUOTAS, Quota, allowed
from tests.docs.figures.workload import GB, MILLION, REQUEST_SECONDS, WORK_SECONDS
from tests.measure import footprint
from tests.measure.footprint import DEFAULTS, transitions
from tests.measure.meter import Item, size_of

FAST: Final = 10_000  # tasks a second
RESENT_AFTER_SECONDS: Final = cast("int", DEFAULTS.recovery_after_seconds)
_NOW: Final = datetime(2030, 1, 1, tzinfo=UTC)
_MANY: Final = 500  # tasks, enough to meet every partition of an index
# What AWS adds to the entry of an index (DynamoDB guide, "Using Global Secondary Indexes",
# on storage).
_ENTRY_OVERHEAD_BYTES: Final = 100


def blocks() -> list[Block]:
    """Everything in docs/limits.md that is made from the code and the quotas."""
    return [
        bounds.of_a_task(),
        bounds.of_texts(),
        bounds.of_the_api(),
        _rates(),
        _first_limit(),
        _million(),
        _quotas(),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Something that a task takes, and that there is so much of a second.

    Args:
        need: of one task, from its trigger to its end.
        most: a second, by default.
        of: what has this limit: the account in a region, the stack, a tenant...
        beyond: what happens to a task that comes too soon.
        remedy: what to do about it.
    """

    what: str
    need: float
    most: float
    of: str
    beyond: str
    remedy: str
    unit: str = "a second"

    @property
    def tasks(self) -> float:
        """How many tasks a second that makes."""
        return self.most / self.need


def rates() -> list[Rate]:
    """What limits the tasks of a second, in the order in which a task meets it."""
    return [_of_the_api(), *_rates_by_code()]


def _of_the_api() -> Rate:
    return Rate(
        what="requests to the API, where it triggers",
        need=1,
        most=REQUESTS_PER_SECOND,
        of="the stack",
        beyond="the caller gets a 429",
        remedy=f"trigger from code, or {MAX_MUTATIONS} in a request",
    )


def _rates_by_code() -> list[Rate]:
    """The same for tasks that are not triggered by the API."""
    return [*_before_it_runs(), *_while_it_runs(), *map(rate_of, Index), _of_a_tag()]


def _of_a_tag() -> Rate:
    """What the rows of one tag limit the tasks of a second to that have it."""
    one, two = map(footprint.of_a_tagged_trigger, (1, 2))
    dating = 1  # each row of a task is written once more, to give it its expiry
    return Rate(
        what="the rows of a tag, 1 partition of a tag of a tenant",
        need=two.write_units - one.write_units + dating,
        most=allowed("partition_write_units"),
        of="a tag of a tenant",
        beyond="requests are tried again",
        remedy="more tenants, or values of the tag",
    )


def _before_it_runs() -> Iterator[Rate]:
    yield Rate(
        what="requests of PutEvents",
        need=1,
        most=allowed("put_events"),
        of="the account",
        beyond=f"tried {bus._ATTEMPTS} times, then `failed`, and the caller gets the error",
        remedy=f"raise it, or send {bus._BATCH} events a request by hand",
    )
    yield Rate(
        what="deliveries of EventBridge",
        need=1,
        most=allowed("event_deliveries"),
        of="the account",
        beyond="it is delivered later",
        remedy="raise it",
    )
    yield Rate(
        what="StartExecution",
        need=1,
        most=allowed("start_execution"),
        of="the account",
        beyond=f"EventBridge tries for {MAX_EVENT_AGE_SECONDS // 60} minutes, then the sweep",
        remedy="raise it",
    )


def _while_it_runs() -> Iterator[Rate]:
    whole = footprint.of_a_task()
    yield Rate(
        what="state transitions",
        need=transitions(1, executions=1),
        most=allowed("transitions"),
        of="the account",
        beyond="its execution is slower",
        remedy="raise it",
    )
    yield Rate(
        what=f"workers, each {_seconds_of_a_task():g} s",
        need=_seconds_of_a_task(),
        most=allowed("worker_concurrency"),
        of="the account",
        beyond="`Run` tries for two hours",
        remedy="raise it",
        unit="at a time",
    )
    yield Rate(
        what="write units of the table",
        need=whole.write_units,
        most=allowed("table_write_units"),
        of="the stack",
        beyond="requests are tried again",
        remedy="raise it; warm the table up, since a new one has"
        f" {allowed('new_table_write_units'):,}",
    )


def _seconds_of_a_task() -> float:
    return WORK_SECONDS + footprint.of_a_task().run.requests * REQUEST_SECONDS


def rate_of(index: Index) -> Rate:
    """What an index limits the tasks of a second to."""
    spread = spread_of(index)
    return Rate(
        what=f"the index `{index.value}`, {spread.partitions} partition"
        f"{'s' if spread.partitions > 1 else ''} of {spread.of}",
        need=footprint.of_a_task().index_writes(index),
        most=spread.partitions * allowed("partition_write_units"),
        of=spread.of,
        beyond="requests are tried again",
        remedy=spread.remedy,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the open tasks of an index are spread over its partitions."""

    of: str  # what has partitions of its own
    partitions: int  # of each

    @property
    def remedy(self) -> str:
        return {
            "a tenant": "more tenants",
            "a definition of a tenant": "more tenants, or definitions",
            "the stack": "more stacks",
        }[self.of]


def spread_of(index: Index) -> Spread:
    """As the code makes the keys of records, whatever those look like."""
    alike = _partitions_of(index, tenant="root", definition_id="one")
    if alike & _partitions_of(index, tenant="other", definition_id="one"):
        return Spread(of="the stack", partitions=len(alike))
    is_by_definition = not alike & _partitions_of(index, tenant="root", definition_id="other")
    owner = "a definition of a tenant" if is_by_definition else "a tenant"
    return Spread(of=owner, partitions=len(alike))


def _partitions_of(index: Index, *, tenant: str, definition_id: str) -> set[str]:
    """The partitions of an index that open tasks of one kind are in; failed ones, by their code."""
    found = set()
    for number in range(_MANY):
        record = _open_task(str(number), tenant=tenant, definition_id=definition_id)
        if index is Index.BY_ERROR_CODE:
            record = record.model_copy(update={"status": Status.FAILED, "error_code": "NO"})
        found.add(items.task_item(record)[index.partition_key]["S"])
    return found


def _open_task(id: str, **fields: str) -> StoredTask:
    return StoredTask.new(now=_NOW, id=id, name="A task", input={}, **fields)  # type: ignore[arg-type]


def _rates() -> Table:
    header = (
        "what",
        "one task takes",
        "by default",
        "tasks a second",
        "beyond it",
        f"for {FAST:,} a second",
    )
    return Table("rates", header, list(map(_rate, rates())))


def _rate(rate: Rate) -> tuple[str, ...]:
    times = math.ceil(FAST / rate.tasks)
    return (
        rate.what,
        f"{rate.need:g}",
        f"{rate.most:,} {rate.unit}, {rate.of}",
        f"{rate.tasks:,.0f}",
        rate.beyond,
        "enough" if times <= 1 else f"{times} times as much: {rate.remedy}",
    )


def _first_limit() -> Paragraph:
    least = min(_rates_by_code(), key=lambda rate: rate.tasks)
    start, at_once = allowed("start_execution"), allowed("start_execution_at_once")
    iterations = allowed("worker_concurrency") / (WORK_SECONDS + REQUEST_SECONDS)
    visits = allowed("transitions") / transitions(1)
    return Paragraph(
        "first-limit",
        f"So a stack whose tasks are triggered by code takes {least.tasks:,.0f} a second for as"
        f" long as you like, and what stops more is {least.what}. A burst may be larger:"
        f" {at_once:,} start at once, and the others wait in EventBridge. Up to"
        f" {at_once + start * RESENT_AFTER_SECONDS:,} start within the"
        f" {RESENT_AFTER_SECONDS // 60} minutes after which a sweep begins to send events again"
        f" (`recoveryAfterSeconds`). Beyond that, executions start that have nothing to do, and"
        f" take places from others; a task that has not started after {_given_up_minutes():.0f}"
        f" minutes is failed (`NEVER_CLAIMED`). Trigger no faster, or raise both. Once they run,"
        f" all tasks together make {visits:,.0f} visits of `Run` a second, or"
        f" {iterations:,.0f} iterations of {WORK_SECONDS * 1000:.0f} ms in place.",
    )


def _given_up_minutes() -> float:
    """How long a task may wait for its start: the sweep waits longer after each time it sends."""
    waits = [reconciliation._RESEND_FACTOR**resends for resends in range(MAX_RESENDS + 1)]
    return float(RESENT_AFTER_SECONDS * sum(waits) / 60)


def _million() -> Table:
    open_executions = allowed("open_executions")
    start = allowed("start_execution")
    minutes = (MILLION - allowed("start_execution_at_once")) / start / 60
    task = _open_task("0" * 36, tenant="root", definition_id="d" * 20)
    record = items.task_item(task.model_copy(update={"started_on": _NOW}))
    indexes = [each for each in Index if {each.partition_key, each.sort_key} <= record.keys()]
    entries = sum(_entry_bytes(record, index) for index in indexes)
    size = footprint.of_a_task().stored_bytes
    rows = [
        (
            "open executions, asleep or not",
            f"{MILLION:,}",
            f"{open_executions:,} of an account in a region",
            (
                "ask AWS for more before you are there: StartExecution fails beyond it, and events"
                " go to the dead-letter queue"
            ),
        ),
        (
            "their start",
            f"{minutes:.0f} minutes",
            f"{start} a second",
            "trigger them no faster, or raise it",
        ),
        (
            "their place in the table",
            (
                f"{MILLION * (size + entries) / GB:.1f} GB, {MILLION * entries / GB:.1f} of it in"
                " indexes"
            ),
            "no limit",
            "nothing",
        ),
        (
            "what they do while they sleep",
            "nothing",
            "no limit",
            "nothing: no Lambda, no write, no transition",
        ),
        (
            "their waking, all in one minute",
            f"{MILLION * transitions(1) / 60:,.0f} transitions a second",
            f"{allowed('transitions'):,} a second",
            (
                "spread it: a wait of some random minutes more. Without it, all are awake after"
                f" {MILLION * transitions(1) / allowed('transitions') / 60:.0f} minutes"
            ),
        ),
    ]
    header = (f"{MILLION:,} open tasks", "they need", "by default", "what to do")
    return Table("million", header, rows)


def _entry_bytes(record: Item, index: Index) -> int:
    """The size of a record's entry in an index, which has its keys only."""
    kept = {contract.PARTITION_KEY, contract.SORT_KEY, index.partition_key, index.sort_key}
    entry = {name: value for name, value in record.items() if name in kept}
    return size_of(entry) + _ENTRY_OVERHEAD_BYTES


def _quotas() -> Table:
    header = ("quota", "us-east-1", "elsewhere", "can be raised", "page", "as of", "checked")
    return Table("quotas", header, list(map(_quota, QUOTAS.values())))


def _quota(quota: Quota) -> tuple[str, ...]:
    return (
        quota.what,
        f"{quota.number:,} {quota.unit}".strip(),
        quota.elsewhere or "the same",
        "yes" if quota.raised else "no",
        f"[{quota.source}]({quota.url})",
        quota.as_of or "no date",
        quota.checked,
    )
