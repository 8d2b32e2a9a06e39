"""Lambda functions, their aliases, their permissions and what becomes of their events."""

import base64
import hashlib
import json
import secrets
from typing import Any

from local.errors import DeploymentFailed
from local.resources.archive import to_zip
from local.resources.declaration import Account, Declaration, Existing, Values, to_api
from local.resources.resource_type import ResourceType, putting, unchangeable

# The inputs that can change, and what each is if the program does not set it (Lambda API reference,
# CreateFunction). ministack runs every function with this machine's Python, and in no VPC; it
# traces and encrypts nothing.
_CONFIGURATION: dict[str, Any] = {
    "deadLetterConfig": {},
    "description": "",
    "environment": {},
    "ephemeralStorage": {"size": 512},
    "handler": "",
    "kmsKeyArn": "",
    "layers": [],
    "loggingConfig": {"logFormat": "Text"},
    "memorySize": 128,
    "role": "",
    "runtime": "",
    "timeout": 3,
    "tracingConfig": {"mode": "PassThrough"},
    "vpcConfig": {"subnetIds": [], "securityGroupIds": []},
}
_ARCHITECTURES = ["x86_64"]
_UNRESERVED = -1
# Used by Pulumi only: to see changes, to delete slowly, to keep what is deleted in a VPC.
_OF_PULUMI = ("sourceCodeHash", "skipDestroy", "replaceSecurityGroupsOnDestroy")


def invoked(account: Account, arguments: Values) -> Values:
    """What the provider's function getInvocation returns.

    Raises:
        DeploymentFailed: the function has raised, as the real provider fails then.
    """
    answer = account.client("lambda").invoke(
        FunctionName=arguments["functionName"],
        Qualifier=arguments["qualifier"],
        Payload=arguments["input"].encode(),
    )
    result = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise DeploymentFailed(f"Lambda function ({arguments['functionName']}) failed: {result}")
    return {**arguments, "id": hashlib.sha256(result.encode()).hexdigest(), "result": result}


def _create_function(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    code, reserved = to_zip(declared.require("code"), account.folder), _reserved(declared)
    publish = declared.take("publish", False)
    declared.drop(*_OF_PULUMI)
    request = {
        api: value
        for key in _CONFIGURATION
        if (given := declared.take(key)) is not None
        for api, value in _as_request(key, given).items()
    }
    functions = account.client("lambda")
    functions.create_function(
        FunctionName=name, Code={"ZipFile": code}, **request, **declared.take_rest()
    )
    if reserved != _UNRESERVED:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    return _outputs(account, name, publish=publish)


def _update_function(account: Account, before: Existing, declared: Declaration) -> Values:
    name, publish = declared.require("name"), declared.take("publish", False)
    declared.drop(*_OF_PULUMI, "packageType")
    _update_code(account, before, declared)
    request = {
        api: value
        for key, default in _CONFIGURATION.items()
        if (now := declared.take(key, default)) != before.get(key, default)
        for api, value in _as_request(key, now).items()
    }
    if request:
        account.client("lambda").update_function_configuration(FunctionName=name, **request)
    _update_concurrency(account, before, declared)
    return _outputs(account, name, publish=publish)


def _update_code(account: Account, before: Existing, declared: Declaration) -> None:
    functions, name = account.client("lambda"), before.id
    code = to_zip(declared.require("code"), account.folder)
    architectures = declared.take("architectures", _ARCHITECTURES)
    there = functions.get_function_configuration(FunctionName=name)
    hash = base64.b64encode(hashlib.sha256(code).digest()).decode()
    if (hash, architectures) != (there["CodeSha256"], there["Architectures"]):
        functions.update_function_code(FunctionName=name, ZipFile=code, Architectures=architectures)


def _update_concurrency(account: Account, before: Existing, declared: Declaration) -> None:
    functions, name, reserved = account.client("lambda"), before.id, _reserved(declared)
    if reserved == before.get("reservedConcurrentExecutions", _UNRESERVED):
        return
    if reserved == _UNRESERVED:
        functions.delete_function_concurrency(FunctionName=name)
    else:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)


def _reserved(declared: Declaration) -> int:
    reserved: int = declared.take("reservedConcurrentExecutions", _UNRESERVED)
    return reserved


