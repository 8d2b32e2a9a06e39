"""Works for a moment, two of a group at a time."""

import time

from pydantic import BaseModel

from handler import Concurrency, Context, Done, task


class ShareSlots(BaseModel):
    group: str
    seconds: float = 0.3


@task(concurrency=Concurrency(2, key="group"))
def share_slots(context: Context, input: ShareSlots) -> Done:
    time.sleep(input.seconds)
    return Done()
