"""What has failed is said in words, with a code, and with whether it passes."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    TokenRetrievalError,
)

from cli.errors import NoStack
from console import answers
from handler.contract import ErrorCode
from handler.errors import (
    ApiUnavailable,
    BackgroundTaskError,
    InvalidInput,
    NotFound,
    Refused,
    RequestError,
    SettingsError,
    StoreError,
    StoreUnavailable,
)

NOT_AUTHORIZED = ErrorCode.SECURITY_NOT_AUTHORIZED


def of_aws(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "ListSchedules")


def body(response: Any) -> Any:
    return json.loads(response.body)


# What may pass by itself, and what will not.
PASSES = [
    ApiUnavailable("It is away."),
    StoreUnavailable("Its table is away."),
    ConnectionRefusedError("No."),
    NoStack("No local AWS is up."),
    NoCredentialsError(),
    TokenRetrievalError(provider="sso", error_msg="It has expired."),
    EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    of_aws("ExpiredToken"),
    of_aws("ExpiredTokenException"),
    of_aws("InvalidClientTokenId"),
    of_aws("SignatureDoesNotMatch"),
    of_aws("UnrecognizedClientException"),
    Refused("https://x answered 403: {}. Next: check the credentials.", code=NOT_AUTHORIZED),
    KeyError("query"),
]
STAYS = [
    InvalidInput("The input is none."),
    NotFound("It is gone."),
    StoreError("No."),
    RequestError("No such URL."),
    SettingsError("No apiUrl."),
    BackgroundTaskError("No."),
    Refused("It runs.", code="TASK_DELETE_ERROR"),
    Refused(
        "Not authorized! deleteTask needs d.", code=NOT_AUTHORIZED, data={"permissions": ["d"]}
    ),
    Refused('Not authorized! x-tenant is "shop".', code=NOT_AUTHORIZED),
    of_aws("AccessDeniedException"),
    of_aws("ResourceNotFoundException"),
]


@pytest.mark.parametrize("error", PASSES, ids=repr)
def test_what_may_pass_is_asked_again_and_the_stack_is_looked_for_anew(error: Exception) -> None:
    assert answers.failure_of(error)["passes"] is True
    assert answers.may_have_moved(error)


@pytest.mark.parametrize("error", STAYS, ids=repr)
def test_what_is_refused_stays_refused(error: Exception) -> None:
    assert answers.failure_of(error)["passes"] is False
    assert not answers.may_have_moved(error)


@pytest.mark.parametrize("error", [*PASSES, *STAYS], ids=repr)
def test_each_has_words_and_the_status_is_200_so_that_the_browsers_console_stays_empty(
    error: Exception,
) -> None:
    response = answers.refused(error)

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    [(name, failure)] = body(response).items()
    assert name == "error"
    assert failure.keys() == {"message", "code", "data", "passes"}
    assert failure["message"].strip()
    assert failure["code"] is None or isinstance(failure["code"], str)


def test_an_error_of_the_api_has_its_words_its_code_and_its_data() -> None:
    error = NotFound('Task "1" was not found!', data={"id": "1"})

    assert answers.failure_of(error) == {
        "message": 'Task "1" was not found!',
        "code": "NOT_FOUND",
        "data": {"id": "1"},
        "passes": False,
    }


def test_one_of_aws_says_what_to_do_next() -> None:
    failure = answers.failure_of(of_aws("AccessDeniedException"))

    assert failure["code"] == "AccessDeniedException"
    assert "ListSchedules operation: No. Next: check what your credentials" in failure["message"]


def test_aws_that_does_not_answer_is_said_in_words() -> None:
    error = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    message = answers.failure_of(error)["message"]
    assert message.startswith("AWS does not answer: Could not connect to the endpoint URL:")
    assert '"http://127.0.0.1:1". Next: see whether this machine has a network' in message


def test_one_of_the_command_line_has_its_own_line() -> None:
    assert answers.failure_of(NoStack("There is none. Next: start one."))["message"] == (
        "There is none. Next: start one."
    )


def test_any_other_has_its_kind_and_its_text() -> None:
    assert answers.failure_of(ValueError("five"))["message"] == "ValueError: five"


def test_an_error_of_aws_that_says_nothing_is_an_error_all_the_same() -> None:
    assert answers.failure_of(ClientError({}, "Ask"))["passes"] is False


@pytest.mark.parametrize("data", [{"a": object()}, {"a": {1, 2}}, {1: SimpleNamespace()}])
def test_data_that_is_no_json_is_shown_as_text(data: Any) -> None:
    failure = body(answers.refused(NotFound("It is gone.", data=data)))["error"]

    assert failure["message"] == "It is gone."
    assert failure["data"].keys() == {str(key) for key in data}


@pytest.mark.parametrize("text", ["\ud800", "日本", "\u2028", "</script>"])
def test_any_text_is_answered(text: str) -> None:
    shown = text.encode(errors="replace").decode()

    assert body(answers.refused(NotFound(text)))["error"]["message"] == shown
    assert body(answers.answered({text: text})) == {"data": {shown: shown}}


def test_what_was_found_is_data() -> None:
    response = answers.answered({"a": [1, None]})

    assert body(response) == {"data": {"a": [1, None]}}
    assert response.headers["cache-control"] == "no-store"
