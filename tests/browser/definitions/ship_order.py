"""Fails as long as its input has no address: whoever looks mends that, and retries it."""

from pydantic import BaseModel

from handler import Context, Done, Failed, task


class ShipOrder(BaseModel):
    order: int
    address: str = ""


@task(title="Ship an order")
def ship_order(context: Context, input: ShipOrder) -> Done | Failed:
    if not input.address:
        message = f"Order {input.order} has no address."
        return Failed(message, code="NO_ADDRESS", data={"order": input.order})
    return Done(output={"shipped": input.order, "to": input.address})
