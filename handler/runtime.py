"""The process: what its systems are built from, made once from the environment."""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Final, Protocol, cast

from handler import process_log
from handler.aws import CloudWatchMetrics, Metrics, NoMetrics, lazy_engine_client
from handler.clock import Clock, RemainingSeconds, SystemClock
from handler.definition import Registry, discover_importable
from handler.lifecycle import Tasks
from handler.settings import LogSettings, Settings, Trace
from handler.wiring import Parts, System, build

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

    A file under `definitions/` that can't be imported, or not in time, is logged, once, and its
    definitions are missing. The rest works.

    Raises:
        SettingsError: an environment variable is missing.
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


def system(
    context: LambdaContext, *, runs_hooks: bool = True, patience: timedelta | None = None
) -> System:
    """The system of one invocation. Arguments as of `wiring.build`. Raises as `parts`."""
    if other := _other():
        return build(
            other(), remaining=_remaining_of(context), runs_hooks=runs_hooks, patience=patience
        )
    _invocation.context = context
    return _system_of_environment(runs_hooks, patience)


def logger() -> logging.Logger:
    """The entries' log. In a Lambda, it has everything else that the process logs be JSON lines."""
    settings = LogSettings.from_environment()
    if settings.is_lambda:
        process_log.install(
            level=settings.level, service=settings.service, code_version=settings.code_version
        )
    return logging.getLogger("handler")


def about_invocation(request_id: str) -> AbstractContextManager[None]:
    """Each line of the log has the ids of the running invocation: its request, and its trace."""
    return process_log.about_invocation(
        request_id=request_id, trace_id=Trace.from_environment().root
    )


@functools.cache
def _of_environment() -> Parts:
    settings = Settings.from_environment()
    metrics = CloudWatchMetrics(settings.stack_name) if settings.metrics_namespace else NoMetrics()
    return Parts(
        settings=settings,
        registry=_registry(metrics, settings.import_seconds),
        clients=lazy_engine_client,
        clock=SystemClock(),
        metrics=metrics,
    )


def _registry(metrics: Metrics, import_seconds: int) -> Registry:
    """The definitions that can be imported. Each file that can't be is logged and counted."""
    registry = discover_importable(import_seconds=import_seconds)
    for problem in registry.problems:
        file = (problem.data or {}).get("file")
        details = {"action": "definition_not_imported", "file": file}
        logger().error(problem.message, extra=details, exc_info=problem.__cause__)
        metrics.count({"DefinitionsNotImported": 1})
    return registry


class _Invocation:
    """The running invocation: a Lambda's process has one at a time."""

    context: LambdaContext

    def remaining(self) -> float:
        return self.context.get_remaining_time_in_millis() / 1000


_invocation: Final = _Invocation()


@functools.cache
def _system_of_environment(runs_hooks: bool, patience: timedelta | None) -> System:
    """Wired once: nothing in it but the time that is left changes between two invocations."""
    return build(
        _of_environment(),
        remaining=_invocation.remaining,
        runs_hooks=runs_hooks,
        patience=patience,
    )


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
