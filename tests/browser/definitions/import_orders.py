"""Imports orders, some a second: what a form can ask for, and a progress to look at."""

import time
from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from handler import Context, Continue, Done, Verdict, task

_A_VISIT = 5


class Address(BaseModel):
    """Where it goes."""

    street: str
    city: str = "London"


class ImportOrders(BaseModel):
    source: str = Field(description="Where the orders are: a URL, or a path.", min_length=3)
    count: int = Field(10, ge=1, le=1_000, description="How many there are.")
    seconds: float = Field(0.1, ge=0, le=2, description="How long each takes.")
    mode: Literal["add", "replace"] = "add"
    is_dry: bool = Field(False, title="Dry run")
    since: date | None = None
    labels: list[str] = []
    address: Address | None = None
    done: int = Field(0, ge=0)


@task(title="Import orders", description="Reads orders, and writes them into the shop.")
def import_orders(context: Context, input: ImportOrders) -> Verdict:
    done = input.done
    for done in range(input.done + 1, min(input.done + _A_VISIT, input.count) + 1):
        time.sleep(input.seconds)
        context.save_progress(done, total=input.count)
    context.log.info(f"Read {done} of {input.count}.", source=input.source)
    if done < input.count:
        return Continue({"done": done})
    return Done(output={"imported": done, "mode": input.mode, "dry": input.is_dry})
