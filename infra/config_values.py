"""What the values of a stack's config may be: one type for each kind, with its limits."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    model_validator,
)
from pydantic.alias_generators import to_camel

from handler.contract import DEFAULT_WORKER, WORKER_TIMEOUT_SECONDS
from handler.definition import objection_to_worker
from infra.config_errors import refusal
from infra.iam_statement import IamStatement

# The only numbers of days that CloudWatch Logs takes (API reference, PutRetentionPolicy).
RETENTION_PERIODS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# Beyond it, two integers have the same float (ECMAScript, "Number.MAX_SAFE_INTEGER").
MAX_EXACT_INTEGER: Final = 2**53 - 1


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


VariableName = Annotated[str, AfterValidator(_variable)]


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


# How many workers a stack may have beside the default one: each is a Lambda, a role, a log group.
MAX_WORKERS: Final = 10
# Lambda itself takes 1 to 900 (Lambda quotas, "Function timeout"). In less than a minute the tasks
# are hardly imported: together, their files may take a good quarter of the time.
MIN_TIMEOUT_SECONDS: Final = 60
# Lambda API reference, "EphemeralStorage".
MIN_EPHEMERAL_STORAGE_MB: Final = 512
MAX_EPHEMERAL_STORAGE_MB: Final = 10_240
WORKERS_TAKE: Final = (
    f"at most {MAX_WORKERS} workers by their names, each with any of memoryMb (128 to 10240),"
    f" timeoutSeconds ({MIN_TIMEOUT_SECONDS} to {WORKER_TIMEOUT_SECONDS}), ephemeralStorageMb"
    f" ({MIN_EPHEMERAL_STORAGE_MB} to {MAX_EPHEMERAL_STORAGE_MB}) and concurrency (from 0)"
)


def _worker_name(name: str) -> str:
    if name == DEFAULT_WORKER:
        raise refusal("each stack has the default worker: see workerMemoryMb, workerConcurrency")
    if objection := objection_to_worker(name):
        raise ValueError(objection)
    return name


def alike(names: Iterable[object]) -> tuple[str, str] | None:
    """Two names that differ in case alone: IAM takes their roles for one (IAM API reference,
    "CreateRole": names are not distinguished by case).
    """
    known: dict[str, str] = {}
    for name in map(str, names):
        if (other := known.setdefault(name.lower(), name)) != name:
            return other, name
    return None


def _unlike(workers: "dict[str, WorkerConfig]") -> "dict[str, WorkerConfig]":
    if pair := alike(workers):
        raise refusal(f'"{pair[0]}" and "{pair[1]}" differ in case alone, and IAM knows no case')
    return workers


WorkerName = Annotated[str, AfterValidator(_worker_name)]


class WorkerConfig(BaseModel):
    """A worker beside the default one. What is missing is as the default worker has it."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    memory_mb: Megabytes | None = None
    timeout_seconds: Annotated[
        int | None, Field(ge=MIN_TIMEOUT_SECONDS, le=WORKER_TIMEOUT_SECONDS)
    ] = None
    ephemeral_storage_mb: Annotated[
        int | None, Field(ge=MIN_EPHEMERAL_STORAGE_MB, le=MAX_EPHEMERAL_STORAGE_MB)
    ] = None
    concurrency: Annotated[int | None, Field(ge=0)] = None

    @model_validator(mode="before")
    @classmethod
    def _of_nothing(cls, said: object) -> object:
        """A worker of which nothing is said, `large:` alone, is one."""
        return {} if said is None else said


Workers = Annotated[dict[WorkerName, WorkerConfig], AfterValidator(_unlike)]
