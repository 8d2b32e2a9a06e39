"""Inputs and outputs that a record has no room for: the bucket that keeps them."""

import gzip
import hashlib
import logging
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from handler.contract import MAX_RECORD_PAYLOAD_BYTES, PAYLOAD_PREFIX, EnvVar
from handler.errors import StoreError, StoreUnavailable
from handler.record import PAYLOADS, StoredTask, new_id
from handler.table.dynamo import chunks
from handler.table.items import packed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_s3 import S3Client

    from handler.table.keys import Item

log = logging.getLogger(__name__)

# Input and output have half each, so that neither depends on the other.
MAX_INLINE_BYTES: Final = MAX_RECORD_PAYLOAD_BYTES // len(PAYLOADS)
SHORT_BYTES: Final = 4 * 1024
CONTENT: Final = {name: f"{name}Content" for name in PAYLOADS}
BESIDE: Final = ""
# ListObjectsV2 gives, and DeleteObjects takes, 1,000 keys at a time (S3 API reference).
PAGE: Final = 1_000
# The end of our keys: which task of this id it is, the time in seconds and 16 random digits, then
# the content's digest.
_NAME: Final = re.compile(
    r"(?P<task>[0-9a-f]{8})-(?P<seconds>[0-9a-f]{8})[0-9a-f]{16}-[0-9a-f]{64}"
)


class PayloadError(StoreError):
    """S3 refuses a payload: a permission, a missing bucket."""


class PayloadLost(PayloadError):
    """An object that a record names is not in the bucket."""


class Owner(NamedTuple):
    """Whose a payload is: a task, by its id and by when it was created, as the table has it."""

    id: str
    created: str

    @property
    def mark(self) -> str:
        """What tells its objects from those of another task of the same id."""
        return f"{zlib.crc32(self.created.encode()):08x}"


class Object(NamedTuple):
    """An object of the bucket, and when it was written."""

    key: str
    written_on: datetime

    @property
    def task_id(self) -> str:
        return self.key.removeprefix(PAYLOAD_PREFIX).rpartition("/")[0]

    def may_be_of(self, owner: Owner) -> bool:
        """Whether it is a task's, and not one's that was made before or since with the same id."""
        name = _NAME.fullmatch(self.key.rpartition("/")[2])
        return self.task_id == owner.id and (name is None or name["task"] == owner.mark)


class PayloadBucket:
    """The stack's bucket of payloads.

    **A key is written once.** It has the time and random digits in it, so that whoever finds an
    object that no record names knows that no record will.

    Args:
        name: the bucket; empty where there is none, and every method then raises `StoreError`.

    Raises (every method):
        StoreUnavailable: S3 can't be reached.
        PayloadError: it refused the request.
    """

    def __init__(self, client: "S3Client", *, name: str) -> None:
        self._client = client
        self._name = name

    @property
    def exists(self) -> bool:
        return bool(self._name)

    def put(self, key: str, content: bytes) -> None:
        self._call("write", key, self._client.put_object, Key=key, Body=content)

    def get(self, key: str) -> bytes:
        content: bytes = self._call(
            "read",
            key,
            lambda **request: self._client.get_object(**request)["Body"].read(),
            Key=key,
        )
        return content

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        for key, content in contents.items():
            self.put(key, content)

    def delete(self, keys: Sequence[str]) -> None:
        for some in chunks(keys, PAGE):
            objects = [{"Key": key} for key in some]
            delete = {"Objects": objects, "Quiet": True}
            response = self._call("delete", some[0], self._client.delete_objects, Delete=delete)
            for error in response.get("Errors", []):
                raise PayloadError(f'S3 could not delete "{error["Key"]}": {error.get("Message")}')

    def discard(self, keys: Sequence[str]) -> None:
        """Deletes what nothing names any more. What is left is found by the sweep, one day."""
        try:
            self.delete(keys)
        except (StoreError, StoreUnavailable) as error:
            log.warning("A payload is left over. %s", error, extra={"action": "payload_left"})

    def delete_all(self, owner: Owner) -> None:
        """Deletes every payload of a task, those that its record does not name as well."""
        if self._name:
            pages = self._pages(f"{PAYLOAD_PREFIX}{owner.id}/", "")
            found = (each for page in pages for each in page)
            self.delete([each.key for each in found if each.may_be_of(owner)])

    def page(self, after: str) -> list[Object]:
        """The objects behind a key, in the order of their keys: 1,000 at most."""
        return next(self._pages(PAYLOAD_PREFIX, after))

    def _pages(self, prefix: str, after: str) -> Iterator[list[Object]]:
        while True:
            response = self._call(
                "list",
                prefix,
                self._client.list_objects_v2,
                Prefix=prefix,
                MaxKeys=PAGE,
                **({"StartAfter": after} if after else {}),
            )
            page = [
                Object(found["Key"], _written_on(found["Key"], found["LastModified"]))
                for found in response.get("Contents", [])
            ]
            yield page
            if not response.get("IsTruncated"):
                return
            after = page[-1].key

    def _call(
        self, verb: str, what: str, operation: Callable[..., object], **request: object
    ) -> Any:
        if not self._name:
            raise PayloadError(
                "An input or output is larger than a record has room for, and there is no bucket "
                f"for it. Set {EnvVar.PAYLOAD_BUCKET_NAME} to the stack's output payloadBucketName."
            )
        try:
            return operation(Bucket=self._name, **request)
        except (ClientError, BotoCoreError) as error:
            raise _translated(f'{verb} "{what}"', error) from error