def _as_request(key: str, value: Any) -> Values:
    if key == "environment":  # taken apart: names of variables keep their case
        return {"Environment": {"Variables": value.get("variables", {})}}
    if key == "vpcConfig":
        value = {name: ids for name, ids in value.items() if name != "vpcId"}
    return {"KMSKeyArn": value} if key == "kmsKeyArn" else dict(to_api({key: value}))


def _outputs(account: Account, name: str, *, publish: bool) -> Values:
    functions = account.client("lambda")
    arn = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    # A function that is as its last version is gets no new one.
    version = functions.publish_version(FunctionName=name)["Version"] if publish else "$LATEST"
    return {
        "id": name,
        "name": name,
        "arn": arn,
        "invokeArn": _invoke_arn(account, arn),
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": _invoke_arn(account, f"{arn}:{version}"),
        "version": version,
    }


def _invoke_arn(account: Account, arn: str) -> str:
    return f"arn:aws:apigateway:{account.region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _create_alias(account: Account, declared: Declaration) -> Values:
    return _alias(account, account.client("lambda").create_alias(**_alias_request(declared)))


def _update_alias(account: Account, _before: Existing, declared: Declaration) -> Values:
    return _alias(account, account.client("lambda").update_alias(**_alias_request(declared)))


def _alias_request(declared: Declaration) -> Values:
    routing = declared.take("routingConfig") or {}
    return {
        "FunctionName": declared.require("functionName"),
        "Name": declared.require("name"),
        "FunctionVersion": declared.require("functionVersion"),
        "Description": declared.take("description", ""),
        "RoutingConfig": {"AdditionalVersionWeights": routing.get("additionalVersionWeights", {})},
    }


def _alias(account: Account, alias: Values) -> Values:
    arn = alias["AliasArn"]
    return {"id": arn, "arn": arn, "invokeArn": _invoke_arn(account, arn)}


def _alias_id(before: Existing) -> Values:
    return {"FunctionName": before.get("functionName"), "Name": before.get("name")}


def _put_events(account: Account, declared: Declaration) -> Values:
    request = declared.take_rest()
    account.client("lambda").put_function_event_invoke_config(**request)
    return {"id": ":".join(request[key] for key in ("FunctionName", "Qualifier") if key in request)}


def _events_id(before: Existing) -> Values:
    qualifier = before.get("qualifier")
    return {
        "FunctionName": before.get("functionName"),
        **({"Qualifier": qualifier} if qualifier else {}),
    }


def _create_permission(account: Account, declared: Declaration) -> Values:
    statement_id = declared.take("statementId") or f"{declared.name}-{secrets.token_hex(4)[:7]}"
    request = declared.take_rest()
    account.client("lambda").add_permission(
        StatementId=statement_id, FunctionName=request.pop("Function"), **request
    )
    return {"id": statement_id, "statementId": statement_id}


def _function_of(before: Existing) -> Values:
    qualifier = before.get("qualifier")
    return {
        "FunctionName": before.get("function"),
        **({"Qualifier": qualifier} if qualifier else {}),
    }


def _find_permission(account: Account, before: Existing) -> bool:
    policy = account.client("lambda").get_policy(**_function_of(before))["Policy"]
    return before.id in [statement["Sid"] for statement in json.loads(policy)["Statement"]]


FUNCTION = ResourceType(
    create=_create_function,
    update=_update_function,
    delete=lambda account, before: account.client("lambda").delete_function(FunctionName=before.id),
    find=lambda account, before: account.client("lambda").get_function(FunctionName=before.id),
    fixed=("name", "packageType"),
)
ALIAS = ResourceType(
    create=_create_alias,
    update=_update_alias,
    delete=lambda account, before: account.client("lambda").delete_alias(**_alias_id(before)),
    find=lambda account, before: account.client("lambda").get_alias(**_alias_id(before)),
    fixed=("functionName", "name"),
)
EVENTS = ResourceType(
    create=_put_events,
    update=putting(_put_events),
    delete=lambda account, before: account.client("lambda").delete_function_event_invoke_config(
        **_events_id(before)
    ),
    find=lambda account, before: account.client("lambda").get_function_event_invoke_config(
        **_events_id(before)
    ),
    fixed=("functionName", "qualifier"),
)
PERMISSION = ResourceType(
    create=_create_permission,
    update=unchangeable,
    delete=lambda account, before: account.client("lambda").remove_permission(
        **_function_of(before), StatementId=before.id
    ),
    find=_find_permission,
    fixed=(),
)
