"""A loop that resumes itself: `for row in context.each(source, input)`."""

import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CodeType, FrameType
from typing import Any, Final, Generic, NamedTuple, NoReturn, TypeVar

from pydantic import BaseModel

from handler.clock import Clock
from handler.definition import Aborted, Continue
from handler.iteration.checkpoints import Checkpoints, EndIteration
from handler.record import Progress, short_repr

Given = TypeVar("Given")

CURSOR: Final = "cursor"
# The largest that every reader of JSON holds as it is (RFC 8259, section 6, "Numbers").
_MAX_COUNT: Final = 2**53 - 1


class LoopOptions(NamedTuple):
    """How a loop goes; `Context.each` says what each means."""

    total: int | None
    batch: int | None
    weight: Callable[[Any], int]
    per_iteration: int | None
    pause_seconds: float | None
    margin_seconds: float
    save_every_seconds: float


class Loop(Generic[Given]):
    """What `context.each` returns: it hands out items, or batches of them, to one `for` loop.

    An item counts as done when the loop comes back for the next one, or when `done()` says so. So
    the loop has to be the task's own `for` statement: anything that pulls items ahead (`list`,
    `zip`, `itertools.batched`, a pool) would come back before the task has done them, and they
    would be lost when the iteration ends. Such use is refused before the first item is handed out.

    Args:
        frame: the function that called `context.each`.
    """

    def __init__(
        self,
        source: Iterable[tuple[object, Any]],
        input: BaseModel,
        *,
        checkpoints: Checkpoints,
        remaining: Callable[[], float],
        clock: Clock,
        options: LoopOptions,
        frame: FrameType,
    ) -> None:
        self._source = source
        self._input = input
        self._checkpoints = checkpoints
        self._remaining = remaining
        self._clock = clock
        self._options = options
        self._frame: FrameType | None = frame
        self._steps = _Steps(checkpoints.stored.progress, clock, options)
        self._in_hand: tuple[object, list[Any]] | None = None

    def __iter__(self) -> Iterator[Given]:
        caller = sys._getframe(1)
        if caller is not self._frame or not _is_for_statement(caller):
            raise TypeError(
                "context.each() hands out its items one by one, to a `for` statement in the "
                "function that calls it: `for item in context.each(...):`. list(), zip(), "
                "enumerate(), itertools, comprehensions, generators and pools pull items ahead, "
                "and those would be lost when the iteration ends. For several items at a time, use "
                "`for batch in context.each(..., batch=25):`."
            )
        if self._checkpoints.loop_input is not None:
            raise TypeError(
                "context.each() runs inside another context.each() loop: the inner one would end "
                "the iteration, and move the cursor, of both. Trigger a child for the inner loop, "
                "or go through pairs of both with one loop."
            )
        self._frame = None  # a second loop over the same items is refused, too
        return self._items()

    def __aiter__(self) -> NoReturn:
        raise TypeError(
            "context.each() is for a plain `for` statement, in an `async def` function, too: "
            "`for item in context.each(...):`. Its body may await."
        )

    def done(self) -> None:
        """Counts the item in hand as done: before a `break` or a `return`, say."""
        self._confirm()
        self._keep()

    def _items(self) -> Iterator[Any]:
        self._checkpoints.loop_input = self._input
        try:
            yield from self._each_item()
        finally:
            self._checkpoints.loop_input = None

    def _each_item(self) -> Iterator[Any]:
        for cursor, items in self._handed_out():
            if self._steps.given and self._checkpoints.is_over():
                raise self._end(Aborted())  # not before the first: the claim has just looked
            if self._checkpoints.is_paused:
                raise self._end(Continue(counts=False))
            self._in_hand = cursor, items
            self._steps.given += len(items)
            yield items if self._options.batch else items[0]
            self._confirm()
            if self._is_out_of_time() or self._steps.left_to_give() == 0:
                raise self._end(Continue(wait=self._options.pause_seconds))
            if self._steps.is_save_due():
                self._checkpoints.save_step(self._input, self._steps.progress())
                self._steps.saved()
        self._keep()

    def _handed_out(self) -> Iterator[tuple[object, list[Any]]]:
        """What is handed out at a time: an item or a batch, and the cursor behind it."""
        items: list[Any] = []
        for cursor, item in map(_pair, self._source):
            items.append(item)
            size = min(self._options.batch or 1, self._steps.left_to_give())
            if len(items) >= size or self._is_out_of_time():
                yield cursor, items
                items = []
        if items:
            yield cursor, items

    def _confirm(self) -> None:
        """The item in hand is done."""
        if self._in_hand is None:
            return
        (cursor, items), self._in_hand = self._in_hand, None
        setattr(self._input, CURSOR, cursor)
        self._steps.add(items)

    def _end(self, verdict: Aborted | Continue) -> EndIteration:
        self._keep()
        return self._checkpoints.end_iteration(verdict)

    def _is_out_of_time(self) -> bool:
        margin = self._options.margin_seconds
        return self._checkpoints.is_short_of_time(margin, self._remaining())

    def _keep(self) -> None:
        """Has the input and the progress stored with the next write, as they are now."""
        self._checkpoints.keep(self._input, self._steps.progress())


