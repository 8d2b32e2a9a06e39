"""A model of S3: buckets in memory, with the methods of a boto3 client.

It has what a handler asks for: puts, gets, deletions of many, pages of keys. It has no versions, no
uploads in parts and no conditional puts, and says so when it is asked.
"""

import hashlib
import io
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.simulation.services.errors import Refused, metadata
from tests.simulation.services.parameters import check_known

Response = dict[str, Any]
_NOT_FOUND: Final = 404
# "Naming Amazon S3 objects": 1,024 bytes of UTF-8.
_MAX_KEY_BYTES: Final = 1_024
# ListObjectsV2 and DeleteObjects, API reference: 1,000 keys.
_PAGE: Final = 1_000
_LIST: Final = frozenset({"Bucket", "Prefix", "MaxKeys", "StartAfter"})


def _no(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Object:
    """An object, and when it was written."""

    content: bytes
    written_on: datetime

    @property
    def etag(self) -> str:
        digest = hashlib.md5(self.content, usedforsecurity=False).hexdigest()
        return f'"{digest}"'


@dataclass(slots=True)
class Bucket:
    """The objects of a bucket by their keys, and the keys in order of their UTF-8 bytes."""

    objects: dict[str, Object] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def put(self, key: str, object: Object) -> None:
        if key not in self.objects:
            insort(self.keys, key)
        self.objects[key] = object

    def remove(self, key: str) -> None:
        if self.objects.pop(key, None):
            del self.keys[bisect_left(self.keys, key)]


class S3:
    """The buckets of an account, in memory. A request happens at once and alone.

    Whatever was written or deleted is seen by the next read and the next list ("What is Amazon
    S3?", Amazon S3 data consistency model).

    Args:
        now: the time. An object has the second in which it was written.
        keeps: whether a deletion of many objects leaves this key, and says so among its `Errors`
            (DeleteObjects, API reference).

    Raises (every operation):
        ClientError: with AWS's code.
        NotImplementedError: the model does not have a parameter.
    """

    def __init__(self, *, now: Callable[[], datetime], keeps: Callable[[str], bool] = _no) -> None:
        self.keeps = keeps
        self._now = now
        self._buckets: dict[str, Bucket] = {}

    def create_bucket(self, **request: Any) -> Response:
        check_known("S3", request, frozenset({"Bucket"}))
        self._buckets.setdefault(request["Bucket"], Bucket())
        return _answered({"Location": f"/{request['Bucket']}"})

    def put_object(self, **request: Any) -> Response:
        """Writes an object, in the place of the one with its key."""
        check_known("S3", request, frozenset({"Bucket", "Key", "Body"}))
        bucket, key = self._bucket("PutObject", request), request["Key"]
        if len(key.encode()) > _MAX_KEY_BYTES:
            raise Refused("KeyTooLongError", "Your key is too long").to_client_error("PutObject")
        written = Object(bytes(request["Body"]), self._now().replace(microsecond=0))
        bucket.put(key, written)
        return _answered({"ETag": written.etag})

    def get_object(self, **request: Any) -> Response:
        check_known("S3", request, frozenset({"Bucket", "Key"}))
        found = self._bucket("GetObject", request).objects.get(request["Key"])
        if found is None:
            error = Refused("NoSuchKey", "The specified key does not exist.", status=_NOT_FOUND)
            raise error.to_client_error("GetObject")
        return _answered(
            {
                "Body": io.BytesIO(found.content),
                "ContentLength": len(found.content),
                "ETag": found.etag,
                "LastModified": found.written_on,
            }
        )

    def delete_objects(self, **request: Any) -> Response:
        """Deletes up to 1,000 objects, which may be gone. `keeps` says which it fails to delete."""
        check_known("S3", request, frozenset({"Bucket", "Delete"}))
        bucket, wanted = self._bucket("DeleteObjects", request), request["Delete"]
        keys = [each["Key"] for each in wanted["Objects"]]
        if not 1 <= len(keys) <= _PAGE:
            error = Refused("MalformedXML", "The XML you provided was not well-formed")
            raise error.to_client_error("DeleteObjects")
        kept = {key for key in keys if self.keeps(key)}
        for key in keys:
            if key not in kept:
                bucket.remove(key)
        errors = [
            {"Key": key, "Code": "InternalError", "Message": "We encountered an internal error."}
            for key in keys
            if key in kept
        ]
        deleted = [{"Key": key} for key in keys if key not in kept and not wanted.get("Quiet")]
        lists = {"Deleted": deleted, "Errors": errors}
        return _answered({name: found for name, found in lists.items() if found})

    def list_objects_v2(self, **request: Any) -> Response:
        """A page of the keys with a prefix, behind another key, in order."""
        check_known("S3", request, _LIST)
        bucket, prefix = self._bucket("ListObjectsV2", request), request.get("Prefix", "")
        limit = min(request.get("MaxKeys", _PAGE), _PAGE)
        first = max(
            bisect_left(bucket.keys, prefix),
            bisect_right(bucket.keys, request.get("StartAfter", "")),
        )
        page: list[str] = []
        is_truncated = False
        for position in range(first, len(bucket.keys)):
            if not (key := bucket.keys[position]).startswith(prefix):
                break
            if len(page) == limit:
                is_truncated = True
                break
            page.append(key)
        response: Response = {"IsTruncated": is_truncated, "KeyCount": len(page), "MaxKeys": limit}
        if page:
            response["Contents"] = [_listed(key, bucket.objects[key]) for key in page]
        return _answered({"Name": request["Bucket"], "Prefix": prefix, **response})

    def objects(self, bucket: str) -> dict[str, Object]:
        """Every object of a bucket by its key: for who watches, not for who is watched."""
        return self._buckets[bucket].objects

    def _bucket(self, operation: str, request: dict[str, Any]) -> Bucket:
        if (found := self._buckets.get(request["Bucket"])) is None:
            message = "The specified bucket does not exist"
            error = Refused("NoSuchBucket", message, status=_NOT_FOUND)
            raise error.to_client_error(operation)
        return found


def _listed(key: str, object: Object) -> Response:
    return {
        "Key": key,
        "LastModified": object.written_on,
        "ETag": object.etag,
        "Size": len(object.content),
        "StorageClass": "STANDARD",
    }


def _answered(content: Response) -> Response:
    return {**content, "ResponseMetadata": metadata()}
