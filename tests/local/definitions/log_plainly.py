"""Logs and prints in every way that Python has, and goes on for two iterations."""

import logging
import subprocess
import sys
import threading
import time

from pydantic import BaseModel

from handler import Context, Continue, Done, TaskRecord, Verdict, task

log = logging.getLogger(__name__)
log.info("IMPORTED")


class LogPlainlyInput(BaseModel):
    round: int = 1
    seconds: float = 0


@task()
def log_plainly(context: Context, input: LogPlainlyInput) -> Verdict:
    """Logs and prints."""
    print("PRINT…", input.round)
    log.info("INFO %d", input.round)
    print("STDERR", file=sys.stderr)
    context.log.info("TASK-LOG", round=input.round)
    subprocess.run(["cat"], check=True)
    subprocess.run(["echo", '{"status": "ok", "result": "SUBPROCESS"}'], check=True)
    time.sleep(input.seconds)
    thread = threading.Thread(target=print, args=("THREAD",), kwargs={"end": ""})
    thread.start()
    thread.join()
    if input.round == 1:
        return Continue({"round": 2}, wait=1)
    return Done()


@log_plainly.on_done
def say_done(_record: TaskRecord) -> None:
    log.info("HOOK")
