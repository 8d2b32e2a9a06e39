"""Runs a campaign: triggers, meddles, sweeps, calms down, lets time pass, and gathers."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from handler.contract import BULK_DEFINITION, WireKey
from handler.record.stored_task import StoredTask
from tests.chaos import bundle
from tests.chaos.bulk import ABORT_MANY, DELETE_MANY, MEDDLINGS, RETRY_MANY, BulkWork
from tests.chaos.definitions.chaos_effects import TIME_PASSED
from tests.chaos.errors import CampaignError
from tests.chaos.evidence import Evidence, Surroundings
from tests.chaos.gathering import gathered
from tests.chaos.holding import Holding
from tests.chaos.ledger import Fault
from tests.chaos.odd_records import OddRecord, odd_records
from tests.chaos.people import Accepted, People
from tests.chaos.plan import (
    BULK,
    HELD,
    IMPORT,
    LOSSES,
    PATIENT,
    SLEEPERS,
    Meddling,
    Planned,
)
from tests.chaos.stack import PATIENCE_SECONDS, Stack, again

# So many tasks are open at a time: most of them wait for a while.
_MAX_OPEN = 32
_TRIGGERING = 4
_TICK_SECONDS = 0.05
_SWEEP_SECONDS = 2.5
_LIST_SECONDS = 2.0
# For how long faults go on after the last task was triggered: less in a short campaign.
_STORM_SECONDS = 10.0
_STORM_SECONDS_PER_TASK = 0.15
# After that, each lost event takes one sweep to be seen, and another one may be needed for what the
# first set in motion.
MAX_SWEEPS = 30
_TASKS_PER_BAD_DEPLOY = 150
_BAD_DEPLOY_SECONDS = 4.0
# A definition is paused when so much is triggered: in a long campaign, for longer than it takes all
# processes to know of it.
_HOLD_AT = 0.1
_HOLD_SECONDS, _SHORT_HOLD_SECONDS = 45.0, 5.0
_TASKS_OF_A_LONG_CAMPAIGN = 50
# What people have begun is to come to its end while everything fails.
_DEEDS_SECONDS = 180.0
BAD_DEPLOY = "A definition could not be imported"
ODD_RECORD = "An odd record was written"
ORPHAN = "A payload was written, and its record was not"
# Beyond the retention: what AWS removes goes late, and what no record names is looked for in days.
_DAYS_BEYOND_RETENTION = 10
_SWEEPS_AFTER_RETENTION = 6


@dataclass(frozen=True)
class Result:
    """What a campaign has left."""

    tasks: Sequence[Evidence]
    surroundings: Surroundings
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
        seed: decides on the odd records.
        progress: called now and then with the numbers of accepted tasks, open tasks and faults.
    """

    def __init__(
        self,
        stack: Stack,
        planned: Sequence[Planned],
        *,
        seed: int,
        progress: Callable[[int, int, int], None],
    ) -> None:
        self._stack = stack
        self._reader = stack.reader
        self._people = People(stack)
        self._planned = planned
        self._bulk = BulkWork(stack)
        self._bulk_left = [ABORT_MANY, RETRY_MANY, DELETE_MANY]
        is_long = len(planned) >= _TASKS_OF_A_LONG_CAMPAIGN
        self._holding = Holding(stack, _HOLD_SECONDS if is_long else _SHORT_HOLD_SECONDS)
        self._progress = progress
        self._accepted: list[Accepted] = []
        self._sending: list[tuple[Planned, Future[str]]] = []
        like = StoredTask.new(
            now=stack.now(), id="like", definition_id="chaosSteps", name="Odd", input={"steps": 1}
        )
        self._odd_left = list(odd_records(seed, like))
        self._odd: list[OddRecord] = []
        self._bad_deploys = max(1, len(planned) // _TASKS_PER_BAD_DEPLOY)
        self._deployed_until: float | None = None
        self._looking, self._sweeping = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._meanwhile: list[Future[bool]] = []
        self._looks: list[Future[object]] = []
        self._listed_at = 0.0
        self._swept_at = 0.0
        self._sweeps = 0
        self._failed_sweeps = 0
        self._days_passed = 0

    def run(self) -> Result:
        started_at = time.monotonic()
        self._storm()
        self._stack.ledger.calm_down()
        self._end_what_nobody_knows()
        self._settle(waits_for=lambda task_id: not self._is_patient(task_id))
        told = {HELD: self._holding.periods}
        tasks = {task.id: task for task in gathered(self._stack, self._accepted, told)}
        bulk = [replace(run, moved=self._moved_by(run.verb)) for run in self._bulk.runs]
        refused = self._end_what_is_odd()
        self._let_time_pass()
        self._stack.happens(TIME_PASSED)
        self._settle()
        later = gathered(self._stack, self._accepted, told)
        tasks |= {task.id: task for task in later if self._is_patient(task.id)}
        self._let_time_pass()
        left = self._sweep_until_nothing_is_left()
        surroundings = Surroundings(
            odd=refused,
            unanswered=[str(look.exception()) for look in self._looks if look.exception()],
            left=left,
            failed_sweeps=self._failed_sweeps,
            bulk=bulk,
            most_at_once=max(self._stack.reader.most_at_once.values(), default=0),
        )
        return self._result(list(tasks.values()), surroundings, time.monotonic() - started_at)

    def _storm(self) -> None:
        for number in range(2):
            self._stack.lose_track_of(f"orphan-{number}", b"Nobody knows of it.")
            self._stack.ledger.add(Fault(kind=ORPHAN))
        with ThreadPoolExecutor(_TRIGGERING) as pool:
            for task in self._planned:
                self._until(lambda: self._busy + self._being_sent < _MAX_OPEN, seconds=60)
                self._trigger(task, pool)
            self._until(lambda: not self._being_sent, seconds=60)
        seconds = min(_STORM_SECONDS, len(self._planned) * _STORM_SECONDS_PER_TASK)
        self._until(lambda: not self._busy and self._deployed_until is None, seconds=seconds)
        self._until(lambda: self._deployed_until is None, seconds=60)
        self._until(self._are_all_verbs_said, seconds=_DEEDS_SECONDS)

    def _trigger(self, task: Planned, pool: Executor) -> None:
        """Triggers a task in another thread: a caller that a fault hits waits and tries again."""
        self._sending.append((task, pool.submit(again, lambda: self._sent(task))))

    @property
    def _being_sent(self) -> int:
        return sum(not answer.done() for _, answer in self._sending)

    @property
    def _busy(self) -> int:
        """How many tasks are open that nobody keeps from going on for long."""
        return sum(not self._is_of(id, (*PATIENT, HELD, BULK)) for id in self._unfinished())

    def _is_patient(self, id: str) -> bool:
        return self._is_of(id, PATIENT)

    def _is_of(self, id: str, definitions: Sequence[str]) -> bool:
        last = self._reader.last(id)
        return last is not None and last.definition_id in definitions

    def _take_answers(self) -> None:
        for task, answer in [sending for sending in self._sending if sending[1].done()]:
            self._sending.remove((task, answer))
            self._accepted.append(Accepted(answer.result(), task))

    def _sent(self, task: Planned) -> str:
        if task.definition == IMPORT:
            return self._stack.trigger(IMPORT, self._stack.import_of_records())
        if task.by_hand:
            return self._stack.send(
                {WireKey.DEFINITION_ID: task.definition, WireKey.INPUT: dict(task.input)}
            )
        limits = {"timeout": task.timeout, "expiresAfter": task.expires_after}
        given = {name: seconds for name, seconds in limits.items() if seconds}
        return self._stack.trigger(task.definition, task.input, delay=task.delay, **given)

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
            if not task.meddled and task.planned.meddling:
                self._people.meddle(task, self._reader.last(task.id))
                if task.meddled and task.planned.meddling in LOSSES:
                    self._look(partial(self._stack.record, task.id))
        self._write_what_is_odd()
        self._deploy()
        self._hold()
        self._work_in_bulk()
        if time.monotonic() - self._swept_at > _SWEEP_SECONDS:
            self._sweep_meanwhile()
        is_time_to_list = time.monotonic() - self._listed_at > _LIST_SECONDS
        if is_time_to_list and not self._is_calm and all(look.done() for look in self._looks):
            self._listed_at = time.monotonic()
            self._look(self._stack.list)
        self._progress(len(self._accepted), len(self._unfinished()), len(self._reader.faults))

    @property
    def _is_calm(self) -> bool:
        return self._stack.ledger.is_calm

    @property
    def _share(self) -> float:
        """How much of the plan is triggered."""
        return len(self._accepted) / len(self._planned)

    def _write_what_is_odd(self) -> None:
        """Writes one odd record after the other, as the campaign goes on."""
        while self._odd_left and (
            self._is_calm or self._share * (len(self._odd_left) + len(self._odd)) > len(self._odd)
        ):
            self._odd.append(record := self._odd_left.pop())
            self._stack.write(record)
            self._stack.ledger.add(Fault(kind=ODD_RECORD))

    def _deploy(self) -> None:
        """Deploys what can't be imported, and rolls it back."""
        if self._deployed_until is not None:
            if time.monotonic() > self._deployed_until:
                self._stack.deploy({})
                self._deployed_until = None
            return
        due = max(1, len(self._planned) // _TASKS_PER_BAD_DEPLOY)
        if self._bad_deploys and self._share > 1 - (self._bad_deploys + 0.5) / (due + 1):
            self._bad_deploys -= 1
            self._stack.deploy(bundle.bad_deploy(self._stack.project))
            self._stack.ledger.add(Fault(kind=BAD_DEPLOY))
            self._deployed_until = time.monotonic() + _BAD_DEPLOY_SECONDS

    def _hold(self) -> None:
        """Pauses a definition, once, for a while."""
        if self._share >= _HOLD_AT and not self._holding.is_begun:
            self._holding.is_begun = True
            self._people.verbs.begin(self._holding.run)

    def _work_in_bulk(self) -> None:
        """Says the next verb in bulk, when the one before is done, and what it is about is there.

        A retry in bulk comes when each of them is over, since one that ends just then is skipped.
        """
        is_next = len(self._bulk.runs) + len(self._bulk_left) == len(MEDDLINGS)
        if not self._bulk_left or not is_next or not self._may_work_in_bulk():
            return
        verb = self._bulk_left.pop(0)
        self._people.verbs.begin(partial(self._bulk.run, verb))
        self._stack.ledger.add(Fault(kind=str(MEDDLINGS[verb])))

    def _may_work_in_bulk(self) -> bool:
        """Whether each task of the bulk is there, and sleeps or is over."""
        expected = sum(task.definition == BULK for task in self._planned)
        accepted = [task.id for task in self._accepted if task.planned.definition == BULK]
        writes = [
            writes[-1]
            for writes in self._reader.history.values()
            if writes[-1].definition_id == BULK
        ]
        are_there = len(accepted) == expected and all(id in self._reader.history for id in accepted)
        return are_there and all(
            not write.has_follow_ups
            if not write.is_open
            else write.answer == "continue" and not write.claims
            for write in writes
        )

    def _moved_by(self, verb: str) -> int:
        """How many tasks of the bulk have become what a verb makes of them."""
        firsts = {
            id: writes
            for id, writes in self._reader.history.items()
            if writes[-1].definition_id == BULK and not writes[-1].retry_of
        }
        aborted = {id for id, writes in firsts.items() if writes[-1].status == "aborted"}
        if verb == ABORT_MANY:
            return len(aborted)
        if verb == DELETE_MANY:
            return len(aborted & self._reader.removed)
        return sum(writes[-1].retry_of in firsts for writes in self._reader.history.values())

    def _are_all_verbs_said(self) -> bool:
        return self._people.verbs.are_idle and not self._bulk_left and self._holding.is_begun

    def _sweep(self) -> bool:
        """Sweeps, and returns whether the sweep could deal with all that it found."""
        self._swept_at = time.monotonic()
        self._sweeps += 1
        return bool(self._sweeping.submit(again, self._stack.sweep).result())

    def _sweep_meanwhile(self) -> None:
        """Sweeps in another thread, if no other sweep runs."""
        if all(sweep.done() for sweep in self._meanwhile):
            self._swept_at = time.monotonic()
            self._sweeps += 1
            self._meanwhile = [self._sweeping.submit(again, self._stack.sweep)]

    def _look(self, request: Callable[[], object]) -> None:
        """Asks the API in another thread: whatever stands in the table, it has to answer."""
        self._looks.append(self._looking.submit(again, request))

    def _end_what_nobody_knows(self) -> None:
        """Aborts endless tasks that nobody else would: see `_is_left_alone`."""
        planned = {task.id: task.planned for task in self._accepted}
        for id in self._reader.open_tasks():
            if self._is_left_alone(id, planned.get(id)) and self._people.abort(id):
                self._stack.ledger.add(Fault(kind=str(Meddling.ABORT), task_id=id))

    def _is_left_alone(self, id: str, planned: Planned | None) -> bool:
        """Whether a task sleeps for longer than the campaign, and nobody is about to end it.

        Its trigger was never answered. Or its execution was stopped, and the recovery has failed at
        all three attempts to hear of that: an alarm says so, and the sweep looks at a task that
        sleeps when it should wake.
        """
        if not self._is_of(id, SLEEPERS) or self._reader.history[id][-1].retry_of:
            return False
        return planned is None or planned.meddling is Meddling.STOP

    def _unfinished(self) -> list[str]:
        never_seen = [task.id for task in self._accepted if task.id not in self._reader.history]
        return self._reader.open_tasks() + never_seen

    def _settle(self, waits_for: Callable[[str], bool] = lambda _: True) -> None:
        """Sweeps until nothing is left to be done, but not for ever."""

        def is_settled() -> bool:
            is_any_open = any(map(waits_for, self._unfinished()))
            is_idle = self._people.verbs.are_idle
            return is_idle and not is_any_open and not self._stack.undelivered()

        for _ in range(MAX_SWEEPS):
            self._sweep()
            self._until(is_settled, seconds=PATIENCE_SECONDS)
            if is_settled():
                return

    def _end_what_is_odd(self) -> list[tuple[OddRecord, str]]:
        """Aborts and deletes the odd records. Returns those that the API refused, with reasons."""
        refused: list[tuple[OddRecord, str]] = []
        for record in self._odd:
            try:
                self._people.abort(record.id)
                self._people.delete(record.id)
            except CampaignError as error:
                refused.append((record, str(error)))
        return refused

    def _let_time_pass(self) -> None:
        """Takes the recovery's clock to the end of the retention, and removes what expires."""
        self._days_passed += self._stack.retention_days + _DAYS_BEYOND_RETENTION
        ahead = bundle.ahead(self._stack.project, days=self._days_passed)
        self._stack.deploy(ahead, roles=["recovery"])
        self._stack.ageing.remove_what_expires(
            self._stack.now() + timedelta(days=self._days_passed)
        )

    def _sweep_until_nothing_is_left(self) -> dict[str, list[str]]:
        for _ in range(_SWEEPS_AFTER_RETENTION):
            is_good = self._sweep()
            self._failed_sweeps += not is_good
            if not (left := dict(self._stack.ageing.left())):
                break
        return left

    def _result(self, tasks: list[Evidence], surroundings: Surroundings, seconds: float) -> Result:
        kinds = {task.id: task.planned.kind for task in self._accepted}
        return Result(
            tasks=tasks,
            surroundings=surroundings,
            kinds=kinds | {task.id: self._kind_of(task) for task in tasks if task.id not in kinds},
            faults=[fault.kind for fault in self._reader.faults],
            seconds=seconds,
            sweeps=self._sweeps,
            undelivered=self._stack.undelivered(),
        )

    def _kind_of(self, task: Evidence) -> str:
        last = self._reader.last(task.id)
        children = {
            "chaosChild": "child",
            "chaosIdle": "child of a family",
            "chaosWard": "ward",
            BULK_DEFINITION: "work in bulk",
        }
        if last and last.retry_of:
            return "retry"
        return children.get(last.definition_id if last else "", "trigger that was not answered")
