"""Step Functions state machines."""

from typing import Any

from local.resources.declaration import Account, Declaration, Values


def create_state_machine(account: Account, declared: Declaration) -> Values:
    """Creates a state machine, with its logging."""
    name = declared.physical_name()
    request = _with_lower_first(declared.take_rest())
    if logging := request.get("loggingConfiguration"):
        request["loggingConfiguration"] = _as_logging(logging)
    machine = account.client("stepfunctions").create_state_machine(name=name, **request)
    return {"id": machine["stateMachineArn"], "arn": machine["stateMachineArn"], "name": name}


def _as_logging(logging: Values) -> Values:
    """The API takes a list of destinations; the provider takes the ARN of one."""
    destination = logging.pop("logDestination", None)
    if destination:
        logging["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}]
    return logging


def _with_lower_first(value: Any) -> Any:
    """Keys of this API begin in lower case, unlike those of the other services here."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _with_lower_first(item) for key, item in value.items()}
    return value
