"""Runs until somebody aborts it, for a minute at most, and says how far it is."""

import time

from pydantic import BaseModel

from handler import Aborted, Context, Failed, task

_STEPS = 600


class RunOn(BaseModel):
    note: str = ""


@task(max_iterations=1)
def run_on(context: Context, input: RunOn) -> Aborted | Failed:
    for step in range(_STEPS):
        if context.is_aborted():
            return Aborted()
        context.save_progress(step, total=_STEPS)
        time.sleep(0.1)
    return Failed("Nobody aborted it.", code="NOBODY_CAME")
