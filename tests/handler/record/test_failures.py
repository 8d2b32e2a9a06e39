"""What a failure looks like on the record."""

from typing import Any

import pytest

from handler.errors import NotFound
from handler.record.failures import TaskFailure, fitting
from handler.record.texts import to_text


class Coded(Exception):
    code = "MY_CODE"

    def __init__(self, message: str, data: object = None) -> None:
        super().__init__(message)
        self.data = data


def circular_mapping() -> dict[str, object]:
    """A mapping that contains itself."""
    circular: dict[str, object] = {"name": "it"}
    circular["self"] = circular
    return circular


class Unprintable:
    """Something whose own text can't be made."""

    def __str__(self) -> str:
        raise RuntimeError("broken")


def test_an_exception_without_a_code_has_its_class_name_as_its_code() -> None:
    error = ValueError("boom")

    failure = TaskFailure.from_exception(error)

    assert (failure.message, failure.code, failure.data) == ("boom", "ValueError", None)


def test_an_exception_with_a_code_and_data_keeps_both() -> None:
    error = Coded("boom", {"k": 1})

    failure = TaskFailure.from_exception(error)

    assert (failure.message, failure.code, failure.data) == ("boom", "MY_CODE", {"k": 1})


def test_an_error_of_the_project_keeps_its_code() -> None:
    error = NotFound("gone", data={"id": "t"})

    failure = TaskFailure.from_exception(error)

    assert failure.code == "NOT_FOUND"


@pytest.mark.parametrize("error", [ValueError(), ValueError(""), KeyboardInterrupt(), Coded("")])
def test_an_exception_without_a_message_gets_one_that_names_its_class(
    error: BaseException,
) -> None:
    failure = TaskFailure.from_exception(error)

    assert failure.message == f"{type(error).__name__} was raised, without a message."


@pytest.mark.parametrize("code", [5, None, "", ["C"]])
def test_a_code_that_is_not_text_is_replaced_by_the_class_name(code: Any) -> None:
    error = Coded("boom")
    error.code = code

    failure = TaskFailure.from_exception(error)

    assert failure.code == "Coded"


def test_the_exit_status_of_a_system_exit_is_not_its_code() -> None:
    error = SystemExit(3)

    failure = TaskFailure.from_exception(error)

    assert failure.code == "SystemExit"


@pytest.mark.parametrize("data", ["text", 5, [1], None, {}])
def test_data_that_is_empty_or_not_a_mapping_is_left_out(data: object) -> None:
    error = Coded("boom", data)

    failure = TaskFailure.from_exception(error)

    assert failure.data is None


def test_data_that_contains_itself_has_a_note_in_its_place() -> None:
    error = Coded("boom", circular_mapping())

    failure = TaskFailure.from_exception(error)

    assert failure.data == {"name": "it", "self": "(contains itself)"}


def test_data_of_more_than_the_limit_is_replaced_by_a_note_of_its_size() -> None:
    data = {"huge": ["x" * 100_000]}

    assert fitting(data, 1_000) == {"omitted": "100,013 bytes; the limit is 1,000."}
    assert fitting(data, 100_013) == data


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ünï", "ünï"),
        ("a\udcff", "a\\udcff"),
        (5, "5"),
        (Unprintable(), "(Unprintable can't be shown)"),
    ],
    ids=["unicode", "not unicode", "number", "broken __str__"],
)
def test_any_value_becomes_text_that_can_be_stored(value: object, text: str) -> None:
    shown = to_text(value)

    assert shown == text
    assert shown.encode().decode() == shown


def test_an_exception_whose_text_cannot_be_made_is_still_a_failure() -> None:
    error = ValueError(Unprintable())

    failure = TaskFailure.from_exception(error)

    assert failure.message == "(ValueError can't be shown)"
    assert failure.code == "ValueError"


def test_the_stack_shows_where_an_exception_was_raised_and_its_cause() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as outer:
        error = outer

    stack = TaskFailure.from_exception(error).stack or ""

    assert "KeyError: 'inner'" in stack
    assert "test_failures.py" in stack
    assert stack.rstrip().endswith("ValueError: outer")


def test_a_message_is_cut_to_8_000_characters_and_a_stack_to_4_000() -> None:
    error = ValueError("x" * 1_000_000)

    failure = TaskFailure.from_exception(error)

    assert 7_990 <= len(failure.message) <= 8_000
    assert failure.message.endswith("characters more)")
    assert len(failure.stack or "") <= 4_000


def test_the_wire_has_the_message_the_code_and_the_data_but_not_the_stack() -> None:
    failure = TaskFailure.from_exception(Coded("boom", {"k": 1}))

    wire = failure.to_wire()

    assert failure.stack
    assert set(wire) == {"message", "code", "data"}


def test_a_failure_of_values_has_its_data_as_json() -> None:
    failure = TaskFailure.of("boom", code="C", data={"k": {1, 2}})

    assert (failure.message, failure.code, failure.data) == ("boom", "C", {"k": [1, 2]})


def test_a_failure_of_a_message_alone_has_neither_code_nor_data() -> None:
    wire = TaskFailure.of("boom").to_wire()

    assert wire == {"message": "boom"}


def test_a_failure_of_values_is_cut_to_8_000_and_256_characters() -> None:
    failure = TaskFailure.of("x" * 9_000, code="C" * 300)

    assert 7_990 <= len(failure.message) <= 8_000
    assert len((failure.code or "").encode()) == 256


def test_a_failure_of_values_that_are_not_text_has_them_as_text() -> None:
    failure = TaskFailure.of(404, code=5)

    assert (failure.message, failure.code) == ("404", "5")


def test_every_failure_is_cut_whoever_makes_it() -> None:
    failure = TaskFailure(message="m" * 9_000, code="ü" * 200, stack="s" * 5_000)

    assert len(failure.message) <= 8_000
    assert len((failure.code or "").encode()) <= 256
    assert len(failure.stack or "") <= 4_000
    assert (failure.stack or "").endswith("s")
