"""What an exception says, whatever its class does."""

import asyncio
import subprocess
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, ValidationError

from handler.record.exceptions import leaves_of, message_of, stack_of
from handler.record.failures import TaskFailure
from tests.handler.record.odd_exceptions import ODD_EXCEPTIONS, exceptions
from tests.handler.record.test_shown import is_strict_json


class Model(BaseModel):
    number: int


def invalid() -> ValidationError:
    """The error of an author's own model."""
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"number": "many"})
    return caught.value


def undecodable() -> UnicodeDecodeError:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"\xff".decode()
    return caught.value


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("boom"), "boom"),
        (KeyError("x"), "KeyError: 'x'"),
        (KeyError("a long key of many words"), "KeyError: 'a long key of many words'"),
        (KeyError(3), "KeyError: 3"),
        (IndexError("list index out of range"), "IndexError: list index out of range"),
        (StopIteration("text"), "StopIteration: text"),
        (StopIteration(), "StopIteration was raised, without a message."),
        (StopAsyncIteration("text"), "StopAsyncIteration: text"),
        (AssertionError(), "AssertionError was raised, without a message."),
        (TimeoutError(), "TimeoutError was raised, without a message."),
        (Exception("  "), "Exception was raised, without a message."),
        (KeyboardInterrupt(), "KeyboardInterrupt was raised, without a message."),
        (asyncio.CancelledError(), "CancelledError was raised, without a message."),
        (MemoryError(), "MemoryError was raised, without a message."),
        (GeneratorExit(), "GeneratorExit was raised, without a message."),
        (ValueError("x"), "ValueError: x"),
        (ValueError(404), "ValueError: 404"),
        (ValueError(-1.5e10), "ValueError: -15000000000.0"),
        (ValueError(None), "ValueError: None"),
        (ValueError("a", "b"), "('a', 'b')"),
        (OSError(2, "No such file", "x.csv"), "[Errno 2] No such file: 'x.csv'"),
        (subprocess.CalledProcessError(1, ["ls"]), "Command '['ls']' returned non-zero exit"),
        (ExceptionGroup("In a group", [KeyError("x"), ValueError("boom")]), "In a group"),
    ],
    ids=lambda value: repr(value) if isinstance(value, BaseException) else "",
)
def test_a_text_that_says_nothing_alone_has_the_name_of_the_class_in_front(
    error: BaseException, message: str
) -> None:
    assert message_of(error).startswith(message)


def test_an_error_of_a_codec_or_of_a_model_says_what_it_says() -> None:
    assert message_of(undecodable()) == str(undecodable())
    assert message_of(invalid()) == str(invalid())


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (SystemExit(), "sys.exit()"),
        (SystemExit(0), "sys.exit(0)"),
        (SystemExit(2), "sys.exit(2)"),
        (SystemExit("no such file"), "sys.exit('no such file')"),
        (SystemExit(["a"]), "sys.exit(['a'])"),
    ],
)
def test_an_exit_is_named_in_words(error: SystemExit, call: str) -> None:
    failure = TaskFailure.from_exception(error)

    # It is right for a hook, too, which returns no verdict.
    assert failure.message == (
        f"The task's code called {call}. Return from its function, or raise an exception."
    )
    assert failure.code == "SystemExit"


def test_a_group_names_what_is_in_it() -> None:
    inner = BaseExceptionGroup("inner", [asyncio.CancelledError(), KeyError("x")])
    group = BaseExceptionGroup("unhandled errors", [ValueError("boom"), inner])

    assert message_of(group) == (
        "unhandled errors (2 sub-exceptions): ValueError: boom; "
        "CancelledError was raised, without a message.; KeyError: 'x'"
    )


def test_a_group_of_many_names_the_first_five() -> None:
    group = ExceptionGroup("many", [ValueError(f"number {number}") for number in range(9)])

    assert message_of(group).endswith("ValueError: number 4; ...")


def test_the_leaves_of_a_deep_group_are_found() -> None:
    group: Exception = ValueError("boom")
    for _ in range(5_000):
        group = ExceptionGroup("deep", [group])

    assert [str(leaf) for leaf in leaves_of(group)] == ["boom"]
    assert message_of(group).endswith("ValueError: boom")


@pytest.mark.parametrize("make", ODD_EXCEPTIONS, ids=lambda make: make.__name__)
def test_an_odd_exception_is_a_failure_that_can_be_stored(
    make: Callable[[], BaseException],
) -> None:
    failure = TaskFailure.from_exception(make())

    assert_storable(failure)


@pytest.mark.property
@given(exceptions())
def test_any_exception_is_a_failure_that_can_be_stored(error: BaseException) -> None:
    assert_storable(TaskFailure.from_exception(error))


def assert_storable(failure: TaskFailure) -> None:
    assert is_strict_json(failure.model_dump(mode="json"))
    assert 0 < len(failure.message) <= 8_000
    assert failure.code
    assert len(failure.code.encode()) <= 256
    assert failure.stack
    assert len(failure.stack) <= 4_000


def test_a_message_of_10_mb_does_not_push_the_calls_out_of_the_trace() -> None:
    with pytest.raises(ValueError, match="x") as caught:
        raise ValueError("x" * 10_000_000)

    stack = stack_of(caught.value)

    assert "test_exceptions.py" in stack
    assert "ValueError: xxx" in stack


def test_notes_and_causes_are_in_the_trace() -> None:
    error = ValueError("boom")
    error.add_note("The note.")
    error.__cause__ = KeyError("x")

    stack = stack_of(error)

    assert "KeyError: 'x'" in stack
    assert stack.endswith("ValueError: boom\nThe note.\n")


def test_a_trace_of_thousands_of_calls_ends_with_the_last() -> None:
    def down(levels: Any) -> None:
        if levels == 0:
            raise ValueError("at the bottom")
        down(levels - 1)

    with pytest.raises(ValueError, match="bottom") as caught:
        down(500)
    stack = stack_of(caught.value)

    assert 'raise ValueError("at the bottom")' in stack
    assert len(stack) < len("".join(traceback.format_exception(caught.value)))
