"""Walks through rows and writes each, a few an iteration; counts in its input."""

from datetime import timedelta

from pydantic import BaseModel

from handler import Concurrency, Context, Done, task

from .chaos_effects import count, with_counted_hooks

SAVE_AT_EACH_ROW = timedelta(0)


class WalkInput(BaseModel):
    rows: int
    cursor: int = 0
    counted: int = 0


@task(id="chaosWalk", concurrency=Concurrency(3))
def chaos_walk(context: Context, input: WalkInput) -> Done:
    source = ((row + 1, row) for row in range(input.cursor, input.rows))
    for row in context.each(
        source, input, total=input.rows, per_iteration=4, save_every=SAVE_AT_EACH_ROW
    ):
        count(context.task.id, f"row {row}")
        input.counted += 1
    return Done(output={"counted": input.counted})


with_counted_hooks(chaos_walk)