def placed(
    name: str, text: str, *, of: Owner, now: datetime, has_room: bool = True
) -> "tuple[Item, dict[str, bytes]]":
    """A payload as the record has it, and what of it goes into the bucket, by its key.

    A short one is an attribute of its name, which people can read. A longer one stands beside it,
    in `inputContent` or `outputContent`, so that a list need not read it; a large one in the
    bucket. The attribute of its name then says where it is.

    Args:
        text: the payload, as JSON.
        has_room: whether the record has room for a long one.
    """
    if len(text.encode()) <= SHORT_BYTES:
        return {name: {"S": text}}, {}
    value = packed(text)
    content = _bytes_of(value)
    kind = {"kind": {"S": next(iter(value))}}
    if len(content) <= MAX_INLINE_BYTES and has_room:
        return {name: {"M": kind}, CONTENT[name]: value}, {}
    key = _key_of(content, of, now)
    return {name: {"M": {"key": {"S": key}, **kind}}}, {key: content}


def object_of(text: str, *, of: Owner, now: datetime) -> tuple[str, bytes]:
    """The key and the content of an object that has a payload's text."""
    content = _bytes_of(packed(text))
    return _key_of(content, of, now), content


def text_of(content: bytes) -> str:
    """The text of an object. JSON never begins as gzip does (RFC 1952, section 2.3.1)."""
    is_packed = content.startswith(b"\x1f\x8b")
    return (gzip.decompress(content) if is_packed else content).decode()


def owner_of(task: StoredTask) -> Owner:
    """A task, as the owner of its payloads."""
    return Owner(task.id, task.created_text)


def places_of(item: "Item") -> dict[str, str]:
    """Where the long payloads of a record stand: each by its name, a key or `BESIDE`."""
    found = {name: _pointer(item.get(name)) for name in PAYLOADS}
    return {name: pointer[0] for name, pointer in found.items() if pointer}


def content_of(item: "Item", name: str, bucket: PayloadBucket) -> "AttributeValueTypeDef":
    """A payload, wherever it stands. Raises `PayloadLost`."""
    pointer = _pointer(item[name])
    if pointer is None:
        return item[name]  # the payload itself; or what no code of ours has written
    key, kind = pointer
    if key == BESIDE:
        if CONTENT[name] not in item:
            raise PayloadLost("The record does not have it any more.")
        return item[CONTENT[name]]
    content = bucket.get(key)
    return {"B": content} if kind == "B" else {"S": content.decode(errors="replace")}


def _bytes_of(value: "AttributeValueTypeDef") -> bytes:
    return value["B"] if "B" in value else value["S"].encode()


def _key_of(content: bytes, owner: Owner, now: datetime) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f"{PAYLOAD_PREFIX}{owner.id}/{owner.mark}-{new_id(now)}-{digest}"


def _pointer(attribute: "AttributeValueTypeDef | None") -> tuple[str, str] | None:
    match attribute:
        case {"M": {"key": {"S": str(key)}, "kind": {"S": str(kind)}}}:
            return key, kind
        case {"M": {"kind": {"S": str(kind)}}}:
            return BESIDE, kind
    return None


def _written_on(key: str, modified: datetime) -> datetime:
    """When an object was written: its key says so; S3 does where somebody else has written it."""
    if not (ours := _NAME.fullmatch(key.rpartition("/")[2])):
        return modified
    return datetime.fromtimestamp(int(ours["seconds"], 16), modified.tzinfo)


def _translated(what: str, error: ClientError | BotoCoreError) -> StoreUnavailable | StoreError:
    status = 503
    if isinstance(error, ClientError):
        if error.response["Error"]["Code"] == "NoSuchKey":
            return PayloadLost("Its object is not in the bucket any more.")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    kind = StoreUnavailable if status >= 500 or status == 429 else PayloadError
    return kind(f"S3 could not {what}: {error}")
