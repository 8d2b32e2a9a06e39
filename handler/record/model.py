"""The base of everything that is stored: frozen, camelCase outside, snake_case in Python."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from handler.clock import to_iso

Json = dict[str, object]


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError("a moment has a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("UTC can't express it") from error


# A moment is a `datetime` in Python. In the table, on the wire and in GraphQL it is ISO text.
Moment = Annotated[
    datetime,
    AfterValidator(_in_utc),
    PlainSerializer(to_iso, return_type=str, when_used="json"),
]


# How often something happened, or how long something takes: what no task ever exceeds.
Count = Annotated[int, Field(ge=0, le=10**9)]


def fields_of(model: BaseModel) -> Json:
    """The values of any model's fields by their names, and those that it takes beside them."""
    return {**model.__dict__, **(model.__pydantic_extra__ or {})}


class StoredModel(BaseModel):
    """A part of a record. It ignores fields that newer code may have written.

    A model is built when it is first used: a process needs few of them, and seldom the same.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        defer_build=True,
    )
