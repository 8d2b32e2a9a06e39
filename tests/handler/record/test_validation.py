"""How the errors of a validation are shown."""

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


def test_a_missing_field_is_shown_as_required_like_webinys() -> None:
    error = error_of(Model, {})

    fields = invalid_fields(error)

    assert fields == {
        "name": {"code": "invalid_type", "message": "Required", "data": {"path": ["name"]}}
    }


def test_a_wrong_type_has_the_code_invalid_type() -> None:
    error = error_of(Model, {"name": 5})

    field: Any = invalid_fields(error)["name"]

    assert field["code"] == "invalid_type"
    assert field["message"] == "Input should be a valid string"


def test_a_number_out_of_its_range_has_pydantics_code() -> None:
    error = error_of(Model, {"name": "n", "count": 0})

    field: Any = invalid_fields(error)["count"]

    assert field["code"] == "greater_than_equal"
    assert "greater than or equal to 1" in field["message"]


def test_a_field_inside_another_is_named_by_its_path() -> None:
    error = error_of(Model, {"name": "n", "inner": {}, "many": [{"size": 1}, {}]})

    fields: Any = invalid_fields(error)

    assert set(fields) == {"inner.size", "many.1.size"}
    assert fields["many.1.size"]["data"]["path"] == ["many", 1, "size"]


def test_an_error_of_the_whole_model_is_named_input() -> None:
    error = error_of(Whole, {})

    fields = invalid_fields(error)

    assert set(fields) == {"input"}


def test_the_message_names_the_subject_each_field_and_its_value() -> None:
    problem = error_of(Model, {"count": "many"})

    error = invalid_input('The input of task "export"', problem)

    assert error.code == "VALIDATION_FAILED_INVALID_FIELDS"
    assert 'The input of task "export"' in error.message
    assert "name: it is required" in error.message
    assert "count: Input should be a valid integer" in error.message
    assert "'many'" in error.message
    assert error.data is not None
    assert set(error.data["invalidFields"]) == {"name", "count"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuont", 'of "x": cuont: there is no such field; did you mean "count"?'),
        ("zzz", 'of "x": zzz: there is no such field; there are name, count.'),
    ],
)
def test_a_field_that_there_is_not_is_named_with_those_that_there_are(
    name: str, message: str
) -> None:
    class Strict(BaseModel, extra="forbid"):
        name: str
        count: int = 1

    problem = error_of(Strict, {"name": "n", name: 1})

    error = invalid_input('The input of "x"', problem, known=list(Strict.model_fields))

    assert error.message.endswith(message)


def test_a_value_of_10_000_characters_is_cut_in_the_message() -> None:
    problem = error_of(Model, {"name": "n", "count": "x" * 10_000})

    error = invalid_input("The input", problem)

    assert len(error.message) < 300
