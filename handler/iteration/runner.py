"""One iteration, from event to answer: claim, run, commit. Knows no AWS."""

import logging
from datetime import timedelta
from typing import Final, Protocol, assert_never

from handler.aws.metrics import Meter
from handler.aws.worker_failures import Crash
from handler.clock import Clock, RemainingSeconds
from handler.contract import (
    MAX_EXECUTION_ITERATIONS,
    MAX_EXECUTION_SECONDS,
    MAX_WAIT_SECONDS,
    AnswerStatus,
    Status,
    WireKey,
)
from handler.definition.definition import Definition, Hook
from handler.definition.registry import Registry
from handler.definition.values import next_input, stored_output
from handler.definition.verdicts import Aborted, Continue, Done, Failed, Verdict, whole_seconds
from handler.errors import BackgroundTaskError, InvalidInput, StoreUnavailable, UnknownDefinition
from handler.events import WorkerEvent, payload_of
from handler.iteration.answers import Answers
from handler.iteration.context import Context, owned_by
from handler.iteration.log_buffer import Journal
from handler.iteration.loop import Leave
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.service import Tasks, too_long
from handler.record.failures import error_of, error_of_failed
from handler.record.task_record import ErrorRecord, Json, LogLine, TaskLog, TaskRecord
from handler.table.conditions import Claim
from handler.table.store import Store, Superseded

log = logging.getLogger(__name__)

NOT_FOUND: Final = "TASK_NOT_FOUND"
NO_VERDICT: Final = "NO_VERDICT"
MAX_ITERATIONS: Final = "MAX_ITERATIONS"
_UNLIMITED: Final = 10**9


class History(Protocol):
    """What tells how attempts at `Run` have failed."""

    def failures(self, name: str) -> list[tuple[str, str]]: ...


