"""Whether an iteration may run: the claim, and the answer to an event that gets none."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from handler.aws import Executions, WorkerFailure
from handler.clock import Clock
from handler.contract import MAX_WAIT_SECONDS, ErrorCode
from handler.definition import Definition, Hook, Registry, whole_seconds
from handler.errors import DefinitionUnavailable, Overtaken
from handler.events import WorkerEvent
from handler.iteration.answers import AnswerBuilder
from handler.iteration.commit import Commit, Iteration
from handler.iteration.log_buffer import LogBuffer
from handler.iteration.outcome import Outcome, failed, moved
from handler.lifecycle import Counts, Ending, Pausing, Slots, StatusEvents, about, delay_too_long
from handler.record import Json, StoredTask, TaskFailure
from handler.table import ClaimRequest, RecordMoved, Store, as_read, owned_by, paused_as

# A claim is tried again when its moment has come, and when its task has got a slot.
_STEPS: Final = 3
# Of a definition that is not known (any more): its task is claimed, to fail with the reason.
_UNLIMITED: Final = 10**9


class Admission:
    """Admits iterations, one at a time for each task."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        ending: Ending,
        commit: Commit,
        executions: Executions,
        counts: Counts,
        events: StatusEvents,
        pausing: Pausing,
        slots: Slots,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._store = store
        self._ending = ending
        self._commit = commit
        self._executions = executions
        self._counts = counts
        self._events = events
        self._pausing = pausing
        self._slots = slots
        self._clock = clock

    def admit(self, sent: WorkerEvent, answers: AnswerBuilder) -> Iteration | Json:
        """Claims the iteration that an event asks for; or the answer, where it may not run.

        Raises:
            Refused: its delay is longer than 355 days.
            DefinitionUnavailable: a file that may have its definition can't be imported.
        """
        if sent.delay > 0:
            return self._defer(sent, answers)
        if self._registry.may_lack(sent.definition_id):
            task = self._store.find(sent.task_id)
            if task is None or self._registry.may_lack(task.definition_id):
                return self._refused(task, sent, answers)
        if self._pausing.of(sent.definition_id, sent.tenant) and (
            held := self._hold(sent, answers)
        ):
            return held
        try:
            task = self._claimed_with_slot(sent)
        except RecordMoved as moved:
            return self._refused(moved.task, sent, answers)
        with about(task):
            return self._admitted(task, sent, answers)

    def _claimed_with_slot(self, sent: WorkerEvent) -> StoredTask:
        """Claims the next iteration, of a task that gets its slot now if it needs one.

        Raises:
            RecordMoved: it can't be claimed: it queues for a slot, for one.
        """
        for _ in range(_STEPS):
            try:
                return self._claimed(sent)
            except RecordMoved as moved:
                if moved.task is None or not self._is_made_ready(moved.task, sent):
                    raise
        return self._claimed(sent)

    def _is_made_ready(self, task: StoredTask, sent: WorkerEvent) -> bool:
        """Whether a task that could not be claimed can be now.

        Its moment has come, which it was less than a second before; or it has got a slot.
        """
        now = self._clock.now()
        if not _is_next(sent, task) or task.delay_left(now):
            return False
        if seconds := task.seconds_to_start(now):
            self._clock.sleep(min(seconds, 1.0))
            return True
        if not task.lacks_slot or task.is_queued or self._out_of_time(task):
            return False
        with about(task):
            if self._slots.admit(task).lacks_slot:
                raise RecordMoved(self._store.find(task.id))
        return True

    def _admitted(
        self, task: StoredTask, sent: WorkerEvent, answers: AnswerBuilder
    ) -> Iteration | Json:
        """A claimed iteration, unless its task can't go on."""
        is_first, log = task.iterations == 1, self._log(task)
        # A claim says when it was asked for, and the table may have been away for long since then.
        failure = self._out_of_time(task.not_started() if is_first else task)
        if failure and (is_first or task.started_too_late):
            return self._end(task, failure, log, answers, has_started=False)
        if is_first:
            self._counts.started(task)
            self._events.started(task)
        definition = self._registry.find(task.definition_id)
        if definition is None:
            return self._end(task, _no_definition(task), log, answers)
        if "input" in task.unreadable:
            return self._end(task, _unreadable_input(task), log, answers)
        if task.claims_since_outcome > 1 and (outcome := self._crashed(task, definition, log)):
            return self._commit.store(task, outcome, log=log, answers=answers)
        if failure:
            return self._end(task, failure, log, answers)
        return Iteration(task=task, definition=definition, log=log, answers=answers, sent=sent)

    def _claimed(self, sent: WorkerEvent) -> StoredTask:
        """Claims the next iteration. Raises `RecordMoved` where that is refused."""
        try:
            return self._store.claim(self._claim(sent, sent.definition_id))
        except RecordMoved as moved:
            known = moved.task.definition_id if moved.task else sent.definition_id
            is_same = known in self._registry.names_of(sent.definition_id)
            if is_same or self._registry.may_lack(known):
                raise
        # The event names another definition than the record. The record's is right.
        return self._store.claim(self._claim(sent, known))

    def _claim(self, sent: WorkerEvent, definition_id: str) -> ClaimRequest:
        return ClaimRequest(
            task_id=sent.task_id,
            tenant=sent.tenant,
            definition_ids=self._registry.names_of(definition_id),
            code_version=self._store.code_version,
            execution_name=sent.execution_name,
            visit=sent.visit_key,
            visit_entered_on=sent.visit_entered_on,
            max_iterations=self._limit(definition_id),
        )

    def _defer(self, sent: WorkerEvent, answers: AnswerBuilder) -> Json:
        """Has the execution wait for the task's delay to pass.

        It owns the task from here on, so that `abort` finds and stops it.
        """
        if sent.delay > MAX_WAIT_SECONDS:
            raise delay_too_long(sent.delay)
        task, now = self._store.find(sent.task_id), self._clock.now()
        is_held_up = task is None or task.is_over or task.is_paused or task.is_queued
        if task is None or is_held_up or not _may_have(sent, task):
            return self._refused(task, sent, answers)
        if task.execution_name and task.waiting_until:
            return answers.continued(wait=task.delay_left(now))  # an answer before was lost
        if task.execution_name:
            return answers.too_late(task)  # the delay has passed, and it runs
        wait = whole_seconds(sent.delay, now=now)
        if task.iterations or task.waiting_until or task.starts_on:
            wait = task.delay_left(now)  # it was woken, or pushed back, before its event has come
        if not wait:
            return answers.continued()
        return self._waits(task, wait, sent, answers)

    def _waits(
        self, task: StoredTask, wait: int, sent: WorkerEvent, answers: AnswerBuilder
    ) -> Json:
        """Has the execution wait for the start of a task, which it owns then."""
        now = self._clock.now()
        if failure := self._out_of_time(task):
            return self._end_unclaimed(task, failure, sent, answers)
        until = now + timedelta(seconds=wait)
        if task.starts_on and until < task.starts_on <= until + timedelta(seconds=1):
            until = task.starts_on  # its worker waits for the rest
        deferred = task.deferred(now=now, until=until, execution_name=sent.execution_name)
        wait = deferred.delay_left(now)
        try:
            self._store.save(deferred, before=task, guard=as_read(task))
            self._events.stored(deferred)
        except RecordMoved as moved:
            now_mine = moved.task and moved.task.execution_name == sent.execution_name
            if moved.task is None or moved.task.is_over or not now_mine:
                return self._refused(moved.task, sent, answers)
            wait = moved.task.delay_left(now)  # another invocation of this execution was first
        return answers.continued(wait=wait)

    def _refused(self, task: StoredTask | None, sent: WorkerEvent, answers: AnswerBuilder) -> Json:
        """The answer for a task that was not claimed. Only a task over its limit is changed.

        Raises:
            DefinitionUnavailable: the task could run here, but for its definition.
            Overtaken: it could run here, but for somebody who has just moved it.
        """
        if task is None or task.tenant != sent.tenant:
            return answers.missing(sent.task_id, code=ErrorCode.TASK_NOT_FOUND)
        is_mine = task.execution_name == sent.execution_name
        if task.is_over and (is_mine or task.execution_name is None):
            # Whoever ended it may have died before its follow-ups, or (the API) may not run hooks.
            self._ending.finish(task)
        if sent.visit and task.answered_visit == sent.visit_key:
            return self._commit.answer(task, answers)  # the answer to this visit was lost
        if task.is_over and (is_mine or task.was_aborted):
            return answers.closed(task)
        if is_mine and "" < sent.visit_entered_on < (task.visit_entered_on or ""):
            return answers.too_late(task)
        if task.is_queued:
            return answers.queued(task)
        if not _may_have(sent, task):
            return answers.not_mine(task)
        return self._not_claimed(task, sent, answers)

    def _not_claimed(self, task: StoredTask, sent: WorkerEvent, answers: AnswerBuilder) -> Json:
        """The answer for a task that the execution may have, or has. Raises as `_refused`."""
        is_mine = task.execution_name == sent.execution_name
        if task.is_open and task.is_paused:
            return self._held(task, answers)
        starts_later = task.is_open and task.starts_on is not None and not task.iterations
        if starts_later and (wait := task.delay_left(self._clock.now())):
            return self._waits(task, wait, sent, answers)
        if task.lacks_slot and (failure := self._out_of_time(task)):
            return self._end_unclaimed(task, failure, sent, answers)
        if is_mine or (task.is_open and task.execution_name is None):
            if self._registry.may_lack(task.definition_id):
                if failure := self._out_of_time(task):
                    return self._end_unclaimed(task, failure, sent, answers)
                raise self._held_up(task)
            if task.counted_iterations < self._limit(task.definition_id):
                raise Overtaken(f'Task "{task.id}" was moved while its iteration was claimed.')
            return self._ran_too_often(task, sent, answers)
        return answers.not_mine(task)

    def _held(self, task: StoredTask, answers: AnswerBuilder) -> Json:
        """The answer for a paused task, which leaves its execution.

        Raises:
            Overtaken: somebody has just moved it.
        """
        if task.execution_name:
            held = task.held(now=self._clock.now())
            try:
                self._store.save(held, before=task, guard=paused_as(task))
            except RecordMoved as moved:
                raise Overtaken(f'Task "{task.id}" was moved while it was held.') from moved
        return answers.held(task)

    def holds(self, task: StoredTask) -> bool:
        """Whether the next iteration of a task is to wait, with those of others."""
        return self._pausing.pause_of(task) is not None

    def _hold(self, sent: WorkerEvent, answers: AnswerBuilder) -> Json | None:
        """Has a task wait that is paused with others. `None`: its claim says what is to be said.

        One that can't be claimed gets its answer without a claim: whatever is in its way may be
        gone by then.

        Raises:
            Overtaken: somebody has just moved it.
        """
        self._pausing.pauses()  # what this process knows may be 30 seconds old
        task = self._store.find(sent.task_id)
        pause = self._pausing.pause_of(task) if task else None
        if task is None or pause is None or self._out_of_time(task):
            return None
        if not _is_next(sent, task):
            return self._refused(task, sent, answers)
        held = task.paused_with_others(pause.kind, now=self._clock.now())
        try:
            self._store.save(held, before=task, guard=paused_as(task))
        except RecordMoved as moved:
            raise Overtaken(f'Task "{task.id}" was moved while it was held.') from moved
        return answers.held(held)

    def _limit(self, definition_id: str) -> int:
        known = self._registry.find(definition_id)
        return known.max_iterations if known else _UNLIMITED

    def _held_up(self, task: StoredTask) -> DefinitionUnavailable:
        """The error of a task whose definition may be missing here. Its record says so, too."""
        error = self._registry.unavailable(task.definition_id)
        held_up = task.held_up(error.message)
        if held_up.problem != task.problem:
            with suppress(RecordMoved):
                self._store.save(held_up, before=task, guard=owned_by(task))
        return error

    def _ran_too_often(self, task: StoredTask, sent: WorkerEvent, answers: AnswerBuilder) -> Json:
        failure = TaskFailure(message="Task reached max iterations.", code=ErrorCode.MAX_ITERATIONS)
        hooks = (Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR)
        return self._end_unclaimed(task, failure, sent, answers, hooks=hooks)

    def _end_unclaimed(
        self,
        task: StoredTask,
        failure: TaskFailure,
        sent: WorkerEvent,
        answers: AnswerBuilder,
        *,
        hooks: tuple[Hook, ...] | None = None,
    ) -> Json:
        """Ends a task that gets no claim."""
        outcome = failed(task.visited(sent.visit_key), failure, now=self._clock.now())
        log = self._log(task, claimed=False)
        return self._commit.store(task, outcome, log=log, answers=answers, hooks=hooks)

    def _out_of_time(self, task: StoredTask) -> TaskFailure | None:
        """Why a task has to end here and now, if its time is over."""
        return task.out_of_time(self._clock.now()) if task.ends_by else None

    def _end(
        self,
        task: StoredTask,
        failure: TaskFailure,
        log: LogBuffer,
        answers: AnswerBuilder,
        *,
        has_started: bool = True,
    ) -> Json:
        """Ends a task that can't be run."""
        last = task if has_started else task.not_started()
        outcome = failed(last, failure, now=self._clock.now())
        return self._commit.store(task, outcome, log=log, answers=answers)

    def _crashed(self, task: StoredTask, definition: Definition, log: LogBuffer) -> Outcome | None:
        """Logs and counts the crash of the iteration before; one too many is the task's end.

        One that ran out of memory moves on to another worker, if its definition names one.
        """
        cause, crashes, ran_out_of_memory = self._crashes_of(task)
        self._counts.crashed(task, cause)
        message = (
            f"The iteration before did not end: {cause.explanation}. "
            "It runs again from its last checkpoint."
        )
        log.add(message, data={"crash": cause.value, "crashes": crashes}, is_error=True)
        if ran_out_of_memory and (worker := _other_worker(task, definition)):
            return moved(task, worker, now=self._clock.now())
        if crashes <= definition.crash_retries:
            return None
        failure = TaskFailure(
            message=(
                f'Task "{task.id}" crashed its Lambda {crashes} times in a row; '
                f"crash_retries={definition.crash_retries} allows no more. "
                f"The last time, {cause.explanation}."
            ),
            code=cause.error_code,
            data={"crashes": crashes, "crash": cause.value},
        )
        return failed(task, failure, now=self._clock.now())

    def _crashes_of(self, task: StoredTask) -> tuple[WorkerFailure, int, bool]:
        """How the iteration before died, and how often in a row it has by its own doing.

        A crash that the history does not show (yet) counts. The third: whether a worker of this
        visit ran out of memory, be it one before the last.
        """
        deaths = task.claims_since_outcome - 1
        failures = self._executions.failures(task.execution_name or "")
        all_failures = [WorkerFailure.of(*failure) for failure in failures]
        died = [each for each in all_failures if not each.is_before_the_claim][:deaths]
        last = died[0] if died else WorkerFailure.KILLED
        crashes = deaths - sum(not each.is_the_tasks_doing for each in died)
        return last, crashes, WorkerFailure.OUT_OF_MEMORY in all_failures

    def _log(self, task: StoredTask, *, claimed: bool = True) -> LogBuffer:
        return LogBuffer(
            task,
            logs=self._store.logs,
            clock=self._clock,
            enabled=self._registry.keeps_logs(task.definition_id),
            claimed=claimed,
        )


