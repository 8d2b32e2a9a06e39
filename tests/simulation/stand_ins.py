"""S3 and SQS until their models are there."""
import io
from typing import Any
from tests.simulation.machine import client_error
class S3:
    def __init__(self, now: Any) -> None:
        self.objects: dict[str, tuple[bytes, Any]] = {}
        self._now = now
    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> Any:
        self.objects[Key] = (bytes(Body), self._now())
        return {}
    def get_object(self, *, Bucket: str, Key: str) -> Any:
        if Key not in self.objects:
            raise client_error("NoSuchKey", "GetObject", status=404)
        return {"Body": io.BytesIO(self.objects[Key][0])}
    def delete_objects(self, *, Bucket: str, Delete: Any) -> Any:
        for each in Delete["Objects"]:
            self.objects.pop(each["Key"], None)
        return {}
    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int, StartAfter: str = "") -> Any:
        keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > StartAfter)
        page = keys[:MaxKeys]
        return {"Contents": [{"Key": key, "LastModified": self.objects[key][1]} for key in page], "IsTruncated": len(keys) > MaxKeys}
class SQS:
    def __init__(self, now: Any) -> None:
        self.messages: dict[str, list[Any]] = {}
        self._now = now
        self._number = 0
    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Any) -> Any:
        self._number += 1
        self.messages[str(self._number)] = [MessageBody, MessageAttributes, None]
        return {}
    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, MessageAttributeNames: Any) -> Any:
        found = []
        for id, message in self.messages.items():
            if len(found) < MaxNumberOfMessages and (message[2] is None or (self._now() - message[2]).total_seconds() > 300):
                message[2] = self._now()
                found.append({"Body": message[0], "MessageAttributes": message[1], "ReceiptHandle": id})
        return {"Messages": found} if found else {}
    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> Any:
        self.messages.pop(ReceiptHandle, None)
        return {}
