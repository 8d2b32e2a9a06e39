"""Tasks with hooks that raise, or end or stop the Lambda that runs them."""

import os
import signal
import time
from collections.abc import Callable

from handler import Context, Definition, Done, TaskRecord, task

from .chaos_effects import count

# More than a line of the log has room for, and than a record.
LONG_TEXT = "It raised on purpose. " * 30_000


def with_hook(definition: Definition, what: Callable[[], object]) -> None:
    @definition.on_done
    def hook(record: TaskRecord) -> None:
        count(record.id, "on_done")
        what()

    @definition.on_abort
    def on_abort(record: TaskRecord) -> None:
        count(record.id, "on_abort")

    @definition.on_error
    def on_error(record: TaskRecord) -> None:
        count(record.id, "on_error")


def raises() -> None:
    raise RuntimeError(LONG_TEXT)


def kills() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hangs() -> None:
    time.sleep(1_000)


@task(id="chaosHookRaises", crash_retries=3)
def chaos_hook_raises(context: Context) -> Done:
    return Done(output={"counted": 1})


@task(id="chaosHookKills", crash_retries=3)
def chaos_hook_kills(context: Context) -> Done:
    return Done(output={"counted": 1})


@task(id="chaosHookHangs", crash_retries=3)
def chaos_hook_hangs(context: Context) -> Done:
    return Done(output={"counted": 1})


with_hook(chaos_hook_raises, raises)
with_hook(chaos_hook_kills, kills)
with_hook(chaos_hook_hangs, hangs)
