"""What a request came to, in one form for the model and for moto."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from botocore.exceptions import ClientError

_SETS: Final = {"SS": str, "NS": Decimal, "BS": bytes}
_UNCOMPARED: Final = frozenset({"ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics"})


def outcome(client: Any, operation: str, request: Mapping[str, Any]) -> object:
    """The response of a request; or its error: the code, and what it tells of items."""
    try:
        return answer(getattr(client, operation)(**request))
    except ClientError as error:
        return refusal(error)


def answer(response: Mapping[str, Any]) -> object:
    """A response, without what is said of capacity."""
    return {
        name: _in_any_order(name, plain(value))
        for name, value in response.items()
        if name not in _UNCOMPARED
    }


def plain(value: Any) -> Any:
    """A value of a response, in one form for all that are equal."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            [(kind, content)] = value.items()
            if kind in _SETS and isinstance(content, list):
                return {kind: sorted(map(_SETS[kind], content))}
            if kind == "N" and isinstance(content, str):
                return {"N": Decimal(content)}
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def refusal(error: ClientError) -> object:
    """An error: its code, and what it tells of items."""
    response: Mapping[str, Any] = error.response
    reasons = [
        (reason["Code"], plain(reason.get("Item")))
        for reason in response.get("CancellationReasons", [])
    ]
    return response["Error"]["Code"], plain(response.get("Item")), reasons


def _in_any_order(name: str, value: Any) -> Any:
    """`Responses` of a batch have no order."""
    if name != "Responses":
        return value
    return {table: sorted(items, key=repr) for table, items in value.items()}
