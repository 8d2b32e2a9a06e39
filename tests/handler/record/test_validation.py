"""How what doesn't validate is told."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator

from handler.record.validation import invalid_fields, invalid_input


class Inner(BaseModel):
    size: int


class Model(BaseModel):
    name: str
    count: int = Field(default=1, ge=1)
    inner: Inner | None = None
    many: list[Inner] = []


class Whole(BaseModel):
    a: int = 0

    @model_validator(mode="after")
    def _refuse(self) -> "Whole":
        raise ValueError("a and b don't go together")


def error_of(model: type[BaseModel], value: dict[str, Any]) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(value)
    return raised.value


def test_a_missing_field_is_required_as_webinys_clients_know_it() -> None:
    assert invalid_fields(error_of(Model, {})) == {
        "name": {"code": "invalid_type", "message": "Required", "data": {"path": ["name"]}}
    }


def test_a_wrong_type_is_an_invalid_type() -> None:
    field: Any = invalid_fields(error_of(Model, {"name": 5}))["name"]

    assert field["code"] == "invalid_type"
    assert field["message"] == "Input should be a valid string"


def test_another_refusal_keeps_its_own_code() -> None:
    field: Any = invalid_fields(error_of(Model, {"name": "n", "count": 0}))["count"]

    assert field["code"] == "greater_than_equal"
    assert "greater than or equal to 1" in field["message"]


def test_a_field_inside_another_is_told_by_its_path() -> None:
    fields: Any = invalid_fields(
        error_of(Model, {"name": "n", "inner": {}, "many": [{"size": 1}, {}]})
    )

    assert set(fields) == {"inner.size", "many.1.size"}
    assert fields["many.1.size"]["data"]["path"] == ["many", 1, "size"]


def test_what_is_wrong_with_the_whole_input_is_told_as_the_input() -> None:
    assert set(invalid_fields(error_of(Whole, {}))) == {"input"}


def test_the_message_names_the_subject_each_field_and_its_value() -> None:
    error = invalid_input('The input of task "export"', error_of(Model, {"count": "many"}))

    assert error.code == "VALIDATION_FAILED_INVALID_FIELDS"
    assert 'The input of task "export"' in error.message
    assert "name: it is required" in error.message
    assert "count: Input should be a valid integer" in error.message
    assert "'many'" in error.message
    assert error.data is not None
    assert set(error.data["invalidFields"]) == {"name", "count"}  # type: ignore[call-overload]


def test_a_huge_value_is_shown_in_part() -> None:
    error = invalid_input("The input", error_of(Model, {"name": "n", "count": "x" * 10_000}))

    assert len(error.message) < 300
