"""Executions obey the limits and permissions of Step Functions, and stay stopped.

- The input of an execution, and the input and output of a state, have at most 256 KiB of UTF-8
  (Step Functions developer guide, "Service quotas"). StartExecution refuses more. A larger
  state ends the execution with `States.DataLimitExceeded`, which `States.ALL` does not match
  ("Handling errors in workflows"). ministack has no limit.
- A stopped execution ends. In ministack its thread continues to invoke and to write to the history.
- The executions of a deleted state machine end at their next state (Step Functions API reference,
  DeleteStateMachine). In ministack they go on, under a new machine of that name, too.
- An execution keeps the role that its machine had when it started, as it keeps the definition
  ("Updating a state machine").
- The role of the state machine must allow the invocation, and a throttled invocation fails with
  `Lambda.TooManyRequestsException`. ministack checks no role, and has no name for throttling.
"""

import json
from contextvars import ContextVar
from typing import Any

from local.aws.patch import Original, module, replace
from local.aws.permissions import role_allows

MAX_STATE_BYTES = 256 * 1024
INPUT_TOO_LONG = (
    "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have"
    f" length less than or equal to {MAX_STATE_BYTES}"
)
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
# "States.ALL can't catch the States.DataLimitExceeded terminal error or Runtime error types."
_BEYOND_WILDCARDS = frozenset({DATA_LIMIT_EXCEEDED, "States.Runtime"})
# The execution whose task runs in this thread.
_execution: ContextVar[dict[str, Any]] = ContextVar("execution")
_PAYLOADS = ("stateEnteredEventDetails", "stateExitedEventDetails", "taskSucceededEventDetails")


def apply() -> None:
    """Adds the limits and the permissions, and ends stopped executions."""
    states = module("services.stepfunctions")
    replace(states, "_start_execution", _with_an_input_that_fits)
    replace(states, "_add_event", _within_limits)
    replace(states, "_error_matches", _without_terminal_errors)
    replace(states, "_call_lambda", _as_the_role)
    replace(states, "_execute_task", _knowing_itself)
    replace(states, "_delete_state_machine", _with_its_executions)


def _with_an_input_that_fits(start_execution: Original) -> Original:
    def start(data: dict[str, Any]) -> object:
        if size_of(data.get("input", "")) > MAX_STATE_BYTES:
            respond = module("core.responses").error_response_json
            return respond("ValidationException", INPUT_TOO_LONG, 400)
        return start_execution(data)

    return start


def _within_limits(add_event: Original) -> Original:
    def checked(
        execution: dict[str, Any], event_type: str, details: dict[str, Any] | None = None
    ) -> object:
        if _is_over(execution) and not event_type.startswith("Execution"):
            raise SystemExit  # ends the execution's thread
        for payload in _payloads(details or {}):
            if size_of(payload) > MAX_STATE_BYTES:
                raise _data_limit_exceeded(event_type)
        return add_event(execution, event_type, details)

    return checked


def size_of(text: str) -> int:
    """The bytes of a JSON text, with its characters in UTF-8: ministack escapes them."""
    if "\\u" in text:
        text = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return len(text.encode(errors="surrogatepass"))


def _payloads(details: dict[str, Any]) -> list[str]:
    texts = [details[key] for key in _PAYLOADS if key in details]
    return [text[side] for text in texts for side in ("input", "output") if side in text]


def _data_limit_exceeded(event_type: str) -> Exception:
    what = "input" if event_type.endswith("Entered") else "result"
    cause = (
        f"The state/task returned a {what} with a size exceeding the maximum number of bytes"
        " service limit."
    )
    error: Exception = module("services.stepfunctions")._ExecutionError(DATA_LIMIT_EXCEEDED, cause)
    return error


def _without_terminal_errors(error_matches: Original) -> Original:
    def matches(error_equals: list[str], error: str) -> bool:
        if error in _BEYOND_WILDCARDS:
            return error in error_equals
        return bool(error_matches(error_equals, error))

    return matches


def _is_over(execution: dict[str, Any]) -> bool:
    return bool(execution.get("status", "RUNNING") != "RUNNING")


def _knowing_itself(execute_task: Original) -> Original:
    def execute(
        state: dict[str, Any], raw_input: object, execution: dict[str, Any], context: dict[str, Any]
    ) -> object:
        _execution.set(execution)
        return execute_task(state, raw_input, execution, context)

    return execute


def _with_its_executions(delete_state_machine: Original) -> Original:
    def delete(data: dict[str, Any]) -> object:
        states, arn = module("services.stepfunctions"), data.get("stateMachineArn")
        for execution in list(states._executions.values()):
            if execution["stateMachineArn"] == arn and not _is_over(execution):
                execution["status"] = "ABORTED"
        for named in (states._state_machine_versions, states._state_machine_aliases):
            for qualified in [each for each in named if each.startswith(f"{arn}:")]:
                del named[qualified]
        return delete_state_machine(data)

    return delete


def _as_the_role(call_lambda: Original) -> Original:
    """Invokes only with the permission of the role, and names a throttled invocation."""

    def call(function: str, event: object) -> object:
        error_type = module("services.stepfunctions")._ExecutionError
        if size_of(json.dumps(event, ensure_ascii=False, separators=(",", ":"))) > MAX_STATE_BYTES:
            raise _data_limit_exceeded("TaskStateEntered")  # what a task is given is its input
        execution, target = _execution.get(), function_arn(function)
        role = execution["events"][0]["executionStartedEventDetails"]["roleArn"]
        if not role_allows(
            role,
            "states.amazonaws.com",
            "lambda:InvokeFunction",
            target,
            source_arn=execution["stateMachineArn"],
        ):
            raise error_type("Lambda.AWSLambdaException", _not_authorized(role, target))
        try:
            return call_lambda(function, event)
        except error_type as error:
            if _is_throttled(error.cause):
                raise error_type("Lambda.TooManyRequestsException", error.cause) from error
            raise

    return call


def function_arn(reference: str) -> str:
    """The ARN of the function that a name or an ARN refers to."""
    _, config, _ = module("services.lambda_svc")._get_func_record_for_ref(reference)
    return str(config["FunctionArn"]) if config else reference


def _not_authorized(role_arn: str, resource_arn: str) -> str:
    action = "lambda:InvokeFunction"
    return (
        f"User: {role_arn} is not authorized to perform: {action} on resource: {resource_arn}"
        f" because no identity-based policy allows the {action} action (Service: Lambda, Status"
        " Code: 403)"
    )


def _is_throttled(cause: str) -> bool:
    try:
        return bool(json.loads(cause).get("__type") == "TooManyRequestsException")
    except (ValueError, AttributeError):
        return False
