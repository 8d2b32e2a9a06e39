"""moto without what no test of ours needs: a fifth of the time of the tests of the table."""

import functools
from typing import Any

import jsonpath_ng.ext
from moto.core import models
from moto.core.serialize import ResponseSerializer


def install() -> None:
    """Has moto answer faster from now on, in this process.

    For each member of an answer moto looks under up to ten names, one after the other; most
    members are not there. The answers of its DynamoDB are dictionaries with AWS's own names.

    And at each start it makes 1,300 mocks for the library `requests`. boto3 does not use it.

    For each event that a rule lets through it reads the same eight paths.
    """
    models.RESPONSES_METHODS = []
    jsonpath_ng.ext.parse = functools.cache(jsonpath_ng.ext.parse)  # type: ignore[attr-defined]
    searching = ResponseSerializer.get_value

    def get_value(self: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
        service = self.operation_model.service_model.service_name
        if isinstance(value, dict) and service == "dynamodb":
            return value.get(key)
        return searching(self, value, key, shape)

    ResponseSerializer.get_value = get_value  # type: ignore[method-assign]
