"""Runs the author's function for one iteration."""

from handler.clock import Clock, RemainingSeconds
from handler.definition import Continue, code_of
from handler.iteration.checkpoints import Checkpoints
from handler.iteration.commit import Iteration
from handler.iteration.context import Context
from handler.iteration.log_buffer import TaskLogger
from handler.iteration.outcome import Outcome, outcome_of, verdict_of
from handler.lifecycle import SignalUrls, Tasks
from handler.record import StoredTask
from handler.table import Store


class AuthorCode:
    """Gives the author's function what it needs, and takes what it returns.

    Args:
        tasks: what a task triggers its children with.
        signal_urls: what it makes URLs with.
        remaining: how many seconds the invocation has left.
        margin: how many of them a task keeps at its end that does not say how many.
    """

    def __init__(
        self,
        *,
        store: Store,
        tasks: Tasks,
        signal_urls: SignalUrls,
        clock: Clock,
        remaining: RemainingSeconds,
        margin: float,
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._signal_urls = signal_urls
        self._clock = clock
        self._remaining = remaining
        self._margin = margin

    def run(self, iteration: Iteration) -> tuple[StoredTask, Outcome]:
        """Runs the function.

        Returns:
            The record, as the iteration has last stored it, and the outcome that is to be stored.

        Raises:
            StoreUnavailable: the table can't be reached.
        """
        definition = iteration.definition
        checkpoints = Checkpoints(
            iteration.task, code=code_of(definition), store=self._store, clock=self._clock
        )
        context = Context(
            checkpoints,
            definition=definition,
            log=TaskLogger(iteration.log),
            tasks=self._tasks,
            children=self._store.index.children,
            child_ids=self._store.index.child_ids,
            signals=self._store.signals,
            signal_urls=self._signal_urls,
            clock=self._clock,
            remaining=self._remaining,
            margin=self._margin,
        )
        verdict = verdict_of(definition, context, checkpoints)
        task = checkpoints.close()
        if checkpoints.taken and issubclass(type(verdict), Continue):  # else it gets them again
            task = task.took(checkpoints.taken)
        now = self._clock.now()
        outcome = outcome_of(verdict, definition=definition, task=task, now=now)
        return checkpoints.stored, outcome._replace(margin=checkpoints.margin)
