"""What is too long is cut, with a mark; what is too long for a key is refused with words."""

import re
from typing import Any

import pytest

from handler import Done, Failed, Identity, InvalidInput
from handler.contract import Status
from tests.handler.graphql.client import TRIGGER_TASK, Api
from tests.handler.simple_tasks import returning
from tests.handler.stack import Stack

LONG = "m" * 500_000
MARK = re.compile(r"… \([\d,]+ characters more\)$")
ABORT_TASK = """mutation ($id: ID!, $message: String) {
    backgroundTasks {
        abortTask(id: $id, message: $message) { data { taskStatus } error { message code } }
    }
}"""


@pytest.mark.parametrize("text", [LONG, "\ud800" * 100_000, "\x00" * 100_000, "😀" * 100_000])
def test_an_abort_with_a_long_message_aborts(stack: Stack, text: str) -> None:
    api = Api(stack)
    id = api.data(TRIGGER_TASK, definition="testingRun")["id"]

    assert api.data(ABORT_TASK, id=id, message=text) == {"taskStatus": "aborted"}

    (message,) = stack.messages(id)
    assert len(message) <= 4_000
    assert MARK.search(message)


def test_a_long_name_is_cut(stack: Stack) -> None:
    data = Api(stack).data(TRIGGER_TASK, definition="testingRun", name=LONG)

    assert len(data["name"]) <= 1_000
    assert MARK.search(data["name"])


def test_long_texts_of_a_trigger_are_cut(stack: Stack) -> None:
    identity = Identity(id=LONG, display_name=LONG, type=LONG)

    record = stack.trigger(returning(Done()), name=LONG, locale=LONG, created_by=identity)

    lengths = [len(text) for text in (record.name, record.locale)]
    assert lengths <= [1_000, 100]
    assert len(record.created_by.display_name) <= 500
    assert stack.run(record)["status"] == "done"


@pytest.mark.parametrize(
    "options",
    [
        {"tenant": "t" * 257},
        {"tenant": "ü" * 129},
        {"tenant": ""},
        {"tenant": "\ud800"},
        {"parent": "p" * 513},
    ],
    ids=ascii,
)
def test_what_cannot_be_a_key_is_refused_with_words(stack: Stack, options: Any) -> None:
    (name,) = options

    with pytest.raises(InvalidInput, match=rf"^{name} is .* it takes Unicode text of 1 to \d+"):
        stack.trigger(returning(Done()), **options)

    assert stack.rows() == []


def test_a_tenant_of_256_bytes_is_taken(stack: Stack) -> None:
    record = stack.trigger(returning(Done()), tenant="t" * 256)

    assert stack.get(record).tenant == "t" * 256


@pytest.mark.parametrize("verdict", [Done(LONG), Failed(LONG, code=LONG, data={"text": LONG})])
def test_a_task_may_end_with_long_texts(stack: Stack, verdict: Done | Failed) -> None:
    record = stack.trigger(returning(verdict))

    answer = stack.run(record)

    after = stack.get(record)
    assert after.status is (Status.SUCCESS if isinstance(verdict, Done) else Status.FAILED)
    (message,) = stack.messages(record)
    assert len(message) <= 4_000
    assert MARK.search(message)
    told = answer.get("message") or answer["error"]["message"]
    assert len(told) <= 1_500
    assert MARK.search(told)


def test_data_of_an_error_that_no_record_has_room_for_is_left_out(stack: Stack) -> None:
    record = stack.trigger(returning(Failed("boom", data={"text": "x" * 11_000_000})))

    stack.run(record)

    assert stack.get(record).failure.data == {
        "omitted": "11,000,011 bytes; the limit is 10,485,760."
    }
