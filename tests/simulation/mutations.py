"""What the simulation finds: `python -m tests.simulation.mutations` breaks the handler in one place
after another, and says which rule that breaks, and after how many tasks.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from unittest import mock

from rich.console import Console
from rich.table import Table

from handler.bulk import Place, _OfAFilter, _Work
from handler.contract import BULK_DEFINITION
from handler.definition.task_code import Hook
from handler.lifecycle.clean_up import CleanUp
from handler.lifecycle.ending import Ending
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.pausing import Pausing
from handler.lifecycle.slots import Slots
from handler.record import TaskRecord
from handler.record.stored_task import StoredTask, new_id
from handler.table import conditions, keys, limits
from handler.table.conditions import ANY_OWNER, Guard, as_read, paused_as
from handler.table.limits import Holder, Limits, LimitView
from handler.table.store import Store
from tests.simulation import process
from tests.simulation.campaign import scenarios
from tests.simulation.world import World

MAX_TASKS: Final = 1_000
_SEED: Final = "mutation"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One thing that is left out of the handler, or wrong in it.

    Args:
        name: in words.
        changes: what stands in the place of what, by its full name.
    """

    name: str
    changes: Mapping[str, object]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The handler with it, as long as the block runs."""
        with ExitStack() as stack:
            for target, new in self.changes.items():
                stack.enter_context(mock.patch(target, new))
            yield


@dataclass(frozen=True, slots=True)
class Found:
    """What found a mutation.

    Args:
        tasks: how many had been planned by then.
    """

    rule: str
    tasks: int


def found(mutation: Mutation) -> Found | None:
    """The rule that a mutation breaks, within 1,000 tasks."""
    tasks = 0
    with mutation.applied():
        for scenario in scenarios(_SEED, MAX_TASKS):
            tasks += scenario.tasks
            violations = World(scenario).run().violations
            if violations:
                return Found(violations[0].rule, tasks)
    return None


def _without(part: str, instead: str = "") -> dict[str, object]:
    """The claim without a part of its condition."""
    assert part in conditions.CLAIM_CONDITION
    changed = conditions.CLAIM_CONDITION.replace(part, instead)
    return {"handler.table.conditions.CLAIM_CONDITION": changed}


def _of_its_execution(task: StoredTask) -> Guard:
    return Guard(execution_name=task.execution_name or "")


def _of_any(_: StoredTask) -> Guard:
    return ANY_OWNER


def _without_hook(
    self: Ending, task: StoredTask, hooks: tuple[Hook, ...] | None = None
) -> StoredTask:
    return self._store.expiring(task)


_aborted: Final = StoredTask.aborted


def _without_its_children(self: StoredTask, **options: Any) -> StoredTask:
    return _aborted(self, **options).family_told()


def _hook_first(self: Ending, before: StoredTask, after: StoredTask, **options: Any) -> None:
    hooks, guard, log = options.get("hooks"), options["guard"], options["log"]
    ended = self._with_hook(after, hooks)
    if self._hooks:
        self._hooks.run_pending(ended)
    self._store.save(ended, before=before, guard=guard, log=log)
    self._counts.ended(ended)
    self.finish(ended)


_save: Final = Store.save


def _log_afterwards(self: Store, after: StoredTask, **options: Any) -> StoredTask:
    log = options.pop("log", None)
    saved = _save(self, after, **options)
    if log:
        self.logs.append(log)
    return saved


_run_pending: Final = Hooks.run_pending


def _cleared_first(self: Hooks, task: StoredTask) -> StoredTask:
    if task.pending_hook:
        self._store.clear_follow_up(task.hook_ran(), before=task)
    return _run_pending(self, task)


_finish: Final = Ending.finish


def _counted_again(self: Ending, task: StoredTask) -> StoredTask:
    self._counts.ended(task)
    return _finish(self, task)


_delete: Final = Store.delete
_released: Final = StoredTask.released


def _record_first(self: Store, task: StoredTask) -> None:
    key = {"pk": {"S": f"TASK#{task.id}"}, "sk": {"S": "TASK"}}
    self._dynamo.call("delete_item", TableName=self._dynamo.table, Key=key)
    _delete(self, task)


def _without_its_past(self: StoredTask, **options: Any) -> StoredTask:
    return _released(self, **options).model_copy(update={"released_from": None})


def _another_retry(task: StoredTask) -> str:
    return new_id(task.created_on)


def _cleared_before_it_is_told(self: Ending, task: StoredTask) -> StoredTask:
    if task.end_event_pending:
        self._store.clear_follow_up(task.told(), before=task)
        self._events.ended(task)
    return task.told()


def _left_as_it_is(self: CleanUp, task: StoredTask) -> StoredTask:
    return task


def _without_saving(self: _Work) -> Iterator[tuple[Place, list[str]]]:
    """The same steps, of a task that saves a page when it has touched the first task of it."""
    place = self._input.cursor or Place()
    while True:
        while place.ids:
            id, *left = place.ids
            place = place.model_copy(update={"ids": left})
            yield place, [id]
        if place.is_last:
            return
        ids, after = self._chosen.page(place.after)
        place = Place(ids=ids, after=after, is_last=after is None)
        if not place.ids:
            yield place, []


_page: Final = _OfAFilter.page


def _all_but_one(self: _OfAFilter, after: str | None) -> tuple[list[str], str | None]:
    ids, further = _page(self, after)
    return ids[:-1], further


def _later_ones_too(self: _OfAFilter, after: str | None) -> tuple[list[str], str | None]:
    self._filter = replace(self._filter, created_before=None)
    return _page(self, after)


def _of_its_status(self: _OfAFilter, task: TaskRecord) -> bool:
    return task.status in self._where.statuses and task.definition_id != BULK_DEFINITION


def _let_go_unsent(self: Pausing, id: str) -> bool:
    task = self._store.find(id)
    if task is None or not task.is_held or not task.paused_with or self.pause_of(task):
        return False
    self._store.save(task.resumed(now=self._clock.now()), before=task, guard=as_read(task))
    return True


def _without_room(part: str) -> dict[str, object]:
    """The write that takes a slot without a part of its condition."""
    assert part in limits._MAY_TAKE
    return {"handler.table.limits._MAY_TAKE": limits._MAY_TAKE.replace(part, "(:part = :part)")}


def _given_back_only(self: Slots, limit_id: str) -> None:
    """Nobody who queues is sent off."""


def _kept_by_nobody(self: StoredTask, slot: str | None) -> StoredTask:
    return self


_held: Final = Limits.held


def _held_by_all(self: Limits, view: LimitView) -> list[Holder]:
    return [Holder(each.name, each.part) for each in _held(self, view)]


def _unsent(self: Slots, limit_id: str) -> None:
    self._give(limit_id, [])


_NOTHING: Final[Callable[..., Any]] = lambda *_, **__: None  # noqa: E731


def _without_those_of_tags(self: Store, task: StoredTask) -> list[Any]:
    partition = keys.task_partition(task.id)
    return list(self._dynamo.rows(partition, keys.FIRST_ROW, keys.LAST_ROW))


MUTATIONS: Final = (
    Mutation(
        "the claim does not ask for the owner",
        _without(" AND (attribute_not_exists(executionName) OR executionName = :execution)"),
    ),
    Mutation(
        "the claim does not compare the token",
        _without(" AND (attribute_not_exists(claimToken) OR claimToken <> :token)"),
    ),
    Mutation(
        "the claim takes an answered visit",
        _without(
            "(:visit = :no_visit OR attribute_not_exists(answeredVisit)"
            " OR answeredVisit <> :visit)",
            "(:visit = :visit OR :visit = :no_visit)",
        ),
    ),
    Mutation(
        "the claim takes a task that is over",
        _without(
            "taskStatus IN (:pending, :running)",
            "(taskStatus IN (:pending, :running) OR attribute_exists(taskStatus))",
        ),
    ),
    Mutation(
        "the commit does not compare the iteration",
        {"handler.iteration.commit.paused_as": _of_its_execution},
    ),
    Mutation("a checkpoint has no guard", {"handler.iteration.checkpoints.running": _of_any}),
    Mutation("a hook is not kept", {"handler.lifecycle.ending.Ending._with_hook": _without_hook}),
    Mutation(
        "the abort of the children is not kept",
        {"handler.record.stored_task.StoredTask.aborted": _without_its_children},
    ),
    Mutation(
        "the hook runs before the outcome is stored",
        {"handler.lifecycle.ending.Ending.end": _hook_first},
    ),
    Mutation(
        "the log is written after the outcome", {"handler.table.store.Store.save": _log_afterwards}
    ),
    Mutation(
        "a hook is cleared before it has run",
        {"handler.lifecycle.hooks.Hooks.run_pending": _cleared_first},
    ),
    Mutation("an end is counted again", {"handler.lifecycle.ending.Ending.finish": _counted_again}),
    Mutation(
        "the recovery takes every execution for dead",
        {"handler.aws.executions.Execution.is_alive": False},
    ),
    Mutation(
        "a key makes a new task each time",
        {"handler.lifecycle.triggering._id_of": lambda *_: None},
    ),
    Mutation(
        "the record is removed before its rows", {"handler.table.store.Store.delete": _record_first}
    ),
    Mutation(
        "the payloads of a deleted task stay",
        {
            "handler.table.payloads.PayloadBucket.delete_all": _NOTHING,
            "handler.table.orphans.Orphans.collect": lambda _: 0,
        },
    ),
    Mutation("the claim takes a paused task", _without(" AND attribute_not_exists(pausedOn)")),
    Mutation(
        "the end of an execution that was left is the task's",
        {"handler.record.stored_task.StoredTask.released": _without_its_past},
    ),
    Mutation(
        "a parent is not told of the end of a child",
        {"handler.lifecycle.calling.Calls.child_ended": _NOTHING},
    ),
    Mutation(
        "a wait begins, whatever has come meanwhile",
        {"handler.iteration.commit.unheard": lambda _, before: paused_as(before)},
    ),
    Mutation(
        "a signal that has come is not given",
        {"handler.table.signals.Signals.next": _NOTHING},
    ),
    Mutation("rows are not dated", {"handler.table.store.Store.date_rows": _NOTHING}),
    Mutation(
        "a retry has another id each time",
        {"handler.lifecycle.retrying.id_of_retry": _another_retry},
    ),
    Mutation(
        "whatever its status, a task is retried",
        {"handler.lifecycle.retrying._check_may_be_retried": _NOTHING},
    ),
    Mutation(
        "nobody asks whether a task's time is over",
        {"handler.record.stored_task.StoredTask.out_of_time": _NOTHING},
    ),
    Mutation(
        "what cleans up after itself stays",
        {"handler.lifecycle.clean_up.CleanUp.begin": _left_as_it_is},
    ),
    Mutation(
        "the children of what cleans up after itself stay",
        {"handler.lifecycle.clean_up.CleanUp._hide": _NOTHING},
    ),
    Mutation(
        "nobody hears of a changed setting",
        {"handler.table.settings_table.KNOWN_FOR": timedelta(days=365)},
    ),
    Mutation(
        "the event of an end is cleared before it is sent",
        {"handler.lifecycle.ending.Ending._told": _cleared_before_it_is_told},
    ),
    Mutation(
        "a page of a verb in bulk is not saved before its first task",
        {"handler.bulk._Work.steps": _without_saving},
    ),
    Mutation(
        "a verb in bulk leaves out one of a page", {"handler.bulk._OfAFilter.page": _all_but_one}
    ),
    Mutation(
        "a verb in bulk takes what was triggered after it",
        {
            "handler.bulk._OfAFilter.page": _later_ones_too,
            "handler.bulk._OfAFilter._is_wanted": _of_its_status,
        },
    ),
    Mutation(
        "a claim does not look at what is paused",
        {"handler.lifecycle.pausing.Pausing.of": _NOTHING},
    ),
    Mutation(
        "the engine's own task is held with all others",
        {"handler.lifecycle.pausing.BULK_DEFINITION": ""},
    ),
    Mutation(
        "who lets a task go on does not send its event",
        {"handler.lifecycle.pausing.Pausing.let_go": _let_go_unsent},
    ),
    Mutation(
        "the claim takes a task without a slot",
        _without(" AND (attribute_not_exists(limitId) OR attribute_exists(slot))"),
    ),
    Mutation(
        "a slot is taken, however many are",
        _without_room("(attribute_not_exists(holders) OR size(holders) < :limit)"),
    ),
    Mutation(
        "who gives a slot back sends nobody off",
        {"handler.lifecycle.slots.Slots._send_next": _given_back_only},
    ),
    Mutation(
        "who sends the next one off does not send its event",
        {"handler.lifecycle.slots.Slots._send_next": _unsent},
    ),
    Mutation(
        "an iteration that runs on has no slot",
        {"handler.record.stored_task.StoredTask.keeping_slot": _kept_by_nobody},
    ),
    Mutation(
        "the sweep takes no slot from those who are gone",
        {"handler.table.limits.Limits.held": _held_by_all},
    ),
    Mutation(
        "the rows of its tags outlive a task",
        {"handler.table.store.Store._rows": _without_those_of_tags},
    ),
)


def main() -> int:
    console, missed = Console(), 0
    table = Table("mutation", "rule", "tasks", title="Mutations")
    only = " ".join(sys.argv[1:])
    with process.prepared():
        for mutation in (each for each in MUTATIONS if only in each.name):
            by = found(mutation)
            missed += by is None
            table.add_row(
                mutation.name, by.rule if by else "not found", str(by.tasks if by else "")
            )
    console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
