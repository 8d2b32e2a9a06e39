"""Stores the outcome of an iteration and answers the state machine, in this order."""

from dataclasses import dataclass, replace

from handler.clock import Clock
from handler.contract import AnswerStatus, ErrorCode
from handler.definition import Definition, Hook
from handler.errors import Overtaken
from handler.events import WorkerEvent
from handler.iteration.answers import AnswerBuilder
from handler.iteration.log_buffer import LogBuffer
from handler.iteration.outcome import Outcome
from handler.lifecycle import Ending, Triggering
from handler.record import Json, LogLine, StoredTask, TaskFailure, TaskLog
from handler.table import RecordMoved, Store, owned_by


@dataclass(frozen=True, kw_only=True)
class Iteration:
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
        self, *, store: Store, ending: Ending, triggering: Triggering, clock: Clock
    ) -> None:
        self._store = store
        self._ending = ending
        self._triggering = triggering
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
        after, lines = outcome.task, log.close()
        try:
            if after.is_over:
                guard = owned_by(before)
                self._ending.end(before, after, guard=guard, log=lines, hooks=hooks)
            else:
                self._store.save(after, before=before, guard=owned_by(before), log=lines)
        except RecordMoved as moved:
            return self._discarded(moved.task, after, lines, answers)
        return self.answer(after, answers, outcome.message)

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
            stored = self._store.save(after, before=before, guard=owned_by(before), log=lines)
        except RecordMoved as moved:
            return self._discarded(moved.task, outcome.task, lines, iteration.answers)
        return replace(iteration, task=stored, log=log.of_next(stored))

    def answer(self, task: StoredTask, answers: AnswerBuilder, message: str = "") -> Json:
        """The answer of the outcome that is stored, for the first time or again."""
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
