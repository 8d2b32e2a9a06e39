"""The HTTP API in front of the GraphQL function: its routes, authorised, throttled and logged."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import (
    GRAPHIQL_FILE_ROUTE,
    GRAPHIQL_PAGE_ROUTE,
    GRAPHQL_PATH,
    SIGNAL_PAGE_ROUTE,
    SIGNAL_ROUTE,
    SIGNALS_PATH,
)
from infra.arguments import Settings
from infra.function import Function, may_invoke
from infra.log_group import log_group

ROUTE: Final = f"POST {GRAPHQL_PATH}"
# Without an authorizer: whoever has the URL of a signal can't sign. handler/signal_requests.py has
# all that they reach.
SIGNAL_ROUTES: Final = {"signal": SIGNAL_ROUTE, "signal-page": SIGNAL_PAGE_ROUTE}
# Nor has a browser signed anything when it asks for a page. handler/graphiql has what it gets.
GRAPHIQL_ROUTES: Final = {"graphiql": GRAPHIQL_PAGE_ROUTE, "graphiql-file": GRAPHIQL_FILE_ROUTE}
# All APIs of an account share 10,000 requests a second (API Gateway guide, "Throttle requests to
# your HTTP APIs"). One stack must not use them up.
REQUESTS_PER_SECOND: Final = 100
BURST_REQUESTS: Final = 200
# Of each open route, so that strangers take little of the function from those who are authorised.
OPEN_REQUESTS_PER_SECOND: Final = 20
OPEN_BURST_REQUESTS: Final = 40
# Names of $context: API Gateway guide, "Customize HTTP API access logs". None of them has the path:
# the URL of a signal is a secret. The key of its route has the names of its parameters alone.
ACCESS_LOG_FIELDS: Final = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    # Who it was: of a signature by IAM, then of a token.
    "userArn": "$context.identity.userArn",
    "caller": "$context.identity.caller",
    "account": "$context.identity.accountId",
    "subject": "$context.authorizer.claims.sub",
    "client": "$context.authorizer.claims.client_id",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "length": "$context.responseLength",
    "error": "$context.error.message",
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integrationErrorMessage",
}
# What a page sends: a signature or a token, which tenant and locale it means, and what Webiny's API
# takes besides, since its admin app and Apollo's clients send it.
CORS_HEADERS: Final = (
    "accept",
    "accept-language",
    "apollo-query-plan-experimental",
    "apollo-require-preflight",
    "authorization",
    "cache-control",
    "content-type",
    "x-apollo-operation-name",
    "x-apollo-tracing",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-i18n-locale",
    "x-tenant",
)
# How long a browser keeps the answer to its preflight. A change of the config takes as long.
CORS_MAX_AGE_SECONDS: Final = 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpApiArgs:
    """The function to call, and the settings that say who may call it (`jwtIssuer`)."""

    settings: Settings
    function: Function


class HttpApi(pulumi.ComponentResource):
    """`POST /graphql`, for requests signed by IAM, or with a JWT if the stack has a `jwtIssuer`.

    And the URLs of signals, for whoever has one.
    """

    url: pulumi.Output[str]
    signals_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: HttpApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:HttpApi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        api = aws.apigatewayv2.Api(
            name,
            name=args.settings.name("api"),
            description="GraphQL API of the background tasks.",
            protocol_type="HTTP",
            cors_configuration=_cors(args.settings),
            opts=child,
        )
        target = _target(name, api, args.function, child)
        routes = [
            _route(name, api, args, target, child),
            *_open_routes(name, api, args, target, child),
        ]
        _stage(name, api, args.settings, pulumi.ResourceOptions(parent=self, depends_on=routes))
        self.url = pulumi.Output.concat(api.api_endpoint, GRAPHQL_PATH)
        self.signals_url = pulumi.Output.concat(api.api_endpoint, SIGNALS_PATH)
        self.register_outputs({"url": self.url})


def _cors(settings: Settings) -> aws.apigatewayv2.ApiCorsConfigurationArgs | None:
    """Which pages may call: API Gateway answers their preflights, and refuses those of others."""
    if settings.args.cors_origins is None:
        return None
    return aws.apigatewayv2.ApiCorsConfigurationArgs(
        allow_origins=settings.args.cors_origins,
        allow_methods=["POST"],
        allow_headers=list(CORS_HEADERS),
        max_age=CORS_MAX_AGE_SECONDS,
    )


def _target(
    name: str, api: aws.apigatewayv2.Api, function: Function, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    integration = aws.apigatewayv2.Integration(
        name,
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=function.arn,
        payload_format_version="2.0",
        opts=opts,
    )
    return pulumi.Output.concat("integrations/", integration.id)


def _permission(
    name: str,
    api: aws.apigatewayv2.Api,
    function: Function,
    path: str,
    opts: pulumi.ResourceOptions,
) -> None:
    source = pulumi.Output.concat(api.execution_arn, path)
    may_invoke(name, function, service="apigateway", source=source, opts=opts)


def open_routes(settings: Settings) -> dict[str, str]:
    """The routes without an authorizer, by the suffixes of their names."""
    return SIGNAL_ROUTES | (GRAPHIQL_ROUTES if settings.args.graphiql else {})


def _open_routes(
    name: str,
    api: aws.apigatewayv2.Api,
    args: HttpApiArgs,
    target: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    _permission(f"{name}-signals", api, args.function, f"/*/*{SIGNALS_PATH}/*", opts)
    if args.settings.args.graphiql:
        _permission(f"{name}-graphiql", api, args.function, f"/*/GET{GRAPHQL_PATH}*", opts)
    return [
        aws.apigatewayv2.Route(
            f"{name}-{suffix}",
            api_id=api.id,
            route_key=key,
            target=target,
            authorization_type="NONE",
            opts=opts,
        )
        for suffix, key in open_routes(args.settings).items()
    ]


def _route(
    name: str,
    api: aws.apigatewayv2.Api,
    args: HttpApiArgs,
    target: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    _permission(name, api, args.function, f"/*/POST{GRAPHQL_PATH}", opts)
    if args.settings.args.jwt_issuer is None:
        return aws.apigatewayv2.Route(
            name,
            api_id=api.id,
            route_key=ROUTE,
            target=target,
            authorization_type="AWS_IAM",
            opts=opts,
        )
    return aws.apigatewayv2.Route(
        name,
        api_id=api.id,
        route_key=ROUTE,
        target=target,
        authorization_type="JWT",
        # A token needs one of them (API Gateway guide, "Control access to HTTP APIs with JWT
        # authorizers").
        authorization_scopes=args.settings.args.jwt_scopes,
        authorizer_id=_jwt_authorizer(name, api, args.settings, opts).id,
        opts=opts,
    )


def _jwt_authorizer(
    name: str, api: aws.apigatewayv2.Api, settings: Settings, opts: pulumi.ResourceOptions
) -> aws.apigatewayv2.Authorizer:
    return aws.apigatewayv2.Authorizer(
        name,
        name=settings.name("jwt"),
        api_id=api.id,
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration=aws.apigatewayv2.AuthorizerJwtConfigurationArgs(
            issuer=settings.args.jwt_issuer,
            audiences=settings.args.jwt_audience,
        ),
        opts=opts,
    )


def _stage(
    name: str, api: aws.apigatewayv2.Api, settings: Settings, opts: pulumi.ResourceOptions
) -> None:
    log_name = pulumi.Output.concat("/aws/vendedlogs/apis/", settings.name("api"))
    logs = log_group(f"{name}-access", log_name, settings.args, opts)
    aws.apigatewayv2.Stage(
        name,
        api_id=api.id,
        name="$default",
        auto_deploy=True,
        access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
            destination_arn=logs.arn,
            format=json.dumps(ACCESS_LOG_FIELDS),
        ),
        default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
            throttling_rate_limit=REQUESTS_PER_SECOND,
            throttling_burst_limit=BURST_REQUESTS,
        ),
        route_settings=[
            aws.apigatewayv2.StageRouteSettingArgs(
                route_key=key,
                throttling_rate_limit=OPEN_REQUESTS_PER_SECOND,
                throttling_burst_limit=OPEN_BURST_REQUESTS,
            )
            for key in open_routes(settings).values()
        ],
        opts=opts,
    )