class Runner:
    """Runs iterations.

    Args:
        registry: the definitions.
        store: the table.
        tasks: what a task triggers its children with.
        hooks: runs the hooks of what has ended.
        executions: tells how an iteration died; without them, only that it did.
        meter: counts how tasks end, and how workers die.
        max_execution_iterations: after how many iterations a task moves on to a new execution.
        clock: tells the time.
        remaining: how many seconds the invocation has left.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        tasks: Tasks,
        hooks: Hooks,
        executions: History | None,
        clock: Clock,
        remaining: RemainingSeconds,
        meter: Meter,
        max_execution_iterations: int = MAX_EXECUTION_ITERATIONS,
    ) -> None:
        self._meter = meter
        self._max_execution_iterations = max_execution_iterations
        self._registry = registry
        self._store = store
        self._tasks = tasks
        self._hooks = hooks
        self._executions = executions
        self._clock = clock
        self._remaining = remaining

    def run(self, event: object, *, invocation: str) -> Json:
        """Runs the iteration that `event` asks for, and answers as the state machine takes it.

        Args: event: what the state machine sends, `{"name", "payload"}`; anything else gets an
            error answer. invocation: the id of this invocation of the Lambda.

        Raises: StoreUnavailable: the table stayed out of reach: the state machine runs the
            iteration again.
        """
        payload = payload_of(event)
        answers = Answers(payload)
        try:
            sent = WorkerEvent.from_lambda(event)
        except InvalidInput as error:
            if (
                payload.get(WireKey.BY_HAND) is True
                and isinstance(id := payload.get(WireKey.TASK_ID), str)
                and id
            ):
                self._tasks.refuse(id, payload, error)
            return answers.error(error_of(error))
        try:
            return self._answer(sent, answers, invocation)
        except StoreUnavailable:
            raise
        except BackgroundTaskError as error:
            return answers.error(error_of(error))

    def _answer(self, sent: WorkerEvent, answers: Answers, invocation: str) -> Json:
        if sent.by_hand:
            self._tasks.accept(sent)
        if sent.delay > 0:
            return self._defer(sent, answers)
        try:
            record = self._store.claim(self._claim(sent, invocation))
        except Superseded as refused:
            return self._refused(refused.record, sent, answers, invocation)
        definition = self._registry.find(record.definition_id)
        journal = self._journal(record, definition)
        if definition is None:
            return self._end(record, _no_definition(record), journal, answers)
        if (
            record.spent - (record.claims - 1) > definition.max_iterations
        ):  # the event named another definition than the record
            return self._ran_too_often(record, record, answers)
        return self._iterate(record, definition, journal, sent, answers)

    def _claim(self, sent: WorkerEvent, invocation: str) -> Claim:
        known = self._registry.find(sent.definition_id)
        return Claim(
            task_id=sent.task_id,
            execution_name=sent.execution_name,
            visit=sent.visit_key,
            invocation=invocation,
            max_iterations=known.max_iterations if known else _UNLIMITED,
        )

    def _defer(self, sent: WorkerEvent, answers: Answers) -> Json:
        """Has the execution wait for the task's delay to pass: it owns the task from here on, and
        `abort` can find it.
        """
        if sent.delay > MAX_WAIT_SECONDS:
            raise too_long(sent.delay)
        record = self._store.find(sent.task_id)
        if (
            record is None
            or not record.status.is_open
            or record.execution_name not in (None, sent.execution_name)
        ):
            return self._refused(record, sent, answers, "")
        now = self._clock.now()
        if record.execution_name and record.waiting_until:
            return answers.proceed(
                wait=record.delay_left(now)
            )  # the answer of a visit before was lost
        wait = whole_seconds(sent.delay, now=now)
        deferred = record.deferred(
            now=now, until=now + timedelta(seconds=wait), execution_name=sent.execution_name
        )
        try:
            self._store.save(deferred, before=record, guard=owned_by(record))
        except Superseded as superseded:
            after = superseded.record
            if (
                after is None
                or not after.status.is_open
                or after.execution_name != sent.execution_name
            ):
                return self._refused(after, sent, answers, "")
            # else it is this very write, tried again after its answer was lost
        return answers.proceed(wait=wait)

    def _refused(
        self, record: TaskRecord | None, sent: WorkerEvent, answers: Answers, invocation: str
    ) -> Json:
        """What is to be said of a task that was not claimed. Nothing is changed, but for one that
        ran too often.
        """
        if record is None:
            message = f'Task "{sent.task_id}" cannot be executed because it does not exist.'
            return answers.error(ErrorRecord(message=message, code=NOT_FOUND))
        is_mine = record.execution_name == sent.execution_name
        if is_mine and record.status is Status.ABORTED:
            self._tasks.abort_children(
                record
            )  # those that a worker which died had triggered since the abort
        if is_mine or record.execution_name is None:
            self._hooks.run_due(
                record
            )  # whoever stored the outcome died before its hook had run, or may not run it
        if sent.visit and record.answered_visit == sent.visit_key:
            return self._told(record, answers)
        if record.status.is_open and record.execution_name in (None, sent.execution_name):
            definition = self._registry.find(record.definition_id)
            if (
                sent.definition_id != record.definition_id
                and definition
                and record.spent < definition.max_iterations
            ):
                return self._answer(
                    sent.model_copy(update={"definition_id": record.definition_id}),
                    answers,
                    invocation,
                )
            seen = record.checkpointed(
                now=self._clock.now(), visit=sent.visit_key, invocation=invocation
            )
            return self._ran_too_often(record, seen, answers)
        return (
            _closed(record, answers)
            if is_mine or record.status is Status.ABORTED
            else _not_mine(record, answers)
        )

    def _ran_too_often(self, before: TaskRecord, seen: TaskRecord, answers: Answers) -> Json:
        definition = self._registry.find(before.definition_id)
        error = ErrorRecord(message="Task reached max iterations.", code=MAX_ITERATIONS)
        journal = self._journal(before, definition)
        journal.conclude(error.message, error)
        hook = self._registry.due_hook(before.definition_id, Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR)
        after = seen.failed(now=self._clock.now(), error=error, hook=hook)
        return self._commit(before, after, journal, answers)

    def _iterate(
        self,
        record: TaskRecord,
        definition: Definition,
        journal: Journal,
        sent: WorkerEvent,
        answers: Answers,
    ) -> Json:
        context = Context(
            record,
            definition=definition,
            store=self._store,
            tasks=self._tasks,
            journal=journal,
            clock=self._clock,
            remaining=self._remaining,
        )
        if record.claims > 1:
            crash, crashes = self._crashes_of(record)
            self._meter.count("Crashes", definition=definition.id, crash=crash.value)
            message = (
                f"The iteration before did not end: {crash.in_words}. It runs again from its last"
                " checkpoint."
            )
            journal.error(message, crash=crash.value, crashes=crashes)
            if crashes > definition.crash_retries:
                ended = _crashed(record, definition, crash, crashes)
                return self._end(record, ended, journal, answers, definition)
        verdict, error = self._verdict(definition, context)
        try:
            after, message = self._outcome(definition, context, verdict, error)
        except StoreUnavailable:
            raise
        # what the verdict carries can't be used: a wait, an input or an output that is none
        except Exception as refusal:
            after, message = self._outcome(
                definition, context, Failed(type(refusal).__name__), refusal
            )
        if after.answer is AnswerStatus.CONTINUE and self._is_near_the_end(after, sent):
            journal.conclude(
                "The task moves on to a new execution.", iterations=after.execution_iterations
            )
            after = after.released(now=self._clock.now())
        return self._commit(context.task, after, journal, answers, message)

    def _is_near_the_end(self, record: TaskRecord, sent: WorkerEvent) -> bool:
        """Whether the execution would come near one of its limits before the task's next iteration
        has ended.
        """
        if record.execution_iterations >= self._max_execution_iterations:
            return True
        now = self._clock.now()
        return sent.seconds_running(now) + record.delay_left(now) > MAX_EXECUTION_SECONDS

    def _verdict(
        self, definition: Definition, context: Context
    ) -> tuple[Verdict, BaseException | None]:
        """What the task's function returned, and what it raised."""
        try:
            verdict = definition.run(context, definition.validate(context.task.input))
        except Leave as leave:
            return leave.verdict, None
        except StoreUnavailable:
            raise
        except (Exception, SystemExit) as error:
            return Failed(type(error).__name__), error
        if isinstance(verdict, (Done, Continue, Failed, Aborted)):
            return verdict, None
        message = (
            f'Task "{definition.id}" returned {_shown(verdict)}; return Done, Continue, Failed or'
            " Aborted."
        )
        return Failed(message, code=NO_VERDICT), None

    def _outcome(
        self,
        definition: Definition,
        context: Context,
        verdict: Verdict,
        raised: BaseException | None,
    ) -> tuple[TaskRecord, str]:
        """The record as the verdict leaves it, its log line written, and the message for the
        answer.
        """
        now, record = self._clock.now(), context.unsaved()
        match verdict:
            case Done(message, output):
                done = record.succeeded(
                    now=now, output=stored_output(output), hook=definition.due_hook(Hook.ON_DONE)
                )
                context.log.conclude(message or "Task done.")
                return done, message
            case Continue():
                input = next_input(definition, record.input, verdict.input)
                wait = whole_seconds(verdict.wait, now=now)
                continued = record.continued(
                    now=now, input=input, wait=wait, free=not verdict.counts
                )
                context.log.conclude("Task continuing.", None, **({"wait": wait} if wait else {}))
                return continued, ""
            case Failed():
                error = error_of(raised) if raised else error_of_failed(verdict)
                return self._failed(definition, record, context.log, error, raised), ""
            case Aborted():
                aborted = record.aborted(now=now, hook=definition.due_hook(Hook.ON_ABORT))
                context.log.conclude("Task aborted.")
                return aborted, ""
            case _:
                assert_never(verdict)

    def _failed(
        self,
        definition: Definition,
        record: TaskRecord,
        journal: Journal,
        error: ErrorRecord,
        raised: BaseException | None,
    ) -> TaskRecord:
        """The record after a failure: another attempt if the task's Retry allows one, else its
        end.
        """
        now, retry, attempt = self._clock.now(), definition.retry, record.attempts
        # An input that doesn't validate never will.
        if (
            retry is None
            or isinstance(raised, InvalidInput)
            or not retry.allows(attempt, code=error.code, error=raised)
        ):
            journal.conclude(error.message, error)
            return record.failed(now=now, error=error, hook=definition.due_hook(Hook.ON_ERROR))
        wait = whole_seconds(retry.wait_after(attempt), now=now)
        journal.conclude(
            f"Attempt {attempt} of {retry.max_attempts} failed: {error.message} The next one is in"
            f" {wait} s.",
            error,
        )
        return record.continued(now=now, input=record.input, wait=wait, attempts=attempt)

    def _end(
        self,
        record: TaskRecord,
        error: ErrorRecord,
        journal: Journal,
        answers: Answers,
        definition: Definition | None = None,
    ) -> Json:
        """Ends a task that could not be run."""
        journal.conclude(error.message, error)
        hook = definition.due_hook(Hook.ON_ERROR) if definition else None
        return self._commit(
            record, record.failed(now=self._clock.now(), error=error, hook=hook), journal, answers
        )

    def _commit(
        self,
        before: TaskRecord,
        after: TaskRecord,
        journal: Journal,
        answers: Answers,
        message: str = "",
    ) -> Json:
        """Stores the outcome with what was logged, runs the hook that it makes due, and tells it;
        in this order.
        """
        lines = journal.take()
        try:
            self._store.save(after, before=before, guard=owned_by(before), log=lines)
        except Superseded as superseded:
            if not _is_stored(after, superseded.record):
                return self._overtaken(superseded.record, before, after, lines, answers)
        if not after.status.is_open:
            self._meter.count(f"Tasks{after.status.capitalize()}", definition=after.definition_id)
        self._hooks.run_due(after)
        return self._told(after, answers, message)

    def _overtaken(
        self,
        record: TaskRecord | None,
        before: TaskRecord,
        after: TaskRecord,
        lines: TaskLog | None,
        answers: Answers,
    ) -> Json:
        """The record moved on during the iteration: its outcome is void, but what it logged is
        kept.
        """
        if record is None:
            return answers.error(
                ErrorRecord(message=f'Task "{before.id}" was deleted while it ran.', code=NOT_FOUND)
            )
        if lines:
            self._store.append(
                lines if record.answer is after.answer else self._void(lines, record),
                closes=not record.status.is_open,
            )
        if record.status is Status.ABORTED:
            self._tasks.abort_children(record)  # those that it triggered since the abort
            self._hooks.run_due(record)
            return answers.aborted()
        return _not_mine(record, answers)

    def _void(self, lines: TaskLog, record: TaskRecord) -> TaskLog:
        """`lines`, and that what they say of the outcome came to nothing."""
        message = f"This outcome is void: the task is {record.status} meanwhile."
        void = LogLine.at(self._clock.now(), message)
        return lines.model_copy(update={"items": (*lines.items, void)})

    def _told(self, record: TaskRecord, answers: Answers, message: str = "") -> Json:
        """The answer that the record's last outcome makes."""
        match record.answer:
            case AnswerStatus.CONTINUE if record.execution_name is None:
                self._tasks.send_again(record)
                return answers.done(f'Task "{record.id}" has moved on to a new execution.')
            case AnswerStatus.CONTINUE | None:
                return answers.proceed(wait=record.delay_left(self._clock.now()))
            case AnswerStatus.DONE:
                return answers.done(message, record.output)
            case AnswerStatus.ERROR:
                return answers.error(ErrorRecord.model_validate((record.output or {}).get("error")))
            case AnswerStatus.ABORTED:
                return answers.aborted()
            case _:
                assert_never(record.answer)

    def _crashes_of(self, record: TaskRecord) -> tuple[Crash, int]:
        """How the iteration before died, and how many times it has by its own doing, as far as the
        history tells.
        """
        deaths = record.claims - 1
        failures = (
            self._executions.failures(record.execution_name or "") if self._executions else []
        )
        crashes = [
            crash for failure in failures if (crash := Crash.of(*failure)) is not Crash.THROTTLED
        ][:deaths]
        last = crashes[0] if crashes else Crash.KILLED
        # What the history doesn't tell (yet) counts; that the table could not be reached is not the
        # task's doing.
        return last, deaths - crashes.count(Crash.STORE)

    def _journal(self, record: TaskRecord, definition: Definition | None) -> Journal:
        enabled = definition is None or definition.database_logs
        return Journal(record, store=self._store, clock=self._clock, enabled=enabled)


