"""What a running task is given."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar, overload

from pydantic import BaseModel

from handler.clock import Clock, RemainingSeconds, Seconds, to_seconds
from handler.definition import Definition, Verdict
from handler.iteration.checkpoints import Checkpoints
from handler.iteration.child_key import child_key, key_of
from handler.iteration.join import Join
from handler.iteration.log_buffer import TaskLogger
from handler.iteration.loop import CURSOR, Loop, LoopOptions, check_count
from handler.iteration.waits import SignalWait
from handler.lifecycle import (
    SignalUrls,
    Tasks,
    checked_idempotency_key,
    ids_of,
    without_retried,
)
from handler.record import Progress, Signal, StoredTask, TaskRecord, short_repr
from handler.table import Signals

Item = TypeVar("Item")
Children = Callable[[str], Iterator[StoredTask]]


def _one(_: object) -> int:
    return 1


class Context:
    """What a task knows of itself, and what it can do beside its own work.

    Attributes:
        log: adds lines to the task's log.
        definition: the task's definition.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        *,
        definition: Definition,
        log: TaskLogger,
        tasks: Tasks,
        children: Children,
        child_ids: Callable[[str], set[str]],
        signals: Signals,
        signal_urls: SignalUrls,
        clock: Clock,
        remaining: RemainingSeconds,
        margin: float,
    ) -> None:
        self.log = log
        self.definition = definition
        self._checkpoints = checkpoints
        self._tasks = tasks
        self._children = children
        self._join = Join(self, checkpoints, tasks=tasks, child_ids=child_ids, clock=clock)
        self._signal_wait = SignalWait(checkpoints, signals=signals, clock=clock)
        self._signal_urls = signal_urls
        self._clock = clock
        self._remaining = remaining
        self._margin = margin

    @property
    def task(self) -> TaskRecord:
        """The record, with what this iteration has saved."""
        return self._checkpoints.record

    @property
    def tenant(self) -> str:
        return self.task.tenant

    @property
    def locale(self) -> str:
        return self.task.locale

    def remaining_seconds(self) -> float:
        """How many seconds this iteration has left before its Lambda is ended."""
        return self._remaining()

    def is_close_to_timeout(self, margin: Seconds | None = None) -> bool:
        """Whether less than `margin` is left: time to return `Continue`.

        By default it is a fifth of its worker's time: 3 minutes of 15. The next iteration has an
        invocation of its own where less than that is left.
        """
        return self._checkpoints.is_short_of_time(self._seconds_of(margin), self._remaining())

    def is_aborted(self) -> bool:
        """Whether this iteration is one of the past: nothing that it does counts any more.

        Its task was aborted or deleted; or its deadline has passed; or another invocation runs the
        task, since Step Functions took this one for dead; or the iteration has returned, and a
        thread of it asks. It reads the table, at most once a second.
        """
        return self._checkpoints.is_over()

    def save_input(self, input: Mapping[str, object] | BaseModel) -> None:
        """Saves a checkpoint: what the next iteration, or this one after a crash, starts with.

        A model replaces the input, a mapping is merged over it. Where `is_aborted` says so,
        nothing is saved.

        Raises:
            InvalidInput: it does not validate, or is too large.
            TypeError: it is not the loop's own input, inside a loop of `each`.
        """
        self._checkpoints.save_input(input)

    def save_output(self, output: Mapping[str, object] | BaseModel) -> None:
        """Saves an output, in place of the one before; a later `Done` without one keeps it."""
        self._checkpoints.save_output(output)

    def save_progress(self, done: int, total: int | None = None) -> None:
        """Says how far the task is, for people to see on the record.

        Raises:
            ValueError: a number is not whole, is below 0, or is above 2**53 - 1.
        """
        check_count(f"save_progress(done={short_repr(done)})", done)
        if total is not None:
            check_count(f"save_progress(total={short_repr(total)})", total)
        self._checkpoints.save_progress(Progress(done=done, total=total))

    def trigger(
        self,
        definition: str | Definition,
        *,
        input: Mapping[str, object] | BaseModel | None = None,
        name: str | None = None,
        delay: Seconds = 0,
        timeout: Seconds | None = None,
        expires_after: Seconds | None = None,
        priority: Seconds = 0,
        tags: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> TaskRecord:
        """Triggers a child of this task, in the name of whoever triggered this one.

        Args:
            definition: the definition, or its id.
            input: what its input model takes.
            name: for people.
            delay: how long to wait before its first iteration.
            timeout: as of `tasks.trigger`. It has no limit of this task's.
            expires_after: the same.
            priority: the same.
            tags: the same; it has none of this task's.
            idempotency_key: the same key returns the same child: after a crash, say. Without one,
                the input and the name are the key.

        Raises:
            Refused: the iteration has returned, and a thread of it triggers. Else as
                `tasks.trigger`.
        """
        self._checkpoints.check_may_trigger()
        known = definition if isinstance(definition, str) else definition.id
        own_key = checked_idempotency_key(idempotency_key)
        if own_key is None:
            own_key = f"{name}\n{key_of(input)}"
        return self._tasks.trigger(
            known,
            input=input,
            name=name,
            delay=delay,
            timeout=timeout,
            expires_after=expires_after,
            priority=priority,
            tags=tags,
            parent=self.task,
            idempotency_key=child_key(self.task, own_key),
            tenant=self.tenant,
            locale=self.locale,
            created_by=self.task.created_by,
        )

    def children(self, definition: str | Definition | None = None) -> list[TaskRecord]:
        """The children of this task, oldest first, as they now stand.

        A child that was retried is left out: its retry, which is among them, stands for it.
        One whose record is gone, because somebody has deleted it, is there as failed, with the code
        `CHILD_GONE`.
        """
        found = without_retried(self._children(self.task.id))
        children = [child.to_record() for child in found]
        if definition is None:
            return children
        ids = ids_of(self._tasks, definition)
        return [child for child in children if child.definition_id in ids]

    @overload
    def each(
        self,
        source: Iterable[tuple[object, Item]],
        input: BaseModel,
        *,
        total: int | None = None,
        batch: None = None,
        weight: Callable[[Item], int] = _one,
        per_iteration: int | None = None,
        pause: Seconds | None = None,
        margin: Seconds | None = None,
        save_every: Seconds = 5,
    ) -> Loop[Item]: ...

    @overload
    def each(
        self,
        source: Iterable[tuple[object, Item]],
        input: BaseModel,
        *,
        total: int | None = None,
        batch: int,
        weight: Callable[[Item], int] = _one,
        per_iteration: int | None = None,
        pause: Seconds | None = None,
        margin: Seconds | None = None,
        save_every: Seconds = 5,
    ) -> Loop[list[Item]]: ...

    def each(
        self,
        source: Iterable[tuple[object, Item]],
        input: BaseModel,
        *,
        total: int | None = None,
        batch: int | None = None,
        weight: Callable[[Item], int] = _one,
        per_iteration: int | None = None,
        pause: Seconds | None = None,
        margin: Seconds | None = None,
        save_every: Seconds = 5,
    ) -> Loop[Item] | Loop[list[Item]]:
        """A loop that resumes itself: `for row in context.each(rows(input.cursor), input): ...`.

        It moves `input.cursor` on as items are done, saves the input with the progress every few
        seconds, and ends the iteration by itself when the task is aborted or paused, or the Lambda
        is close to its timeout: the next iteration gets the input as it was left. Whatever else the
        body keeps in `input` is saved in the same write. After a crash, what was done since the
        last save is done again.

        An item is done when the loop comes back for the next one, or when the loop's `done()` says
        so. After a `break`, a `return` or an exception, the item in hand is not done: it comes
        again, unless `done()` was called. The loop must be a `for` statement in the function that
        calls `each`: whatever pulls items ahead is refused.

        Args:
            source: yields `(cursor, item)`: the cursor is where to go on once the item is done.
            input: the task's input; a model with a field `cursor`, not frozen.
            total: how many items there are, for the progress and its estimate.
            batch: hands out lists of so many items at most. A list is done as a whole.
            weight: how many items one item of the source stands for (`len`, if it yields pages).
            per_iteration: ends the iteration after so many items of the source, too.
            pause: how long to wait before the next iteration.
            margin: ends the iteration when less time is left; by default as
                `is_close_to_timeout`. It must be more than the slowest item, or batch, takes.
            save_every: how often the input is saved, at most.

        Raises:
            TypeError: the input has no field `cursor` or is frozen; the loop is not a `for`
                statement; or the source yields something else than pairs.
            ValueError: `batch` or `per_iteration` is less than 1, or `total` or a weight is not a
                whole number from 0 to 2**53 - 1.
        """
        _check_input(input)
        if total is not None:
            check_count(f"context.each(total={short_repr(total)})", total)
        _check_positive("batch", batch)
        _check_positive("per_iteration", per_iteration)
        options = LoopOptions(
            total=total,
            batch=batch,
            weight=weight,
            per_iteration=per_iteration,
            pause_seconds=None if pause is None else to_seconds(pause, name="pause"),
            margin_seconds=self._seconds_of(margin),
            save_every_seconds=to_seconds(save_every, name="save_every"),
        )
        return Loop(
            source,
            input,
            checkpoints=self._checkpoints,
            remaining=self._remaining,
            clock=self._clock,
            options=options,
            frame=sys._getframe(1),
        )

    def _seconds_of(self, margin: Seconds | None) -> float:
        return self._margin if margin is None else to_seconds(margin, name="margin")

    def wait_for_children(
        self,
        then: Callable[[list[TaskRecord]], Verdict],
        *,
        definition: str | Definition | None = None,
        failures: int | None = None,
        abort_rest: bool = False,
    ) -> Verdict:
        """Waits until every child is over: `return context.wait_for_children(join)`.

        It does not poll: the end of the last child wakes the task. The wait does not count toward
        `max_iterations`.

        Args:
            then: given the children, oldest first, each with its status and output; returns the
                verdict.
            definition: only children of that definition.
            failures: how many may not succeed. At the next one `then` is called at once, whatever
                the others do: some may be open. `None`: all may.
            abort_rest: whether those that are open then are aborted first.

        Raises:
            ValueError: `failures` is no whole number from 0 on.
            TypeError: `then` is no plain function.
        """
        return self._join.verdict(
            then, definition=definition, failures=failures, abort_rest=abort_rest
        )

    def map(
        self,
        definition: str | Definition,
        inputs: Iterable[Mapping[str, object] | BaseModel],
        then: Callable[[list[TaskRecord]], Verdict],
        *,
        failures: int | None = None,
        abort_rest: bool = False,
    ) -> Verdict:
        """Triggers a child for each input, and waits for them: `return context.map(...)`.

        Thousands may be triggered: where the Lambda's time ends, the next iteration goes on with
        those that are left. So `inputs` must be the same in each iteration, in the same order: the
        place of an input is the key of its child.

        Args:
            definition: the definition of the children, or its id. One `map` of a definition in a
                task: a second one would be taken for the first.
            inputs: what its input model takes, one for each child.
            then: as of `wait_for_children`, given the children of that definition: by their age,
                which is not the order of the inputs.
            failures: as of `wait_for_children`.
            abort_rest: as of `wait_for_children`.

        Raises:
            InvalidInput: an input does not validate; the message and `data["place"]` say which.
                The children before it are triggered.
            Refused, UnknownDefinition: as of `tasks.trigger`.
            ValueError: `failures` is no whole number from 0 on.
            TypeError: `then` is no plain function.
        """
        return self._join.map(definition, inputs, then, failures=failures, abort_rest=abort_rest)

    def wait_for_signal(
        self,
        name: str,
        then: Callable[[Signal | None], Verdict],
        *,
        timeout: Seconds,
        heartbeat: Seconds | None = None,
    ) -> Verdict:
        """Waits until a signal of that name comes: `return context.wait_for_signal(...)`.

        Signals are kept with the task, in order, whenever they come: before it waits, while it runs
        or sleeps. Each is given once: `then` gets the first one that it has not had. It gets the
        same one again if it raises, or dies. The task is woken at once; a wait does not count
        toward `max_iterations`.

        Args:
            name: what `tasks.signal(id, name)` says: up to 64 letters, digits, `_`, `-`, `.`.
            then: given the signal, or `None` when the wait is over without one; returns the
                verdict.
            timeout: for how long the task waits, from its first iteration that does: more than 0
                seconds, and 355 days at most.
            heartbeat: the wait is over, too, when no `tasks.heartbeat(id, name)` came for so long.

        Raises:
            InvalidInput: the name is none.
            ValueError: a duration is out of its range.
            TypeError: `then` is no plain function.
        """
        return self._signal_wait.verdict(name, then, timeout=timeout, heartbeat=heartbeat)

    def signal_url(self, name: str, *, expires_in: Seconds) -> str:
        """A URL for whoever can't sign a request: it sends this task that signal, once.

        A `POST` to it is the signal: its body, a JSON object, is the data. Opened in a browser it
        shows a page with a button, and sends nothing before somebody presses it. Whoever has the
        URL may use it, so send it to nobody else, and store it nowhere: the table has no more of it
        than a digest. Each call makes another one, each good for a signal of its own.

        Args:
            name: the signal's, as of `wait_for_signal`.
            expires_in: for how long it can be used: more than 0 seconds, and 355 days at most. It
                can't be used any more, too, once the task is over.

        Raises:
            InvalidInput: the name is none.
            ValueError: the duration is out of its range.
            Refused: the iteration is one of the past.
            SettingsError: this process does not know the API's address.
        """
        return self._signal_urls.make(self._checkpoints.stored, name, expires_in=expires_in)


def tools_of(context: Context) -> tuple[Tasks, Clock]:
    """What a task works with that is the engine's own."""
    return context._tasks, context._clock


def _check_input(input: BaseModel) -> None:
    model = type(input)
    name = model.__name__
    if not isinstance(input, BaseModel):
        raise TypeError(f"context.each() takes the task's input, a model; it was given a {name}.")
    if CURSOR not in model.model_fields or model.model_config.get("frozen"):
        raise TypeError(
            f'context.each() moves {name}.{CURSOR} on: give {name} a field "{CURSOR}", '
            "and don't freeze it."
        )


def _check_positive(name: str, number: int | None) -> None:
    if number is not None and number < 1:
        raise ValueError(f"context.each({name}={number}): it takes 1 or more.")
