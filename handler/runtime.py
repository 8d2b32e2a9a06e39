"""The process: what its systems are built from, made once from the environment."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Protocol, cast

from handler.aws import CloudWatchMetrics, NoMetrics, lazy_engine_client
from handler.clock import Clock, RemainingSeconds, SystemClock
from handler.definition import discover
from handler.lifecycle import Tasks
from handler.settings import Settings
from handler.wiring import Parts, System, build

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# How long a call made outside of a Lambda is tried again.
_RETRY_FOR_SECONDS: Final = 60.0

_current: ContextVar[Callable[[], Parts] | None] = ContextVar("current_parts", default=None)
# Those of every `using` that runs, in any thread. A thread that a test's code starts has no context
# of its own, and one of an older pool has that of a test that is over.
_in_use: Final[list[Callable[[], Parts]]] = []


class LambdaContext(Protocol):
    """The part of Lambda's context that is used here."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


def parts() -> Parts:
    """What this process's systems are built from.

    Raises:
        SettingsError: an environment variable is missing.
        DefinitionError: a file under `definitions/` can't be imported.
    """
    return (_other() or _of_environment)()


@contextmanager
def using(parts: Callable[[], Parts]) -> Iterator[None]:
    """Has the entries and `handler.tasks` use other parts than the environment's: in a test.

    So do all threads that the test starts. With tests in several threads at once, a thread that
    does not inherit its starter's context uses the parts of the test that began last.
    """
    token = _current.set(parts)
    _in_use.append(parts)
    try:
        yield
    finally:
        _in_use.remove(parts)
        _current.reset(token)


def inherited(run: Callable[[], None]) -> Callable[[], None]:
    """`run` for another thread, where `using` then says what it says here."""
    own = _current.get()

    def run_inside() -> None:
        _current.set(own)
        run()

    return run_inside


def _other() -> Callable[[], Parts] | None:
    own = _current.get()
    return own if own in _in_use else next(reversed(_in_use), None)


def system(context: LambdaContext, *, runs_hooks: bool = True) -> System:
    """The system of one invocation. Raises as `parts`."""
    if other := _other():
        return build(other(), remaining=_remaining_of(context), runs_hooks=runs_hooks)
    _invocation.context = context
    return _system_of_environment(runs_hooks)


@functools.cache
def logger() -> "Logger":
    """The Lambda's log: JSON lines. Powertools' variables say the service and the level."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415  importing the door costs nothing of it

    return Logger()


@functools.cache
def _of_environment() -> Parts:
    settings = Settings.from_environment()
    return Parts(
        settings=settings,
        registry=discover(),
        clients=lazy_engine_client,
        clock=SystemClock(),
        metrics=CloudWatchMetrics() if settings.metrics_namespace else NoMetrics(),
    )


class _Invocation:
    """The running invocation: a Lambda's process has one at a time."""

    context: LambdaContext

    def remaining(self) -> float:
        return self.context.get_remaining_time_in_millis() / 1000


_invocation: Final = _Invocation()


@functools.cache
def _system_of_environment(runs_hooks: bool) -> System:
    """Wired once: nothing in it but the time that is left changes between two invocations."""
    return build(_of_environment(), remaining=_invocation.remaining, runs_hooks=runs_hooks)


def _remaining_of(context: LambdaContext) -> RemainingSeconds:
    return lambda: context.get_remaining_time_in_millis() / 1000


def _from_now(clock: Clock) -> RemainingSeconds:
    started_at = clock.now()
    return lambda: _RETRY_FOR_SECONDS - (clock.now() - started_at).total_seconds()


class _CurrentTasks:
    """`handler.tasks`: it makes no client and reads no environment before its first use."""

    def __getattr__(self, name: str) -> object:
        current = parts()
        return getattr(build(current, remaining=_from_now(current.clock)).tasks, name)


tasks: Final = cast("Tasks", _CurrentTasks())
