"""One visit of `Run`, from event to answer: admit, run, commit."""

from dataclasses import replace

from handler.clock import Clock
from handler.contract import (
    MAX_EXECUTION_ITERATIONS,
    MAX_EXECUTION_SECONDS,
    MAX_ID_BYTES,
    AnswerStatus,
    WireKey,
)
from handler.errors import (
    BackgroundTaskError,
    DefinitionUnavailable,
    InvalidInput,
    StoreUnavailable,
)
from handler.events import WorkerEvent, payload_of
from handler.iteration.admission import Admission
from handler.iteration.answers import AnswerBuilder
from handler.iteration.author_code import AuthorCode
from handler.iteration.commit import Commit, Iteration
from handler.lifecycle import EventsByHand, about
from handler.record import Json, StoredTask, TaskFailure, is_key
from handler.tracing import traced_iteration


class Runner:
    """Runs iterations. It knows no AWS.

    Args:
        author: runs the task's function.
        max_execution_iterations: after how many iterations a task is handed over to a new
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
        max_execution_iterations: int = MAX_EXECUTION_ITERATIONS,
    ) -> None:
        self._admission = admission
        self._commit = commit
        self._by_hand = by_hand
        self._author = author
        self._clock = clock
        self._max_execution_iterations = max_execution_iterations

    def run(self, event: object) -> Json:
        """Runs the iteration that `event` asks for, and answers as the state machine takes it.

        Args:
            event: what the state machine sends, `{"name", "payload"}`; anything else gets an error
                answer.

        Raises:
            StoreUnavailable: the table stayed out of reach: the state machine runs the iteration
                again.
            DefinitionUnavailable: a file that may have the task's definition can't be imported:
                the state machine tries again, for the next deploy may have it.
        """
        payload = payload_of(event)
        answers = AnswerBuilder(payload)
        try:
            sent = _of_an_execution(WorkerEvent.from_lambda(event))
        except InvalidInput as error:
            return answers.error(self._refused(payload, error))
        try:
            return self._answer(sent, answers)
        except (StoreUnavailable, DefinitionUnavailable):
            raise
        except BackgroundTaskError as error:
            return answers.error(TaskFailure.from_exception(error))

    def _answer(self, sent: WorkerEvent, answers: AnswerBuilder) -> Json:
        if sent.by_hand:
            self._by_hand.accept(sent)
        admitted = self._admission.admit(sent, answers)
        if not isinstance(admitted, Iteration):
            return admitted
        task = admitted.task
        ids = traced_iteration(
            task_id=task.id,
            definition_id=task.definition_id,
            tenant=task.tenant,
            iteration=task.iterations,
        )
        with about(task), ids:
            return self._iterate(admitted)

    def _refused(self, payload: Json, error: InvalidInput) -> TaskFailure:
        """A malformed event by hand is kept as a failed task: it has no other trace."""
        id = payload.get(WireKey.TASK_ID)
        if payload.get(WireKey.BY_HAND) is True and is_key(id, MAX_ID_BYTES):
            return self._by_hand.refuse(str(id), payload, error)
        return TaskFailure.from_exception(error)

    def _iterate(self, iteration: Iteration) -> Json:
        before, outcome = self._author.run(iteration)
        log = iteration.log
        if self._is_near_the_end(outcome.task, iteration.sent):
            data: Json = {"iterations": outcome.task.execution_iterations}
            log.conclude("The task moves on to a new execution.", data=data)
            released = outcome.task.released(now=self._clock.now())
            outcome = replace(outcome, task=released)
        return self._commit.store(before, outcome, log=log, answers=iteration.answers)

    def _is_near_the_end(self, task: StoredTask, sent: WorkerEvent) -> bool:
        """Whether the execution comes near a limit of its own before the next iteration is over."""
        if task.last_answer is not AnswerStatus.CONTINUE:
            return False
        if task.execution_iterations >= self._max_execution_iterations:
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
