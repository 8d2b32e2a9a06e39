"""Prints two labels at a time at a printer, the others queue: a limit to look at, and to change."""

import time

from pydantic import BaseModel, Field

from handler import Aborted, Concurrency, Context, Done, Verdict, task

_STEP_SECONDS = 0.2


class PrintLabels(BaseModel):
    printer: str = Field(description="Which one: each prints two orders at a time.")
    seconds: float = 40


@task(concurrency=Concurrency(2, key="printer"))
def print_labels(context: Context, input: PrintLabels) -> Verdict:
    """Prints the labels of an order at a printer of the warehouse."""
    for _ in range(int(input.seconds / _STEP_SECONDS)):
        if context.is_aborted():
            return Aborted()
        time.sleep(_STEP_SECONDS)
    return Done(output={"printer": input.printer})
