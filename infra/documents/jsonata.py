"""The state machine's JSONata expressions, made from the names in handler/contract.py.

JSONata because JSONPath, the older language of Step Functions, can't supply defaults, round numbers
or cut texts: each would need a state of its own, and every state transition costs money.

Every expression is total: any event and any answer gives a value of the type that the field takes.
An expression without a value, or with one of a wrong type, would end the execution with
`States.QueryEvaluationError`, and not in a state that says what happened.
"""

import json
from collections.abc import Mapping, Sequence
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

# The fields that `TransformEvent` takes from the event and `Run` sends to the worker, if present.
# Only an event sent by hand has the last seven.
TASK_KEYS: Final = (
    WireKey.TASK_ID,
    WireKey.DEFINITION_ID,
    WireKey.TENANT,
    WireKey.LOCALE,
    WireKey.DELAY,
    WireKey.BY_HAND,
    WireKey.INPUT,
    WireKey.NAME,
    WireKey.TIMEOUT,
    WireKey.EXPIRES_AFTER,
    WireKey.TAGS,
    WireKey.UNUSED_KEYS,
)
# What the detail of an event may have. The worker names what else it has in its errors.
_DETAIL_KEYS: Final = [
    WireKey.DEFINITION_ID.value,
    WireKey.TENANT.value,
    WireKey.LOCALE.value,
    WireKey.DELAY.value,
    WireKey.INPUT.value,
    WireKey.NAME.value,
    WireKey.TIMEOUT.value,
    WireKey.EXPIRES_AFTER.value,
    WireKey.TAGS.value,
]


def task_of_event() -> str:
    """The fields of an event's task, with defaults; `null` is as good as nothing.

    An event that names no task is one sent by hand. Values of a wrong type pass: the worker refuses
    them, and names the field. It does the same as this in `handler.events.payload_by_hand`.
    """
    return _expression(f"""(
        $event := $type($states.input) = "object" ? $states.input : {{}};
        $detail := $type($event.detail) = "object" ? $event.detail : {{}};
        $or := function($value, $default) {{
            $exists($value) and $type($value) != "null" ? $value : $default
        }};
        $id := $detail.{WireKey.TASK_ID};
        $isEmpty := $exists($id) ? $type($id) = "null" or $id = "" : true;
        $byHand := $type($id) = "string" ? $id = "" : true;
        $isUnused := function($key) {{
            $key = "{WireKey.TASK_ID}" ? $not($isEmpty) : $not($key in {json.dumps(_DETAIL_KEYS)})
        }};
        $unused := $byHand ? $filter($keys($detail), $isUnused);
        {{
            "{WireKey.TASK_ID}": $byHand ? $event.id : $id,
            "{WireKey.DEFINITION_ID}": $detail.{WireKey.DEFINITION_ID},
            "{WireKey.TENANT}": $or($detail.{WireKey.TENANT}, {json.dumps(DEFAULT_TENANT)}),
            "{WireKey.LOCALE}": $or($detail.{WireKey.LOCALE}, {json.dumps(DEFAULT_LOCALE)}),
            "{WireKey.DELAY}": $or($detail.{WireKey.DELAY}, 0),
            "{WireKey.BY_HAND}": $byHand ? true,
            "{WireKey.INPUT}": $byHand ? $or($detail.{WireKey.INPUT}, {{}}),
            "{WireKey.NAME}": $byHand ? $detail.{WireKey.NAME},
            "{WireKey.TIMEOUT}": $byHand ? $detail.{WireKey.TIMEOUT},
            "{WireKey.EXPIRES_AFTER}": $byHand ? $detail.{WireKey.EXPIRES_AFTER},
            "{WireKey.TAGS}": $byHand ? $detail.{WireKey.TAGS},
            "{WireKey.UNUSED_KEYS}": $exists($unused) ? [$unused]
        }}
    )""")


def worker_payload() -> str:
    """The worker's input: the task, and the execution that runs it."""
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


