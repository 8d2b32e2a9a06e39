"""The tree of errors."""

import inspect

import pytest

from handler import contract, errors
from handler.errors import BackgroundTaskError, InvalidInput, NotFound, RequestError

ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, BackgroundTaskError)
]


@pytest.mark.parametrize("kind", ERRORS)
def test_the_tree_in_the_docstring_shows_every_error(kind: type[BackgroundTaskError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


def test_an_error_is_told_with_its_code_and_its_data() -> None:
    error = NotFound('Task "t1" was not found!', data={"id": "t1"})

    assert error.to_wire() == {
        "message": 'Task "t1" was not found!',
        "code": "NOT_FOUND",
        "data": {"id": "t1"},
    }


def test_an_error_without_data_tells_none() -> None:
    assert BackgroundTaskError("It failed.").to_wire() == {
        "message": "It failed.",
        "code": "TASK_ERROR",
    }


def test_a_code_of_its_own_goes_before_that_of_the_kind() -> None:
    assert InvalidInput("Too large.", code="INPUT_TOO_LARGE").code == "INPUT_TOO_LARGE"


def test_what_the_caller_can_mend_is_a_request_error() -> None:
    assert {kind.__name__ for kind in ERRORS if issubclass(kind, RequestError)} == {
        "RequestError",
        "InvalidInput",
        "UnknownDefinition",
        "NotFound",
        "Refused",
    }


def test_the_state_machine_knows_an_unreachable_store_by_the_name_of_its_class() -> None:
    assert errors.StoreUnavailable.__name__ == contract.STORE_UNAVAILABLE
