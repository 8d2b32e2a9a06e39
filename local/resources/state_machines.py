"""Step Functions state machines."""

from typing import Any

from local.resources.declaration import Account, Declaration, Values


def create_state_machine(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    request = _with_lower_first(declared.take_rest())
    if logging := request.get("loggingConfiguration"):
        request["loggingConfiguration"] = _as_logging(logging)
    machine = account.client("stepfunctions").create_state_machine(name=name, **request)
    return {"id": machine["stateMachineArn"], "arn": machine["stateMachineArn"], "name": name}


def _as_logging(logging: Values) -> Values:
    """The provider takes one destination by its ARN, the API a list of them."""
    destination = logging.pop("logDestination", None)
    if destination:
        logging["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}]
    return logging


def _with_lower_first(value: Any) -> Any:
    """Alone among the services here, this one has keys that begin in lower case, as Pulumi's do."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _with_lower_first(item) for key, item in value.items()}
    return value