def worker_function(
    default: str, *, of_ids: Mapping[str, Sequence[str]], moved: Mapping[str, str]
) -> str:
    """The ARN of the worker that runs a task, by the event that has started the execution.

    An event sent by hand says nothing of a worker.

    Args:
        default: the ARN for all tasks of which the others say nothing.
        of_ids: the ids of definitions, by the ARN of the worker that runs them.
        moved: the ARNs of the workers that a task may have moved to, by their names.
    """
    chosen = [
        *(f"$worker = {json.dumps(name)} ? {json.dumps(arn)}" for name, arn in moved.items()),
        *(f"$definition in {json.dumps(ids)} ? {json.dumps(arn)}" for arn, ids in of_ids.items()),
        json.dumps(default),
    ]
    choice = "\n            : ".join(chosen)
    return _expression(f"""(
        $event := $states.context.Execution.Input;
        $detail := $type($event) = "object" ? $event.detail : {{}};
        $definition := $detail.{WireKey.DEFINITION_ID};
        $id := $detail.{WireKey.TASK_ID};
        $isSent := $type($id) = "string" ? $id != "" : false;
        $worker := $isSent ? $detail.{WireKey.WORKER};
        {choice}
    )""")


def worker_answer() -> str:
    """The worker's answer, unchanged; null if there is none."""
    return _expression("$exists($states.result.Payload) ? $states.result.Payload : null")


def is_answer(status: AnswerStatus) -> str:
    """Whether the answer has this status."""
    return _expression(_has_status(status))


def is_answer_with_wait() -> str:
    """Whether the answer continues after a wait. Only a positive number is a wait."""
    wait = f"$states.input.{WireKey.WAIT}"
    is_positive = f'$type({wait}) = "number" ? {wait} > 0 : false'
    return _expression(f"{_has_status(AnswerStatus.CONTINUE)} ? ({is_positive}) : false")


def wait_seconds() -> str:
    """The wait in whole seconds, rounded up, as `Wait` takes it, and at most 355 days."""
    return _expression(f"$min([$ceil($states.input.{WireKey.WAIT}), {MAX_WAIT_SECONDS}])")


def error_code() -> str:
    """The error's code, to group failed executions by; `TASK_ERROR` without one."""
    return _expression(f"""(
        $error := $states.input.{WireKey.ERROR};
        $code := $type($error) = "object" ? $error.code;
        $type($code) = "string" and $length($code) > 0
            ? {_cut("$code", MAX_ERROR_CHARACTERS)}
            : {json.dumps(DEFAULT_CODE)}
    )""")


def error_as_json() -> str:
    """The error as JSON; without an error, the whole answer."""
    error = f"$states.input.{WireKey.ERROR}"
    cause = f"$exists({error}) ? $string({error}) : $string($states.input)"
    return _expression(_cut(cause, MAX_CAUSE_CHARACTERS))


def unknown_answer() -> str:
    """A sentence that shows an answer whose status is unknown."""
    return _expression(
        _cut(
            '"The worker answered without a known status: " & $string($states.input)',
            MAX_CAUSE_CHARACTERS,
        )
    )


def caught_error(*, error: str, cause: str) -> str:
    """The error's name and cause with which `Run` failed, under these keys."""
    return _expression(
        f'{{"{error}": $states.errorOutput.Error, "{cause}": $states.errorOutput.Cause}}'
    )


def caught(key: str, default: str, characters: int) -> str:
    """The text that `caught_error` stored under `key`, or `default` if there is none."""
    value = f"$states.input.{key}"
    return _expression(
        _cut(f'$type({value}) = "string" ? {value} : {json.dumps(default)}', characters)
    )


def _has_status(status: AnswerStatus) -> str:
    # `$states.input.status` also searches the objects of a list, but a list is not an answer.
    return (
        f'($type($states.input) = "object" ? $states.input.{WireKey.STATUS} = "{status}" : false)'
    )


def _cut(expression: str, characters: int) -> str:
    return f"$substring({expression}, 0, {characters})"


def _expression(expression: str) -> str:
    return f"{{% {expression} %}}"
