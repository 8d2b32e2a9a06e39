"""How the errors of a validation are shown."""

import tracemalloc
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

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


class Checked(BaseModel):
    even: int = 0
    short: str = ""
    odd: int | str = 1

    @field_validator("even")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("it is odd")
        return value

    @field_validator("short")
    @classmethod
    def _is_short(cls, value: str) -> str:
        assert len(value) < 3, "it is long"
        return value


def test_what_a_validator_raises_is_shown_as_it_raised_it() -> None:
    error = error_of(Checked, {"even": 1, "short": "long"})

    fields: Any = invalid_fields(error)

    assert fields["even"] == {
        "code": "value_error",
        "message": "it is odd",
        "data": {"path": ["even"]},
    }
    assert fields["short"]["message"].startswith("it is long")
    message = str(invalid_input("It", error))
    assert message.startswith("Validation failed. It: even: it is odd (it is 1); short: it is long")


def test_the_value_stands_before_what_a_validator_raises_in_sentences() -> None:
    class Sentences(BaseModel):
        delimiter: str
        quotes: str

        @field_validator("delimiter", "quotes")
        @classmethod
        def _never(cls, value: str) -> str:
            raise ValueError("It takes one character. Next: set one.")

    message = str(invalid_input("It", error_of(Sentences, {"delimiter": ";;", "quotes": "''"})))

    assert message == (
        "Validation failed. It: delimiter: it is ';;'. It takes one character. Next: set one;"
        " quotes: it is \"''\". It takes one character. Next: set one."
    )


def test_two_errors_of_one_name_are_both_in_the_message() -> None:
    class Two(BaseModel):
        numbers: dict[str | int, int]

    error = error_of(Two, {"numbers": {1: "one", "1": "uno"}})

    message = str(invalid_input("It", error))

    assert "'one'" in message
    assert "'uno'" in message


def test_a_text_that_is_not_unicode_is_shown_as_that() -> None:
    message = str(invalid_input("It", error_of(Checked, {"even": "\ud800"})))

    assert message == (
        "Validation failed. It: even: It should be Unicode text, without half of a surrogate pair"
        " (it is '\\ud800')."
    )


@pytest.mark.parametrize("count", [101, 1_000, 1_001, 20_000])
def test_of_many_that_are_wrong_the_first_100_are_told_and_the_rest_is_counted(count: int) -> None:
    error = error_of(Model, {"name": "n", "many": [{"size": "big"}] * count})

    told = invalid_input("The input", error)

    data: Any = told.data
    names = [f"many.{place}.size" for place in range(100)]
    assert list(data["invalidFields"]) == list(invalid_fields(error)) == names
    assert data["more"] == count - 100
    assert told.message.endswith(f"; and {count - 100:,} more.")
    assert data["invalidFields"]["many.7.size"] == {
        "code": "int_parsing",
        "message": "Input should be a valid integer, unable to parse string as an integer",
        "data": {"path": ["many", 7, "size"]},
    }


@pytest.mark.slow
def test_an_error_of_very_many_is_told_without_a_copy_of_them_all() -> None:
    error = error_of(Model, {"name": "n", "many": [{"size": "big"}] * 50_000})
    tracemalloc.start()
    try:
        invalid_input("The input", error)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 15_000_000, peak  # all of them as values take twice that


def test_100_that_are_wrong_are_all_told() -> None:
    error = error_of(Model, {"name": "n", "many": [{}] * 100})

    told = invalid_input("The input", error)

    assert len(told.data["invalidFields"]) == 100  # type: ignore[index,arg-type]
    assert "more" not in (told.data or {})


def test_names_that_are_not_unicode_are_told_among_many() -> None:
    class Names(BaseModel):
        names: dict[str, int]

    error = error_of(Names, {"names": {f"\ud800{place}": "x" for place in range(1_001)}})

    assert len(invalid_fields(error)) <= 100
    assert invalid_input("The input", error).message


def test_what_a_models_own_validator_says_is_told_among_many() -> None:
    class Item(BaseModel):
        size: int

        @field_validator("size")
        @classmethod
        def _refuse(cls, value: int) -> int:
            raise ValueError("It is too old.")

    class Items(BaseModel):
        items: list[Item]

    error = error_of(Items, {"items": [{"size": 1}] * 1_001})

    assert "It is too old" in invalid_input("The input", error).message
