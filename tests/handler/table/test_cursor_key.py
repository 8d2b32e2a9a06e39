"""What cursors are sealed with: one key for the stack, made once, that every process knows."""

from typing import Any

from handler.record import Identity
from handler.table import KnownSettings
from tests.handler.stack import Stack, refusal

ANNE = Identity(id="anne", display_name="Anne", type="person")


def another_process(stack: Stack) -> None:
    stack.known_settings = KnownSettings()


def key(stack: Stack) -> bytes:
    return stack.store.settings.cursor_key()


def test_each_process_has_the_same_and_asks_the_table_once(stack: Stack) -> None:
    first = key(stack)
    another_process(stack)
    stack.dynamodb.requests.clear()

    assert [key(stack), key(stack)] == [first, first]

    assert len(first) == 64
    assert stack.dynamodb.calls == ["get_item"]


def test_of_two_who_make_one_at_once_both_have_the_same(stack: Stack) -> None:
    made: list[bytes] = []

    def be_faster(operation: str, request: dict[str, Any]) -> None:
        if operation == "update_item":
            stack.dynamodb.recover()
            mine, stack.known_settings = stack.known_settings, KnownSettings()
            made.append(key(stack))
            stack.known_settings = mine

    stack.dynamodb.interference = be_faster

    assert [key(stack)] == made


def test_pauses_stand_beside_it(stack: Stack) -> None:
    pause = stack.tasks.pause_all(by=ANNE)

    first = key(stack)

    assert stack.tasks.pauses() == (pause,)
    stack.tasks.resume_all()
    another_process(stack)
    assert key(stack) == first


def test_one_whose_response_was_lost_is_the_one(stack: Stack) -> None:
    def lose(operation: str, request: dict[str, Any]) -> None:
        if operation == "update_item":
            stack.dynamodb.afterwards = lambda *_: None
            raise refusal("InternalServerError", status=500)

    stack.dynamodb.afterwards = lose

    first = key(stack)

    another_process(stack)
    assert key(stack) == first
