"""An event that a rule can't deliver goes to the dead-letter queue of the target.

On AWS, an event whose target does not exist, or may not be called, is not sent again. It goes to
the `DeadLetterConfig` queue of the target, with the reason in the attributes of the message, if the
policy of the queue lets EventBridge send (EventBridge user guide, "Using dead-letter queues to
process undelivered events"). ministack drops the event.

The same holds for an event that is larger than the input of an execution may be: EventBridge takes
1 MB, StartExecution 256 KiB.
"""

import json
import logging
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from local.aws.executions import INPUT_TOO_LONG, MAX_STATE_BYTES, function_arn, size_of
from local.aws.patch import Original, module, replace
from local.aws.permissions import function_allows, role_allows

_SERVICE = "events.amazonaws.com"
_logger = logging.getLogger("events")


@dataclass(frozen=True)
class Delivery:
    """An event on its way from a rule to a target."""

    target: dict[str, Any]
    rule_arn: str
    event: str


_delivery: ContextVar[Delivery] = ContextVar("delivery")


def apply() -> None:
    """Checks target and permission before each delivery."""
    events = module("services.eventbridge")
    replace(events, "_invoke_target", _as_delivery)
    replace(events, "_dispatch_to_stepfunctions", _start_or_send_to_dlq)
    replace(events, "_dispatch_to_lambda", _invoke_or_send_to_dlq)


def _as_delivery(invoke_target: Original) -> Original:
    def invoke(
        target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None
    ) -> None:
        view = view or module("services.eventbridge")._pattern_event_view(event)
        text = as_text(view.event_with_detail())
        token = _delivery.set(Delivery(target, rule["Arn"], text))
        try:
            invoke_target(target, event, rule, view)
        finally:
            _delivery.reset(token)

    return invoke


def _start_or_send_to_dlq(dispatch: Original) -> Original:
    def start(arn: str, payload: str) -> None:
        delivery = _delivery.get()
        if module("services.stepfunctions")._resolve_state_machine_arn(arn) is None:
            send_to_dlq(delivery, "NO_RESOURCE", f"State Machine Does Not Exist: '{arn}'")
        elif not role_allows(
            delivery.target.get("RoleArn", ""),
            _SERVICE,
            "states:StartExecution",
            arn,
            source_arn=delivery.rule_arn,
        ):
            send_to_dlq(
                delivery,
                "NO_PERMISSIONS",
                f"The role of the target may not states:StartExecution on {arn}.",
            )
        elif size_of(payload) > MAX_STATE_BYTES:
            # AWS does not list the codes of errors of the target's own.
            send_to_dlq(delivery, "SDK_CLIENT_ERROR", INPUT_TOO_LONG)
        else:
            dispatch(arn, payload)

    return start


def _invoke_or_send_to_dlq(dispatch: Original) -> Original:
    def invoke(arn: str, payload: str) -> None:
        delivery = _delivery.get()
        if module("services.lambda_svc").function_policy_for_arn(function_arn(arn)) is None:
            send_to_dlq(delivery, "NO_RESOURCE", f"Function not found: {arn}")
        elif not function_allows(function_arn(arn), _SERVICE, delivery.rule_arn):
            send_to_dlq(
                delivery,
                "NO_PERMISSIONS",
                f"The policy of {arn} doesn't let the rule lambda:InvokeFunction.",
            )
        else:
            dispatch(arn, payload)

    return invoke


def current_delivery() -> Delivery:
    """The event that this thread is delivering."""
    return _delivery.get()


def send_to_dlq(delivery: Delivery, code: str, message: str) -> None:
    """Sends an event to its target's dead-letter queue, or logs that it was dropped."""
    sqs = module("services.sqs")
    account = module("core.responses").get_account_id()
    queue_arn = (delivery.target.get("DeadLetterConfig") or {}).get("Arn", "")
    if not queue_arn or not sqs.queue_policy_allows(
        queue_arn, _SERVICE, delivery.rule_arn, account
    ):
        _logger.warning(
            "Dropped an event of %s: %s. No dead-letter queue took it.", delivery.rule_arn, message
        )
        return
    url = sqs._queue_url(queue_arn.rsplit(":", 1)[-1])
    attributes = _attributes(delivery, code, message)
    try:
        sqs._act_send_message(
            {"QueueUrl": url, "MessageBody": delivery.event, "MessageAttributes": attributes}, url
        )
    except sqs._Err:  # a message has 1 MiB at most, and an event more bytes than its entry
        _logger.warning("Dropped an event of %s: the queue refused it.", delivery.rule_arn)


def as_text(event: object) -> str:
    """An event as AWS sends it: limits count the bytes of UTF-8, and not of JSON's escapes."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _attributes(delivery: Delivery, code: str, message: str) -> dict[str, dict[str, str]]:
    values = {
        "RULE_ARN": delivery.rule_arn,
        "TARGET_ARN": delivery.target["Arn"],
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "0",
    }
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}
