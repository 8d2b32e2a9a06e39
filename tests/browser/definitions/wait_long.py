"""Sleeps between two iterations, for hours: something to run now, to pause, and to abort."""

from pydantic import BaseModel

from handler import Context, Continue, Done, Verdict, task


class WaitLong(BaseModel):
    hours: float = 100
    has_waited: bool = False


@task()
def wait_long(context: Context, input: WaitLong) -> Verdict:
    if input.has_waited:
        return Done(output={"waited": input.hours})
    return Continue({"has_waited": True}, wait=input.hours * 3_600)
