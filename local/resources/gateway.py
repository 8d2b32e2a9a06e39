"""API Gateway HTTP APIs."""

from local.resources.declaration import Account, Declaration, Values


def create_api(account: Account, declared: Declaration) -> Values:
    """Creates an HTTP API."""
    api_id = account.client("apigatewayv2").create_api(
        Name=declared.physical_name(), **declared.take_rest()
    )["ApiId"]
    return {
        "id": api_id,
        "arn": f"arn:aws:apigateway:{account.region}::/apis/{api_id}",
        # By path, since `api.127.0.0.1` is not a valid host. The path does not name the stage
        # $default.
        "apiEndpoint": f"{account.access.endpoint_url}/_aws/execute-api/{api_id}",
        "executionArn": account.arn("execute-api", api_id),
    }


def create_integration(account: Account, declared: Declaration) -> Values:
    """Creates the integration of an API with a function."""
    integration = account.client("apigatewayv2").create_integration(**declared.take_rest())
    return {"id": integration["IntegrationId"]}


def create_route(account: Account, declared: Declaration) -> Values:
    """Creates a route."""
    route = account.client("apigatewayv2").create_route(**declared.take_rest())
    return {"id": route["RouteId"]}


def create_authorizer(account: Account, declared: Declaration) -> Values:
    """Creates an authorizer; a JWT one has an issuer and audiences."""
    jwt = declared.take("jwtConfiguration")
    request = {
        "Name": declared.physical_name(),
        "IdentitySource": declared.take("identitySources", []),
    }
    if jwt:
        request["JwtConfiguration"] = {"Issuer": jwt["issuer"], "Audience": jwt["audiences"]}
    authorizer = account.client("apigatewayv2").create_authorizer(**request, **declared.take_rest())
    return {"id": authorizer["AuthorizerId"]}


def create_stage(account: Account, declared: Declaration) -> Values:
    """Creates a stage."""
    name = declared.require("name")
    variables = declared.take("stageVariables", {})
    request = declared.take_rest()
    account.client("apigatewayv2").create_stage(StageName=name, StageVariables=variables, **request)
    api_id = request["ApiId"]
    return {
        "id": name,
        "invokeUrl": f"{account.access.endpoint_url}/_aws/execute-api/{api_id}",
        "executionArn": account.arn("execute-api", f"{api_id}/{name}"),
    }
