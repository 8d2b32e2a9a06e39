"""What a failure looks like on the record."""

from typing import Any

import pytest

from handler import Failed
from handler.errors import NotFound
from handler.record.failures import error_of, error_of_failed, readable


class Coded(Exception):
    code = "MY_CODE"

    def __init__(self, message: str, data: object = None) -> None:
        super().__init__(message)
        self.data = data


def test_a_plain_exception_has_its_type_as_its_code() -> None:
    error = error_of(ValueError("boom"))

    assert (error.message, error.code, error.data) == ("boom", "ValueError", None)


def test_a_coded_exception_keeps_its_code_and_its_data() -> None:
    error = error_of(Coded("boom", {"k": 1}))

    assert (error.message, error.code, error.data) == ("boom", "MY_CODE", {"k": 1})


def test_our_own_errors_are_coded() -> None:
    assert error_of(NotFound("gone", data={"id": "t"})).code == "NOT_FOUND"


@pytest.mark.parametrize("error", [ValueError(), ValueError(""), KeyboardInterrupt(), Coded("")])
def test_an_exception_without_a_message_gets_one(error: BaseException) -> None:
    assert error_of(error).message == f"{type(error).__name__} was raised, without a message."


@pytest.mark.parametrize("code", [5, None, "", ["C"]])
def test_a_code_that_is_no_text_is_none(code: Any) -> None:
    error = Coded("boom")
    error.code = code

    assert error_of(error).code == "Coded"


def test_an_exit_is_no_code() -> None:
    assert error_of(SystemExit(3)).code == "SystemExit"


@pytest.mark.parametrize("data", ["text", 5, [1], None, {}])
def test_data_that_is_no_mapping_is_left_out(data: object) -> None:
    assert error_of(Coded("boom", data)).data is None


def test_data_that_is_no_json_is_shown_as_text() -> None:
    circular: dict[str, object] = {"name": "it"}
    circular["self"] = circular

    shown = error_of(Coded("boom", circular)).data

    assert shown is not None
    assert "'name': 'it'" in str(shown["text"])
    assert len(str(readable({"huge": ["\udcff" * 100_000]}))) < 10_000


def test_the_stack_shows_where_it_was_raised_and_from_what() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as outer:
        stack = error_of(outer).stack or ""

    assert "KeyError: 'inner'" in stack
    assert "test_failures.py" in stack
    assert stack.rstrip().endswith("ValueError: outer")


def test_a_huge_message_and_stack_are_cut() -> None:
    error = error_of(ValueError("x" * 1_000_000))

    assert len(error.message) <= 8_000
    assert len(error.stack or "") <= 4_000


def test_the_stack_is_for_the_log_alone() -> None:
    assert set(error_of(Coded("boom", {"k": 1})).to_wire()) == {"message", "code", "data"}


def test_failed_is_an_error_as_it_says() -> None:
    error = error_of_failed(Failed("boom", code="C", data={"k": {1, 2}}))

    assert (error.message, error.code, error.data) == ("boom", "C", {"k": [1, 2]})


def test_failed_without_a_code_has_none() -> None:
    assert error_of_failed(Failed("boom")).to_wire() == {"message": "boom"}
