"""Stores the outcome of an iteration and answers the state machine, in this order."""

from typing import NamedTuple

from handler.clock import Clock
from handler.contract import AnswerStatus, ErrorCode
from handler.definition import Definition, Hook
from handler.errors import Overtaken
from handler.events import WorkerEvent
from handler.iteration.answers import AnswerBuilder
from handler.iteration.log_buffer import LogBuffer
from handler.iteration.outcome import Outcome
from handler.lifecycle import Ending, Slots, StatusEvents, Triggering
from handler.record import Json, LogLine, StoredTask, TaskFailure, TaskLog
from handler.table import RecordMoved, Store, paused_as, unheard


class Iteration(NamedTuple):
    """A claimed iteration.

    Args:
        task: the record, as it was claimed.
        log: its lines that are not written yet.
        answers: makes the answer to its event.
    """

    task: StoredTask
    definition: Definition
    log: LogBuffer
    answers: AnswerBuilder
    sent: WorkerEvent


class Commit:
    """Stores outcomes; repeats the answers of outcomes that are stored."""

    def __init__(
        self,
        *,
        store: Store,
        ending: Ending,
        triggering: Triggering,
        events: StatusEvents,
        slots: Slots,
        clock: Clock,
    ) -> None:
        self._store = store
        self._ending = ending
        self._triggering = triggering
        self._events = events
        self._slots = slots
        self._clock = clock

    def store(
        self,
        before: StoredTask,
        outcome: Outcome,
        *,
        log: LogBuffer,
        answers: AnswerBuilder,
        hooks: tuple[Hook, ...] | None = None,
    ) -> Json:
        """Stores an outcome with what was logged, then answers it.

        Args:
            before: the record, as it is stored.
            hooks: the first of these that the task has runs; by default the outcome's own.
        """
        log.conclude(outcome.line, data=outcome.data, failure=outcome.failure)
        return self._stored(before, outcome, log.close(), answers, hooks)

    def _stored(
        self,
        before: StoredTask,
        outcome: Outcome,
        lines: TaskLog | None,
        answers: AnswerBuilder,
        hooks: tuple[Hook, ...] | None = None,
    ) -> Json:
        """Stores an outcome with its lines, then answers it.

        A task that was paused during its iteration leaves its execution with the outcome, in the
        same write; one that was resumed as well stays. One that is about to wait for what has come
        meanwhile does not wait.
        """
        while True:
            after = self._after(before, outcome)
            try:
                guard = unheard(after, before)
                if after.is_over:
                    self._ending.end(before, after, guard=guard, log=lines, hooks=hooks)
                else:
                    self._store.save(after, before=before, guard=guard, log=lines)
                    self._events.stored(after)
            except RecordMoved as moved:
                if not (moved.task and _is_still_in_hand(before, moved.task)):
                    return self._discarded(moved.task, after, lines, answers)
                came = {"paused_on": moved.task.paused_on, "calls": moved.task.calls}
                before = before.model_copy(update=came)
            else:
                return self.answer(after, answers, outcome.message)

    def _after(self, before: StoredTask, outcome: Outcome) -> StoredTask:
        """The task with its outcome: of a paused one, the next iteration is nobody's."""
        after = outcome.task.called_before(before.calls)
        if after.is_open and not after.waiting_until:
            after = after.keeping_slot(before.slot)  # it was about to wait, and does not
        if after.is_over or not before.is_paused:
            return after
        paused = after.model_copy(update={"paused_on": before.paused_on})
        return paused.held(now=self._clock.now())

    def go_on(self, iteration: Iteration, before: StoredTask, outcome: Outcome) -> Iteration | Json:
        """Stores an outcome and claims the next iteration of the same visit, in one request.

        An iteration that has logged nothing says nothing: it writes its record alone.

        Args:
            before: the record, as it is stored.

        Returns:
            The claimed iteration; or the answer, if the record has moved on.
        """
        log, after = iteration.log, outcome.task.claimed_in_place(before)
        if outcome.failure or log.has_spoken:
            log.conclude(outcome.line, data=outcome.data, failure=outcome.failure)
        lines = log.close()
        try:
            stored = self._store.save(after, before=before, guard=paused_as(before), log=lines)
        except RecordMoved as moved:
            if moved.task and _is_still_in_hand(before, moved.task):
                return self._stored(before, outcome, lines, iteration.answers)
            return self._discarded(moved.task, outcome.task, lines, iteration.answers)
        return iteration._replace(task=stored, log=log.of_next(stored))

    def answer(self, task: StoredTask, answers: AnswerBuilder, message: str = "") -> Json:
        """The answer of the outcome that is stored, for the first time or again."""
        if task.is_held:
            return answers.held(task)
        if task.last_answer is AnswerStatus.CONTINUE and task.execution_name is None:
            self._triggering.send_again(task)  # handed over: the next execution starts by this
        return answers.of_outcome(task, now=self._clock.now(), message=message)

    def _discarded(
        self,
        now: StoredTask | None,
        after: StoredTask,
        lines: TaskLog | None,
        answers: AnswerBuilder,
    ) -> Json:
        """The record moved on during the iteration: the outcome is discarded, the log kept."""
        if now is None:
            self._ending.abort_children(after)  # those that it has triggered since
            message = f'Task "{after.id}" was deleted while it ran.'
            return answers.error(TaskFailure(message=message, code=ErrorCode.TASK_NOT_FOUND))
        if lines:
            is_same = now.last_answer is after.last_answer
            kept = lines if is_same else self._marked_as_discarded(lines, now)
            self._store.logs.append(kept)
        if now.was_aborted:
            if (now.execution_name, now.iterations) == (after.execution_name, after.iterations):
                self._slots.left(now)  # nothing of it runs any more
            self._ending.finish(now)  # it may have triggered children since the abort
            return answers.aborted()
        if after.visit and now.visit == after.visit:
            return self._of_the_same_visit(now, answers)
        return answers.not_mine(now)

    def _of_the_same_visit(self, now: StoredTask, answers: AnswerBuilder) -> Json:
        """The answer where another invocation of this visit was faster.

        The state machine hears one of the two, and it may be this one.

        Raises:
            Overtaken: the other one has no answer yet.
        """
        if now.answered_visit == now.visit:
            return self.answer(now, answers)
        raise Overtaken(f'Another invocation of the same visit runs task "{now.id}".')

    def _marked_as_discarded(self, lines: TaskLog, now: StoredTask) -> TaskLog:
        """`lines`, plus a note that the outcome they report was discarded."""
        message = f"This outcome was discarded: the task is {now.status} meanwhile."
        note = LogLine.at(self._clock.now(), message)
        return lines.model_copy(update={"lines": (*lines.lines, note)})


def _is_still_in_hand(before: StoredTask, now: StoredTask) -> bool:
    """Whether an iteration is in hand, and somebody has paused, resumed or called its task."""
    return (
        now.is_open
        and now.is_in_hand
        and (now.is_paused, now.calls) != (before.is_paused, before.calls)
        and (now.execution_name, now.iterations) == (before.execution_name, before.iterations)
        and now.created_text == before.created_text
    )
