"""The stack's config as the component's arguments, or an error that says what to set."""

import json
from collections.abc import Mapping
from dataclasses import fields
from importlib.util import find_spec
from typing import Annotated, Any, Final, Literal, Self

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Json,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from infra.api_access import (
    RULES_TAKE,
    ApiPermissionArgs,
    ApiRule,
    PermissionsText,
    Tenant,
    document,
)
from infra.archive.wheels import Architecture
from infra.arguments import BackgroundTasksArgs, Tracing, WorkerArgs, takes_output
from infra.config_errors import config_errors, unread_keys
from infra.config_values import (
    KEY_ARN,
    LAYER_ARN,
    MAX_LAYERS,
    MAX_TAGS,
    MAX_VARIABLES_BYTES,
    MAX_WORKERS,
    POLICY_ARN,
    TOPIC_ARN,
    WORKERS_TAKE,
    CsvBucket,
    CsvTable,
    LogRetentionDays,
    Megabytes,
    Origin,
    RecoverySeconds,
    Statements,
    TagKey,
    TagValue,
    Text,
    VariableName,
    Workers,
)
from infra.documents.partitions import region_of
from infra.errors import ConfigError

_HINTS: Final = {each.name: each.type for each in fields(BackgroundTasksArgs)}
# Pulumi's own keys, such as `pulumi:tags`, are in every stack's config, too.
PULUMI_NAMESPACE: Final = "pulumi"


