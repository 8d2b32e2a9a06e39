"""The state machine's JSONata expressions, made from the words of the contract.

Each is total: whatever the event or the worker's answer looks like, it yields a value of the type
that its field takes. An expression that yields nothing, or the wrong type, would end the execution
with `States.QueryEvaluationError` instead of a state that says what happened.
"""

import json
from typing import Final

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

# What `TransformEvent` hands on, and `Run` sends to the worker, where it exists. The last three
# only of an event by hand.
TASK_KEYS: Final = (
    WireKey.TASK_ID,
    WireKey.DEFINITION_ID,
    WireKey.TENANT,
    WireKey.LOCALE,
    WireKey.DELAY,
    WireKey.BY_HAND,
    WireKey.INPUT,
    WireKey.NAME,
)


def task_of_event() -> str:
    """The task that an event asks for. Values of a wrong type pass: the worker refuses them, naming
    the field.
    """
    return _expression(f"""(
        $event := $type($states.input) = "object" ? $states.input : {{}};
        $detail := $type($event.detail) = "object" ? $event.detail : {{}};
        $or := function($value, $default) {{ $exists($value) ? $value : $default }};
        $byHand := $not($exists($detail.{WireKey.TASK_ID}));
        {{
            "{WireKey.TASK_ID}": $byHand ? $event.id : $detail.{WireKey.TASK_ID},
            "{WireKey.DEFINITION_ID}": $detail.{WireKey.DEFINITION_ID},
            "{WireKey.TENANT}": $or($detail.{WireKey.TENANT}, {json.dumps(DEFAULT_TENANT)}),
            "{WireKey.LOCALE}": $or($detail.{WireKey.LOCALE}, {json.dumps(DEFAULT_LOCALE)}),
            "{WireKey.DELAY}": $or($detail.{WireKey.DELAY}, 0),
            "{WireKey.BY_HAND}": $byHand ? true,
            "{WireKey.INPUT}": $byHand ? $or($detail.{WireKey.INPUT}, {{}}),
            "{WireKey.NAME}": $byHand ? $detail.{WireKey.NAME}
        }}
    )""")


def worker_payload() -> str:
    """What the worker is invoked with: the task, and the execution that runs it."""
    task = ",\n".join(f'"{key}": $states.input.{key}' for key in TASK_KEYS)
    return _expression(f"""{{
        "name": {json.dumps(PAYLOAD_NAME)},
        "payload": {{
            {task},
            "{WireKey.ENDPOINT}": {json.dumps(ENDPOINT)},
            "{WireKey.EXECUTION_NAME}": $states.context.Execution.Name,
            "{WireKey.STATE_MACHINE_ID}": $states.context.StateMachine.Id,
            "{WireKey.VISIT}": $states.context.State.EnteredTime,
            "{WireKey.EXECUTION_STARTED_ON}": $states.context.Execution.StartTime
        }}
    }}""")


def worker_answer() -> str:
    """The worker's answer as it is; null when it gave none."""
    return _expression("$exists($states.result.Payload) ? $states.result.Payload : null")


def is_answer(status: AnswerStatus) -> str:
    return _expression(_has_status(status))


def is_answer_with_wait() -> str:
    """Whether to go on after a wait. One that is no positive number is no wait."""
    wait = f"$states.input.{WireKey.WAIT}"
    is_positive = f'$type({wait}) = "number" ? {wait} > 0 : false'
    return _expression(f"{_has_status(AnswerStatus.CONTINUE)} ? ({is_positive}) : false")


def wait_seconds() -> str:
    """A whole number of seconds, as the Wait state takes; the execution outlives the longest."""
    return _expression(f"$min([$ceil($states.input.{WireKey.WAIT}), {MAX_WAIT_SECONDS}])")


def error_code() -> str:
    """The error's code, for failures to be grouped by."""
    return _expression(f"""(
        $error := $states.input.{WireKey.ERROR};
        $code := $type($error) = "object" ? $error.code;
        $type($code) = "string" and $length($code) > 0
            ? {_cut("$code", MAX_ERROR_CHARACTERS)}
            : {json.dumps(DEFAULT_CODE)}
    )""")


def error_as_json() -> str:
    """The error as JSON; without one, the whole answer."""
    error = f"$states.input.{WireKey.ERROR}"
    cause = f"$exists({error}) ? $string({error}) : $string($states.input)"
    return _expression(_cut(cause, MAX_CAUSE_CHARACTERS))


def unknown_answer() -> str:
    """A sentence that shows the answer."""
    return _expression(
        _cut(
            '"The worker answered without a known status: " & $string($states.input)',
            MAX_CAUSE_CHARACTERS,
        )
    )


def caught_error(*, error: str, cause: str) -> str:
    """The name and the cause of what `Run` ended with, under these keys."""
    return _expression(
        f'{{"{error}": $states.errorOutput.Error, "{cause}": $states.errorOutput.Cause}}'
    )


def caught(key: str, default: str, characters: int) -> str:
    """What `caught_error` kept under a key, if it is a text."""
    value = f"$states.input.{key}"
    return _expression(
        _cut(f'$type({value}) = "string" ? {value} : {json.dumps(default)}', characters)
    )


def _has_status(status: AnswerStatus) -> str:
    # A list of answers would be searched through by `$states.input.status`: only an object is an
    # answer.
    return (
        f'($type($states.input) = "object" ? $states.input.{WireKey.STATUS} = "{status}" : false)'
    )


def _cut(expression: str, characters: int) -> str:
    return f"$substring({expression}, 0, {characters})"


def _expression(expression: str) -> str:
    return f"{{% {expression} %}}"
