"""Runs a campaign: triggers, meddles, sweeps, calms down, and gathers what is left."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

from handler.contract import WireKey
from handler.record.stored_task import StoredTask
from tests.chaos.errors import CampaignError
from tests.chaos.evidence import Evidence, Expected
from tests.chaos.ledger import Fault
from tests.chaos.plan import ENDLESS, FAMILY, IDLE_CHILD, Meddling, Planned
from tests.chaos.stack import PATIENCE_SECONDS, Failure, Stack, again

# So many tasks are open at a time: what two processors get done within seconds.
_MAX_OPEN = 16
_TRIGGERING = 4
_TICK_SECONDS = 0.05
_SWEEP_SECONDS = 2.5
# For how long faults go on after the last task was triggered: less in a short campaign.
_STORM_SECONDS = 10.0
_STORM_SECONDS_PER_TASK = 0.15
# After that, each lost event takes one sweep to be seen, and another one may be needed for what the
# first set in motion.
MAX_SWEEPS = 30
_ABORT_ATTEMPTS = 10


@dataclass
class Accepted:
    """A task of the plan that was accepted, and what has been done to it since."""

    id: str
    planned: Planned
    meddled: bool = False
    abort_accepted: bool = False


@dataclass(frozen=True)
class Result:
    """What a campaign has left."""

    tasks: Sequence[Evidence]
    kinds: dict[str, str]  # of each task's id
    faults: Sequence[str]
    seconds: float
    sweeps: int
    undelivered: int


class Campaign:
    """One run of a plan against a stack.

    Args:
        stack: the system.
        planned: the tasks.
        progress: called now and then with the numbers of accepted tasks, open tasks and faults.
    """

    def __init__(
        self, stack: Stack, planned: Sequence[Planned], progress: Callable[[int, int, int], None]
    ) -> None:
        self._stack = stack
        self._reader = stack.reader
        self._planned = planned
        self._progress = progress
        self._accepted: list[Accepted] = []
        self._sending: list[tuple[Planned, Future[str]]] = []
        self._swept_at = 0.0
        self._sweeps = 0

    def run(self) -> Result:
        started_at = time.monotonic()
        with ThreadPoolExecutor(_TRIGGERING) as pool:
            for task in self._planned:
                self._until(
                    lambda: len(self._reader.open_tasks()) + self._being_sent < _MAX_OPEN,
                    seconds=60,
                )
                self._trigger(task, pool)
            self._until(lambda: not self._being_sent, seconds=60)
        storm_seconds = min(_STORM_SECONDS, len(self._planned) * _STORM_SECONDS_PER_TASK)
        self._until(lambda: not self._unfinished(), seconds=storm_seconds)
        self._stack.ledger.calm_down()
        self._end_what_nobody_knows()
        self._settle()
        return self._result(time.monotonic() - started_at)

    def _trigger(self, task: Planned, pool: Executor) -> None:
        """Triggers a task in another thread: a caller that a fault hits waits and tries again."""
        self._sending.append((task, pool.submit(again, lambda: self._sent(task))))

    @property
    def _being_sent(self) -> int:
        return sum(not answer.done() for _, answer in self._sending)

    def _take_answers(self) -> None:
        for task, answer in [sending for sending in self._sending if sending[1].done()]:
            self._sending.remove((task, answer))
            self._accepted.append(Accepted(answer.result(), task))

    def _sent(self, task: Planned) -> str:
        if task.by_hand:
            return self._stack.send(
                {WireKey.DEFINITION_ID: task.definition, WireKey.INPUT: dict(task.input)}
            )
        return self._stack.trigger(task.definition, task.input, delay=task.delay)

    def _until(self, condition: Callable[[], bool], *, seconds: float) -> None:
        """Lets the campaign go on until a condition holds, or for so long at most."""
        deadline = time.monotonic() + seconds
        while True:
            self._tick()
            if condition() or time.monotonic() > deadline:
                return
            time.sleep(_TICK_SECONDS)

    def _tick(self) -> None:
        self._reader.read()
        self._take_answers()
        for task in self._accepted:
            if not task.meddled and self._is_time_to_meddle(task):
                self._meddle(task)
        if time.monotonic() - self._swept_at > _SWEEP_SECONDS:
            self._sweep(wait=False)
        self._progress(
            len(self._accepted), len(self._reader.open_tasks()), len(self._reader.faults)
        )

    def _sweep(self, *, wait: bool) -> None:
        self._stack.sweep(wait=wait)
        self._swept_at = time.monotonic()
        self._sweeps += 1

    def _is_time_to_meddle(self, task: Accepted) -> bool:
        last = self._reader.last(task.id)
        if (
            task.planned.meddling is None
            or last is None
            or last.iterations < task.planned.after_iterations
        ):
            return False
        return task.planned.meddling is Meddling.ABORT or bool(last.execution)

    def _meddle(self, task: Accepted) -> None:
        meddling, last = task.planned.meddling, self._reader.last(task.id)
        if meddling is Meddling.ABORT:
            task.abort_accepted = self._abort(task.id)
        elif last is None or not last.is_open or not self._stack.stop(last.execution):
            return  # it is over, or has moved on: perhaps at the next look
        task.meddled = True
        self._stack.ledger.add(Fault(kind=str(meddling), task_id=task.id))

    def _abort(self, id: str) -> bool:
        """Aborts a task. Returns whether the API did: it refuses a task that is over."""
        for _ in range(_ABORT_ATTEMPTS):
            try:
                self._stack.abort(id, "Aborted by the campaign.")
            except Failure as error:
                if "Cannot abort" in str(error):
                    return False
                continue
            return True
        raise CampaignError(f'Task "{id}" could not be aborted in {_ABORT_ATTEMPTS} attempts.')

    def _end_what_nobody_knows(self) -> None:
        """Aborts endless tasks whose trigger was never answered: nobody else would."""
        known = {task.id for task in self._accepted}
        for id in self._reader.open_tasks():
            if (
                id not in known
                and self._reader.history[id][-1].definition_id in ENDLESS
                and self._abort(id)
            ):
                self._stack.ledger.add(Fault(kind=str(Meddling.ABORT), task_id=id))

    def _unfinished(self) -> list[str]:
        never_seen = [task.id for task in self._accepted if task.id not in self._reader.history]
        return self._reader.open_tasks() + never_seen

    def _settle(self) -> None:
        """Sweeps until nothing is left to be done, but not for ever."""
        for _ in range(MAX_SWEEPS):
            self._sweep(wait=True)
            self._until(
                lambda: not self._unfinished() and not self._stack.undelivered(),
                seconds=PATIENCE_SECONDS,
            )
            if not self._unfinished() and not self._stack.undelivered():
                return

    def _result(self, seconds: float) -> Result:
        self._reader.read()
        gathered = list(self._evidence())
        kinds = {task.id: task.planned.kind for task in self._accepted}
        return Result(
            tasks=gathered,
            kinds=kinds | {task.id: _kind_of(task) for task in gathered if task.id not in kinds},
            faults=[fault.kind for fault in self._reader.faults],
            seconds=seconds,
            sweeps=self._sweeps,
            undelivered=self._stack.undelivered(),
        )

    def _evidence(self) -> Iterator[Evidence]:
        """The evidence of every accepted task, and of every task that has a record."""
        accepted = {task.id: task for task in self._accepted}
        store = self._stack.store()
        records = {
            record.id: record
            for record in store.index.tasks([*dict.fromkeys([*accepted, *self._reader.history])])
        }
        by_parent = {
            parent: list(children)
            for parent, children in itertools.groupby(
                sorted(records.values(), key=lambda record: record.parent_id or ""),
                key=lambda record: record.parent_id,
            )
            if parent
        }
        effects = self._stack.effects()
        for id in dict.fromkeys([*accepted, *records]):
            record, children = records.get(id), by_parent.get(id, [])
            parent = records.get(record.parent_id) if record and record.parent_id else None
            yield Evidence(
                id=id,
                record=record,
                expected=_expected(record),
                faults=self._reader.faults_of(id),
                abort_accepted=id in accepted and accepted[id].abort_accepted,
                was_answered=id in accepted and not accepted[id].planned.by_hand,
                parent_aborted_on=parent.finished_on if parent and parent.was_aborted else None,
                effects=effects.get(id, {}),
                found_children=len(children),
                unsuccessful_children=sum(child.status != "success" for child in children),
                history=self._reader.history.get(id, []),
                log=[
                    f"{log.iteration}. {line.message}"
                    for log in store.logs.read(id)
                    for line in log.lines
                ],
            )


def _expected(record: StoredTask | None) -> Expected:
    """What a task's definition makes of its input when nothing goes wrong."""
    input = record.input if record else {}
    match record.definition_id if record else "":
        case "chaosWalk":
            return Expected(rows=_number(input["rows"]), counted=_number(input["rows"]))
        case "chaosSteps":
            return Expected(rows=_number(input["steps"]), counted=_number(input["steps"]))
        case "chaosParent":
            return Expected(counted=_number(input["children"]), children=_number(input["children"]))
        case "chaosChild":
            return Expected(rows=1, counted=1)
        case "chaosFails" | "chaosEndless":
            return Expected(status="failed")
        case id if id == FAMILY:
            return Expected(status="aborted", children=2)
        case id if id in (*ENDLESS, IDLE_CHILD):
            return Expected(status="aborted")
        case _:
            return Expected()


def _number(value: object) -> int:
    return int(str(value))


def _kind_of(task: Evidence) -> str:
    is_child = task.record and task.record.definition_id == "chaosChild"
    return "child" if is_child else "trigger that was not answered"
