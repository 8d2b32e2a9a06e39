"""The input of the tasks that a schedule triggers."""

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, Field

from handler import Context, Definition, Done, Schedule, task
from handler.definition.schedule_input import MAX_SCHEDULE_INPUT_BYTES
from handler.errors import DefinitionError


class Report(BaseModel):
    year: int
    region: str
    until: datetime | None = None


def report(**arguments: Any) -> Definition:
    def body(context: Context, input: Report) -> Done:
        return Done()

    return task(id="report", **arguments)(body)


def plain(**arguments: Any) -> Definition:
    def body(context: Context) -> Done:
        return Done()

    return task(id="plain", **arguments)(body)


@pytest.mark.parametrize(
    "given", [{"year": 2027, "region": "eu"}, {"year": "2027", "region": "eu"}]
)
def test_a_mapping_is_validated_and_kept(given: dict[str, object]) -> None:
    stored = report(schedule="rate(1 day)", schedule_input=given).schedule_input

    assert stored
    assert Report.model_validate(stored) == Report(year=2027, region="eu")


def test_a_model_is_kept_as_it_is_stored_at_a_trigger() -> None:
    given = Report(year=2027, region="eu", until=datetime(2027, 1, 1))  # noqa: DTZ001

    stored = report(schedule="rate(1 day)", schedule_input=given).schedule_input

    assert stored == {"year": 2027, "region": "eu", "until": "2027-01-01T00:00:00"}


def test_what_the_author_does_to_the_mapping_later_changes_nothing() -> None:
    given: dict[str, Any] = {"year": 2027, "region": "eu"}
    definition = report(schedule="rate(1 day)", schedule_input=given)

    given["year"] = "gone"

    assert definition.schedule_input
    assert definition.schedule_input["year"] == 2027


def test_required_fields_that_no_tick_would_have_are_named() -> None:
    with pytest.raises(DefinitionError) as refused:
        report(schedule="rate(1 day)")

    assert refused.value.message == (
        f'{__file__}: task "report" has a schedule, and an input with required fields: year, '
        'region. Add schedule_input={"year": ..., "region": ...}.'
    )


def test_an_input_that_does_not_validate_is_refused_with_each_field() -> None:
    with pytest.raises(DefinitionError) as refused:
        report(schedule="rate(1 day)", schedule_input={"year": "soon"})

    assert refused.value.message.startswith(f'{__file__}: task "report" has a schedule_input')
    assert "year: Input should be a valid integer" in refused.value.message
    assert "region: it is required" in refused.value.message


def test_a_task_without_an_input_needs_none_and_takes_none() -> None:
    assert plain(schedule="rate(1 day)").schedule_input is None
    assert plain(schedule="rate(1 day)", schedule_input={}).schedule_input == {}
    with pytest.raises(DefinitionError, match="takes no input, but was given: year"):
        plain(schedule="rate(1 day)", schedule_input={"year": 2027})


def test_a_task_whose_fields_all_have_defaults_needs_no_input() -> None:
    class Optional(BaseModel):
        cursor: int = 0

    @task(schedule="rate(1 day)")
    def resuming(context: Context, input: Optional) -> Done:
        return Done()

    assert resuming.schedule_input is None


def test_an_input_without_a_schedule_is_refused() -> None:
    with pytest.raises(DefinitionError, match="has a schedule_input and no schedule"):
        report(schedule_input={"year": 2027, "region": "eu"})


@pytest.mark.parametrize("given", ["text", [1], 5, date(2027, 1, 1)])
def test_what_is_neither_a_mapping_nor_a_model_is_refused(given: object) -> None:
    with pytest.raises(DefinitionError, match="it takes a mapping or the input's model"):
        report(schedule="rate(1 day)", schedule_input=given)


def test_the_time_of_the_tick_stands_where_the_author_puts_it() -> None:
    given = {"year": 2027, "region": f"eu at {Schedule.TIME}", "until": Schedule.TIME}

    assert report(schedule="rate(1 day)", schedule_input=given).schedule_input == given


def test_a_field_that_takes_no_time_is_refused_the_time_of_the_tick() -> None:
    with pytest.raises(DefinitionError, match="year: Input should be a valid integer"):
        report(schedule="rate(1 day)", schedule_input={"year": Schedule.TIME, "region": "eu"})


def test_an_input_that_no_execution_could_take_is_refused() -> None:
    region = "x" * MAX_SCHEDULE_INPUT_BYTES

    with pytest.raises(DefinitionError, match="Put what is big into S3"):
        report(schedule="rate(1 day)", schedule_input={"year": 2027, "region": region})


def test_a_default_that_is_made_is_left_to_each_tick() -> None:
    class Paying(BaseModel):
        amount: int
        token: str = Field(default_factory=lambda: uuid4().hex)

    @task(schedule="rate(1 day)", schedule_input={"amount": 5})
    def pay(context: Context, input: Paying) -> Done:
        return Done()

    assert pay.schedule_input == {"amount": 5}


@pytest.mark.parametrize("value", [{1}, (1,), date(2027, 1, 1), Decimal("1.5"), b"x", math.nan])
def test_what_a_trigger_of_a_dict_refuses_a_schedule_refuses(value: object) -> None:
    def anything(context: Context, input: dict[str, object]) -> Done:
        return Done()

    with pytest.raises(DefinitionError, match="schedule_input that can't be used"):
        task(schedule="rate(1 day)", schedule_input={"deep": [{"z": value}]})(anything)


def test_the_time_of_a_tick_may_stand_anywhere_in_the_input_of_a_dict() -> None:
    def anything(context: Context, input: dict[str, object]) -> Done:
        return Done()

    given = {"at": Schedule.TIME, "deep": [{"text": f"At {Schedule.TIME}"}]}

    assert task(schedule="rate(1 day)", schedule_input=given)(anything).schedule_input == given
