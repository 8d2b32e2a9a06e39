"""Ends by a failure, an exception, or the end of its process, as `how` says."""

import os
import signal
from typing import Literal

from pydantic import BaseModel

from handler import Context, Failed, task


class EndInput(BaseModel):
    how: Literal["fail", "raise", "exit", "kill"]


@task(id="endBadly")
def end_badly(context: Context, input: EndInput) -> Failed:
    match input.how:
        case "raise":
            raise ZeroDivisionError("Raised on purpose.")
        case "exit":
            os._exit(7)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
    return Failed("Failed on purpose.", code="ON_PURPOSE", data={"why": "a test"})