class Config(BaseModel):
    """The keys of the project's namespace. Pulumi.yaml describes each, and has the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    worker_memory_mb: Megabytes
    api_memory_mb: Megabytes
    lambda_architecture: Annotated[Architecture, Field(description="arm64 or x86_64")]
    lambda_log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Field(description="DEBUG, INFO, WARNING or ERROR"),
    ]
    log_retention_days: LogRetentionDays
    execution_log_level: Annotated[
        Literal["ALL", "ERROR", "FATAL", "OFF"], Field(description="ALL, ERROR, FATAL or OFF")
    ]
    execution_log_data: Annotated[bool, Field(description="true or false")]
    task_retention_days: Annotated[
        int,
        Field(
            ge=0,
            le=36_500,
            description="a whole number of days, 0 to 36500; 0 keeps tasks forever",
        ),
    ]
    recovery_after_seconds: RecoverySeconds
    worker_concurrency: Annotated[
        int, Field(ge=0, description="a whole number from 0; 0 reserves and limits nothing")
    ]
    workers: Annotated[
        Json[Workers],
        Field(max_length=MAX_WORKERS, description=WORKERS_TAKE),
    ]
    alarm_topic_arn: Annotated[
        str, Field(pattern=TOPIC_ARN, description='the ARN of an SNS topic, or "" for none')
    ]
    alarm_email: Annotated[
        str, Field(pattern=r"^(\S+@\S+)?$", description='an e-mail address, or "" for none')
    ]
    metrics: Annotated[bool, Field(description="true or false")]
    alarms: Annotated[bool, Field(description="true or false")]
    dashboard: Annotated[bool, Field(description="true or false")]
    tracing: Annotated[Tracing, Field(description="off, xray or otel")]
    otel_layer_arn: Annotated[
        str,
        Field(
            pattern=rf"^({LAYER_ARN})?$",
            description='the ARN of a version of an OpenTelemetry layer, or "" for none',
        ),
    ]
    worker_policy_statements: Statements
    api_policy_statements: Statements
    jwt_issuer: Annotated[
        str, Field(pattern=r"^(https://\S+)?$", description='an https URL, or "" for IAM')
    ]
    jwt_audience: Annotated[
        Json[tuple[Text, ...]], Field(description='audiences as JSON, ["my-client"]')
    ]
    jwt_scopes: Annotated[
        Json[tuple[Annotated[Text, Field(pattern=r"^\S+$")], ...]],
        Field(description='scopes as JSON, ["tasks/manage"]'),
    ]
    jwt_tenant_claim: Annotated[
        str, Field(pattern=r"^\S*$", description='the name of a claim, or ""')
    ]
    jwt_permissions_claim: Annotated[
        str, Field(pattern=r"^\S*$", description='the name of a claim, or ""')
    ]
    jwt_scope_permissions: Annotated[
        Json[dict[str, PermissionsText]],
        Field(description='permissions by scopes as JSON, {"tasks/read": "r", "tasks/own": "own"}'),
    ]
    api_permissions: Annotated[Json[tuple[ApiRule, ...]], Field(description=RULES_TAKE)]
    api_tenants: Annotated[
        Json[tuple[Tenant, ...]],
        Field(description='tenants as JSON, ["root", "shop"], or ["*"] for every one'),
    ]
    cors_origins: Annotated[
        Json[tuple[Origin, ...]],
        Field(description='origins as JSON, ["https://admin.example.com"] or ["*"]'),
    ]
    introspection: Annotated[bool, Field(description="true or false")]
    graphiql: Annotated[bool, Field(description="true or false")]
    import_csv_buckets: Annotated[
        Json[tuple[CsvBucket, ...]],
        Field(description='buckets, or buckets with a prefix, as JSON, ["uploads", "shared/csv/"]'),
    ]
    import_csv_tables: Annotated[
        Json[tuple[CsvTable, ...]], Field(description='tables as JSON, ["customers"]')
    ]
    protect_data: Annotated[bool, Field(description="true or false")]
    smoke_test: Annotated[bool, Field(description="true or false")]
    status_events: Annotated[bool, Field(description="true or false")]
    kms_key_arn: Annotated[
        str, Field(pattern=KEY_ARN, description='the ARN of a KMS key, or "" for none')
    ]
    permissions_boundary_arn: Annotated[
        str, Field(pattern=POLICY_ARN, description='the ARN of an IAM policy, or "" for none')
    ]
    subnet_ids: Annotated[
        Json[tuple[Annotated[Text, Field(pattern=r"^subnet-[0-9a-f]+$")], ...]],
        Field(description='ids of subnets as JSON, ["subnet-0a1b2c3d"]'),
    ]
    security_group_ids: Annotated[
        Json[tuple[Annotated[Text, Field(pattern=r"^sg-[0-9a-f]+$")], ...]],
        Field(description='ids of security groups as JSON, ["sg-0a1b2c3d"]'),
    ]
    layers: Annotated[
        Json[tuple[Annotated[Text, Field(pattern=rf"^{LAYER_ARN}$")], ...]],
        Field(max_length=MAX_LAYERS, description="at most five ARNs of layers' versions, as JSON"),
    ]
    environment: Annotated[
        Json[dict[VariableName, Text]],
        Field(description='variables as JSON, {"BUCKET": "uploads"}; none of the names of ours'),
    ]
    tags: Annotated[
        Json[dict[TagKey, TagValue]],
        Field(max_length=MAX_TAGS, description='at most 48 tags as JSON, {"team": "data"}'),
    ]
    vendor_dependencies: Annotated[bool, Field(description="true or false")]

    @model_validator(mode="after")
    def _names_issuer_and_audience_together(self) -> Self:
        if bool(self.jwt_issuer) == bool(self.jwt_audience):
            return self
        raise ValueError(
            f'Config keys "jwtIssuer" ("{self.jwt_issuer}") and "jwtAudience"'
            f" ({list(self.jwt_audience)}) go together: set both for an API authorised by JWT,"
            " or neither for one authorised by IAM."
            " Next: `pulumi config set --path 'jwtAudience[0]'"
            " <audience>`, or `pulumi config rm jwtIssuer`."
        )

    @model_validator(mode="after")
    def _asks_of_tokens_what_only_tokens_have(self) -> Self:
        asked = {
            "jwtScopes": self.jwt_scopes,
            "jwtTenantClaim": self.jwt_tenant_claim,
            "jwtPermissionsClaim": self.jwt_permissions_claim,
            "jwtScopePermissions": self.jwt_scope_permissions,
        }
        if self.jwt_issuer or not any(asked.values()):
            return self
        keys = " and ".join(f'"{key}"' for key, value in asked.items() if value)
        raise ValueError(
            f'Config key {keys} is about JWTs, and "jwtIssuer" is "": the API takes IAM signatures.'
            " Next: `pulumi config set jwtIssuer <https URL>`, or `pulumi config rm` the key."
        )

    @model_validator(mode="after")
    def _tells_the_schema_to_graphiql(self) -> Self:
        if self.introspection or not self.graphiql:
            return self
        raise ValueError(
            'Config key "graphiql" (true) needs "introspection", which is false: the page asks the'
            " API for its schema. Next: `pulumi config set introspection true`, or `pulumi config"
            " rm graphiql`."
        )

    @model_validator(mode="after")
    def _says_of_principals_only_where_iam_knows_them(self) -> Self:
        if not (self.api_permissions and self.jwt_issuer):
            return self
        raise ValueError(
            'Config key "apiPermissions" is about the principals of IAM, and "jwtIssuer" is'
            f' "{self.jwt_issuer}": the API takes tokens. Next: say it of these, by'
            " jwtPermissionsClaim or jwtScopePermissions, and `pulumi config rm apiPermissions`."
        )

    @model_validator(mode="after")
    def _names_subnets_and_security_groups_together(self) -> Self:
        if bool(self.subnet_ids) == bool(self.security_group_ids):
            return self
        raise ValueError(
            f'Config keys "subnetIds" ({list(self.subnet_ids)}) and "securityGroupIds"'
            f" ({list(self.security_group_ids)}) go together: set both for Lambdas in a VPC, or"
            " neither. Next: `pulumi config set --path 'securityGroupIds[0]' <id>`, or `pulumi"
            " config rm subnetIds`."
        )

    @model_validator(mode="after")
    def _has_a_layer_for_open_telemetry(self) -> Self:
        if (self.tracing == "otel") == bool(self.otel_layer_arn):
            return self
        raise ValueError(
            f'Config keys "tracing" ("{self.tracing}") and "otelLayerArn"'
            f' ("{self.otel_layer_arn}") go together: "otel" needs the ARN of a layer for the'
            " stack's region and processor, and nothing else uses one. Next: `pulumi config set"
            " tracing otel` and `pulumi config set otelLayerArn <ARN>`, or `pulumi config rm"
            " otelLayerArn`."
        )

    @model_validator(mode="after")
    def _has_room_for_the_layer_of_open_telemetry(self) -> Self:
        if len(self.layers) + bool(self.otel_layer_arn) <= MAX_LAYERS:
            return self
        raise ValueError(
            f'Config keys "layers" ({len(self.layers)} layers) and "otelLayerArn" (1) are more'
            f" layers than the {MAX_LAYERS} that a Lambda takes."
            f" Next: `pulumi config rm --path 'layers[{MAX_LAYERS - 1}]'`, or set tracing without a"
            " layer."
        )

    @model_validator(mode="after")
    def _has_variables_that_lambda_takes(self) -> Self:
        variables = self.environment | {
            "JWT_TENANT_CLAIM": self.jwt_tenant_claim,
            "API_ACCESS": json.dumps(self._access),
            "IMPORT_CSV_BUCKETS": json.dumps(self.import_csv_buckets),
            "IMPORT_CSV_TABLES": json.dumps(self.import_csv_tables),
        }
        size = len(json.dumps(variables, ensure_ascii=False).encode())
        if size <= MAX_VARIABLES_BYTES:
            return self
        raise ValueError(
            'Config keys "environment", "importCsvBuckets", "importCsvTables", "jwtTenantClaim",'
            ' "jwtPermissionsClaim", "jwtScopePermissions", "apiPermissions" and "apiTenants"'
            f" make {size} bytes of variables; it takes {MAX_VARIABLES_BYTES}, since a Lambda has"
            " 4 KB, and the component's own are among them. Next: keep long values in Parameter"
            " Store or a file of the tasks', and their names here; let a pattern of apiPermissions"
            " stand for several principals."
        )

    @property
    def _access(self) -> dict[str, Any]:
        return document(
            tenants=self.api_tenants,
            rules=self.api_permissions,
            claim=self.jwt_permissions_claim,
            scopes=self.jwt_scope_permissions,
        )


def arguments(*others: str) -> BackgroundTasksArgs:
    """The config of the stack that is being deployed, as the arguments of the component.

    Args:
        others: namespaces of keys that the program reads itself.

    Raises:
        ConfigError: keys are missing, unknown or invalid. The message has a line for each.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    config = read(*others)
    values = {name: _argument(name, getattr(config, name)) for name in Config.model_fields}
    values["tags"] = {"project": project, "stack": stack, **values["tags"]}
    return BackgroundTasksArgs(
        name_prefix=f"{project}-{stack}",
        **{name: value for name, value in values.items() if value not in ("", ())},
    )


