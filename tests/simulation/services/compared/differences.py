"""Where moto is known to answer otherwise than AWS documents it, and the model does as AWS.

Programs stay below two limits that moto has of its own: an item of 405,000 bytes, where an update
counts what it replaces twice, and 25 writes in a transaction.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

Comparison = Callable[[Mapping[str, Any], Any, Any], bool]


def are_same(operation: str, request: Mapping[str, Any], model: Any, moto: Any) -> bool:
    """Whether two outcomes of a request are the same, or differ as it is known of moto."""
    if model == moto:
        return True
    known = _KNOWN.get(operation)
    return known is not None and known(request, model, moto)


def _ends_without_a_last_key(request: Mapping[str, Any], model: Any, moto: Any) -> bool:
    """moto looks whether anything comes behind `Limit` rows.

    AWS does not ("Paginating table query results in DynamoDB").
    """
    if not isinstance(model, dict) or model.get("ScannedCount") != request.get("Limit"):
        return False
    return bool(
        moto == {name: value for name, value in model.items() if name != "LastEvaluatedKey"}
    )


def _refuses_the_whole(_: Mapping[str, Any], model: Any, moto: Any) -> bool:
    """moto refuses a whole transaction for an update that can't be done to its item.

    AWS cancels it, with the reason `ValidationError` (TransactWriteItems, API reference).
    """
    if not isinstance(model, tuple) or not isinstance(moto, tuple):
        return False
    code, _, _, reasons = model
    is_refused = code == "TransactionCanceledException" and ("ValidationError", None) in reasons
    return is_refused and moto[0] == "ValidationException"


def _tells_what_was_deleted(request: Mapping[str, Any], model: Any, moto: Any) -> bool:
    """moto tells in quiet mode, too, what was deleted. AWS does not (DeleteObjects, Quiet)."""
    return bool(request["Delete"].get("Quiet")) and moto == {
        **model,
        "Deleted": moto.get("Deleted"),
    }


_KNOWN: Final[Mapping[str, Comparison]] = {
    "delete_objects": _tells_what_was_deleted,
    "query": _ends_without_a_last_key,
    "transact_write_items": _refuses_the_whole,
}
