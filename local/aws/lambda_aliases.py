"""A version has its function's reserved concurrency; an alias has its own events and its own ARN.

On AWS, reserved concurrency is the function's, whichever version or alias is invoked (Lambda
developer guide, "Configuring reserved concurrency"). How often an event is tried again, and where
the record of a failed one goes, is set for a function, a version or an alias; a policy that allows
an invocation names the ARN that is called ("Using Lambda aliases in event sources and permissions
policies"). ministack invokes a version without any limit, as if no configuration were there, and
knows it by the ARN of the version.
"""

from typing import Any

from local.aws.patch import Original, module, replace

Record = dict[str, Any]  # a function, or a version of one, as ministack keeps it


def apply() -> None:
    """Gives a version what it has from its function and its alias."""
    functions = module("services.lambda_svc")
    replace(functions, "_effective_func_record_for_qualifier", _with_its_own_arn)
    replace(functions, "invoke_async_with_retry", _with_its_own_events)
    replace(functions, "_reserved_concurrency", _of_the_function)


def _with_its_own_arn(effective: Original) -> Original:
    def record(
        function: Record | None, qualifier: str | None
    ) -> tuple[Record | None, Record | None]:
        found, config = effective(function, qualifier)
        if found is None or config is None or function is None or qualifier in (None, "$LATEST"):
            return found, config
        config = {**config, "FunctionArn": f"{function['config']['FunctionArn']}:{qualifier}"}
        return {**found, "config": config}, config

    return record


def _with_its_own_events(invoke_async: Original) -> Original:
    def invoke(record: Record, event: dict[str, Any]) -> None:
        config = record.get("config") or record
        function = module("services.lambda_svc")._functions.get(config["FunctionName"]) or record
        qualifier = ":".join(config["FunctionArn"].split(":")[7:])  # behind the function's name
        if qualifier not in ("", "$LATEST"):
            events = (function.get("event_invoke_configs") or {}).get(qualifier)
            record = {**record, "event_invoke_config": events}
        invoke_async(record, event)

    return invoke


def _of_the_function(reserved: Original) -> Original:
    def concurrency(record: Record | None, config: Record) -> int | None:
        function = module("services.lambda_svc")._functions.get(config.get("FunctionName"))
        limit: int | None = reserved(function or record, config)
        return limit

    return concurrency
