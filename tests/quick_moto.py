"""moto's DynamoDB answers, serialized without the search for other names of each member."""

from typing import Any

from moto.core.serialize import ResponseSerializer


def install() -> None:
    """From now on, a member of a dictionary is looked up by its name alone.

    moto looks for each member of an answer by up to ten names, one after the other; most members
    are not there. The answers of its DynamoDB are dictionaries with AWS's own names. The search is
    a sixth of the time of the tests of the table.
    """
    searching = ResponseSerializer.get_value

    def get_value(self: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
        service = self.operation_model.service_model.service_name
        if isinstance(value, dict) and service == "dynamodb":
            return value.get(key)
        return searching(self, value, key, shape)

    ResponseSerializer.get_value = get_value  # type: ignore[method-assign]