def refuse_another_region(arn: pulumi.Output[str]) -> None:
    """Stops a deploy of a stack whose region was changed in the config: its resources stay.

    Args:
        arn: of one of its resources.
    """
    if region := _everything().get("aws:region"):
        arn.apply(lambda known: _check_region(str(region), region_of(known)))


def _check_region(configured: str, actual: str) -> None:
    if configured != actual:
        raise ConfigError(
            f'Config key "aws:region" is "{configured}", and the stack is in {actual}: it would'
            " leave its data behind. Next: `pulumi config set aws:region"
            f" {actual}`, and make another stack for {configured}."
        )


def read(*others: str) -> Config:
    """The values of the project's keys. Raises as `arguments`."""
    project = pulumi.get_project()
    everything = _everything()
    secrets = {key for key in everything if pulumi_config.is_config_secret(key)}
    _refuse_unread(everything, {project, PULUMI_NAMESPACE, *others})
    prefix = f"{project}:"
    try:
        return Config.model_validate(
            {
                key.removeprefix(prefix): value
                for key, value in everything.items()
                if key.startswith(prefix)
            }
        )
    except ValidationError as error:
        raise ConfigError("\n".join(config_errors(error, project, Config, secrets))) from error


def _everything() -> Mapping[str, object]:
    # pulumi.Config reads one key at a time, so it can't find keys that the program doesn't know.
    return {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}


