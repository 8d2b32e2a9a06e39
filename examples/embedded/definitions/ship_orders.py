"""Marks orders as shipped, one after another."""

import os

from pydantic import BaseModel

from handler import Context, Done, client, task


class ShipOrders(BaseModel):
    """The orders, and how many are done."""

    order_ids: list[str]
    cursor: int = 0


@task()
def ship_orders(context: Context, input: ShipOrders) -> Done:
    """Marks each order as shipped, and goes on where it was."""
    table = client("dynamodb")
    rest = enumerate(input.order_ids[input.cursor :], start=input.cursor + 1)
    for order_id in context.each(rest, input, total=len(input.order_ids)):
        table.update_item(
            TableName=os.environ["ORDERS_TABLE"],
            Key={"orderId": {"S": order_id}},
            UpdateExpression="SET shipped = :yes",
            ExpressionAttributeValues={":yes": {"BOOL": True}},
        )
    return Done(f"{len(input.order_ids)} orders shipped.")
