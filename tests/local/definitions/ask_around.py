"""Asks several at the same time, in a loop of its own each iteration, and logs and prints there."""

import asyncio
import logging

from pydantic import BaseModel

from handler import Context, Done, TaskRecord, task

log = logging.getLogger(__name__)


class AskInput(BaseModel):
    whom: list[str]
    answers: list[str] = []
    cursor: int = 0


@task()
async def ask_around(context: Context, input: AskInput) -> Done:
    left = enumerate(input.whom[input.cursor :], start=input.cursor + 1)
    for batch in context.each(left, input, batch=2, per_iteration=2):
        input.answers += await asyncio.gather(*map(ask, batch))
    return Done(output={"answers": input.answers})


@ask_around.on_done
async def tell(record: TaskRecord) -> None:
    await asyncio.sleep(0)
    print("Everybody was asked.")


async def ask(whom: str) -> str:
    await asyncio.sleep(0)
    log.warning("%s was asked.", whom)
    return f"{whom} is fine"