def _closed(record: TaskRecord, answers: Answers) -> Json:
    """The execution that owned the task comes back after its end: Webiny's answers."""
    if record.status is Status.ABORTED:
        return answers.aborted()
    message = "Task is already done" if record.status is Status.SUCCESS else "Task has failed"
    return answers.error(ErrorRecord(message=f"{message}, cannot run it again."))


def _is_stored(after: TaskRecord, record: TaskRecord | None) -> bool:
    """Whether `record` is what the refused write itself has made of it: it was tried again, since
    its answer was lost.
    """
    if (
        record is None or record.status is Status.ABORTED
    ):  # somebody else may have done that; it is answered the same
        return False
    return (record.invocation, record.answer, record.saved_on) == (
        after.invocation,
        after.answer,
        after.saved_on,
    )


def _not_mine(record: TaskRecord, answers: Answers) -> Json:
    """A duplicate ends as a quiet success: EventBridge delivers an event at least once."""
    owner = (
        f'the execution "{record.execution_name}"' if record.execution_name else "another execution"
    )
    return answers.done(
        f'Task "{record.id}" ({record.status}) belongs to {owner}; this one changed nothing.'
    )


def _no_definition(record: TaskRecord) -> ErrorRecord:
    id = record.definition_id
    message = f'Task "{record.id}" cannot be executed because there is no "{id}" definition plugin.'
    return ErrorRecord(message=message, code=UnknownDefinition.code, data={"definitionId": id})


def _crashed(record: TaskRecord, definition: Definition, crash: Crash, crashes: int) -> ErrorRecord:
    message = (
        f'Task "{record.id}" crashed its Lambda {crashes} times in a row; '
        f"crash_retries={definition.crash_retries} allows no more. The last time, {crash.in_words}."
    )
    return ErrorRecord(
        message=message, code=crash.error_code, data={"crashes": crashes, "crash": crash.value}
    )


def _shown(verdict: object) -> str:
    return "nothing" if verdict is None else f"{verdict!r:.80}"
