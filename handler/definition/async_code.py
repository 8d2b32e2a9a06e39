"""`async def` code of an author: to the engine it is plain code, which runs an event loop."""

import functools
import inspect
from collections.abc import Callable
from types import CoroutineType
from typing import Any


def as_plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` itself; in place of an `async def` one, a plain one that runs it to its end."""
    if not inspect.iscoroutinefunction(function):
        return function
    # Not before: who has no such function does not load asyncio.
    from handler.definition.event_loop import run_to_the_end  # noqa: PLC0415

    @functools.wraps(function)
    def run(*args: object, **options: object) -> object:
        return run_to_the_end(function(*args, **options))

    return run


def is_not_awaited(value: object) -> bool:
    """Whether it is what `async def` code returns where nobody has awaited it: it did not run."""
    return type(value) is CoroutineType  # not `isinstance`, which asks the author's object


def never_awaited(coroutine: Any) -> str:
    """What is to be said of such a value. It is closed, for Python would warn of it once more."""
    name = coroutine.__name__
    coroutine.close()
    return (
        f'a coroutine of "{name}" that nobody has awaited: it did not run. Next: write "async def",'
        f' and "return await {name}(...)"'
    )
