"""Books a room: an input of many types, with checks of its own that no schema tells."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from handler import Context, Done, task


class Card(BaseModel):
    kind: Literal["card"]
    number: str = Field(pattern="^[0-9]{4}$")


class Invoice(BaseModel):
    kind: Literal["invoice"]
    company: str


class Guest(BaseModel):
    name: str
    age: int | None = None

    @field_validator("name")
    @classmethod
    def is_somebody(cls, name: str) -> str:
        if name == "nobody":
            raise ValueError("nobody is no guest")
        return name


class BookRoom(BaseModel):
    guests: list[Guest] = Field(min_length=1)
    arrives: datetime
    stays: timedelta = timedelta(days=1)
    price: Decimal = Field(Decimal("80.50"), gt=0)
    extras: dict[str, int] = {}
    payment: Annotated[Card | Invoice, Field(discriminator="kind")]
    wish: str | None = None

    @model_validator(mode="after")
    def is_affordable(self) -> "BookRoom":
        if self.price * self.stays.days > 10_000:
            raise ValueError("nobody can pay that")
        return self


@task(title="Book a room")
def book_room(context: Context, input: BookRoom) -> Done:
    return Done(output={"guests": len(input.guests), "days": input.stays.days})
