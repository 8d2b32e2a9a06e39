"""Counts to `until`, one iteration each, with a wait of `wait` seconds between them."""

from pydantic import BaseModel

from handler import Context, Continue, Done, task


class CountInput(BaseModel):
    until: int = 3
    wait: int = 0
    count: int = 0


@task(id="countUp")
def count_up(context: Context, input: CountInput) -> Done | Continue:
    count = input.count + 1
    context.log.info(f"Counted to {count}.")
    if count >= input.until:
        return Done("Counted.", output={"count": count})
    return Continue({"count": count}, wait=input.wait)
