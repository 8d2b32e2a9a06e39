"""Runs until it is aborted, for 20 seconds at most."""

import time

from handler import Aborted, Context, Failed, task

PATIENCE_SECONDS = 20


@task(id="waitForAbort")
def wait_for_abort(context: Context, input: dict[str, object]) -> Aborted | Failed:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if context.is_aborted():
            return Aborted()
        time.sleep(0.05)
    return Failed("Nobody aborted it.")
