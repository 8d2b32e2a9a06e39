"""A rule's event is an asynchronous invocation, and the record of a failed one is kept.

On AWS, Lambda tries such an event again, twice unless the function says otherwise. Then it sends a
record to the function's on-failure destination, if the function's role may (Lambda developer guide,
"How Lambda handles errors and retries with asynchronous invocation" and "Capturing records of
Lambda asynchronous invocations"). ministack invokes once for a rule, and asks no role.
"""

import json
import logging
from typing import Any

from local.aws.patch import Original, module, replace
from local.aws.permissions import role_allows

_SERVICE = "lambda.amazonaws.com"
_logger = logging.getLogger("lambda")


def apply() -> None:
    """Has rules invoke asynchronously, and asks the role before a record is sent."""
    replace(module("services.eventbridge"), "_dispatch_to_lambda", _asynchronously)
    replace(module("services.lambda_svc"), "_route_async_failure", _if_the_role_may)


def _asynchronously(_: Original) -> Original:
    def invoke(arn: str, payload: str) -> None:
        functions = module("services.lambda_svc")
        function, config, _ = functions._get_func_record_for_ref(arn)
        record = functions._execution_record_for_config(function, config)
        functions.invoke_async_with_retry(record, json.loads(payload))

    return invoke


def _if_the_role_may(route: Original) -> Original:
    def send(target_arn: str, name: str, event: dict[str, Any], result: dict[str, Any]) -> None:
        role = module("services.lambda_svc")._functions[name]["config"]["Role"]
        if role_allows(role, _SERVICE, "sqs:SendMessage", target_arn):
            route(target_arn, name, event, result)
        else:
            _logger.warning("Dropped the record of a failure: %s may not send it.", role)

    return send
