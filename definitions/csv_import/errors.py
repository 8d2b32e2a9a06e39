"""What ends an import: the text says what to change."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

# S3 answers a HEAD without a body: the status is all there is.
_MISSING: Final = frozenset({"404", "NoSuchKey", "ResourceNotFoundException"})
_DENIED: Final = frozenset({"403", "AccessDenied", "AccessDeniedException"})
_DENIED_ACTION: Final = re.compile(r"not authorized to perform: (\w+:\w+)")


class ImportRefused(ValueError):
    """The file, the table or the options have to change: to try again would not help."""


@contextmanager
def table_errors(dynamodb: Any, table: str, action: str) -> Iterator[None]:
    """Says in a line that there is no such table, or that the worker may not use it.

    Raises:
        FileNotFoundError, PermissionError: in place of boto3's errors. Others stay as they are.
    """
    try:
        yield
    except ClientError as error:
        if _code(error) in _MISSING:
            raise FileNotFoundError(
                f'There is no table "{table}" in {dynamodb.meta.region_name}, where the worker'
                ' runs. Next: correct "table", or create the table there.'
            ) from None
        if _code(error) in _DENIED:
            raise _denied(error, f'the table "{table}"', action) from None
        raise


@contextmanager
def file_errors(bucket: str, key: str) -> Iterator[None]:
    """Says in a line that there is no such file, or that the worker may not read it.

    Raises:
        FileNotFoundError, PermissionError: in place of boto3's errors. Others stay as they are.
    """
    file = f"s3://{bucket}/{key}"
    try:
        yield
    except ClientError as error:
        if _code(error) == "NoSuchBucket":
            raise FileNotFoundError(
                f'There is no bucket "{bucket}". Next: correct "bucket".'
            ) from None
        if _code(error) in _MISSING:
            raise FileNotFoundError(
                f'There is no file {file}. Next: correct "bucket" or "key".'
            ) from None
        if _code(error) in _DENIED:
            hint = " Without s3:ListBucket, S3 says the same of a file that is not there."
            raise _denied(error, f"the file {file}", "s3:GetObject", hint) from None
        raise


def _denied(error: ClientError, thing: str, action: str, hint: str = "") -> PermissionError:
    # AWS names the action where another one is missing, such as kms:Decrypt. The rest of what it
    # says has ARNs of the account, which are not for everybody who may read the task.
    named = _DENIED_ACTION.search(error.response["Error"]["Message"])
    missing = named[1] if named else action
    return PermissionError(
        f'The worker may not use {thing}: AWS denies {missing}.{hint} Next: add "{missing}" for it'
        ' to "workerPolicyStatements", and deploy.'
    )


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