def _argument(name: str, value: Any) -> Any:
    """A value as the component takes it; a secret stays one, as far as it can."""
    if name.endswith("_policy_statements"):
        value = tuple(statement.to_iam() for statement in value)
    if name == "api_permissions":
        return tuple(ApiPermissionArgs(**rule.model_dump()) for rule in value)
    if name == "workers":  # they decide which resources there are: none of it can be an Output
        return {each: WorkerArgs(**worker.model_dump()) for each, worker in value.items()}
    key = f"{pulumi.get_project()}:{Config.model_fields[name].alias}"
    if value in ("", ()) or not pulumi_config.is_config_secret(key):
        return value
    if isinstance(value, dict):
        return {each: pulumi.Output.secret(text) for each, text in value.items()}
    if isinstance(value, tuple):
        return tuple(pulumi.Output.secret(each) for each in value)
    # What decides which resources there are can't be an Output, not even a secret one.
    return pulumi.Output.secret(value) if takes_output(_HINTS[name]) else value


def _refuse_unread(everything: Mapping[str, object], read_here: set[str]) -> None:
    """Refuses keys that nothing reads: above all those of a project that has another name now.

    The engine reads the keys of a provider, which has its SDK beside the program.
    """
    unread = [
        key
        for key in sorted(everything)
        if (namespace := key.partition(":")[0]) not in read_here and not _has_sdk(namespace)
    ]
    if unread:
        raise ConfigError("\n".join(unread_keys(unread, pulumi.get_project(), Config)))


def _has_sdk(namespace: str) -> bool:
    module = f"pulumi_{namespace.replace('-', '_')}"
    return module.isidentifier() and find_spec(module) is not None
