"""How a service refuses a request: botocore's own error, in the shape that botocore gives it."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

_BAD_REQUEST: Final = 400


class Refused(Exception):
    """A service refuses a request.

    Args:
        code: the error's code.
        more: what the response has besides, such as the item that a condition found.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = _BAD_REQUEST,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.more = more or {}

    def to_client_error(self, operation: str) -> ClientError:
        """The error, as a boto3 client raises it.

        Args:
            operation: by its name in the API: `PutItem`.
        """
        response: Any = {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": metadata(self.status),
            **self.more,
        }
        return ClientError(response, operation)


def metadata(status: int = 200) -> Mapping[str, object]:
    """What a boto3 client tells of a response besides its content."""
    return {"RequestId": "SIMULATED", "HTTPStatusCode": status, "RetryAttempts": 0}