class _Steps:
    """What is done, how fast, and when it was last saved."""

    def __init__(self, before: Progress | None, clock: Clock, options: LoopOptions) -> None:
        self._clock = clock
        self._options = options
        self._done_before = before.done if before else 0
        self._done = 0
        self.given = 0  # items of the source, in this iteration
        self._started_at = self._saved_at = clock.now()

    def add(self, items: Sequence[object]) -> None:
        for item in items:
            weight = self._options.weight(item)
            check_count(f"The weight of an item of context.each() is {short_repr(weight)}", weight)
            self._done += weight

    def left_to_give(self) -> int:
        limit = self._options.per_iteration
        return sys.maxsize if limit is None else max(limit - self.given, 0)

    def is_save_due(self) -> bool:
        elapsed = self._clock.now() - self._saved_at
        return elapsed.total_seconds() >= self._options.save_every_seconds

    def saved(self) -> None:
        self._saved_at = self._clock.now()

    def progress(self) -> Progress:
        """How far the task is, over all its iterations, and how fast it went in this one."""
        total, done = self._options.total, self._done_before + self._done
        seconds = (self._clock.now() - self._started_at).total_seconds()
        rate = round(self._done / seconds, 3) if seconds and self._done else None
        left = round(max(total - done, 0) / rate, 1) if total is not None and rate else None
        return Progress(done=done, total=total, rate=rate, remaining_seconds=left)


def check_count(what: str, count: object) -> None:
    """Raises a `ValueError`, which begins with `what`, if `count` is none for a progress."""
    if not _is_count(count):
        raise ValueError(f"{what}: it takes a whole number from 0 to {_MAX_COUNT}.")


def _is_count(value: object) -> bool:
    try:
        return bool(value == int(value) and 0 <= value <= _MAX_COUNT)  # type: ignore[call-overload, operator]
    except (TypeError, ValueError, OverflowError):  # no number, NaN, infinity
        return False


def _pair(step: object) -> tuple[object, Any]:
    """What a source yields, if it is a pair. A text or a dict of two would unpack as well."""
    match step:
        case (cursor, item):
            return cursor, item
    raise TypeError(
        "The source of context.each() yields (cursor, item) pairs: the cursor is where to go on"
        f" once the item is done. It yielded {short_repr(step)}. Next: for a list, write"
        " context.each(enumerate(items[input.cursor:], start=input.cursor + 1), input)."
    )


def _is_for_statement(frame: FrameType) -> bool:
    """Whether `frame` is at the head of a `for` statement that no generator hands on."""
    is_generator = frame.f_code.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR)
    return not is_generator and frame.f_lasti in _loop_heads(frame.f_code)


@functools.lru_cache(maxsize=64)
def _loop_heads(code: CodeType) -> frozenset[int]:
    """Where a `for` statement begins: GET_ITER, and at once FOR_ITER (Python's `dis`).

    A comprehension, a call and an unpacking go on otherwise.
    """
    import dis  # noqa: PLC0415  a worker without loops need not load it

    steps = [step for step in dis.get_instructions(code) if step.opname not in _SILENT]
    return frozenset(
        step.offset
        for step, after in itertools.pairwise(steps)
        if step.opname == "GET_ITER" and after.opname == "FOR_ITER"
    )


_SILENT: Final = frozenset({"EXTENDED_ARG", "CACHE", "NOP"})
