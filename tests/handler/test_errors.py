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
def test_the_tree_in_the_docstring_has_every_error(kind: type[BackgroundTaskError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


def test_an_error_with_data_is_a_message_a_code_and_data_on_the_wire() -> None:
    error = NotFound('Task "t1" was not found!', data={"id": "t1"})

    wire = error.to_wire()

    assert wire == {
        "message": 'Task "t1" was not found!',
        "code": "NOT_FOUND",
        "data": {"id": "t1"},
    }


def test_an_error_without_data_is_a_message_and_a_code_on_the_wire() -> None:
    error = BackgroundTaskError("It failed.")

    wire = error.to_wire()

    assert wire == {
        "message": "It failed.",
        "code": "TASK_ERROR",
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [({}, "VALIDATION_FAILED_INVALID_FIELDS"), ({"code": "INPUT_TOO_LARGE"}, "INPUT_TOO_LARGE")],
    ids=["none", "given"],
)
def test_an_error_has_the_code_of_its_class_unless_one_is_given(
    given: dict[str, str], code: str
) -> None:
    error = InvalidInput("Too large.", code=given.get("code"))

    assert error.code == code


@pytest.mark.parametrize("kind", ERRORS)
def test_the_code_of_every_class_is_one_of_the_contract(kind: type[BackgroundTaskError]) -> None:
    code = kind("It failed.").code

    assert code in set(contract.ErrorCode)


def test_errors_that_the_caller_can_fix_are_request_errors() -> None:
    names = {kind.__name__ for kind in ERRORS if issubclass(kind, RequestError)}

    assert names == {
        "RequestError",
        "InvalidInput",
        "UnknownDefinition",
        "NotFound",
        "Refused",
        "StillOpen",
    }


def test_the_state_machine_knows_an_unreachable_store_by_the_name_of_its_class() -> None:
    name = errors.StoreUnavailable.__name__

    assert name == contract.STORE_UNAVAILABLE


def test_the_state_machine_knows_a_missing_definition_by_the_name_of_its_class() -> None:
    name = errors.DefinitionUnavailable.__name__

    assert name == contract.DEFINITION_UNAVAILABLE


def test_the_state_machine_knows_a_task_that_was_overtaken_by_the_name_of_its_class() -> None:
    assert errors.Overtaken.__name__ == contract.OVERTAKEN
