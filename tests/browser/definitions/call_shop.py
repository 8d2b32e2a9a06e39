"""Calls a shop that answers at the third time, and then waits: what a timeline has to tell."""

from datetime import timedelta

from pydantic import BaseModel

from handler import Context, Continue, Done, Retry, Verdict, task


class CallShop(BaseModel):
    wait: float = 100
    has_called: bool = False


@task(retry=Retry(max_attempts=3, backoff=timedelta(seconds=20)))
def call_shop(context: Context, input: CallShop) -> Verdict:
    if input.has_called:
        return Done()
    if context.task.attempts < 3:
        raise ConnectionError("The shop does not answer.")
    return Continue({"has_called": True}, wait=input.wait)
