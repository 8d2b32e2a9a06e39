"""API Gateway HTTP APIs."""

from local.resources.declaration import Account, Declaration, Existing, Values, to_api
from local.resources.resource_type import ResourceType

# What an update resets that the program no longer sets: the API leaves alone what it is not given.
_API: Values = {"Description": "", "DisableExecuteApiEndpoint": False, "Version": ""}
_INTEGRATION: Values = {
    "Description": "",
    "IntegrationMethod": "POST",
    "RequestParameters": {},
    "TimeoutInMillis": 30_000,
}
_ROUTE: Values = {
    "ApiKeyRequired": False,
    "AuthorizationScopes": [],
    "AuthorizationType": "NONE",
    "AuthorizerId": "",
    "OperationName": "",
    "Target": "",
}
_STAGE: Values = {
    "AccessLogSettings": {},
    "AutoDeploy": False,
    "DefaultRouteSettings": {},
    "Description": "",
    "RouteSettings": {},
}


def _create_api(account: Account, declared: Declaration) -> Values:
    api_id = account.client("apigatewayv2").create_api(
        Name=declared.physical_name(), **declared.take_rest()
    )["ApiId"]
    return _api(account, api_id)


def _update_api(account: Account, before: Existing, declared: Declaration) -> Values:
    gateway = account.client("apigatewayv2")
    declared.drop("protocolType")
    request = declared.take_rest()
    if "CorsConfiguration" not in request:
        gateway.delete_cors_configuration(ApiId=before.id)
    gateway.update_api(ApiId=before.id, **_API | request)
    return _api(account, before.id)


def _api(account: Account, api_id: str) -> Values:
    return {
        "id": api_id,
        "arn": f"arn:aws:apigateway:{account.region}::/apis/{api_id}",
        # By path, since `api.127.0.0.1` is not a valid host. The path does not name the stage
        # $default.
        "apiEndpoint": f"{account.access.endpoint_url}/_aws/execute-api/{api_id}",
        "executionArn": account.arn("execute-api", api_id),
    }


def _create_integration(account: Account, declared: Declaration) -> Values:
    request = _as_integration(declared)
    return {"id": account.client("apigatewayv2").create_integration(**request)["IntegrationId"]}


def _update_integration(account: Account, before: Existing, declared: Declaration) -> Values:
    account.client("apigatewayv2").update_integration(
        IntegrationId=before.id, **_INTEGRATION | _as_integration(declared)
    )
    return {"id": before.id}


def _as_integration(declared: Declaration) -> Values:
    milliseconds = declared.take("timeoutMilliseconds")
    return declared.take_rest() | ({"TimeoutInMillis": milliseconds} if milliseconds else {})


def _integration_id(before: Existing) -> Values:
    return {"ApiId": before.get("apiId"), "IntegrationId": before.id}


def _create_route(account: Account, declared: Declaration) -> Values:
    return {"id": account.client("apigatewayv2").create_route(**declared.take_rest())["RouteId"]}


def _update_route(account: Account, before: Existing, declared: Declaration) -> Values:
    account.client("apigatewayv2").update_route(RouteId=before.id, **_ROUTE | declared.take_rest())
    return {"id": before.id}


def _route_id(before: Existing) -> Values:
    return {"ApiId": before.get("apiId"), "RouteId": before.id}


def _create_authorizer(account: Account, declared: Declaration) -> Values:
    authorizer = account.client("apigatewayv2").create_authorizer(**_as_authorizer(declared))
    return {"id": authorizer["AuthorizerId"]}


def _update_authorizer(account: Account, before: Existing, declared: Declaration) -> Values:
    account.client("apigatewayv2").update_authorizer(
        AuthorizerId=before.id, **_as_authorizer(declared)
    )
    return {"id": before.id}


def _as_authorizer(declared: Declaration) -> Values:
    """An authorizer; a JWT one has an issuer and audiences."""
    jwt = declared.take("jwtConfiguration")
    request = {
        "Name": declared.physical_name(),
        "IdentitySource": declared.take("identitySources", []),
    }
    if jwt:
        request["JwtConfiguration"] = {"Issuer": jwt["issuer"], "Audience": jwt["audiences"]}
    return request | declared.take_rest()


def _authorizer_id(before: Existing) -> Values:
    return {"ApiId": before.get("apiId"), "AuthorizerId": before.id}


def _create_stage(account: Account, declared: Declaration) -> Values:
    request = _as_stage(declared)
    account.client("apigatewayv2").create_stage(**request)
    return _stage(account, request)


def _update_stage(account: Account, _before: Existing, declared: Declaration) -> Values:
    request = _as_stage(declared)
    account.client("apigatewayv2").update_stage(**_STAGE | request)
    return _stage(account, request)


def _as_stage(declared: Declaration) -> Values:
    """A stage. The provider has a list of what the API has by the keys of the routes."""
    routes = to_api(declared.take("routeSettings", []))
    return {
        "StageName": declared.require("name"),
        "StageVariables": declared.take("stageVariables", {}),  # their names keep their case
        "RouteSettings": {route.pop("RouteKey"): route for route in routes},
        **declared.take_rest(),
    }


def _stage(account: Account, request: Values) -> Values:
    api_id, name = request["ApiId"], request["StageName"]
    return {
        "id": name,
        "invokeUrl": f"{account.access.endpoint_url}/_aws/execute-api/{api_id}",
        "executionArn": account.arn("execute-api", f"{api_id}/{name}"),
    }


def _stage_id(before: Existing) -> Values:
    return {"ApiId": before.get("apiId"), "StageName": before.id}


API = ResourceType(
    create=_create_api,
    update=_update_api,
    delete=lambda account, before: account.client("apigatewayv2").delete_api(ApiId=before.id),
    find=lambda account, before: account.client("apigatewayv2").get_api(ApiId=before.id),
    fixed=("protocolType",),
)
INTEGRATION = ResourceType(
    create=_create_integration,
    update=_update_integration,
    delete=lambda account, before: account.client("apigatewayv2").delete_integration(
        **_integration_id(before)
    ),
    find=lambda account, before: account.client("apigatewayv2").get_integration(
        **_integration_id(before)
    ),
    fixed=("apiId",),
)
ROUTE = ResourceType(
    create=_create_route,
    update=_update_route,
    delete=lambda account, before: account.client("apigatewayv2").delete_route(**_route_id(before)),
    find=lambda account, before: account.client("apigatewayv2").get_route(**_route_id(before)),
    fixed=("apiId",),
)
AUTHORIZER = ResourceType(
    create=_create_authorizer,
    update=_update_authorizer,
    delete=lambda account, before: account.client("apigatewayv2").delete_authorizer(
        **_authorizer_id(before)
    ),
    find=lambda account, before: account.client("apigatewayv2").get_authorizer(
        **_authorizer_id(before)
    ),
    fixed=("apiId",),
)
STAGE = ResourceType(
    create=_create_stage,
    update=_update_stage,
    delete=lambda account, before: account.client("apigatewayv2").delete_stage(**_stage_id(before)),
    find=lambda account, before: account.client("apigatewayv2").get_stage(**_stage_id(before)),
    fixed=("apiId", "name"),
)
