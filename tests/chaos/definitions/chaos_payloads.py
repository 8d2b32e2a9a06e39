"""Tasks that leave much behind: large outputs that others take the place of, and long logs."""

import base64
import os
import time

from pydantic import BaseModel

from handler import Context, Continue, Done, task

from .chaos_effects import count, with_counted_hooks

_BIG_BYTES = 300_000  # in base64, more than a record has room for
_LINES = 40
_LINE = "x" * 4_000  # 40 of them are written before the iteration ends


class OutputsInput(BaseModel):
    steps: int
    counted: int = 0


@task(id="chaosOutputs", crash_retries=3)
def chaos_outputs(context: Context, input: OutputsInput) -> Done | Continue:
    """Saves large outputs, each in place of the one before."""
    for _ in range(2):
        context.save_output({"text": big_text()})
    count(context.task.id, f"row {input.counted}")
    counted = input.counted + 1
    if counted < input.steps:
        return Continue({"counted": counted}, wait=20)
    return Done(output={"counted": counted, "text": big_text()})


def big_text() -> str:
    """Random, so that it can't be compressed."""
    return base64.b64encode(os.urandom(_BIG_BYTES)).decode()


@task(id="chaosTalks", crash_retries=3)
def chaos_talks(context: Context) -> Done:
    """Logs so much that lines are written early, in one iteration, whatever becomes of its task."""
    for _ in range(_LINES):
        context.log.info(_LINE)
        time.sleep(0.01)
    return Done(output={"counted": 1})


for definition in (chaos_outputs, chaos_talks):
    with_counted_hooks(definition)
