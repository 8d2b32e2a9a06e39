"""Inputs and outputs that are too big for a record. The only module that knows their bucket."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from handler.contract import EXPIRE_TAG
from handler.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

# The stack's lifecycle rule removes objects with this tag after the days of retention.
_TAG: "Final[TagTypeDef]" = {"Key": EXPIRE_TAG[0], "Value": EXPIRE_TAG[1]}


class Blobs:
    """The stack's bucket of payloads. Each is under its own digest, so that writing it twice
    changes nothing.

    Args:
        client: an S3 client.
        bucket: the bucket.

    Raises (every method):
        StoreUnavailable: S3 can't be reached.
        StoreError: it refused the request.
    """

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, content: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content)
        except (ClientError, BotoCoreError) as error:
            raise _translated(f'write "{key}"', error) from error

    def get(self, key: str) -> bytes:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise _translated(f'read "{key}"', error) from error

    def expire(self, key: str) -> None:
        """Lets the bucket remove it after the days of retention."""
        try:
            self._client.put_object_tagging(
                Bucket=self._bucket, Key=key, Tagging={"TagSet": [_TAG]}
            )
        except (ClientError, BotoCoreError) as error:
            raise _translated(f'tag "{key}"', error) from error

    def delete(self, key: str) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise _translated(f'delete "{key}"', error) from error


def _translated(what: str, error: ClientError | BotoCoreError) -> StoreUnavailable | StoreError:
    status = (
        error.response["ResponseMetadata"]["HTTPStatusCode"]
        if isinstance(error, ClientError)
        else 503
    )
    kind = StoreUnavailable if status >= 500 or status == 429 else StoreError
    return kind(f"S3 could not {what}: {error}")
