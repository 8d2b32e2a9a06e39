"""Closes a month: a crash, a retry, children, a signal and a long loop, to look at."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, Field

from handler import Context, Continue, Done, Failed, Retry, Signal, TaskRecord, Verdict, task

_CRASHES = 1
_AWAY = 2  # attempts until the ledger answers


class CloseMonth(BaseModel):
    month: str = Field(pattern=r"^\d{4}-\d{2}$", description="Which one: 2026-10.")
    shops: list[str] = []
    closed: list[str] = Field([], description="The shops that have sold nothing.")
    accounts: int = Field(400, ge=0, description="How many are booked.")
    seconds: float = Field(0.1, ge=0, description="How long each takes.")
    step: Literal["ledger", "sums", "approval", "booking"] = "ledger"
    cursor: int = 0


class SumUp(BaseModel):
    shop: str
    is_closed: bool = False


@task(
    title="Close a month",
    crash_retries=_CRASHES,
    retry=Retry(max_attempts=5, backoff=timedelta(seconds=90), jitter=False),
)
def close_month(context: Context, input: CloseMonth) -> Verdict:
    """Sums up each shop, has the sums approved, and books them."""
    match input.step:
        case "ledger":
            if context.task.attempts <= _CRASHES:
                os._exit(1)
            if context.task.attempts <= _AWAY:
                raise ConnectionError("The ledger does not answer.")
            context.log.info("The ledger is open.", month=input.month)
            return Continue({"step": "sums"})
        case "sums":
            for shop in input.shops:
                sum_up = SumUp(shop=shop, is_closed=shop in input.closed)
                context.trigger(sum_up_shop, input=sum_up, name=f"Sum of {shop}")
            return context.wait_for_children(summed_up)
        case "approval":
            return context.wait_for_signal("approved", approved, timeout=timedelta(days=30))
        case "booking":
            for number in context.each(accounts(input), input, total=input.accounts):
                time.sleep(input.seconds)
                if number % 50 == 0:
                    context.log.info(f"Booked {number} of {input.accounts}.", month=input.month)
    return Done(output={"month": input.month, "booked": input.accounts})


@task()
def sum_up_shop(context: Context, input: SumUp) -> Done | Failed:
    """Sums up what a shop has sold."""
    if input.is_closed:
        return Failed(f"{input.shop} is closed.", code="SHOP_CLOSED")
    context.log.info("Summed up.", shop=input.shop)
    return Done(output={"shop": input.shop})


def summed_up(shops: list[TaskRecord]) -> Verdict:
    return Continue({"step": "approval"})


def approved(signal: Signal | None) -> Verdict:
    if signal is None:
        return Failed("Nobody has approved it.", code="NOT_APPROVED")
    return Continue({"step": "booking"})


def accounts(input: CloseMonth) -> Iterator[tuple[int, int]]:
    for number in range(input.cursor, input.accounts):
        yield number + 1, number
