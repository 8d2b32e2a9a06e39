"""One visit of `Run`, from event to answer: admit, run, commit, and go on."""

import logging
from dataclasses import dataclass

from handler import process_log
from handler.clock import Clock, RemainingSeconds
from handler.contract import (
    IN_PLACE_SHARE,
    MAX_EXECUTION_SECONDS,
    MAX_EXECUTION_VISITS,
    MAX_ID_BYTES,
    AnswerStatus,
    WireKey,
)
from handler.errors import (
    BackgroundTaskError,
    DefinitionUnavailable,
    InvalidInput,
    Overtaken,
    StoreUnavailable,
)
from handler.events import WorkerEvent, payload_of
from handler.iteration.admission import Admission
from handler.iteration.answers import AnswerBuilder
from handler.iteration.author_code import AuthorCode
from handler.iteration.commit import Commit, Iteration
from handler.iteration.outcome import Outcome
from handler.lifecycle import EventsByHand, about
from handler.record import Json, StoredTask, TaskFailure, is_key
from handler.tracing import traced_iteration


@dataclass(slots=True)
class _Visit:
    """A visit of `Run`.

    Args:
        needed_seconds: iterations go on in it while so many are left.
        iterations: how many it has run.
    """

    needed_seconds: float
    iterations: int = 0


class Runner:
    """Runs iterations. It knows no AWS.

    An iteration that goes on without a wait does so **in place**: its commit claims the next one,
    and the visit of `Run` is answered once, after its last iteration.

    Args:
        author: runs the task's function.
        remaining: how many seconds the invocation has left.
        max_execution_visits: after how many visits of `Run` a task is handed over to a new
            execution.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        commit: Commit,
        by_hand: EventsByHand,
        author: AuthorCode,
        clock: Clock,
        remaining: RemainingSeconds,
        max_execution_visits: int = MAX_EXECUTION_VISITS,
    ) -> None:
        self._admission = admission
        self._commit = commit
        self._by_hand = by_hand
        self._author = author
        self._clock = clock
        self._remaining = remaining
        self._max_execution_visits = max_execution_visits

    def run(self, event: object) -> Json:
        """Runs the iterations that `event` asks for, and answers as the state machine takes it.

        Args:
            event: what the state machine sends, `{"name", "payload"}`; anything else gets an error
                answer.

        Raises:
            StoreUnavailable: the table stayed out of reach: the state machine runs the iteration
                again.
            DefinitionUnavailable: a file that may have the task's definition can't be imported:
                the state machine tries again, for the next deploy may have it.
            Overtaken: another invocation of the same visit runs the task: the state machine asks
                again.
        """
        visit = _Visit(needed_seconds=self._remaining() * IN_PLACE_SHARE)
        answer = self._answer(event, visit)
        status = answer[WireKey.STATUS]
        details = {"action": "visit", "answer": status, "iterations": visit.iterations}
        process_log.write(logging.INFO, "visit", details)
        return answer

    def _answer(self, event: object, visit: _Visit) -> Json:
        payload = payload_of(event)
        answers = AnswerBuilder(payload)
        try:
            sent = _of_an_execution(WorkerEvent.from_lambda(event))
        except InvalidInput as error:
            return answers.error(self._refused(payload, error))
        try:
            return self._run(sent, answers, visit)
        except (StoreUnavailable, DefinitionUnavailable, Overtaken):
            raise
        except BackgroundTaskError as error:
            return answers.error(TaskFailure.from_exception(error))

    def _run(self, sent: WorkerEvent, answers: AnswerBuilder, visit: _Visit) -> Json:
        """Runs one iteration after the other, until the visit has its answer."""
        if sent.by_hand:
            self._by_hand.accept(sent)
        step = self._admission.admit(sent, answers)
        while isinstance(step, Iteration):
            visit.iterations += 1
            step = self._iterate(step, visit)
        return step

    def _refused(self, payload: Json, error: InvalidInput) -> TaskFailure:
        """A malformed event by hand is kept as a failed task: it has no other trace."""
        id = payload.get(WireKey.TASK_ID)
        if payload.get(WireKey.BY_HAND) is True and is_key(id, MAX_ID_BYTES):
            return self._by_hand.refuse(str(id), payload, error)
        return TaskFailure.from_exception(error)

    def _iterate(self, iteration: Iteration, visit: _Visit) -> Iteration | Json:
        """Runs one iteration.

        Returns:
            The next one, which this invocation has claimed; or the answer.
        """
        task = iteration.task
        ids = traced_iteration(
            task_id=task.id,
            definition_id=task.definition_id,
            tenant=task.tenant,
            iteration=task.iterations,
        )
        with about(task), ids:
            before, outcome = self._author.run(iteration)
            if self._goes_on(iteration, outcome, visit):
                return self._commit.go_on(iteration, before, outcome)
            return self._end_visit(iteration, before, outcome)

    def _goes_on(self, iteration: Iteration, outcome: Outcome, visit: _Visit) -> bool:
        """Whether the next iteration is this invocation's as well.

        Not of a paused task, nor of one that is held with others. Not behind a crash: the state
        machine counts the deaths in one visit of `Run`, and the next step has its own. Not with
        less time than the author's code has asked for: it would be told at once that time is short.
        And not at the limit: who claims it there ends the task.
        """
        after, definition = outcome.task, iteration.definition
        visit.needed_seconds = max(visit.needed_seconds, outcome.margin)
        return (
            definition.in_place
            and after.last_answer is AnswerStatus.CONTINUE
            and not after.waiting_until
            and not after.is_paused
            and iteration.task.claims_since_outcome == 1
            and after.counted_iterations < definition.max_iterations
            and self._remaining() >= visit.needed_seconds
            and not self._admission.holds(after)
        )

    def _end_visit(self, iteration: Iteration, before: StoredTask, outcome: Outcome) -> Json:
        log = iteration.log
        if self._is_near_the_end(outcome.task, iteration.sent):
            data: Json = {"visits": outcome.task.execution_visits}
            log.conclude("The task moves on to a new execution.", data=data)
            released = outcome.task.released(now=self._clock.now())
            outcome = outcome._replace(task=released)
        return self._commit.store(before, outcome, log=log, answers=iteration.answers)

    def _is_near_the_end(self, task: StoredTask, sent: WorkerEvent) -> bool:
        """Whether the execution comes near a limit of its own before the next iteration is over."""
        if task.last_answer is not AnswerStatus.CONTINUE:
            return False
        if task.execution_visits >= self._max_execution_visits:
            return True
        now = self._clock.now()
        return sent.seconds_running(now) + task.delay_left(now) > MAX_EXECUTION_SECONDS


def _of_an_execution(sent: WorkerEvent) -> WorkerEvent:
    """An event that names its execution: no other can own a task. Raises `InvalidInput`."""
    if sent.execution_name:
        return sent
    key = WireKey.EXECUTION_NAME.value
    raise InvalidInput(
        f"Validation failed. The event has no {key}.", data={"invalidFields": {key: "is empty"}}
    )
