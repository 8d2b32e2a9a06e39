"""What the worker may answer."""

import json
from typing import Any

import pytest

from handler.contract import MAX_ANSWER_BYTES
from handler.iteration.answers import AnswerBuilder
from handler.record.failures import TaskFailure
from tests.handler.stack import event_file

PAYLOAD = event_file("worker")["payload"]
ECHO = {
    "webinyTaskId": "6957329503d1f0a7c8b9e214",
    "webinyTaskDefinitionId": "countUp",
    "tenant": "root",
    "locale": "en-US",
}
# Each character has four bytes in UTF-8, and twelve in the JSON that Lambda sends.
HUGE = "😀" * 100_000


@pytest.fixture
def answers() -> AnswerBuilder:
    return AnswerBuilder(PAYLOAD)


def size(answer: dict[str, Any]) -> int:
    return len(json.dumps(answer).encode())


def test_done_has_its_message_and_its_output(answers: AnswerBuilder) -> None:
    assert answers.done("Exported.", {"rows": 3}) == ECHO | {
        "status": "done",
        "message": "Exported.",
        "output": {"rows": 3},
    }


def test_an_empty_message_and_output_are_left_out(answers: AnswerBuilder) -> None:
    assert answers.done("", {}) == answers.done() == ECHO | {"status": "done"}


def test_continue_spends_the_delay_and_has_no_input(answers: AnswerBuilder) -> None:
    assert answers.continued() == ECHO | {"status": "continue", "delay": -1}
    assert answers.continued(wait=30) == ECHO | {"status": "continue", "delay": -1, "wait": 30}


def test_an_error_has_its_message_code_and_data(answers: AnswerBuilder) -> None:
    whole = TaskFailure(message="boom", code="MY_CODE", data={"k": 1}, stack="Traceback ...")

    assert answers.error(whole) == ECHO | {
        "status": "error",
        "error": {"message": "boom", "code": "MY_CODE", "data": {"k": 1}},
    }
    assert answers.error(TaskFailure(message="boom")) == ECHO | {
        "status": "error",
        "error": {"message": "boom"},
    }


def test_aborted_has_its_status_and_the_echo_alone(answers: AnswerBuilder) -> None:
    assert answers.aborted() == ECHO | {"status": "aborted"}


@pytest.mark.parametrize("payload", [{}, {"tenant": 5, "webinyTaskId": None}, {"tenant": ["root"]}])
def test_ids_that_are_not_text_are_not_echoed(payload: dict[str, object]) -> None:
    assert AnswerBuilder(payload).aborted() == {"status": "aborted"}


def test_an_output_that_does_not_fit_is_left_out(answers: AnswerBuilder) -> None:
    answer = answers.done("Exported.", {"text": "x" * MAX_ANSWER_BYTES})

    assert answer == ECHO | {"status": "done", "message": "Exported."}


def test_an_output_that_just_fits_is_kept(answers: AnswerBuilder) -> None:
    rest = size(answers.done("Exported.", {"text": "x"})) - 1
    at_most = MAX_ANSWER_BYTES - rest

    assert "output" in answers.done("Exported.", {"text": "x" * at_most})
    assert "output" not in answers.done("Exported.", {"text": "x" * (at_most + 1)})


def test_an_errors_data_that_does_not_fit_is_left_out(answers: AnswerBuilder) -> None:
    answer = answers.error(
        TaskFailure(message="boom", code="C", data={"text": "x" * MAX_ANSWER_BYTES})
    )

    assert answer["error"] == {"message": "boom", "code": "C"}


@pytest.mark.parametrize("text", [HUGE, "x" * 1_000_000, "\n" * 1_000_000, "\x00" * 1_000_000])
def test_no_answer_is_larger_than_32_kib(text: str) -> None:
    answers = AnswerBuilder(dict.fromkeys(PAYLOAD, text))

    for answer in (
        answers.done(text, {"a": text}),
        answers.continued(wait=30_672_000),
        answers.error(TaskFailure(message=text, code=text, data={"a": text})),
        answers.aborted(),
    ):
        assert size(answer) <= MAX_ANSWER_BYTES
        assert "status" in answer


def test_text_that_is_not_ascii_is_measured_as_it_is_sent(answers: AnswerBuilder) -> None:
    # 3,000 emoji have 12,000 bytes in UTF-8, but 36,000 in the JSON that Lambda sends.
    assert "output" not in answers.done("", {"text": "😀" * 3_000})
    assert "output" in answers.done("", {"text": "x" * 12_000})
