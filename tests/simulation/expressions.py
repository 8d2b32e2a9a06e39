"""The state machine's expressions, as Python: an engine of JSONata would take most of the time.

The text of an expression is looked up among those of `infra.documents.jsonata`. `test_expressions`
evaluates each with an engine of JSONata, too, on the same data.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from handler.contract import (
    DEFAULT_LOCALE,
    DEFAULT_TENANT,
    ENDPOINT,
    MAX_CAUSE_CHARACTERS,
    MAX_ERROR_CHARACTERS,
    MAX_WAIT_SECONDS,
    PAYLOAD_NAME,
    AnswerStatus,
    WireKey,
)
from handler.errors import DEFAULT_CODE
from handler.record import to_shown_json
from infra.documents import jsonata
from infra.documents.state_machine_definition import CAUGHT_CAUSE, CAUGHT_ERROR
from tests.simulation.workers import MOVED, OF_IDS, WORKER_ARN

States = Mapping[str, Any]
"""`$states`: `input`, `context`, `result`, `errorOutput`."""
Expression = Callable[[States], Any]

_DETAIL_KEYS: Final = (
    WireKey.DEFINITION_ID,
    WireKey.TENANT,
    WireKey.LOCALE,
    WireKey.DELAY,
    WireKey.INPUT,
    WireKey.NAME,
    WireKey.TIMEOUT,
    WireKey.EXPIRES_AFTER,
    WireKey.TAGS,
)


def evaluated(document: object, states: States) -> Any:
    """A part of the state machine's document with the values of its expressions."""
    if isinstance(document, str) and document.startswith("{%"):
        return EXPRESSIONS[document](states)
    if isinstance(document, dict):
        return {name: evaluated(part, states) for name, part in document.items()}
    return document


def _task_of_event(states: States) -> Any:
    event = states["input"] if isinstance(states["input"], dict) else {}
    detail = event.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    id = detail.get(WireKey.TASK_ID)
    is_by_hand = not isinstance(id, str) or not id

    def known(key: WireKey, default: object) -> object:
        value = detail.get(key)
        return default if value is None else value

    task = {
        WireKey.TASK_ID: event.get("id", _NONE) if is_by_hand else id,
        WireKey.DEFINITION_ID: detail.get(WireKey.DEFINITION_ID, _NONE),
        WireKey.TENANT: known(WireKey.TENANT, DEFAULT_TENANT),
        WireKey.LOCALE: known(WireKey.LOCALE, DEFAULT_LOCALE),
        WireKey.DELAY: known(WireKey.DELAY, 0),
    }
    if is_by_hand:
        unused = [
            key
            for key in detail
            if (key == WireKey.TASK_ID and id not in (None, ""))
            or (key != WireKey.TASK_ID and key not in _DETAIL_KEYS)
        ]
        task |= {
            WireKey.BY_HAND: True,
            WireKey.INPUT: known(WireKey.INPUT, {}),
            WireKey.NAME: detail.get(WireKey.NAME, _NONE),
            WireKey.TIMEOUT: detail.get(WireKey.TIMEOUT, _NONE),
            WireKey.EXPIRES_AFTER: detail.get(WireKey.EXPIRES_AFTER, _NONE),
            WireKey.TAGS: detail.get(WireKey.TAGS, _NONE),
            WireKey.UNUSED_KEYS: unused or _NONE,
        }
    return {str(key): value for key, value in task.items() if value is not _NONE}


_NONE: Final = object()


def _worker_payload(states: States) -> Any:
    given, context = states["input"], states["context"]
    task = {str(key): given[key] for key in jsonata.TASK_KEYS if key in given}
    return {
        "name": PAYLOAD_NAME,
        "payload": task
        | {
            WireKey.ENDPOINT.value: ENDPOINT,
            WireKey.EXECUTION_NAME.value: context["Execution"]["Name"],
            WireKey.STATE_MACHINE_ID.value: context["StateMachine"]["Id"],
            WireKey.VISIT.value: context["State"]["EnteredTime"],
            WireKey.EXECUTION_STARTED_ON.value: context["Execution"]["StartTime"],
        },
    }


