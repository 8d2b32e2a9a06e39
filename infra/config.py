"""The stack's config as the component's arguments, or an error that says what to set."""

import json
import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Any, Final, Literal, Self

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from infra.archive.wheels import Architecture
from infra.arguments import BackgroundTasksArgs, Tracing
from infra.config_errors import config_errors, refusal, unread_keys
from infra.documents.partitions import region_of
from infra.errors import ConfigError
from infra.iam_statement import IamStatement

# The only numbers of days that CloudWatch Logs takes (API reference, PutRetentionPolicy).
RETENTION_PERIODS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# What decides which resources there are can't be an Output, not even a secret one.
NEVER_AN_OUTPUT: Final = frozenset(
    {
        "execution_log_level",
        "lambda_architecture",
        "alarms",
        "dashboard",
        "metrics",
        "protect_data",
        "smoke_test",
        "tracing",
        "vendor_dependencies",
        "worker_concurrency",
    }
)
# Beyond it, two integers have the same float (ECMAScript, "Number.MAX_SAFE_INTEGER").
MAX_EXACT_INTEGER: Final = 2**53 - 1
# Pulumi's own keys, such as `pulumi:tags`, are in every stack's config, too.
PULUMI_NAMESPACE: Final = "pulumi"


def _is_retention_period(days: int) -> int:
    if days not in RETENTION_PERIODS:
        raise ValueError("CloudWatch Logs has no such period")
    return days


# Lambda quotas, "Function memory allocation".
Megabytes = Annotated[
    int, Field(ge=128, le=10_240, description="a whole number of MB, 128 to 10240")
]
LogRetentionDays = Annotated[
    int,
    AfterValidator(_is_retention_period),
    Field(
        description=(
            f"a period that CloudWatch Logs offers: {', '.join(map(str, RETENTION_PERIODS))} days"
        )
    ),
]
# The recovery resends the event of an unclaimed task after 1, 4 and 16 times this long, and gives
# up after 64 times more: at 120 seconds that is almost three hours. The state machine tries a
# throttled worker for two hours (state_machine_definition.py): with much less than 120 seconds, the
# recovery would give up a task that is only late.
RecoverySeconds = Annotated[
    int, Field(ge=120, le=3600, description="a whole number of seconds, 120 to 3600")
]


