"""An input or an output that is too large for an answer of the API: read from the table and the
bucket, with the caller's own AWS credentials."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import NoCredentialsError, PartialCredentialsError, ProfileNotFound

from console.stack import Stack
from handler.errors import InvalidInput, NotFound, SettingsError
from handler.record import PAYLOADS, Json, TaskSettings
from handler.table import Dynamo, KnownSettings, PayloadBucket, SettingsTable, Store

# For so long a request to the table is tried again.
_SECONDS: Final = 20.0
_OUTPUTS: Final = ("tableName", "payloadBucketName")


def payload(stack: Stack, task_id: str, which: str, *, tenant: str | None) -> Mapping[str, Any]:
    """The input or the output of a task.

    The API is asked first: it says whether the caller may see the task.

    Args:
        which: `input` or `output`.

    Returns:
        It, as `value`.

    Raises:
        NotFound: the caller's tenant has no such task.
        StoreError: AWS refuses to give it.
        SettingsError: there are no AWS credentials, or no outputs that say where it is.
        InvalidInput: it is neither of the two.
    """
    if which not in PAYLOADS:
        raise InvalidInput(f"{which!r:.100} is neither of {' and '.join(PAYLOADS)}.")
    shown = stack.client(tenant).get(task_id)
    try:
        task = _store(stack).find(task_id)
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise SettingsError(
            f"The {which} is too large for the API, and no AWS credentials were found to read it"
            f" from the table: {error} Next: log in to AWS, and start the console again."
        ) from error
    # A later task of the same id is another one.
    if task is None or (task.tenant, task.created_on) != (shown.tenant, shown.created_on):
        raise NotFound(f'Task "{task_id}" is gone.')
    value: Json | None = getattr(task, which)
    return {"value": value}


def _store(stack: Stack) -> Store:
    source, clock = stack.source, stack.clock
    lacking = [name for name in _OUTPUTS if not source.outputs.get(name)]
    if lacking:
        raise SettingsError(
            f"The stack's outputs have no {' and no '.join(lacking)}. Next: deploy it with"
            " `pulumi up`."
        )
    dynamo = Dynamo(
        source.aws("dynamodb"),
        table=str(source.outputs["tableName"]),
        clock=clock,
        remaining=lambda: _SECONDS,
    )
    settings = SettingsTable(
        dynamo,
        clock=clock,
        deployed=TaskSettings(retention_days=0),  # it is only read here
        known=KnownSettings(),
    )
    bucket = PayloadBucket(source.aws("s3"), name=str(source.outputs["payloadBucketName"]))
    return Store(dynamo, clock=clock, bucket=bucket, settings=settings)