def _worker_function(states: States) -> str:
    event = states["context"]["Execution"]["Input"]
    detail = event.get("detail") if isinstance(event, dict) else None
    detail = detail if isinstance(detail, dict) else {}
    id, worker = detail.get(WireKey.TASK_ID), detail.get(WireKey.WORKER)
    if isinstance(id, str) and id and worker in MOVED:
        return MOVED[worker]
    definition = detail.get(WireKey.DEFINITION_ID)
    return next((arn for arn, ids in OF_IDS.items() if definition in ids), WORKER_ARN)


def _worker_answer(states: States) -> Any:
    result = states["result"]
    return result.get("Payload") if isinstance(result, dict) else None


def _is_answer(status: AnswerStatus) -> Expression:
    def holds(states: States) -> bool:
        answer = states["input"]
        return isinstance(answer, dict) and answer.get(WireKey.STATUS) == status.value

    return holds


def _is_answer_with_wait(states: States) -> bool:
    if not _is_answer(AnswerStatus.CONTINUE)(states):
        return False
    wait = states["input"].get(WireKey.WAIT)
    return isinstance(wait, int | float) and not isinstance(wait, bool) and wait > 0


def _wait_seconds(states: States) -> int:
    wait: float = states["input"][WireKey.WAIT]
    return min(math.ceil(wait), MAX_WAIT_SECONDS)


def _error_code(states: States) -> str:
    error = states["input"].get(WireKey.ERROR) if isinstance(states["input"], dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code[:MAX_ERROR_CHARACTERS] if isinstance(code, str) and code else DEFAULT_CODE


def _error_as_json(states: States) -> str:
    given = states["input"]
    shown = given[WireKey.ERROR] if isinstance(given, dict) and WireKey.ERROR in given else given
    return _text(shown)[:MAX_CAUSE_CHARACTERS]


def _unknown_answer(states: States) -> str:
    text = f"The worker answered without a known status: {_text(states['input'])}"
    return text[:MAX_CAUSE_CHARACTERS]


def _caught_error(states: States) -> Any:
    output = states["errorOutput"]
    return {CAUGHT_ERROR: output["Error"], CAUGHT_CAUSE: output["Cause"]}


def _caught(key: str, default: str, characters: int) -> Expression:
    def text(states: States) -> str:
        given = states["input"]
        value = given.get(key) if isinstance(given, dict) else None
        return (value if isinstance(value, str) else default)[:characters]

    return text


def _text(value: object) -> str:
    """JSONata's `$string`."""
    import json

    if isinstance(value, str):
        return value
    return json.dumps(to_shown_json({"": value})[""], separators=(",", ":"), ensure_ascii=False)


_NO_REASON: Final = "The worker could not be run; nothing says why."
EXPRESSIONS: Final[Mapping[str, Expression]] = {
    jsonata.task_of_event(): _task_of_event,
    jsonata.worker_payload(): _worker_payload,
    jsonata.worker_answer(): _worker_answer,
    jsonata.worker_function(WORKER_ARN, of_ids=OF_IDS, moved=MOVED): _worker_function,
    jsonata.is_answer_with_wait(): _is_answer_with_wait,
    **{jsonata.is_answer(status): _is_answer(status) for status in AnswerStatus},
    jsonata.wait_seconds(): _wait_seconds,
    jsonata.error_code(): _error_code,
    jsonata.error_as_json(): _error_as_json,
    jsonata.unknown_answer(): _unknown_answer,
    jsonata.caught_error(error=CAUGHT_ERROR, cause=CAUGHT_CAUSE): _caught_error,
    jsonata.caught(CAUGHT_ERROR, "UnknownError", MAX_ERROR_CHARACTERS): _caught(
        CAUGHT_ERROR, "UnknownError", MAX_ERROR_CHARACTERS
    ),
    jsonata.caught(CAUGHT_CAUSE, _NO_REASON, MAX_CAUSE_CHARACTERS): _caught(
        CAUGHT_CAUSE, _NO_REASON, MAX_CAUSE_CHARACTERS
    ),
}
