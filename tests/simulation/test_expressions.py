"""The expressions of the state machine in Python are those in JSONata."""

import itertools
from typing import Any

import pytest
from jsonata import Jsonata

from tests.simulation.expressions import EXPRESSIONS
from tests.simulation.state_machine import DOCUMENT

_EXECUTION: dict[str, Any] = {"Name": "execution-1", "StartTime": "2026-01-02T03:04:05.678Z"}
_CONTEXT: dict[str, Any] = {
    "StateMachine": {"Id": "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks"},
    "State": {"EnteredTime": "2026-01-02T03:05:06.789Z"},
}
_TASK: dict[str, Any] = {
    "webinyTaskId": "t1",
    "webinyTaskDefinitionId": "exportUsers",
    "tenant": "acme",
}
_EVENTS: list[Any] = [
    {"id": "e1", "detail": detail}
    for detail in (
        {**_TASK, "locale": "de-DE", "delay": 5},
        {"webinyTaskDefinitionId": "exportUsers"},
        {"webinyTaskDefinitionId": "exportUsers", "input": {"a": [1]}, "name": "N", "odd": 1},
        {"webinyTaskId": "", "delay": None, "tenant": None},
        {**_TASK, "worker": "large"},
        {**_TASK, "webinyTaskId": "", "worker": "large"},
        {**_TASK, "worker": "gone"},
        {**_TASK, "webinyTaskDefinitionId": "simWalk"},
        {**_TASK, "webinyTaskDefinitionId": "simWalk", "worker": "large"},
        {"webinyTaskId": 7},
        {},
    )
]
_WAITS: list[dict[str, Any]] = [{}, *({"wait": wait} for wait in (5, 0, 2.5, "5", 10**9))]
_ANSWERS: list[Any] = [
    {"status": status, **more}
    for status, more in itertools.product(
        ("continue", "done", "error", "aborted", "other"),
        _WAITS,
    )
] + [
    {"status": "error", "error": error}
    for error in ({"code": "C", "message": "m"}, {"code": ""}, {"code": 5}, "text", 5)
]
_CAUGHT: list[Any] = [{"error": "E", "cause": "C" * 40_000}, {"error": 5}, {}]
_INPUTS = [*_EVENTS, *_ANSWERS, *_CAUGHT]
_RESULTS = [{"Payload": {"status": "done"}}, {"Payload": None}]
_UNDEFINED = object()


def in_jsonata(expression: str, states: dict[str, Any]) -> Any:
    text = expression.removeprefix("{%").removesuffix("%}")
    bindings = {"states": states}
    value = Jsonata.jsonata(text).evaluate(None, bindings)
    if value is None and not Jsonata.jsonata(f"$exists({text})").evaluate(None, bindings):
        return _UNDEFINED
    return value


def expressions_of(document: object) -> list[str]:
    if isinstance(document, dict):
        return [each for part in document.values() for each in expressions_of(part)]
    if isinstance(document, list):
        return [each for part in document for each in expressions_of(part)]
    return [document] if isinstance(document, str) and document.startswith("{%") else []


def test_every_expression_of_the_state_machine_is_there() -> None:
    assert set(expressions_of(DOCUMENT)) == set(EXPRESSIONS)


@pytest.mark.parametrize("expression", list(EXPRESSIONS), ids=range(len(EXPRESSIONS)))
def test_an_expression_has_the_value_that_jsonata_gives_it(expression: str) -> None:
    for number, given in enumerate(_INPUTS):
        states = {
            "input": given,
            "context": {**_CONTEXT, "Execution": {**_EXECUTION, "Input": given}},
            "result": _RESULTS[number % len(_RESULTS)],
            "errorOutput": {"Error": "Lambda.Unknown", "Cause": "died"},
        }
        if _is_without_a_wait(expression, given):
            continue
        expected = in_jsonata(expression, states)
        if expected is not _UNDEFINED:
            assert EXPRESSIONS[expression](states) == expected, given


def _is_without_a_wait(expression: str, given: Any) -> bool:
    """Whether it is the expression of `Wait`, which is never entered so."""
    wait = given.get("wait")
    return "$ceil" in expression and (isinstance(wait, str) or wait is None)
