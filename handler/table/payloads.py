"""Inputs and outputs that a record has no room for: the bucket that keeps them."""

import hashlib
import json
from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from handler.contract import EXPIRE_TAG, MAX_RECORD_PAYLOAD_BYTES, EnvVar
from handler.errors import StoreError, StoreUnavailable
from handler.table.items import PAYLOADS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

    from handler.table.keys import Item

# The stack's lifecycle rule removes objects with this tag after the days of retention.
_TAG: "Final[TagTypeDef]" = {"Key": EXPIRE_TAG[0], "Value": EXPIRE_TAG[1]}


class PayloadLost(StoreError):
    """An object that a record names is not in the bucket."""


class PayloadBucket:
    """The stack's bucket of payloads.

    Each payload's key is its own digest, so that writing it twice changes nothing.

    Args:
        name: the bucket; empty where there is none, and every method then raises `StoreError`.

    Raises (every method):
        StoreUnavailable: S3 can't be reached.
        StoreError: it refused the request.
    """

    def __init__(self, client: "S3Client", *, name: str) -> None:
        self._client = client
        self._name = name

    def put(self, key: str, content: bytes) -> None:
        self._call("write", key, self._client.put_object, Body=content)

    def get(self, key: str) -> bytes:
        content: bytes = self._call(
            "read", key, lambda **request: self._client.get_object(**request)["Body"].read()
        )
        return content

    def expire(self, key: str) -> None:
        """Lets the bucket remove it after the days of retention."""
        self._call("tag", key, self._client.put_object_tagging, Tagging={"TagSet": [_TAG]})

    def delete(self, key: str) -> None:
        self._call("delete", key, self._client.delete_object)

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        for key, content in contents.items():
            self.put(key, content)

    def discard(self, keys: Set[str], *, retention_days: int) -> None:
        """Removes payloads after the retention, since somebody may still be reading them."""
        for key in keys:
            if retention_days:
                self.expire(key)
            else:
                self.delete(key)

    def loaded(self, item: "Item", *, is_one_of_many: bool = False) -> "tuple[Item, set[str]]":
        """The item with the payloads that `offloaded` took out of it, and the names of lost ones.

        A note stands in the place of a payload that is lost.

        Args:
            is_one_of_many: what S3 refuses to give gets a note as well, and keeps no other record
                from being read.
        """
        lost: set[str] = set()
        for name in PAYLOADS:
            match item.get(name):
                case {"M": {"key": {"S": str(key)}, "kind": {"S": str(kind)}}}:
                    pass
                case _:
                    continue  # the payload itself; or what no code of ours has written
            try:
                value = self._value(key, kind)
            except StoreError as error:
                if not isinstance(error, PayloadLost) and not is_one_of_many:
                    raise
                note = {"note": f"This {name} can't be read. {error.message}"}
                value = {"S": json.dumps(note)}
                lost.add(name)
            item = item | {name: value}
        return item, lost

    def _value(self, key: str, kind: str) -> "AttributeValueTypeDef":
        content = self.get(key)
        return {"B": content} if kind == "B" else {"S": content.decode(errors="replace")}

    def _call(
        self, verb: str, key: str, operation: Callable[..., object], **request: object
    ) -> Any:
        if not self._name:
            raise StoreError(
                "An input or output is larger than a record has room for, and there is no bucket "
                f"for it. Set {EnvVar.PAYLOAD_BUCKET_NAME} to the stack's output payloadBucketName."
            )
        try:
            return operation(Bucket=self._name, Key=key, **request)
        except (ClientError, BotoCoreError) as error:
            raise _translated(f'{verb} "{key}"', error) from error


def offloaded(item: "Item", task_id: str) -> "tuple[Item, dict[str, bytes]]":
    """The item without its largest payloads, as far as it must, and these by their keys."""
    contents: dict[str, bytes] = {}
    sizes = {name: len(_content(item[name])) for name in PAYLOADS if name in item}
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(sizes.values()) <= MAX_RECORD_PAYLOAD_BYTES:
            break
        content = _content(item[name])
        key = f"tasks/{task_id}/{hashlib.sha256(content).hexdigest()}"
        contents[key] = content
        item = item | {name: {"M": {"key": {"S": key}, "kind": {"S": next(iter(item[name]))}}}}
        sizes[name] = len(key)
    return item, contents


def payload_keys(item: "Item") -> set[str]:
    """The keys of the payloads that are not in the item itself."""
    return {item[name]["M"]["key"]["S"] for name in PAYLOADS if "M" in item.get(name, {})}


def _content(value: "AttributeValueTypeDef") -> bytes:
    return value["B"] if "B" in value else value["S"].encode()


def _translated(what: str, error: ClientError | BotoCoreError) -> StoreUnavailable | StoreError:
    status = 503
    if isinstance(error, ClientError):
        if error.response["Error"]["Code"] == "NoSuchKey":
            return PayloadLost("Its object is not in the bucket any more.")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    kind = StoreUnavailable if status >= 500 or status == 429 else StoreError
    return kind(f"S3 could not {what}: {error}")
