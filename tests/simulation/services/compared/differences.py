"""Where moto is known to answer otherwise than AWS documents it, and the model does as AWS."""

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


def _returns_the_key_of_a_new_item(request: Mapping[str, Any], model: Any, moto: Any) -> bool:
    """moto counts the key of an item that an update has made as updated.

    `UPDATED_NEW` is the attributes that were updated (UpdateItem, API reference), and a key can't
    be updated.
    """
    if request.get("ReturnValues") != "UPDATED_NEW" or not isinstance(moto, dict):
        return False
    attributes = {
        name: value for name, value in moto["Attributes"].items() if name not in request["Key"]
    }
    return bool(model == ({"Attributes": attributes} if attributes else {}))


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
    "update_item": _returns_the_key_of_a_new_item,
}
