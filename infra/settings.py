"""The stack's config as one frozen object, or an error that says what to set."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self, TypeVar

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

from infra.config_errors import config_errors
from infra.errors import ConfigError
from infra.iam_statement import IamStatement

Architecture = Literal["arm64", "x86_64"]
Model = TypeVar("Model", bound=BaseModel)

# The only numbers of days that CloudWatch Logs takes (API reference, PutRetentionPolicy).
RETENTION_PERIODS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# A role's or function's name has at most 64 characters (IAM and Lambda quotas). The longest suffix
# of `resource_name` without a task's id, "-execution-ended", takes 16; four are spare.
MAX_PREFIX_CHARACTERS: Final = 44


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


def _as_text(number: object) -> object:
    """`pulumi config set --path` makes a number of an account's id."""
    return str(number) if type(number) is int else number


AccountId = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{12}$")]
Statements = Annotated[
    Json[tuple[IamStatement, ...]],
    Field(description="IAM statements, each with Effect, Action and Resource"),
]


# An origin is a scheme, a host and a port; a path never matches (Fetch standard, "Origin").
Origin = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9+.-]*://(\*|[^\s/*]+))$")]


def _no_alias(bucket: str) -> str:
    if bucket.partition("/")[0].endswith(("-s3alias", "--ol-s3")):
        raise ValueError
    return bucket


# What importCsv may use. An alias of an access point has another name than its bucket, which may be
# the stack's own (S3 guide, "Access point aliases").
CsvBucket = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$"), AfterValidator(_no_alias)
]
CsvTable = Annotated[
    str,
    Field(pattern=r"^(arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]{3,255}$"),
]
# A FIFO topic can't be the action of an alarm (CloudWatch guide, "Notify users on alarm changes").
TOPIC_ARN: Final = r"^(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256})?$"


class AwsSettings(BaseModel):
    """The keys of the namespace `aws`: where the stack is deployed, and by whom."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    region: Annotated[
        str, Field(pattern=r"^[a-z]{2,4}(-[a-z]+)+-\d$", description="the name of an AWS region")
    ]
    profile: Annotated[str, Field(description="the name of a profile in ~/.aws/config")] | None = (
        None
    )
    allowed_account_ids: Annotated[
        Json[tuple[AccountId, ...]],
        Field(description='account ids of 12 digits as JSON, ["123456789012"]'),
    ] = ()


class ProjectSettings(BaseModel):
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
        int, Field(ge=0, description="a whole number of days from 0; 0 keeps tasks forever")
    ]
    recovery_after_seconds: RecoverySeconds
    worker_concurrency: Annotated[
        int, Field(ge=0, description="a whole number from 0; 0 reserves and limits nothing")
    ]
    alarm_topic_arn: Annotated[
        str, Field(pattern=TOPIC_ARN, description='the ARN of an SNS topic, or "" for none')
    ]
    worker_policy_statements: Statements
    api_policy_statements: Statements
    jwt_issuer: Annotated[
        str, Field(pattern=r"^(https://\S+)?$", description='an https URL, or "" for IAM')
    ]
    jwt_audience: Annotated[
        Json[tuple[str, ...]], Field(description='audiences as JSON, ["my-client"]')
    ]
    jwt_scopes: Annotated[
        Json[tuple[Annotated[str, Field(pattern=r"^\S+$")], ...]],
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


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that distinguishes one stack from another."""

    project: str
    stack: str
    aws: AwsSettings
    config: ProjectSettings
    now: datetime  # the moment of the deploy: what is over by then isn't deployed

    @classmethod
    def from_pulumi(cls) -> Self:
        """Reads the config of the stack that is being deployed.

        Raises:
            ConfigError: keys are missing, unknown or invalid. The message has a line for each.
        """
        project, stack = pulumi.get_project(), pulumi.get_stack()
        _check_prefix(project, stack)
        return cls(
            project=project,
            stack=stack,
            aws=_read(AwsSettings, "aws"),
            config=_read(ProjectSettings, project),
            now=datetime.now(UTC),
        )

    def resource_name(self, suffix: str) -> str:
        """The physical name of a resource: `background-tasks-dev-worker` for `worker`."""
        return f"{self.project}-{self.stack}-{suffix}"


def _read(model: type[Model], namespace: str) -> Model:
    values = _values(namespace)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        models: dict[str, type[BaseModel]]
        models = {"aws": AwsSettings, pulumi.get_project(): ProjectSettings}
        raise ConfigError("\n".join(config_errors(error, namespace, models))) from error


def _values(namespace: str) -> Mapping[str, object]:
    # pulumi.Config reads one key at a time, so it can't find keys that the program doesn't know.
    everything = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    prefix = f"{namespace}:"
    return {
        key.removeprefix(prefix): value
        for key, value in everything.items()
        if key.startswith(prefix)
    }


def _check_prefix(project: str, stack: str) -> None:
    prefix = f"{project}-{stack}"
    if re.fullmatch(r"[A-Za-z0-9_-]+", prefix) and len(prefix) <= MAX_PREFIX_CHARACTERS:
        return
    raise ConfigError(
        f'Stack "{stack}" can\'t name AWS resources: "{prefix}" has {len(prefix)} characters;'
        f" allowed are at most {MAX_PREFIX_CHARACTERS} letters, digits, hyphens and underscores."
        " Next: `pulumi stack rename <shorter name>`."
    )
