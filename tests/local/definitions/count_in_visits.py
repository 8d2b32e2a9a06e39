"""Counts to `until`, each iteration in a visit of its own."""

from pydantic import BaseModel

from handler import Context, Continue, Done, task


class CountInput(BaseModel):
    until: int = 3
    count: int = 0


@task(id="countInVisits", in_place=False)
def count_in_visits(context: Context, input: CountInput) -> Done | Continue:
    count = input.count + 1
    context.log.info(f"Counted to {count}.")
    if count >= input.until:
        return Done("Counted.", output={"count": count})
    return Continue({"count": count})
