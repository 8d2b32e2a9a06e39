"""Step Functions state machines."""

from typing import Any

from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType

# What a machine has that is no longer given one.
_DEFAULTS: Values = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    "tracingConfiguration": {"enabled": False},
}


def _create(account: Account, declared: Declaration) -> Values:
    name, publish = declared.physical_name(), declared.take("publish", False)
    request = {"name": name, "publish": publish, **_as_request(declared)}
    return _outputs(name, account.client("stepfunctions").create_state_machine(**request))


def _update(account: Account, before: Existing, declared: Declaration) -> Values:
    """ministack runs what has started to its end as it was, as AWS does; it traces nothing."""
    name, publish = declared.require("name"), declared.take("publish", False)
    declared.drop("type")
    request = {"stateMachineArn": before.id, "publish": publish, **_DEFAULTS}
    response = account.client("stepfunctions").update_state_machine(
        **request | _as_request(declared)
    )
    return _outputs(name, {"stateMachineArn": before.id, **response})


def _outputs(name: str, machine: Values) -> Values:
    arn = machine["stateMachineArn"]
    version = machine.get("stateMachineVersionArn")
    return {
        "id": arn,
        "arn": arn,
        "name": name,
        **({"stateMachineVersionArn": version} if version else {}),
    }


def _as_request(declared: Declaration) -> Values:
    request: Values = _with_lower_first(declared.take_rest())
    if logging := request.get("loggingConfiguration"):
        request["loggingConfiguration"] = _as_logging(logging)
    return request


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


STATE_MACHINE = ResourceType(
    create=_create,
    update=_update,
    delete=lambda account, before: account.client("stepfunctions").delete_state_machine(
        stateMachineArn=before.id
    ),
    find=lambda account, before: account.client("stepfunctions").describe_state_machine(
        stateMachineArn=before.id
    ),
    fixed=("name", "type"),
)
