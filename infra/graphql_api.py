"""The GraphQL API: a Lambda and the HTTP API in front of it."""

from dataclasses import dataclass

import pulumi

from handler.contract import API_IMPORT_SECONDS, API_TIMEOUT_SECONDS, EnvVar
from infra.api_access import document
from infra.arguments import BackgroundTasksArgs
from infra.documents import policies
from infra.function import Function, FunctionArgs, FunctionDefaults
from infra.http_api import HttpApi, HttpApiArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlApiArgs:
    """What the API is made from."""

    defaults: FunctionDefaults


class GraphqlApi(pulumi.ComponentResource):
    """The function that answers GraphQL requests, and the URL that takes them."""

    url: pulumi.Output[str]
    signals_url: pulumi.Output[str]  # what the URLs of signals begin with
    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: GraphqlApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:GraphqlApi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function = Function(name, _function(args.defaults), opts=child)
        http_api = HttpApi(
            name, HttpApiArgs(settings=args.defaults.settings, function=function), opts=child
        )
        self.url = http_api.url
        self.signals_url = http_api.signals_url
        self.function_name = function.function_name
        self.register_outputs({"url": self.url, "function_name": self.function_name})


def _access(args: BackgroundTasksArgs) -> dict[str, pulumi.Input[str]]:
    """The variable that says who may do what, where the stack says anything of it."""
    said = document(
        tenants=args.api_tenants,
        rules=args.api_permissions,
        claim=args.jwt_permissions_claim,
        scopes=args.jwt_scope_permissions,
    )
    return {EnvVar.API_ACCESS.value: pulumi.Output.json_dumps(said)} if said else {}


def _function(defaults: FunctionDefaults) -> FunctionArgs:
    args = defaults.settings.args
    return FunctionArgs(
        defaults=defaults,
        module="api",
        description="Answers GraphQL requests about background tasks.",
        memory_mb=args.api_memory_mb,
        timeout_seconds=API_TIMEOUT_SECONDS,
        environment={
            EnvVar.JWT_TENANT_CLAIM.value: args.jwt_tenant_claim,
            **({} if args.introspection else {EnvVar.INTROSPECTION.value: "false"}),
            EnvVar.IMPORT_SECONDS.value: str(API_IMPORT_SECONDS),
            **_access(args),
        },
        policy=policies.api,
        statements=args.api_policy_statements,
    )
