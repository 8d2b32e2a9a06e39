"""Leaves a thread behind, which goes on with the iteration's context when that is over."""

import threading
import time
from contextlib import suppress

from pydantic import BaseModel

from handler import Context, Continue, Done, task

from .chaos_effects import count, with_counted_hooks

# Longer than an iteration takes to be committed; shorter than the wait behind it.
_LATER_SECONDS = (0.1, 0.3)
_LINES = 20
_LINE = "x" * 4_000  # with the others, more than an iteration keeps in memory


class OutlivesInput(BaseModel):
    steps: int
    cursor: int = 0


@task(id="chaosOutlives", crash_retries=3)
def chaos_outlives(context: Context, input: OutlivesInput) -> Done | Continue:
    """Its threads save an old cursor, an output and lines when their iteration is over."""
    count(context.task.id, f"row {input.cursor}")
    for seconds in _LATER_SECONDS:
        threading.Timer(seconds, _go_on, (context, input.cursor)).start()
    if input.cursor + 1 < input.steps:
        return Continue({"cursor": input.cursor + 1}, wait=50)
    return Done(output={"counted": input.steps})


def _go_on(context: Context, cursor: int) -> None:
    with suppress(BaseException):
        context.save_input({"cursor": cursor})
    with suppress(BaseException):
        context.save_output({"late": True})
    with suppress(BaseException):
        for _ in range(_LINES):
            context.log.info(_LINE)


@task(id="chaosSlow", crash_retries=3)
def chaos_slow(context: Context) -> Done:
    """Works for a while and asks whether it still may: two invocations of it overlap."""
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        if context.is_aborted():
            count(context.task.id, "told")
            return Done(output={"counted": 0})
        time.sleep(0.2)
    count(context.task.id, "finished")
    return Done(output={"counted": 1})


for definition in (chaos_outlives, chaos_slow):
    with_counted_hooks(definition)
