"""The event loop of one call of `async def` code: it begins and ends with the call.

It is imported with the first definition that has such code, for the sake of all others.
"""

import asyncio
import contextvars
import functools
import inspect
import logging
import sys
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from handler.errors import EngineSignal

Result = TypeVar("Result")

log = logging.getLogger(__name__)
# For so long the asyncio tasks that a call leaves behind may take to be cancelled, and its threads
# to end. It is the iteration's own time.
CLOSING_SECONDS: Final = 10.0


def run_to_the_end(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What `coroutine` returns. What it raises comes through.

    Nothing of the call outlives it: asyncio tasks that are still at work are cancelled, async
    generators closed, and the threads of `asyncio.to_thread` joined. The current event loop, which
    plain code may ask for, stays as it is.
    """
    if _is_in_a_loop():
        return _in_a_thread(coroutine)
    return _run(coroutine)


def _is_in_a_loop() -> bool:
    """Whether this thread runs a loop: one that triggers a task with an async hook, or a test's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_a_thread(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs it in another thread, for which this one waits: a thread runs one loop at a time."""
    context = contextvars.copy_context()
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(context.run(_run, coroutine))
        except BaseException as error:  # the caller's to handle, whatever it is
            outcome.set_exception(error)

    threading.Thread(target=run, name="event-loop", daemon=True).start()
    return outcome.result()


def _run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    signals: list[EngineSignal] = []
    # Not `asyncio.run`: it leaves the thread without a current loop, which is for the next
    # iteration to ask for, and waits for a task that is deaf to being cancelled without an end.
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(functools.partial(_report, signals))
    try:
        try:
            return loop.run_until_complete(coroutine)
        finally:
            _close(loop)
    finally:
        if signals:
            raise signals[0]


def _report(
    signals: list[EngineSignal], loop: asyncio.AbstractEventLoop, found: Mapping[str, Any]
) -> None:
    """Takes what an asyncio task has raised that nobody awaited. It is logged, as asyncio does."""
    if isinstance(error := found.get("exception"), EngineSignal):
        signals.append(error)
    else:
        loop.default_exception_handler(dict(found))


def _close(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_until_complete(_settle())
    finally:
        loop.close()


async def _settle() -> None:
    """Ends what the call has left behind."""
    loop = asyncio.get_running_loop()
    until = loop.time() + CLOSING_SECONDS
    await asyncio.sleep(0)  # a generator that the call has left is closed by a task, which begins
    while (left := _others()) and (seconds := until - loop.time()) > 0:
        for each in left:
            if inspect.iscoroutine(each.get_coro()):  # else it closes a generator
                each.cancel()
        await asyncio.wait(left, timeout=seconds)
        for each in left:
            _tell(each)
    for each in _others():
        log.warning("%r is deaf to being cancelled: it ends where it is.", each.get_name())
        _end(each)
    generators = asyncio.create_task(loop.shutdown_asyncgens())
    await asyncio.wait({generators}, timeout=CLOSING_SECONDS)
    if sys.version_info >= (3, 12):
        await loop.shutdown_default_executor(CLOSING_SECONDS)
    else:
        await loop.shutdown_default_executor()


def _others() -> set[asyncio.Task[Any]]:
    own = asyncio.current_task()
    return {each for each in asyncio.all_tasks() if each is not own}


def _tell(task: asyncio.Task[Any]) -> None:
    """Tells what a task has raised while it was cancelled."""
    if task.done() and not task.cancelled() and (error := task.exception()):
        message = f"{task.get_name()!r} raised while it was cancelled."
        asyncio.get_running_loop().call_exception_handler(
            {"message": message, "exception": error, "task": task}
        )


def _end(task: asyncio.Task[Any]) -> None:
    """Ends a task in the place where it waits: its `finally` blocks run, up to an `await`."""
    try:
        task.get_coro().close()
    except Exception as error:
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"{task.get_name()!r} raised at its end.", "exception": error}
        )
