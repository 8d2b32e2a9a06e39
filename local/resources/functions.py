"""Lambda functions and their permissions."""

import secrets

from local.resources.archive import to_zip
from local.resources.declaration import Account, Declaration, Values


def create_function(account: Account, declared: Declaration) -> Values:
    """Creates a function, with its code as a zip file."""
    name = declared.physical_name()
    code = to_zip(declared.require("code"), account.folder)
    reserved = declared.take("reservedConcurrentExecutions")
    # ministack runs every Lambda with this machine's Python; it ignores runtime and architecture.
    function = account.client("lambda").create_function(
        FunctionName=name,
        Code={"ZipFile": code},
        Publish=declared.take("publish", False),
        **_as_request(declared),
    )
    if reserved is not None:
        account.client("lambda").put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=reserved
        )
    arn = function["FunctionArn"]
    invoke_arn = (
        f"arn:aws:apigateway:{account.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    )
    return {
        "id": name,
        "name": name,
        "arn": arn,
        "invokeArn": invoke_arn,
        "version": function["Version"],
    }


def _as_request(declared: Declaration) -> Values:
    declared.take("sourceCodeHash")  # used by Pulumi only, to see changes
    # Taken apart: names of variables keep their case.
    variables = (declared.take("environment") or {}).get("variables", {})
    return declared.take_rest() | {"Environment": {"Variables": variables}}


def configure_events(account: Account, declared: Declaration) -> Values:
    """Sets how often a function tries an event again, and where the record of a failure goes."""
    name = declared.require("functionName")
    account.client("lambda").put_function_event_invoke_config(
        FunctionName=name, **declared.take_rest()
    )
    return {"id": name}


def create_permission(account: Account, declared: Declaration) -> Values:
    """Adds a statement to the policy of a function."""
    statement_id = declared.take("statementId") or f"{declared.name}-{secrets.token_hex(4)[:7]}"
    request = declared.take_rest()
    account.client("lambda").add_permission(
        StatementId=statement_id, FunctionName=request.pop("Function"), **request
    )
    return {"id": statement_id, "statementId": statement_id}