def _as_text(value: object) -> object:
    """`pulumi config set --path` makes numbers and booleans of what looks like them.

    The engine reads a number as a float, so one with a fraction, an exponent or too many digits may
    be another one by now.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_EXACT_INTEGER):
        raise refusal(
            "Pulumi may have changed this number: put it in quotes in Pulumi.<stack>.yaml, or set"
            " it with `--type string`"
        )
    return str(value) if isinstance(value, int) else value


Text = Annotated[str, BeforeValidator(_as_text)]
Statements = Annotated[
    Json[tuple[IamStatement, ...]],
    Field(description="IAM statements, each with Effect, Action and Resource"),
]


# An origin is a scheme, a host and a port; a path never matches (Fetch standard, "Origin").
Origin = Annotated[Text, Field(pattern=r"^(\*|[a-z][a-z0-9+.-]*://(\*|[^\s/*]+))$")]


def _no_alias(bucket: str) -> str:
    if bucket.partition("/")[0].endswith(("-s3alias", "--ol-s3")):
        raise ValueError
    return bucket


# What importCsv may use. An alias of an access point has another name than its bucket, which may be
# the stack's own (S3 guide, "Access point aliases").
CsvBucket = Annotated[
    Text, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$"), AfterValidator(_no_alias)
]
CsvTable = Annotated[
    Text,
    Field(pattern=r"^(arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]{3,255}$"),
]
# A FIFO topic can't be the action of an alarm (CloudWatch guide, "Notify users on alarm changes").
TOPIC_ARN: Final = r"^(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256})?$"


# KMS takes aliases in some places and in others not; the ARN of a key is right everywhere.
KEY_ARN: Final = r"^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$"
POLICY_ARN: Final = r"^(arn:[a-z-]+:iam::(aws|[0-9]{12}):policy/\S+)?$"
LAYER_ARN: Final = r"arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+"
# Lambda API reference, "Environment".
VARIABLE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
# Those that Lambda sets itself (Lambda guide, "Working with Lambda environment variables", "Defined
# runtime environment variables"). The names of its others begin in the same way.
RESERVED_VARIABLES: Final = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
RESERVED_PREFIX: Final = "AWS_LAMBDA_"
NOT_RESERVED: Final = "AWS_LAMBDA_EXEC_WRAPPER"
# Lambda quotas, "Environment variables": 4 KB for all of a function. The component's own take less
# than 1,000 bytes, without what the config has a say in.
MAX_VARIABLES_BYTES: Final = 4096 - 1000
# Lambda quotas, "Function layers".
MAX_LAYERS: Final = 5


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise refusal(
            "a variable's name has at least two characters: a letter, then letters, digits and"
            " underscores"
        )
    if name in RESERVED_VARIABLES or (name.startswith(RESERVED_PREFIX) and name != NOT_RESERVED):
        raise refusal("Lambda sets this variable itself, and lets nobody else")
    return name


def _tag_key(key: str) -> str:
    if key.lower().startswith("aws:"):
        raise refusal('AWS keeps the tags that begin with "aws:" to itself')
    return key


# 50 tags a resource; letters, digits, spaces and some characters, in 128 and 256 of them (Tagging
# guide, "Tag naming limits and requirements"). Two are the stack's own.
MAX_TAGS: Final = 48
TAG_CHARACTERS: Final = r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$"
TagKey = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=TAG_CHARACTERS),
    AfterValidator(_tag_key),
]
TagValue = Annotated[Text, Field(max_length=256, pattern=TAG_CHARACTERS)]


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
    cors_origins: Annotated[
        Json[tuple[Origin, ...]],
        Field(description='origins as JSON, ["https://admin.example.com"] or ["*"]'),
    ]
    import_csv_buckets: Annotated[
        Json[tuple[CsvBucket, ...]],
        Field(description='buckets, or buckets with a prefix, as JSON, ["uploads", "shared/csv/"]'),
    ]
    import_csv_tables: Annotated[
        Json[tuple[CsvTable, ...]], Field(description='tables as JSON, ["customers"]')
    ]
    protect_data: Annotated[bool, Field(description="true or false")]
    smoke_test: Annotated[bool, Field(description="true or false")]
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
        Json[dict[Annotated[str, AfterValidator(_variable)], Text]],
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
        asked = {"jwtScopes": self.jwt_scopes, "jwtTenantClaim": self.jwt_tenant_claim}
        if self.jwt_issuer or not any(asked.values()):
            return self
        keys = " and ".join(f'"{key}"' for key, value in asked.items() if value)
        raise ValueError(
            f'Config key {keys} is about JWTs, and "jwtIssuer" is "": the API takes IAM signatures.'
            " Next: `pulumi config set jwtIssuer <https URL>`, or `pulumi config rm` the key."
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
            "IMPORT_CSV_BUCKETS": json.dumps(self.import_csv_buckets),
            "IMPORT_CSV_TABLES": json.dumps(self.import_csv_tables),
        }
        size = len(json.dumps(variables, ensure_ascii=False).encode())
        if size <= MAX_VARIABLES_BYTES:
            return self
        raise ValueError(
            f'Config keys "environment", "importCsvBuckets", "importCsvTables" and "jwtTenantClaim"'
            f" make {size} bytes of variables; it takes {MAX_VARIABLES_BYTES}, since a Lambda has"
            " 4 KB, and the component's own are among them. Next: keep long values in Parameter"
            " Store or a file of the tasks', and their names here."
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
    key = f"{pulumi.get_project()}:{Config.model_fields[name].alias}"
    if value in ("", ()) or name in NEVER_AN_OUTPUT or not pulumi_config.is_config_secret(key):
        return value
    if isinstance(value, dict):
        return {each: pulumi.Output.secret(text) for each, text in value.items()}
    if isinstance(value, tuple):
        return tuple(pulumi.Output.secret(each) for each in value)
    return pulumi.Output.secret(value)


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
