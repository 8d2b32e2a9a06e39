"""The table of these tests: the simulation's model of DynamoDB in the place of moto's.

It answers in a tenth of the time, has the limits that AWS documents, and is checked against moto by
the same random calls to both, and by the handler's own (tests/simulation/services).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore import xform_name
from botocore.client import BaseClient
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests.simulation.services.dynamodb import DynamoDB

_REGION = "us-east-1"


@contextmanager
def modelled() -> Iterator[None]:
    """Has the model answer every client of DynamoDB in the block, each time anew inside moto."""
    asked_moto: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answered(client: Any, operation: str, request: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name != "dynamodb":
            return asked_moto(client, operation, request)
        if operation == "Scan":  # a test looks at everything; the handler never does
            rows = [dict(row) for _, row in _model().items(request["TableName"])]
            return {"Items": rows, "Count": len(rows)}
        return getattr(_model(), xform_name(operation))(**request)

    with mock.patch.object(BaseClient, "_make_api_call", answered):
        yield


def _model() -> DynamoDB:
    """It lives in moto's own table, which forgets it with all else."""
    backend: Any = dynamodb_backends[DEFAULT_ACCOUNT_ID][_REGION]
    if not hasattr(backend, "model"):
        backend.model = DynamoDB()
    model: DynamoDB = backend.model
    return model