def _unreadable_input(task: StoredTask) -> TaskFailure:
    note = task.input.get("note")
    return TaskFailure(
        message=str(note or "Its input can't be read: the record has something else in its place."),
        code=ErrorCode.INPUT_UNREADABLE,
        data={"unreadable": list(task.unreadable)},
    )


def _other_worker(task: StoredTask, definition: Definition) -> str | None:
    """The worker that a task moves to that ran out of memory; `None`: it stays."""
    worker = definition.retry.on_out_of_memory if definition.retry else None
    return worker if worker != task.worker else None


def _may_have(sent: WorkerEvent, task: StoredTask) -> bool:
    """Whether the execution of an event may own a task, or owns it.

    None may whose event names another tenant: for that one there is no such task.
    """
    if task.tenant != sent.tenant:
        return False
    if task.execution_name:
        return task.execution_name == sent.execution_name
    return task.released_from != sent.execution_name


def _is_next(sent: WorkerEvent, task: StoredTask) -> bool:
    """Whether a claim could have the next iteration of a task, as far as its limits go."""
    is_answered = bool(sent.visit) and task.answered_visit == sent.visit_key
    is_late = "" < sent.visit_entered_on < (task.visit_entered_on or "")
    is_free = task.is_open and not task.is_paused and _may_have(sent, task)
    return is_free and not is_answered and not is_late


def _no_definition(task: StoredTask) -> TaskFailure:
    id = task.definition_id
    return TaskFailure(
        message=(
            f'Task "{task.id}" cannot be executed because there is no "{id}" definition plugin.'
            " Next: deploy a task of this id, or name it among the aliases of the one that took"
            " its place; then trigger the task anew."
        ),
        code=ErrorCode.TASK_DEFINITION_ERROR,
        data={"definitionId": id},
    )
