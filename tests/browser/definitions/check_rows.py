"""Goes through rows in a loop that says how fast it is, for a minute, unless somebody aborts it."""

import time

from pydantic import BaseModel

from handler import Context, Done, task


class CheckRows(BaseModel):
    rows: int = 600
    cursor: int = 0


@task()
def check_rows(context: Context, input: CheckRows) -> Done:
    left = ((number + 1, number) for number in range(input.cursor, input.rows))
    for _ in context.each(left, input, total=input.rows, save_every=0.5):
        time.sleep(0.1)
    return Done(output={"checked": input.rows})
