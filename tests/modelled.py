"""AWS as these tests have it: the simulation's models in the place of moto's services.

They answer in a tenth of the time, have the limits that AWS documents, and are checked against moto
by the same random calls to both, and by the handler's own (tests/simulation/services).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from botocore import xform_name
from botocore.client import BaseClient
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from tests.event_buses import EventBuses
from tests.simulation.services.dynamodb import DynamoDB
from tests.simulation.services.s3 import S3
from tests.simulation.services.sqs import SQS

_REGION = "us-east-1"


class _Models:
    """A model of each service, by its name in boto3."""

    def __init__(self) -> None:
        self.dynamodb = DynamoDB()
        self.s3 = S3(now=_now)
        self.sqs = SQS(now=_now)
        self.events = EventBuses(self.sqs)


@contextmanager
def modelled(*services: str, tables: str = "") -> Iterator[None]:
    """Has models answer every client of these services in the block, each time anew inside moto.

    Args:
        services: `dynamodb`, `s3`; `sqs` and `events`, which go together.
        tables: how the names of the tables begin that the model has; moto has the others.
    """
    asked_moto: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answered(client: Any, operation: str, request: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        if service not in services or not (_table(request) or tables).startswith(tables):
            return asked_moto(client, operation, request)
        models = _models()
        if operation == "Scan":  # a test looks at everything; the handler never does
            rows = [dict(row) for _, row in models.dynamodb.items(request["TableName"])]
            return {"Items": rows, "Count": len(rows)}
        if operation == "DeleteObject":  # a test takes one away; the handler deletes many
            operation, key = "DeleteObjects", request["Key"]
            request = {"Bucket": request["Bucket"], "Delete": {"Objects": [{"Key": key}]}}
        return getattr(getattr(models, service), xform_name(operation))(**request)

    with mock.patch.object(BaseClient, "_make_api_call", answered):
        yield


def _table(request: dict[str, Any]) -> str:
    """The table of a request to DynamoDB, or the first of its tables."""
    for transacted in request.get("TransactItems", ()):
        request = next(iter(transacted.values()))
        break
    return str(request.get("TableName") or next(iter(request.get("RequestItems", ())), ""))


def _models() -> _Models:
    """They live in moto's own queues, which are forgotten with all else of moto's."""
    backend: Any = sqs_backends[DEFAULT_ACCOUNT_ID][_REGION]
    if not hasattr(backend, "models"):
        backend.models = _Models()
    models: _Models = backend.models
    return models


def _now() -> datetime:
    return datetime.now(UTC)
